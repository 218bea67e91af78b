"""What every store forgets, and what it must not: purges of executions and of the bus."""

import asyncio
from typing import Any

import pytest

from onbeat.core.signals import Kill, SlotGranted
from onbeat.ports import LedgerRow, LogLine, MetricRow, Position, Purged, SlotClaim, Tell, Work
from tests.stores.build import AT, creation, end, id_of, key, record, work
from tests.stores.conftest import AnyStore, Home

LATER = AT + 10**12


async def fill(store: AnyStore, count: int) -> None:
    """Executions that have ended, each by one work."""
    await asyncio.gather(*(store.write(work(creation(n, key=key(str(n))), end(creation(n).execution))) for n in range(1, count + 1)))


async def test_a_purge_takes_whole_ended_executions(home: Home):
    """Journal, logs, inbox and summary go together; the open stay, and so do keys."""
    await fill(home.store, 3)
    await home.store.write(work(creation(4), logs=(LogLine(execution=id_of(2), at=AT, level="INFO", message="x"),)))
    assert await home.store.purge(AT + 4_000_000 + 1, 10) == 2, "1 ended at 3 s, 2 at 4 s, 3 at 5 s"
    for restart in (False, True):
        store = await home.restart() if restart else home.store
        assert [line.id for line in await store.executions()] == [id_of(4), id_of(3)]
        assert {row.execution for row in await store.journal(0, 100)} == {id_of(3), id_of(4)}
        assert await store.load(id_of(1)) is None
        assert await store.logs(id_of(2)) == []
        assert await store.find_key(key("1")) == id_of(1)
        assert await store.check() == []
    assert await home.store.purge(LATER, 10) == 1
    assert await home.store.purge(LATER, 10) == 0


async def test_a_purge_waits_for_every_reader_of_the_journal(store: AnyStore):
    """An execution that a sink has not been given yet stays, however old."""
    await fill(store, 3)
    rows = await store.journal(0, 100)
    last = {n: max(row.seq for row in rows if row.execution == id_of(n)) for n in (1, 2, 3)}
    order = sorted(last, key=lambda n: last[n])
    await store.write(
        Work(
            positions=(
                Position("journal:kafka", "seq", str(last[order[1]])),
                Position("journal:ui", "seq", str(last[order[2]])),
                Position("topic:orders", "seq", "0"),
            )
        )
    )
    assert await store.purge(LATER, 10) == 2
    assert [line.id for line in await store.executions()] == [id_of(order[2])]
    await store.forget_reader("journal:kafka")
    assert await store.purge(LATER, 10) == 1


async def test_a_purge_is_bounded(store: AnyStore):
    """It takes the oldest, as many as it was told, whatever the size of its batches."""
    await fill(store, 250)
    assert await store.purge(LATER, 230) == 230
    assert [line.id for line in await store.executions()] == [id_of(n) for n in range(250, 230, -1)]
    assert await store.check() == []


def beside(n: int, level: str = "INFO", at: int = AT, message: str = "x") -> LogLine:
    """A log line of execution n."""
    return LogLine(execution=id_of(n), at=at, level=level, message=message, task="a")


def measured(n: int) -> MetricRow:
    """A measurement of execution n."""
    return MetricRow(execution=id_of(n), at=AT, type="counter", name="rows", value=1.0)


async def test_named_executions_are_purged_when_they_have_ended(home: Home):
    """Those that run and those that are not there stay untouched, and so do keys; what went is told."""
    await fill(home.store, 2)
    await home.store.write(work(creation(3), logs=(beside(1), beside(1), beside(3)), metrics=(measured(1), measured(2), measured(3))))
    ids = [id_of(n) for n in (1, 3, 9)]
    purged = await home.store.purge_executions(ids, records=True, logs=True, metrics=True)
    assert purged == Purged(executions=((id_of(1), "shop", "pay"),), logs=2, metrics=1)
    store = await home.restart()
    assert [line.id for line in await store.executions()] == [id_of(3), id_of(2)]
    assert [len(await store.logs(id_of(n))) + len(await store.metrics(id_of(n))) for n in (1, 2, 3)] == [0, 1, 2]
    assert await store.find_key(key("1")) == id_of(1)
    assert await store.check() == []


