"""Places of limits: the rules, for any order of coming and going, on the lines of every store against a model that is easy to believe."""

import sqlite3
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.signals import AnySignal, SlotGranted, SlotQueued, SlotRefused
from onbeat.core.states import State
from onbeat.ports import SlotClaim
from onbeat.stores.memory_slots import MemoryLines
from onbeat.stores.slots import Lines, claim, force, release
from onbeat.stores.sqlite.migrate import STEPS, steps
from onbeat.stores.sqlite.slots import SqliteLines

QUEUE = "QUEUE"


def sqlite_lines() -> SqliteLines:
    """Lines in an empty database of the present schema."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for _, path in steps(STEPS):
        db.executescript(path.read_text("utf-8"))
    return SqliteLines(db)


@pytest.fixture(params=[MemoryLines, sqlite_lines], ids=["memory", "sqlite"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[[], Lines]]:
    """Makes empty lines, and closes them at the end."""
    made: list[Lines] = []

    def make() -> Lines:
        made.append(request.param())
        return made[-1]

    yield make
    for lines in made:
        if isinstance(lines, SqliteLines):
            lines._db.close()


class Model:
    """Everybody in order of arrival; each asks for its claims in order, and the first in a line has the place."""

    def __init__(self) -> None:
        self.inside: dict[str, tuple[SlotClaim, ...]] = {}
        self.has: dict[str, int] = {}

    def taken(self, scope: str) -> int:
        """How many places of a scope are given away."""
        return sum(each.scope == scope for name, claims in self.inside.items() for each in claims[: self.has[name]])

    def limit(self, scope: str) -> int:
        """That of who came last."""
        return [each.limit for claims in self.inside.values() for each in claims if each.scope == scope][-1]

    def serve(self) -> None:
        """Until nobody can have another place."""
        moved = True
        while moved:
            moved = False
            for name, claims in self.inside.items():
                has = self.has[name]
                if has < len(claims) and self.taken(claims[has].scope) < self.limit(claims[has].scope):
                    self.has[name] = has + 1
                    moved = True
                    break

    def running(self) -> set[str]:
        """Who has all."""
        return {name for name, claims in self.inside.items() if self.has[name] == len(claims)}


ORDER = st.sampled_from(["k1", "k2", "k3"]).map(lambda key: SlotClaim(key, 1, QUEUE))
LIMIT = st.tuples(st.sampled_from(["all", "all", "some"]), st.integers(1, 3)).map(lambda each: SlotClaim(*each, QUEUE))
CLAIMS = st.one_of(LIMIT.map(lambda one: (one,)), ORDER.map(lambda one: (one,)), st.tuples(ORDER, LIMIT))
COMES = st.tuples(st.just("comes"), CLAIMS)
LEAVES = st.tuples(st.just("leaves"), st.integers(0, 30))
FORCED = st.tuples(st.just("forced"), st.integers(0, 30))


@given(st.lists(st.one_of(COMES, COMES, LEAVES, LEAVES, FORCED), max_size=50))
def test_the_store_does_what_the_model_does(moves: list[tuple[str, object]]):
    """Never more than the limit but for who was forced, first come first served, none free while the first in its line waits for it,
    nobody told twice; and at the end, when all that run leave one after the other, everybody has run: nobody waits for ever."""
    for make in (MemoryLines, sqlite_lines):
        lines, model, running = make(), Model(), set[str]()

        def hear(told: list[tuple[str, AnySignal]], running: set[str] = running, model: Model = model) -> None:
            for name, signal in told:
                if isinstance(signal, SlotGranted):
                    assert name not in running, "it was told twice"
                    running.add(name)
            assert running == model.running()

        for n, (kind, what) in enumerate(moves):
            if kind == "comes":
                assert isinstance(what, tuple)
                model.inside[f"e{n:02}"], model.has[f"e{n:02}"] = what, 0
                model.serve()
                hear(claim(lines, f"e{n:02}", what))
            elif model.inside:
                assert isinstance(what, int)
                name = list(model.inside)[what % len(model.inside)]
                if kind == "forced":
                    model.has[name] = len(model.inside[name])
                    hear(force(lines, name))
                else:
                    leave(lines, model, running, hear, name)
        while model.inside:
            leave(lines, model, running, hear, min(running))
        assert release(lines, "e00") == []
        if isinstance(lines, SqliteLines):
            lines._db.close()


def leave(lines: Lines, model: Model, running: set[str], hear: Callable[[list[tuple[str, AnySignal]]], None], name: str) -> None:
    """It ends, or is killed while it waits."""
    del model.inside[name], model.has[name]
    running.discard(name)
    model.serve()
    hear(release(lines, name))


def test_who_waits_for_a_key_takes_no_place_of_the_limit(make: Callable[[], Lines]):
    """Ten of one key and one of another, two at once: the other one runs beside the first of the ten."""
    lines = make()
    limit = SlotClaim("limit", 2, QUEUE)
    for n in range(10):
        claim(lines, f"a{n}", (SlotClaim("a", 1, QUEUE), limit))
    assert claim(lines, "b", (SlotClaim("b", 1, QUEUE), limit)) == [("b", SlotGranted())]
    assert claim(lines, "c", (SlotClaim("c", 1, QUEUE), limit)) == [("c", SlotQueued())]
    assert release(lines, "a0") == [("c", SlotGranted())] or release(lines, "b") == [("c", SlotGranted())]


def test_who_came_first_is_first_in_every_line(make: Callable[[], Lines]):
    """The second of a key that came before others stands before them where the limit is waited for."""
    lines = make()
    limit = SlotClaim("limit", 1, QUEUE)
    for name, key in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")):
        claim(lines, name, (SlotClaim(key, 1, QUEUE), limit))
    for name, following in (("a1", "a2"), ("a2", "b1"), ("b1", "b2")):
        assert release(lines, name) == [(following, SlotGranted())]


def test_a_refused_claim_leaves_nothing_behind(make: Callable[[], Lines]):
    """It holds no place in any line, gives back what it was granted before, and its limit does not count."""
    lines = make()
    assert claim(lines, "a", (SlotClaim("s", 1, QUEUE),)) == [("a", SlotGranted())]
    for behavior, state in (("FAIL", State.FAILED), ("CANCEL", State.CANCELLED)):
        assert claim(lines, "b", (SlotClaim("k", 1, QUEUE), SlotClaim("s", 1, behavior))) == [("b", SlotRefused(state=state))]
    assert claim(lines, "c", (SlotClaim("k", 1, QUEUE),)) == [("c", SlotGranted())]
    assert claim(lines, "d", (SlotClaim("s", 1, QUEUE),)) == [("d", SlotQueued())]
    assert release(lines, "a") == [("d", SlotGranted())]


def test_a_refusal_that_comes_late_passes_on_what_it_held(make: Callable[[], Lines]):
    """Queued by its key first, refused by the limit when its turn comes: the next of the key has its turn in the same transaction."""
    lines = make()
    keyed = SlotClaim("k", 1, QUEUE)
    claim(lines, "other", (SlotClaim("s", 1, QUEUE),))
    claim(lines, "first", (keyed,))
    assert claim(lines, "second", (keyed, SlotClaim("s", 1, "CANCEL"))) == [("second", SlotQueued())]
    assert claim(lines, "third", (keyed,)) == [("third", SlotQueued())]
    assert release(lines, "first") == [("second", SlotRefused(state=State.CANCELLED)), ("third", SlotGranted())]


def test_a_new_limit_counts_at_once_in_every_line(make: Callable[[], Lines]):
    """Also where who brings it does not stand in line yet."""
    lines = make()
    for name in "ab":
        claim(lines, name, (SlotClaim("s", 1, QUEUE),))
    claim(lines, "k", (SlotClaim("k", 1, QUEUE),))
    more = (SlotClaim("k", 1, QUEUE), SlotClaim("s", 2, QUEUE))
    assert claim(lines, "c", more) == [("b", SlotGranted()), ("c", SlotQueued())]


def test_asking_twice_is_asking_once_and_so_is_giving_back(make: Callable[[], Lines]):
    """The second time there is nothing to do."""
    lines = make()
    claims = (SlotClaim("s", 1, QUEUE),)
    for name in "abc":
        claim(lines, name, claims)
    assert claim(lines, "b", claims) == []
    assert release(lines, "a") == [("b", SlotGranted())]
    assert release(lines, "a") == []


def test_who_is_forced_runs_beside_the_limit(make: Callable[[], Lines]):
    """The places it takes beyond the limit are not given to others when it ends."""
    lines = make()
    claims = (SlotClaim("s", 1, QUEUE),)
    for name in "abc":
        claim(lines, name, claims)
    assert force(lines, "b") == [("b", SlotGranted())]
    assert force(lines, "b") == []
    assert release(lines, "b") == []
    assert release(lines, "a") == [("c", SlotGranted())]


def test_a_long_line_costs_no_more_than_a_short_one(make: Callable[[], Lines]):
    """Ten thousand wait for one key: who is served is found without looking at the others."""
    lines = make()
    claims = (SlotClaim("k", 1, QUEUE), SlotClaim("s", 5, QUEUE))
    for n in range(10_000):
        claim(lines, f"{n:05}", claims)
    steps = 0
    if isinstance(lines, SqliteLines):
        steps = count_steps(lines, 9_990)
        assert count_steps(lines, 9_900) <= 2 * steps
        assert steps < 1_000
    else:
        for n in range(100):
            assert release(lines, f"{n:05}") == [(f"{n + 1:05}", SlotGranted())]


def count_steps(lines: SqliteLines, left: int) -> int:
    """How many of the database's own steps a release takes when so many wait."""
    (waiting,) = lines._db.execute("select count(*) from slot where granted = 0").fetchone()
    first = 10_000 - 1 - waiting
    counted = 0

    def tick() -> int:
        nonlocal counted
        counted += 1
        return 0

    lines._db.set_progress_handler(tick, 1)
    assert release(lines, f"{first:05}") == [(f"{first + 1:05}", SlotGranted())]
    lines._db.set_progress_handler(None, 1)
    for n in range(first + 1, 10_000 - 1 - left):
        release(lines, f"{n:05}")
    return counted
