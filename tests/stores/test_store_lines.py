"""Log lines of all executions, measurements and counts over time, in every store."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onbeat.core.execution import Trigger
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.ports import Bucket, ExecutionFilter, LogFilter, LogLine, MetricFilter, MetricRow, MetricSum, Tally, Work
from onbeat.stores.memory_search import is_meant_line, start_of, tally
from onbeat.stores.sqlite import lines
from tests.stores.build import AT, creation, end, id_of, work
from tests.stores.conftest import AnyStore, Home

SECOND = 1_000_000
DAY = 86_400 * SECOND
LEVELS = ["TRACE", "INFO", "WARN", "ERROR"]


@pytest.fixture
async def filled(store: AnyStore) -> AnyStore:
    """Four executions of two flows, with three lines each; one line is of an execution that is not there."""
    for n in range(1, 5):
        new = creation(
            n,
            namespace="shop" if n % 2 else "shop.eu",
            flow="pay" if n < 3 else "ship",
            trigger=Trigger(id="t", type="x") if n > 2 else None,
        )
        at = AT + n * SECOND
        said = [("INFO", "a", f"Began {n}"), ("WARN", "b", '50% "done" größer'), ("ERROR" if n == 2 else "INFO", "a", "ended")]
        told = [LogLine(execution=id_of(n), at=at + k, level=of, task=task, message=text) for k, (of, task, text) in enumerate(said)]
        await store.write(work(new, logs=tuple(told)))
    await store.write(Work(logs=(LogLine(execution="gone", at=AT, level="INFO", task="a", message="alone"),)))
    return store


L = LogFilter


@pytest.mark.parametrize(
    ("wanted", "options", "expected"),
    [
        (L(), {"limit": 4}, "4c 4b 4a 3c"),
        (L(), {"limit": 2, "descending": False}, "0a 1a"),
        (L(), {"limit": 2, "offset": 3}, "3c 3b"),
        (L(execution=id_of(2)), {}, "2c 2b 2a"),
        (L(execution=id_of(2)), {"descending": False, "limit": 1, "offset": 1}, "2b"),
        (L(execution=id_of(2), namespace="shop"), {}, ""),
        (L(levels=("ERROR",)), {}, "2c"),
        (L(levels=("ERROR", "WARN", "WARN")), {"limit": 3}, "4b 3b 2c"),
        (L(task="b"), {}, "4b 3b 2b 1b"),
        (L(q="began"), {}, "4a 3a 2a 1a"),
        (L(q='50% "DONE" GR'), {"limit": 1}, "4b"),
        (L(q="GRÖ"), {}, ""),
        (L(namespaces=("shop.eu",)), {"limit": 4}, "4c 4b 4a 2c"),
        (L(namespaces=("shop",), allowed=("shop.eu",), levels=("WARN",)), {}, "4b 2b"),
        (L(namespaces=()), {}, ""),
        (L(namespace="shop", task="b"), {}, "3b 1b"),
        (L(flow="ship", q="began"), {}, "4a 3a"),
        (L(trigger="t", levels=("WARN",)), {}, "4b 3b"),
        (L(start=AT + 3 * SECOND + 1, end=AT + 4 * SECOND + 1), {}, "4a 3c 3b"),
        (L(end=AT + SECOND), {}, "0a"),
    ],
)
async def test_lines(filled: AnyStore, wanted: LogFilter, options: dict[str, Any], expected: str):
    """Every filter alone and with others; and what is listed is what is counted."""
    found = await filled.log_lines(wanted, **options)
    assert " ".join(f"{(line.at - AT) // SECOND}{'abc'[line.at % SECOND]}" for line in found) == expected
    assert await filled.count_lines(wanted) == len(await filled.log_lines(wanted, limit=100))


async def test_a_line_says_whose_it_is(filled: AnyStore):
    """Where its execution is still there."""
    (line,) = await filled.log_lines(L(levels=("ERROR",)))
    assert (line.execution, line.namespace, line.flow, line.message, line.seq) == (id_of(2), "shop.eu", "pay", "ended", 6)
    (line,) = await filled.log_lines(L(q="alone"))
    assert (line.namespace, line.flow) == ("", "")


@pytest.mark.parametrize("descending", [True, False])
async def test_pages_of_lines_follow_each_other(filled: AnyStore, descending: bool):
    """From the last line of the page before: none is missed or seen twice, also where several have the same instant."""
    same = tuple(LogLine(execution=id_of(1), at=AT + SECOND, level=LEVELS[n % 4], message=str(n)) for n in range(9))
    await filled.write(Work(logs=same))
    everything = await filled.log_lines(L(), descending=descending)
    assert len(everything) == 22
    seen, past = [], None
    while page := await filled.log_lines(L(), descending=descending, past=past, limit=4):
        seen += page
        past = page[-1].at, page[-1].seq
    assert seen == everything
    assert await filled.count_lines(L(), limit=21) == 22
    assert await filled.count_lines(L(), limit=3) == 4


logs = st.lists(
    st.builds(
        LogLine,
        execution=st.integers(1, 5).map(id_of),
        at=st.integers(AT, AT + 5),
        level=st.sampled_from(LEVELS),
        message=st.sampled_from(["Ab", "bc", "c"]),
        task=st.sampled_from("xy"),
    ),
    max_size=20,
)
names = st.none() | st.lists(st.sampled_from(["a", "a.b", "c"]), max_size=2).map(tuple)
wanted_lines = st.builds(
    LogFilter,
    namespaces=names,
    namespace=st.none() | st.sampled_from(["a", "a.b", "c"]),
    flow=st.none() | st.just("f"),
    execution=st.none() | st.integers(1, 5).map(id_of),
    task=st.none() | st.sampled_from("xy"),
    trigger=st.none() | st.just("t"),
    levels=st.lists(st.sampled_from(LEVELS), max_size=2).map(tuple),
    start=st.none() | st.integers(AT, AT + 6),
    end=st.none() | st.integers(AT, AT + 6),
    q=st.sampled_from(["", "B", "c"]),
)


@st.composite
def some(draw: st.DrawFn) -> LogFilter:
    """A filter of at most three conditions."""
    full, kept = draw(wanted_lines), draw(st.lists(st.sampled_from(LogFilter.__struct_fields__), max_size=3))
    return LogFilter(**{name: getattr(full, name) for name in kept})


@pytest.mark.parametrize("few", [lines.FEW, -1])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(logs, st.lists(some(), min_size=4, max_size=4), st.booleans())
async def test_a_store_finds_the_lines_that_the_model_finds(
    home: Home, few: int, told: list[LogLine], wanted: list[LogFilter], descending: bool
):
    """Random lines, random filters: as if each line were looked at; also where few executions count as many."""
    await home.clear()
    for n, (namespace, flow) in enumerate([("a", "f"), ("a.b", "f"), ("c", "g"), ("a", "g")], 1):
        trigger = Trigger(id="t", type="x") if n % 2 else None
        await home.store.write(work(creation(n, namespace=namespace, flow=flow, trigger=trigger)))
    await home.store.write(Work(logs=tuple(told)))
    everything = await home.store.log_lines(L(), descending=descending)
    assert sorted(line.message for line in everything) == sorted(line.message for line in told)
    executions = {line.id: line for line in await home.store.executions()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "FEW", few)
        for one in wanted:
            expected = [line for line in everything if is_meant_line(line, executions.get(line.execution), one)]
            assert await home.store.log_lines(one, descending=descending) == expected


# ---- measurements ----------------------------------------------------------------------------------------------------


async def test_measurements_of_a_flow(store: AnyStore):
    """By name, task and time; of this flow's executions only, however many there are."""
    await store.write(work(creation(1), creation(2), creation(3, flow="ship")))
    rows = [
        (1, 0, "a", "rows", 3.0),
        (2, 1, "a", "rows", 5.0),
        (2, 2, "b", "rows", -1.0),
        (1, 0, "b", "time", 0.5),
        (3, 0, "c", "other", 9.0),
    ]
    measured = [
        MetricRow(execution=id_of(n), at=AT + day * DAY, type="timer" if name == "time" else "counter", name=name, value=value, task=task)
        for n, day, task, name, value in rows
    ]
    await store.write(Work(metrics=tuple(measured)))
    pay = {"namespace": "shop", "flow": "pay"}
    assert await store.metric_names(MetricFilter(**pay)) == ["rows", "time"]
    assert await store.metric_names(MetricFilter(**pay, task="a")) == ["rows"]
    assert await store.metric_tasks(MetricFilter(**pay)) == ["a", "b"]
    assert await store.metric_tasks(MetricFilter(namespace="shop", flow="none")) == []
    today = start_of(AT, "day", 0)
    assert await store.metric_sums(MetricFilter(**pay, name="rows")) == [
        MetricSum(today, 1, 3.0, 3.0, 3.0),
        MetricSum(today + DAY, 1, 5.0, 5.0, 5.0),
        MetricSum(today + 2 * DAY, 1, -1.0, -1.0, -1.0),
    ]
    (month,) = await store.metric_sums(MetricFilter(**pay, name="rows", end=AT + 2 * DAY), by="month")
    assert (month.count, month.sum, month.min, month.max, month.avg) == (2, 8.0, 3.0, 5.0, 4.0)
    assert await store.metric_sums(MetricFilter(**pay, name="rows", task="b", start=AT + 2 * DAY + 1)) == []
    assert await store.metric_sums(MetricFilter(**pay, name="time")) == [MetricSum(today, 1, 500.0, 500.0, 500.0)]