async def test_a_purge_of_named_executions_takes_only_what_it_is_told(store: AnyStore):
    """Logs without the execution, the execution without its logs; what is left then goes when the execution would have."""
    await fill(store, 2)
    lines, rows = tuple(beside(n) for n in (1, 2)), tuple(measured(n) for n in (1, 2))
    await store.write(Work(logs=lines, metrics=rows))
    only_logs = await store.purge_executions([id_of(1)], records=False, logs=True, metrics=False)
    assert (len(only_logs.executions), only_logs.logs, only_logs.metrics) == (1, 1, 0)
    assert await store.load(id_of(1)) is not None
    assert len(await store.metrics(id_of(1))) == 1
    only_records = await store.purge_executions([id_of(2)], records=True, logs=False, metrics=False)
    assert (len(only_records.executions), only_records.logs, only_records.metrics) == (1, 0, 0)
    assert await store.load(id_of(2)) is None
    await store.purge(AT, 10)
    assert (len(await store.logs(id_of(2))), len(await store.metrics(id_of(2)))) == (1, 1), "its time is not over"
    await store.purge(LATER, 10)
    assert (await store.logs(id_of(2)), await store.metrics(id_of(2)), await store.metrics(id_of(1))) == ([], [], [])


async def test_a_purge_of_named_executions_waits_for_every_reader_of_the_journal(store: AnyStore):
    """A sink gets what it was promised; logs are no part of the journal and need not wait."""
    await fill(store, 1)
    await store.write(Work(positions=(Position("journal:kafka", "seq", "1"),), logs=(beside(1),)))
    assert await store.purge_executions([id_of(1)], records=True, logs=True, metrics=True) == Purged()
    assert (await store.purge_executions([id_of(1)], records=False, logs=True, metrics=False)).logs == 1
    await store.write(Work(positions=(Position("journal:kafka", "seq", str(await store.journal_end())),)))
    assert len((await store.purge_executions([id_of(1)], records=True, logs=True, metrics=True)).executions) == 1


async def test_many_named_executions_are_purged_in_pieces(store: AnyStore):
    """Whatever their number; each is told once."""
    await fill(store, 250)
    purged = await store.purge_executions([id_of(n) for n in range(1, 240)], records=True, logs=True, metrics=True)
    assert [id_ for id_, _, _ in purged.executions] == [id_of(n) for n in range(1, 240)]
    assert await store.count() == 11


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({}, []),
        ({"namespace": "shop"}, ["other"]),
        ({"namespace": "sho"}, ["old", "error", "below", "other"]),
        ({"namespace": "shop", "flow": "pay"}, ["below", "other"]),
        ({"flow": "pay"}, ["below"]),
        ({"execution": id_of(1)}, ["below", "other"]),
        ({"levels": ["ERROR", "WARN"]}, ["old", "below", "other"]),
        ({"end": AT + 1}, ["error", "below", "other"]),
        ({"start": AT + 1, "end": AT + 2}, ["old", "below", "other"]),
        ({"namespace": "shop.eu", "levels": ["ERROR"]}, ["old", "error", "below", "other"]),
    ],
)
async def test_log_lines_are_purged_by_what_is_known_of_them(store: AnyStore, wanted: dict[str, Any], left: list[str]):
    """Of a flow, of a namespace with those below it, of an execution, of levels, within a time; also while the execution runs."""
    other = creation(2, namespace="shop.eu", flow="ship"), creation(3, namespace="shops")
    lines = [(1, "INFO", AT, "old"), (1, "ERROR", AT + 1, "error"), (2, "INFO", AT + 2, "below"), (3, "INFO", AT + 2, "other")]
    await store.write(work(creation(1), *other, logs=tuple(beside(*line) for line in lines)))
    assert await store.purge_logs(**wanted) == len(lines) - len(left)
    found = [line.message for n in (1, 2, 3) for line in await store.logs(id_of(n))]
    assert found == left


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ({}, {"pay": [2, 4], "ship": [3], "eu": [2]}),
        ({"keep": 2}, {"pay": [2, 3, 4], "ship": [2, 3], "eu": [1, 2]}),
        ({"keep": 9}, {"pay": [1, 2, 3, 4], "ship": [1, 2, 3], "eu": [1, 2]}),
        ({"before": AT + 2}, {"pay": [2, 3, 4], "ship": [2, 3], "eu": [2]}),
        ({"namespace": "shop", "flow": "ship"}, {"pay": [1, 2, 3, 4], "ship": [3], "eu": [1, 2]}),
        ({"namespace": "shop.eu"}, {"pay": [1, 2, 3, 4], "ship": [1, 2, 3], "eu": [2]}),
        ({"namespace": "sho"}, {"pay": [1, 2, 3, 4], "ship": [1, 2, 3], "eu": [1, 2]}),
        ({"flow": "pay"}, {"pay": [2, 4], "ship": [1, 2, 3], "eu": [1, 2]}),
    ],
)
async def test_old_revisions_of_flows_are_purged(home: Home, wanted: dict[str, Any], left: dict[str, list[int]]):
    """Never the newest, nor one that an execution has; the next revision has a number of its own, also after a restart."""
    names = {"pay": ("shop", "pay"), "ship": ("shop", "ship"), "eu": ("shop.eu", "pay" if "flow" not in wanted else "eu")}
    for name, count in (("pay", 4), ("ship", 3), ("eu", 2)):
        for n in range(1, count + 1):
            await home.store.keep_flow(*names[name], str(n), str(n), AT + n, None)
    await home.store.write(work(creation(1, revision=2)))

    async def present(store: AnyStore) -> dict[str, list[int]]:
        return {name: [n for n in range(1, 5) if await store.flow(*place, n)] for name, place in names.items()}

    total = sum(map(len, (await present(home.store)).values()))
    gone = await home.store.purge_flows(**wanted)
    store = await home.restart()
    assert await present(store) == left
    assert gone == total - sum(map(len, left.values()))
    assert (await store.keep_flow("shop", "pay", "new", "new", AT, None)).revision == 5


