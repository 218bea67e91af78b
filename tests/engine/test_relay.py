"""The relay: what was stored is sent, in order per execution, at least once, and no sink holds back another."""

import asyncio
from collections import defaultdict
from pathlib import Path

import orjson

from onbeat.clock import SystemClock
from onbeat.core.changes import Moved
from onbeat.core.event import Json
from onbeat.engine.relay import Relay
from onbeat.engine.topics import Projection
from onbeat.errors import OutsideError, StoreBroken
from onbeat.ports import JournalRow, Position, Work
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ListSink, ManualClock, settle
from tests.engine.harness import node_with

FLOWS = {"f.yaml": "id: f\nnamespace: t\ntasks: [{id: a, type: core.debug.Return, format: x}]\n"}


async def run_some(store: MemoryStore, directory: Path, count: int = 5) -> None:
    """Run executions to their end."""
    async with node_with(store, FLOWS, directory, sources=False) as node:
        for execution in [await node.start("t", "f") for _ in range(count)]:
            await node.engine.ended(execution.id)
    await store.open()


def by_execution(sink: ListSink) -> dict[str, list[int]]:
    """The sequences that a sink was given, by execution."""
    found = defaultdict(list)
    for event in sink.events:
        body = orjson.loads(event.body)
        assert event.id == body["id"]
        found[event.key].append(int(body["sequence"]))
    return dict(found)


async def test_each_state_is_sent_once_in_order(tmp_path: Path) -> None:
    """CREATED, RUNNING, SUCCESS of each execution: sequences 1, 2, 3."""
    store, sink, clock = MemoryStore(), ListSink(), ManualClock()
    await run_some(store, tmp_path)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Relay(store, sink, clock, Projection("topic")).serve())
        await sink.wait_for(15)
        await settle()
        task.cancel()
    assert list(by_execution(sink).values()) == [[1, 2, 3]] * 5


async def test_a_sink_that_fails_gets_the_batch_again(tmp_path: Path) -> None:
    """Nothing is lost, nothing overtakes; another sink is not held back meanwhile."""
    store, bad, good, clock = MemoryStore(), ListSink("bad"), ListSink("good"), ManualClock()
    bad.fail = 3
    await run_some(store, tmp_path)
    async with asyncio.TaskGroup() as group:
        relay = Relay(store, bad, clock, Projection("topic"))
        tasks = [group.create_task(relay.serve()), group.create_task(Relay(store, good, clock, Projection("topic")).serve())]
        await good.wait_for(15)
        assert bad.events == []
        assert relay.trouble is not None
        await clock.advance(10)
        await bad.wait_for(15)
        assert relay.trouble is None
        for task in tasks:
            task.cancel()
    assert by_execution(bad) == by_execution(good)


async def test_a_relay_goes_on_where_it_was(tmp_path: Path) -> None:
    """After a restart only what is new is sent; a crash between sending and marking repeats with the same ids."""
    store, clock = MemoryStore(), ManualClock()
    await run_some(store, tmp_path, 2)
    first = ListSink()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Relay(store, first, clock, Projection("topic")).serve())
        await first.wait_for(6)
        await settle()
        task.cancel()
    await run_some(store, tmp_path, 1)
    second = ListSink()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Relay(store, second, clock, Projection("topic")).serve())
        await second.wait_for(3)
        await settle()
        task.cancel()
    assert len(second.events) == 3
    assert not {event.id for event in first.events} & {event.id for event in second.events}


async def test_a_crash_before_the_position_repeats_the_same_events(tmp_path: Path) -> None:
    """The store breaks after the sink took the batch: the next relay sends it again, equal byte for byte."""
    armed = False

    def on_write(moment: str) -> None:
        if armed and moment == "before":
            raise OSError("planted")

    store, clock, sink = MemoryStore(on_write=on_write), ManualClock(), ListSink()
    await run_some(store, tmp_path, 1)
    await store.write(Work(positions=(Position("journal:list", "seq", "0"),)))
    armed = True
    try:
        await Relay(store, sink, clock, Projection("topic")).serve()
    except StoreBroken:
        armed = False
    await store.close()
    await store.open()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Relay(store, sink, clock, Projection("topic")).serve())
        await sink.wait_for(6)
        task.cancel()
    assert [event.body for event in sink.events[:3]] == [event.body for event in sink.events[3:]]


class Poisoned(Projection):
    """Cannot show one row."""

    poison = 0

    def event(self, row: JournalRow) -> dict[str, Json] | None:
        if row.seq == self.poison:
            raise ValueError("planted")
        return super().event(row)


async def test_a_row_that_is_poison_is_reported_and_skipped(tmp_path: Path) -> None:
    """The sink gets all others, in order; what it did not get is kept in mind; a bus reader leaves it out as well."""
    store, clock, sink = MemoryStore(), ManualClock(), ListSink()
    await run_some(store, tmp_path, 3)
    rows = await store.journal(0, 1_000)
    projection = Poisoned("topic")
    projection.poison = next(row.seq for row in rows if isinstance(row.change, Moved))
    async with asyncio.TaskGroup() as group:
        relay = Relay(store, sink, clock, projection)
        task = group.create_task(relay.serve())
        await sink.wait_for(8)
        await settle()
        task.cancel()
    assert relay.trouble is None
    assert relay.gaps == 1
    positions = await store.positions("journal:list")
    assert positions == {"seq": str(rows[-1].seq), f"gap:{projection.poison}": str(projection.poison)}
    assert len([row for row in rows if projection.record(row) is not None]) == 8


async def test_a_sink_that_is_too_far_behind_is_given_up(tmp_path: Path) -> None:
    """What it missed is a gap in its positions, said loudly; it goes on from now, so that purge does. Also when it cannot be opened."""

    class Shut(ListSink):
        shut = True

        async def open(self) -> None:
            if self.shut:
                raise OutsideError("nobody answers")

    store, clock, sink = MemoryStore(), ManualClock(), Shut()
    await run_some(store, tmp_path, 3)
    end = await store.journal_end()
    async with asyncio.TaskGroup() as group:
        relay = Relay(store, sink, clock, Projection("topic"), most_behind=end - 1)
        task = group.create_task(relay.serve())
        await settle()
        assert relay.trouble == "nobody answers"
        assert await store.positions("journal:list") == {"seq": str(end), "gap:1": str(end)}
        sink.shut = False
        await clock.advance(1)
        await run_some(store, tmp_path, 1)
        await sink.wait_for(3)
        task.cancel()
    assert relay.gaps == 1
    assert list(by_execution(sink).values()) == [[1, 2, 3]]


async def test_purge_waits_for_a_sink_that_never_ran(tmp_path: Path) -> None:
    """Nobody answers since the first start: what it has not been given is not purged meanwhile."""

    class Shut(ListSink):
        async def open(self) -> None:
            raise OutsideError("nobody answers")

    store, clock = MemoryStore(), ManualClock()
    await run_some(store, tmp_path, 2)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Relay(store, Shut(), clock, Projection("topic")).serve())
        await settle()
        task.cancel()
    assert await store.purge(SystemClock().now() + 1_000_000, 100) == 0
    await store.forget_reader("journal:list")
    assert await store.purge(SystemClock().now() + 1_000_000, 100) == 2