# ---- counts over time ------------------------------------------------------------------------------------------------


async def test_executions_are_counted_by_time_and_state(store: AnyStore):
    """With how long those took that have ended; by flow and namespace where that is asked for."""
    for n, flow in enumerate(["pay", "pay", "ship"], 1):
        new = creation(n, flow=flow)
        await store.write(work(new, end(new.execution)) if n != 2 else work(new))
    day = start_of(AT, "day", 0)
    took = {"ended": 1, "duration": 2 * SECOND, "shortest": 2 * SECOND, "longest": 2 * SECOND}
    assert await store.tally() == [
        Tally(start=day, state=State.CREATED, count=1),
        Tally(start=day, state=State.SUCCESS, count=2, **{**took, "ended": 2, "duration": 4 * SECOND}),
    ]
    assert await store.tally(group="flow") == [
        Tally(start=day, namespace="shop", flow="pay", state=State.CREATED, count=1),
        Tally(start=day, namespace="shop", flow="pay", state=State.SUCCESS, count=1, **took),
        Tally(start=day, namespace="shop", flow="ship", state=State.SUCCESS, count=1, **took),
    ]
    assert [(each.namespace, each.flow, each.count) for each in await store.tally(group="namespace")] == [
        ("shop", None, 1),
        ("shop", None, 2),
    ]
    assert await store.tally(ExecutionFilter(namespaces=())) == []