async def test_revisions_are_listed_and_those_that_are_named_are_purged(home: Home):
    """The newest first; never the newest itself, nor one that an execution has, nor another flow's."""
    for flow in ("pay", "ship"):
        for n in range(1, 5):
            await home.store.keep_flow("shop", flow, str(n), str(n), AT + n, None)
    await home.store.write(work(creation(1, revision=2)))
    assert await home.store.flow_revisions("shop", "pay") == [4, 3, 2, 1]
    assert await home.store.purge_revisions("shop", "pay", [1, 2, 4, 9]) == 1
    store = await home.restart()
    assert await store.flow_revisions("shop", "pay") == [4, 3, 2]
    assert await store.flow_revisions("shop", "ship") == [4, 3, 2, 1]
    assert (await store.flow_revisions("shop", "none"), await store.purge_revisions("shop", "none", [1])) == ([], 0)


async def test_numbers_are_not_given_again(home: Home):
    """After everything was purged and a restart, the journal and the topics go on where they were: readers' positions stay true."""
    await fill(home.store, 2)
    await home.store.write(Work(records=(record("1"),)))
    journal, records = await home.store.journal_end(), await home.store.records_end("orders")
    await home.store.purge(LATER, 10)
    await home.store.purge_records(LATER, 0)
    store = await home.restart()
    assert (await store.journal_end(), await store.records_end("orders")) == (journal, records)
    assert await store.records_since("orders", 0) == records
    written = await store.write(work(creation(5), records=(record("2"),)))
    assert [row.seq for row in await store.journal(0, 10)] == [journal + 1]
    assert written.records[0] > records


async def test_facts_are_forgotten_when_their_time_is_over(store: AnyStore):
    """A ledger row says until when it matters; without that it stays."""
    rows = (LedgerRow("l", "a", "1", until=AT), LedgerRow("l", "b", "1", until=AT + 10), LedgerRow("l", "c", "1"))
    await store.write(Work(ledger=rows))
    await store.purge(AT + 5, 10)
    assert await store.ledger("l") == {"b": "1", "c": "1"}


async def test_old_records_are_purged(store: AnyStore):
    """Older than an instant, in every topic; an id that is gone may come again."""
    times = [("1", AT), ("2", AT + 10), ("3", AT + 20)]
    await store.write(Work(records=tuple(record(id_, topic, time=time) for topic in ("a", "b") for id_, time in times)))
    assert await store.purge_records(AT + 15, 10**9) == 4
    assert [[row.id for row in await store.records(topic, 0, 10)] for topic in ("a", "b")] == [["3"], ["3"]]
    assert await store.topics() == {"a": 1, "b": 1}
    assert (await store.write(Work(records=(record("1", "a"),)))).new_records == (True,)
    assert await store.check() == []


async def test_the_oldest_records_above_the_size_are_purged(store: AnyStore):
    """Until all topics together fit; the newest stay."""
    await store.write(Work(records=tuple(record(f"{n:04}", "ab"[n % 2], data="x" * 100) for n in range(1200))))
    assert await store.purge_records(0, 10**9) == 0
    gone = await store.purge_records(0, 50_000)
    left = await store.records("a", 0, 2000) + await store.records("b", 0, 2000)
    assert gone + len(left) == 1200
    assert 100 < len(left) < 500
    assert sorted(row.id for row in left) == [f"{n:04}" for n in range(gone, 1200)]
    assert await store.purge_records(0, 50_000) == 0
    assert await store.purge_records(0, 0) == len(left)
    assert await store.topics() == {"a": 0, "b": 0}
    assert await store.check() == []


async def test_a_purged_execution_leaves_nothing_for_the_next_of_its_scope(store: AnyStore):
    """A slot that was never given back goes with its execution; a signal for it is dropped."""
    await store.write(work(creation(1, claim=SlotClaim("s", 1, "QUEUE")), end(creation(1).execution)))
    await store.purge(LATER, 10)
    assert (await store.write(Work(tells=(Tell(id_of(1), Kill()),)))).delivered == ()
    written = await store.write(work(creation(2, claim=SlotClaim("s", 1, "QUEUE"))))
    assert [row.signal for row in written.delivered] == [SlotGranted()]
