"""What every store keeps beside executions: the bus, positions, ledgers, dead events, logs, flows; who owns, waits and reads lists."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from onbeat.core.event import Event
from onbeat.core.execution import Trigger
from onbeat.core.signals import Kill
from onbeat.core.states import State
from onbeat.ports import DeadEvent, LedgerRow, LogLine, MetricRow, OpenExecution, Position, Tell, Work, Written
from tests.stores.build import AT, append, creation, end, id_of, key, move, record, work
from tests.stores.conftest import AnyStore, Home

# ---- the bus ---------------------------------------------------------------------------------------------------------


async def test_records_are_read_in_order_by_topic(home: Home):
    """A topic is an ordered log; numbers grow over all topics."""
    full = record("1", data={"a": [1, None, "ü"]}, key="k", source="s", type="t", headers={"h": "v"}, hops=3, correlation_id="c")
    written = await home.store.write(Work(records=(full, record("2", "other"), record("3"))))
    assert written.new_records == (True, True, True)
    assert list(written.records) == sorted(written.records)
    store = await home.restart()
    rows = await store.records("orders", 0, 10)
    assert [(row.id, row.seq) for row in rows] == [("1", written.records[0]), ("3", written.records[2])]
    assert (rows[0].data, rows[0].key, rows[0].headers, rows[0].hops, rows[0].correlation_id) == (
        {"a": [1, None, "ü"]},
        "k",
        {"h": "v"},
        3,
        "c",
    )
    assert await store.records("orders", written.records[0], 1) == rows[1:]
    assert await store.records("nothing", 0, 10) == []
    assert await store.topics() == {"orders": 2, "other": 1}
    assert await store.records_end("orders") == written.records[2]
    assert await store.records_end("nothing") == 0


async def test_a_record_is_written_once_in_its_topic(home: Home):
    """The same id is a duplicate, in one work, in works at once, and after a restart; on another topic it is another."""
    first, twice = await asyncio.gather(
        home.store.write(Work(records=(record("1"), record("1")))), home.store.write(Work(records=(record("1"), record("1", "other"))))
    )
    seq = first.records[0]
    assert first == Written(records=(seq, seq), new_records=(True, False))
    assert twice == Written(records=(seq, seq + 1), new_records=(False, True))
    store = await home.restart()
    assert await store.write(Work(records=(record("1", data="other"),))) == Written(records=(seq,), new_records=(False,))
    assert [row.data for row in await store.records("orders", 0, 10)] == [{"id": "1"}]
    assert await store.topics() == {"orders": 1, "other": 1}


async def test_a_record_is_found_by_its_id(store: AnyStore):
    """With its number; on its own topic only."""
    written = await store.write(Work(records=(record("1"), record("2", data={"a": 1}))))
    found = await store.record("orders", "2")
    assert found is not None
    assert (found.seq, found.data) == (written.records[1], {"a": 1})
    assert await store.record("orders", "3") is None
    assert await store.record("other", "1") is None


async def test_records_since_an_instant(store: AnyStore):
    """Replay by time misses no record from that time on, also when one came late."""
    times = [AT, AT + 10, AT + 30, AT + 20]
    written = await store.write(Work(records=tuple(record(str(n), time=time) for n, time in enumerate(times))))
    for time, first in [(0, 0), (AT, 0), (AT + 5, 1), (AT + 20, 2), (AT + 30, 2)]:
        assert await store.records_since("orders", time) == written.records[first] - 1
    assert await store.records_since("orders", AT + 31) == written.records[-1]
    assert await store.records_since("nothing", 0) == 0


async def test_waiting_for_records(home: Home):
    """A reader sleeps until its own topic goes on; what is there already is not waited for."""
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(home.store.wait_records("orders", 0)) for _ in range(20)]
        other = group.create_task(home.store.wait_records("other", 0))
        await home.store.write(Work(records=(record("1"),)))
        await asyncio.wait(waiting)
        assert not other.done()
        other.cancel()
    await home.store.wait_records("orders", 0)
    await (await home.restart()).wait_records("orders", 0)


# ---- readers and sources ---------------------------------------------------------------------------------------------


async def test_positions_are_a_readers_own(home: Home):
    """The last value counts; forgetting one reader leaves the others."""
    await home.store.write(Work(positions=(Position("a", "0", "1"), Position("a", "1", "5"), Position("b", "0", "9"))))
    await home.store.write(Work(positions=(Position("a", "0", "2"), Position("a", "0", "3"))))
    store = await home.restart()
    assert await store.positions("a") == {"0": "3", "1": "5"}
    await store.forget_reader("a")
    assert (await store.positions("a"), await store.positions("b")) == ({}, {"0": "9"})


async def test_a_ledger_remembers_facts(home: Home):
    """Set, replaced, removed by None, in the order of the works; asked for whole or by keys."""
    rows = [LedgerRow("files", "a", "1"), LedgerRow("files", "b", "1"), LedgerRow("files", "a", None), LedgerRow("x", "a", "7")]
    await home.store.write(Work(ledger=tuple(rows)))
    await asyncio.gather(
        home.store.write(Work(ledger=(LedgerRow("files", "b", None), LedgerRow("files", "c", "2")))),
        home.store.write(Work(ledger=(LedgerRow("files", "b", "3"),))),
    )
    store = await home.restart()
    assert await store.ledger("files") == {"b": "3", "c": "2"}
    assert await store.ledger("files", ["c", "a"]) == {"c": "2"}
    assert await store.ledger("files", []) == {}
    assert await store.ledger("x") == {"a": "7"}


async def test_a_dead_event_is_kept_whole_and_once(home: Home):
    """It is there after a restart with its bytes; coming again it is not another; a replay is marked on it."""
    event = Event(id="1", source="s", type="t", time=AT, key="k", data={"a": 1}, variables={"offset": 3})
    first = DeadEvent(id=id_of(1), at=AT, reader="kafka:orders", reason="no such flow", key="p/0/1", trigger="orders", event=event)
    second = DeadEvent(id=id_of(2), at=AT, reader="kafka:orders", reason="not UTF-8", key="p/0/2", raw=b"\xff\x00")
    await home.store.write(Work(dead=(first, second)))
    await home.store.write(Work(dead=(DeadEvent(id=id_of(3), at=AT, reader="kafka:orders", reason="again", key="p/0/1"),)))
    store = await home.restart()
    assert await store.dead_events() == [second, first]
    assert await store.dead_events(limit=1) == [second]
    assert await store.dead_events(before=id_of(2)) == [first]
    replayed = DeadEvent(id=id_of(1), at=AT, reader="kafka:orders", reason="", key="p/0/1", replayed=AT + 9)
    await store.write(Work(dead=(replayed,)))
    found = await store.dead_event(id_of(1))
    assert found is not None
    assert (found.replayed, found.event, found.reason) == (AT + 9, event, "no such flow")
    assert await store.dead_event(id_of(3)) is None


async def test_logs_are_read_in_order(store: AnyStore):
    """Of one execution, from where the reader was."""
    lines = [LogLine(execution=id_of(n % 2), at=AT, level="INFO", message=f"line {n}", run=1, task="a", attempt=1) for n in range(6)]
    await store.write(Work(logs=tuple(lines)))
    found = await store.logs(id_of(0))
    assert [line.message for line in found] == ["line 0", "line 2", "line 4"]
    assert await store.logs(id_of(0), after=found[0].seq, limit=1) == [found[1]]


async def test_logs_of_levels_and_tasks(store: AnyStore):
    """A page counts what fits only; both together are of both."""
    kinds = [("INFO", "a"), ("WARN", "a"), ("ERROR", "b"), ("INFO", "b"), ("ERROR", "a")]
    lines = [LogLine(execution=id_of(1), at=AT, level=level, message=str(n), task=task) for n, (level, task) in enumerate(kinds)]
    await store.write(Work(logs=tuple(lines)))

    async def found(**wanted: Any) -> str:
        return "".join(line.message for line in await store.logs(id_of(1), **wanted))

    assert await found(levels=["ERROR", "WARN"]) == "124"
    assert await found(levels=["ERROR", "WARN"], limit=2) == "12"
    assert await found(tasks=["a"]) == "014"
    assert await found(tasks=["a", "c"], levels=["ERROR"]) == "4"


async def test_metrics_are_kept_whole_and_read_in_order(home: Home):
    """With what was measured, by which attempt of which task; numbers go on after a restart."""
    first = MetricRow(
        execution=id_of(1), at=AT, type="timer", name="größe", value=1.5, tags={"a": "ü", "b": ""}, run=3, task="load", attempt=2
    )
    rows = (first, MetricRow(execution=id_of(2), at=AT, type="gauge", name="x", value=-1.0))
    await home.store.write(Work(metrics=rows))
    store = await home.restart()
    await store.write(Work(metrics=(MetricRow(execution=id_of(1), at=AT + 1, type="counter", name="y", value=1e18),)))
    found = await store.metrics(id_of(1))
    assert replace(found[0], seq=0) == first
    assert [(row.name, row.value) for row in found] == [("größe", 1.5), ("y", 1e18)]
    assert [row.seq for row in found] == sorted({row.seq for row in found})
    assert await store.metrics(id_of(1), after=found[0].seq) == found[1:]
    assert await store.metrics(id_of(1), limit=1) == found[:1]


async def test_a_revision_is_kept_once(home: Home):
    """The same text is the same revision, a new one the next; going back to an old text is a new revision as well."""

    async def keep(source: str) -> int:
        return (await home.store.keep_flow("shop", "pay", source, f"hash of {source}", AT, "pay.yaml")).revision

    assert [await keep(source) for source in ("a", "a", "b", "b", "a")] == [1, 1, 2, 2, 3]
    assert [(await home.store.keep_flow("shop", "ship", "a", "h", AT, None)).revision] == [1]
    store = await home.restart()
    newest, second = await store.flow("shop", "pay"), await store.flow("shop", "pay", 2)
    assert newest is not None
    assert second is not None
    assert (newest.revision, newest.source, newest.path, newest.created) == (3, "a", "pay.yaml", AT)
    assert (second.revision, second.source) == (2, "b")
    assert await store.flow("shop", "pay", 4) is None
    assert await store.flow("shop", "none") is None


# ---- who owns, who waits ---------------------------------------------------------------------------------------------


async def test_claiming_takes_over_what_is_open(home: Home):
    """A new engine gets each open execution of the last one once, and none that it made itself."""
    waiting = append(creation(3).execution, active=False, wake=AT + 99)
    await home.store.write(work(*[creation(n) for n in range(1, 6)], waiting, end(creation(2).execution)))
    assert [row.id for row in await home.store.claim("boot-1", 10)] == [id_of(n) for n in (1, 3, 4, 5)]
    await home.store.write(work(creation(6)))
    assert await home.store.claim("boot-1", 10) == []
    store = await home.restart()
    assert await store.claim("boot-2", 2) == [OpenExecution(id_of(1), True, None), OpenExecution(id_of(3), False, AT + 99)]
    assert [row.id for row in await store.claim("boot-2", 2)] == [id_of(4), id_of(5)]
    assert [row.id for row in await store.claim("boot-2", 2)] == [id_of(6)]
    assert await store.claim("boot-2", 2) == []


async def test_a_signal_that_waits_makes_an_execution_active(store: AnyStore):
    """Nothing else would wake it after a crash: whoever takes it over must look into its inbox."""
    await store.write(work(creation(1, active=False), creation(2, active=False), tells=(Tell(id_of(2), Kill()),)))
    assert await store.claim("boot-1", 10) == [OpenExecution(id_of(1), False, None), OpenExecution(id_of(2), True, None)]


async def test_a_restarted_execution_is_open_again(store: AnyStore):
    """It belongs to the engine that restarted it, and the next engine takes it over."""
    ended = move(creation().execution, State.RUNNING, State.FAILED)
    await store.write(work(creation(), ended))
    await store.claim("boot-1", 10)
    await store.write(work(move(ended.execution, State.RESTARTED)))
    assert await store.claim("boot-1", 10) == []
    assert [row.id for row in await store.claim("boot-2", 10)] == [id_of(1)]


async def test_waiting_for_the_journal(home: Home):
    """All waiters wake when a row comes, whoever else was cancelled; without a row nobody does."""
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(home.store.wait_journal(0)) for _ in range(100)]
        await asyncio.wait(waiting, timeout=0)
        waiting.pop().cancel()
        await home.store.write(Work(positions=(Position("r", "p", "1"),)))
        assert not any(one.done() for one in waiting)
        await home.store.write(work(creation()))
        await asyncio.wait(waiting)
    await (await home.restart()).wait_journal(0)


# ---- lists -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def filled(store: AnyStore) -> AnyStore:
    """Thirty executions: of two flows in two namespaces, a third of them ended, some children."""
    for n in range(1, 31):
        new = creation(
            n,
            namespace="shop" if n % 2 else "shop.eu",
            flow="pay" if n % 5 else "ship",
            correlation_id=f"c{n % 3}",
            parent=id_of(1) if n > 25 else None,
            trigger=Trigger(id="orders", type="x"),
        )
        await store.write(work(new, end(new.execution)) if n % 3 == 0 else work(new))
    return store


async def test_a_line_says_what_a_list_shows(filled: AnyStore):
    """Everything but the id comes from the head and the present state."""
    line = (await filled.executions(limit=1))[0]
    assert (line.namespace, line.flow, line.revision, line.state, line.trigger) == ("shop.eu", "ship", 1, State.SUCCESS, "orders")
    assert (line.created, line.ended, line.parent, line.correlation_id) == (AT + 30_000_000, AT + 32_000_000, id_of(1), "c0")


async def test_executions_of_a_key(store: AnyStore):
    """What an event started, by any trigger; also after they are purged, for keys stay."""
    await store.write(work(creation(1, key=key("k")), creation(2, key=key("k", trigger="t2")), creation(3, key=key("other"))))
    assert await store.executions_of_key("k") == [id_of(1), id_of(2)]
    assert await store.executions_of_key("none") == []