@pytest.mark.parametrize(
    ("by", "offset", "expected"),
    [
        ("minute", 0, "2025-10-09T08:53"),
        ("hour", 0, "2025-10-09T08:00"),
        ("day", 0, "2025-10-09T00:00"),
        ("day", 2 * 3600 * SECOND, "2025-10-08T22:00"),
        ("day", -9 * 3600 * SECOND, "2025-10-08T09:00"),
        ("week", 0, "2025-10-06T00:00"),
        ("month", 0, "2025-10-01T00:00"),
        ("month", 2 * 3600 * SECOND, "2025-09-30T22:00"),
    ],
)
async def test_a_bucket_begins_where_the_day_begins(store: AnyStore, by: Bucket, offset: int, expected: str):
    """In the time zone of who asks; weeks begin on Monday."""
    await store.write(work(creation(1)))
    (found,) = await store.tally(by=by, offset=offset)
    assert iso(found.start)[:16] == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 70 * 86_400), st.sampled_from("ab"), st.booleans()), max_size=12, unique_by=lambda each: each[0]),
    st.sampled_from(["minute", "hour", "day", "week", "month"]),
    st.sampled_from([None, "flow", "namespace"]),
    st.sampled_from([0, 7200 * SECOND, -34_200 * SECOND]),
)
async def test_a_store_counts_as_the_model(home: Home, made: list[tuple[int, str, bool]], by: Bucket, group: Any, offset: int):
    """Random executions over months, any buckets."""
    await home.clear()
    for n, flow, ended in made:
        new = creation(n, flow=flow)
        await home.store.write(work(new, end(new.execution)) if ended else work(new))
    expected = tally(await home.store.executions(limit=99), by, group, offset)
    assert await home.store.tally(by=by, group=group, offset=offset) == expected
