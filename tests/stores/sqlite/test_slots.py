"""Slots on their own connection: the rules, for any order of coming and going. The stores' own tests are in test_store.py."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.signals import SlotGranted, SlotQueued, SlotRefused
from onbeat.core.states import State
from onbeat.ports import SlotClaim
from onbeat.stores.sqlite.migrate import STEPS, steps
from onbeat.stores.sqlite.slots import claim, release


def database() -> sqlite3.Connection:
    """An empty database of the present schema."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    for _, path in steps(STEPS):
        db.executescript(path.read_text("utf-8"))
    return db


@given(st.lists(st.one_of(st.none(), st.integers(0, 30)), max_size=40), st.integers(1, 4))
def test_never_more_than_the_limit_and_never_one_free_while_somebody_waits(moves: list[int | None], limit: int):
    """None: the next execution comes. A number: that one of those that are in leaves, whether it runs or waits."""
    db, inside, running = database(), list[str](), set[str]()
    for n, move in enumerate(moves):
        if move is None:
            told = claim(db, SlotClaim("s", limit, "QUEUE"), f"e{n:02}")
            inside.append(f"e{n:02}")
        elif inside:
            gone = inside.pop(move % len(inside))
            running.discard(gone)
            told = release(db, "s", gone)
        else:
            continue
        running |= {execution for execution, signal in told if isinstance(signal, SlotGranted)}
        assert running == set(inside[:limit]), "first come, first served"
    db.close()


def test_a_refused_claim_leaves_nothing_behind():
    """It holds no place in the queue, and its limit does not count."""
    db = database()
    claim(db, SlotClaim("s", 1, "QUEUE"), "a")
    assert claim(db, SlotClaim("s", 1, "FAIL"), "b") == [("b", SlotRefused(state=State.FAILED))]
    assert claim(db, SlotClaim("s", 1, "CANCEL"), "c") == [("c", SlotRefused(state=State.CANCELLED))]
    assert db.execute("select execution from slot").fetchall() == [("a",)]
    assert claim(db, SlotClaim("s", 1, "QUEUE"), "d") == [("d", SlotQueued())]
    assert release(db, "s", "a") == [("d", SlotGranted())]
    db.close()


def test_giving_back_twice_gives_back_once():
    """The second time there is nothing to give."""
    db = database()
    for name in "abc":
        claim(db, SlotClaim("s", 1, "QUEUE"), name)
    assert release(db, "s", "a") == [("b", SlotGranted())]
    assert release(db, "s", "a") == []
    db.close()
