"""The relay: what was stored is sent, in order per execution, at least once, and no sink holds back another."""

import asyncio
from collections import defaultdict
from pathlib import Path

import orjson

from onbeat.engine.relay import Relay
from onbeat.errors import StoreBroken
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
        task = group.create_task(Relay(store, sink, clock, "topic").serve())
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
        relay = Relay(store, bad, clock, "topic")
        tasks = [group.create_task(relay.serve()), group.create_task(Relay(store, good, clock, "topic").serve())]
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
        task = group.create_task(Relay(store, first, clock, "topic").serve())
        await first.wait_for(6)
        await settle()
        task.cancel()
    await run_some(store, tmp_path, 1)
    second = ListSink()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Relay(store, second, clock, "topic").serve())
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
    armed = True
    try:
        await Relay(store, sink, clock, "topic").serve()
    except StoreBroken:
        armed = False
    await store.close()
    await store.open()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Relay(store, sink, clock, "topic").serve())
        await sink.wait_for(6)
        task.cancel()
    assert [event.body for event in sink.events[:3]] == [event.body for event in sink.events[3:]]
