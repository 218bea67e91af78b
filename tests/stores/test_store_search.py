"""Lists of executions: every filter alone and with others, every order, in every store."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onbeat.core.changes import Labelled
from onbeat.core.execution import Trigger
from onbeat.core.states import State
from onbeat.ports import Creation, ExecutionFilter, Sort
from onbeat.stores.memory_search import in_order, is_meant
from onbeat.stores.sqlite import conditions, search
from onbeat.stores.sqlite import texts as of_texts
from tests.stores.build import AT, append, creation, end, id_of, move, work
from tests.stores.conftest import AnyStore, Home

SECOND = 1_000_000


def nth(n: int) -> Creation:
    """Execution n of thirty: of two flows in three namespaces, with labels, some of them children."""
    return creation(
        n,
        namespace=("shop", "shop.eu", "shopping")[n % 3],
        flow="pay" if n % 5 else "ship",
        correlation_id=f"order-{n % 4}",
        parent=id_of(1) if n > 25 else None,
        trigger=Trigger(id="orders", type="x") if n % 2 else None,
        labels={"team": f"T{n % 3}", "größe": "Ä%_'\"\\"} if n % 4 else {},
    )


@pytest.fixture
async def filled(store: AnyStore) -> AnyStore:
    """Thirty executions, a third of them ended."""
    for n in range(1, 31):
        new = nth(n)
        await store.write(work(new, end(new.execution)) if n % 3 == 0 else work(new))
    return store


F = ExecutionFilter


@pytest.mark.parametrize(
    ("wanted", "options", "expected"),
    [
        (F(), {}, range(30, 5, -1)),
        (F(), {"limit": 3}, [30, 29, 28]),
        (F(), {"limit": 3, "offset": 2}, [28, 27, 26]),
        (F(), {"before": id_of(4)}, [3, 2, 1]),
        (F(), {"before": id_of(27), "descending": False}, [28, 29, 30]),
        (F(), {"limit": 2, "descending": False}, [1, 2]),
        (F(namespace="shop", flow="ship"), {}, [30, 15]),
        (F(namespace="shop"), {"limit": 2}, [30, 27]),
        (F(namespaces=("shop",)), {"limit": 4}, [30, 28, 27, 25]),
        (F(namespaces=("shop", "shop.eu")), {"limit": 4}, [30, 28, 27, 25]),
        (F(namespaces=("shop.eu", "shopping")), {"limit": 3}, [29, 28, 26]),
        (F(namespaces=("sho",)), {}, []),
        (F(namespaces=()), {}, []),
        (F(namespaces=("shop",), allowed=("shop.eu", "other")), {"limit": 2}, [28, 25]),
        (F(namespaces=("shopping",), allowed=("shop",)), {}, []),
        (F(flow="ship"), {"limit": 2}, [30, 25]),
        (F(flow="ship", namespaces=("shop",)), {"limit": 3}, [30, 25, 15]),
        (F(flow="sh"), {}, []),
        (F(states=(State.SUCCESS,)), {"limit": 4}, [30, 27, 24, 21]),
        (F(states=(State.SUCCESS, State.CREATED, State.FAILED, State.SUCCESS)), {"limit": 4}, [30, 29, 28, 27]),
        (F(states=(State.FAILED,)), {}, []),
        (F(states=(State.SUCCESS,), namespace="shop"), {"before": id_of(20), "limit": 2}, [18, 15]),
        (F(correlation_id="order-1"), {"limit": 3}, [29, 25, 21]),
        (F(parent=id_of(1)), {}, [30, 29, 28, 27, 26]),
        (F(child=True), {}, [30, 29, 28, 27, 26]),
        (F(child=False), {"limit": 2}, [25, 24]),
        (F(trigger="orders"), {"limit": 2}, [29, 27]),
        (F(trigger="order"), {}, []),
        (F(labels=(("team", "T1"),)), {"limit": 2}, [25, 22]),
        (F(labels=(("team", "T1"), ("größe", "Ä%_'\"\\"))), {"limit": 2}, [25, 22]),
        (F(labels=(("team", "T1"), ("team", "T2"))), {}, []),
        (F(labels=(("team", "t1"),)), {}, []),
        (F(labels=(("team", "T1"),), states=(State.SUCCESS,)), {}, []),
        (F(labels=(("team", "T0"),), states=(State.SUCCESS,)), {"limit": 2}, [30, 27]),
        (F(start=AT + 28 * SECOND), {}, [30, 29, 28]),
        (F(start=AT + 28 * SECOND + 1), {}, [30, 29]),
        (F(end=AT + 3 * SECOND), {}, [2, 1]),
        (F(end=AT + 3 * SECOND + 1), {}, [3, 2, 1]),
        (F(start=AT + 10 * SECOND, end=AT + 20 * SECOND, states=(State.SUCCESS,)), {}, [18, 15, 12]),
        (F(start=-1, end=0), {}, []),
        (F(q="SHIP"), {"limit": 2}, [30, 25]),
        (F(q="op.eU.p"), {"limit": 2}, [28, 22]),
        (F(q="team:t2"), {"limit": 2}, [29, 26]),
        (F(q="größe:Ä%_'\""), {"limit": 2}, [30, 29]),
        (F(q="ä"), {}, []),
        (F(q="order-3"), {"limit": 2}, [27, 23]),
        (F(q="rder-3"), {}, []),
        (F(q=id_of(7)), {}, [7]),
        (F(q=id_of(7)[:6]), {"limit": 2}, [30, 29]),
        (F(q=id_of(7)[1:]), {}, []),
        (F(q="ship", labels=(("team", "T2"),), states=(State.CREATED,)), {}, [5]),
        (F(q="nothing has this"), {}, []),
        (F(ids=(id_of(3), id_of(9), "none")), {}, [9, 3]),
        (F(ids=(id_of(3), id_of(9)), namespace="none"), {}, []),
        (F(ids=()), {}, []),
        (F(), {"sort": Sort.STATE, "limit": 2}, [30, 27]),
        (F(), {"sort": Sort.STATE, "limit": 2, "descending": False, "offset": 18}, [28, 29]),
        (F(), {"sort": Sort.FLOW, "limit": 3}, [20, 5, 29]),
        (F(), {"sort": Sort.FLOW, "limit": 3, "descending": False}, [3, 6, 9]),
        (F(), {"sort": Sort.ENDED, "limit": 3}, [30, 27, 24]),
        (F(), {"sort": Sort.ENDED, "limit": 3, "offset": 9}, [3, 29, 28]),
        (F(), {"sort": Sort.ENDED, "limit": 3, "offset": 9, "descending": False}, [30, 1, 2]),
        (F(), {"sort": Sort.ENDED, "limit": 2, "offset": 11}, [28, 26]),
        (F(states=(State.SUCCESS,)), {"sort": Sort.DURATION, "limit": 2}, [30, 27]),
        (F(q="pay"), {"sort": Sort.DURATION, "limit": 2, "offset": 8, "descending": False}, [1, 2]),
    ],
)
async def test_lists(filled: AnyStore, wanted: ExecutionFilter, options: dict[str, Any], expected: list[int]):
    """Every filter alone and with others; a page begins where the last one ended; and what is listed is what is counted."""
    assert [line.id for line in await filled.executions(wanted, **options)] == [id_of(n) for n in expected]
    everything = await filled.executions(wanted, limit=100)
    assert await filled.count(wanted) == len(everything)
    assert await filled.execution_ids(wanted, 100) == [line.id for line in everything]


async def test_a_count_stops_at_its_limit(filled: AnyStore):
    """A number above the limit says that there are more; without a limit it is exact."""
    assert await filled.count(limit=29) == 30
    assert await filled.count(limit=7) == 8
    assert await filled.count(F(states=(State.SUCCESS,)), limit=10) == 10
    assert await filled.count(F(states=(State.SUCCESS,)), limit=None) == 10
    assert await filled.execution_ids(F(), 2) == [id_of(30), id_of(29)]


async def test_labels_are_those_of_now(home: Home):
    """After they were changed, in the work that created them too; old ones find it no more; others keep theirs."""
    first, second = creation(1, labels={"a": "1", "b": "1"}), creation(2, labels={"a": "1"})
    changed = append(second.execution, Labelled(at=AT, labels={"a": "2"}))
    await home.store.write(work(first, second, changed))
    await home.store.write(work(append(first.execution, Labelled(at=AT, labels={"b": "1", "c": "Neu"}))))
    store = await home.restart()

    async def found(key: str, value: str) -> list[str]:
        return await store.execution_ids(F(labels=((key, value),)), 9)

    assert [await found("a", "1"), await found("a", "2"), await found("b", "1"), await found("c", "Neu")] == [
        [],
        [id_of(2)],
        [id_of(1)],
        [id_of(1)],
    ]
    assert await store.execution_ids(F(q="neu"), 9) == [id_of(1)]
    assert await store.execution_ids(F(q="a:1"), 9) == []


async def test_what_is_purged_is_found_no_more(home: Home):
    """By its labels either; the labels of others stay."""
    for n in range(1, 5):
        new = creation(n, labels={"n": str(n), "all": "x"})
        await home.store.write(work(new, end(new.execution)))
    await home.store.purge_executions([id_of(1), id_of(2)], records=True, logs=True, metrics=True)
    await home.store.purge(AT + 3 * SECOND + 2 * SECOND + 1, 1)
    assert await home.store.execution_ids(F(labels=(("all", "x"),)), 9) == [id_of(4)]
    assert await home.store.execution_ids(F(q="n:"), 9) == [id_of(4)]
    assert await home.store.execution_ids(F(labels=(("n", "1"),)), 9) == []


async def test_the_last_execution_of_each_flow(filled: AnyStore):
    """Of those that have one."""
    wanted = [("shop", "pay"), ("shop.eu", "ship"), ("shop", "none"), ("none", "pay")]
    assert {line.id for line in await filled.latest_of_flows(wanted)} == {id_of(27), id_of(25)}
    assert await filled.latest_of_flows([]) == []


# ---- random filters against the model --------------------------------------------------------------------------------

names = st.sampled_from(["a", "a.b", "ab", "a.b.c", "b"])
texts = st.sampled_from(["", "a", "A.b", "x:", "X:1", "1", "y", ":é", "É", "2é", "c0", "03", id_of(3)[:18], id_of(3), "zz"])
several = st.none() | st.lists(names, max_size=3).map(tuple)
labels = st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from(["1", "2", "2é"])), max_size=2)
seconds = st.integers(0, 12).map(lambda n: AT + n * SECOND)
instants = st.builds(int.__add__, seconds, st.sampled_from([0, 0, 1, -1, 999, -999, 1_000]))
filters = st.builds(
    ExecutionFilter,
    namespaces=several,
    allowed=several,
    namespace=st.none() | names,
    flow=st.none() | st.sampled_from("fg"),
    states=st.lists(st.sampled_from([State.CREATED, State.SUCCESS, State.FAILED]), max_size=2).map(tuple),
    labels=labels.map(tuple),
    start=st.none() | instants,
    end=st.none() | instants,
    trigger=st.none() | st.sampled_from("tu"),
    parent=st.none() | st.just(id_of(1)),
    child=st.none() | st.booleans(),
    correlation_id=st.none() | st.sampled_from(["c0", "c1"]),
    q=texts,
    ids=st.none() | st.lists(st.integers(1, 14).map(id_of), max_size=9).map(tuple),
)


@st.composite
def few_conditions(draw: st.DrawFn) -> ExecutionFilter:
    """One to three conditions."""
    full = draw(filters)
    kept = draw(st.lists(st.sampled_from(ExecutionFilter.__struct_fields__), min_size=1, max_size=3))
    return ExecutionFilter(**{name: getattr(full, name) for name in kept})


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[Creation, str]]:
    """Executions, and what becomes of each."""
    found = []
    for n in range(1, draw(st.integers(1, 12)) + 1):
        new = creation(
            n,
            namespace=draw(names),
            flow=draw(st.sampled_from("fg")),
            correlation_id=draw(st.sampled_from([id_of(n), "c0", "c1"])),
            parent=draw(st.sampled_from([None, None, id_of(1)])),
            trigger=draw(st.sampled_from([None, Trigger(id="t", type="x"), Trigger(id="u", type="x")])),
            labels=dict(draw(labels)),
        )
        found.append((new, draw(st.sampled_from(["waits", "ends", "fails", "labelled"]))))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lives(), st.lists(few_conditions(), min_size=4, max_size=4), st.sampled_from(Sort), st.booleans(), st.integers(0, 4))
async def test_a_store_finds_what_the_model_finds(
    home: Home, lived: list[tuple[Creation, str]], wanted: list[ExecutionFilter], sort: Sort, descending: bool, offset: int
):
    """Random executions, random filters, any order and page: as if each execution were looked at."""
    await hold(home, lived, wanted, sort, descending, offset)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lives(), st.lists(few_conditions(), min_size=4, max_size=4), st.sampled_from(Sort), st.booleans(), st.integers(0, 4))
@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize("home", ["sqlite"], indirect=True)
async def test_it_does_where_there_is_much_of_everything(
    home: Home, many: int, lived: list[tuple[Creation, str]], wanted: list[ExecutionFilter], sort: Sort, descending: bool, offset: int
):
    """The same where a few are many: nothing is sorted, and a condition of so many lists is a test."""
    with pytest.MonkeyPatch.context() as patch:
        small = {
            search: {"FEW": -1, "TESTED": -1, "COMPARED": 3, "LOOKED_AT": 2, "TRIED": 2},
            conditions: {"FEW": 1, "MANY": many},
            of_texts: {"FEW": 1, "MANY": many, "SAMPLED": 2, "USED_SINCE": 4},
        }
        for module, name, value in ((module, *each) for module, values in small.items() for each in values.items()):
            patch.setattr(module, name, value)
        await hold(home, lived, wanted, sort, descending, offset)


async def hold(
    home: Home, lived: list[tuple[Creation, str]], wanted: list[ExecutionFilter], sort: Sort, descending: bool, offset: int
) -> None:
    """A store to the model."""
    await home.clear()
    for new, fate in lived:
        steps = {
            "waits": (),
            "ends": (end(new.execution),),
            "fails": (move(new.execution, State.RUNNING, State.FAILED),),
            "labelled": (append(new.execution, Labelled(at=AT, labels={"x": "2"})),),
        }[fate]
        await home.store.write(work(new, *steps))
    lines = await home.store.executions(limit=99)
    assert [line.id for line in lines] == [new.execution.id for new, _ in reversed(lived)]
    for one in wanted:
        expected = in_order((line for line in lines if is_meant(line, one)), sort, descending)
        assert await home.store.executions(one, sort=sort, descending=descending, offset=offset, limit=5) == expected[offset : offset + 5]
        assert await home.store.count(one) == len(expected)
        for limit in (1, 3):
            assert await home.store.count(one, limit) == min(len(expected), limit + 1)
