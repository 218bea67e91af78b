"""Correlator when things go wrong, or happen at once: what is in memory is what is in the store."""

import asyncio
from pathlib import Path

import pytest

from onbeat.errors import Overloaded
from onbeat.stores.memory import MemoryStore
from onbeat.testing import START, ManualClock, settle
from tests.engine.faulty import FaultyStore, Once
from tests.engine.test_intake import event, subscription
from tests.engine.waiting import flow, node_at, started, variables

MINUTE = 60.0
PAIR = "topic: x\ncorrelate: {accumulate: 2, window: PT1M}"


async def test_a_write_that_fails_changes_nothing_in_memory(tmp_path: Path) -> None:
    """Given again, the event counts once."""
    store = FaultyStore()
    async with node_at(ManualClock(), store, {"f": flow("f", PAIR)}, tmp_path) as node:
        store.refuse = Once(Overloaded("the disk is full"), wanted=lambda work: any("e\n" in row.key for row in work.ledger))
        with pytest.raises(Overloaded):
            await node.intake.emit(subscription(node), [event("1", 1, time=START)])
        await node.intake.emit(subscription(node), [event("1", 1, time=START)])
        (result,) = await node.intake.emit(subscription(node), [event("2", 2, time=START)])
        assert len(result.started) == 1
        assert [len(each["events"]) for each in await variables(node)] == [2]


async def test_a_source_that_is_stopped_while_it_writes_leaves_both_the_same(tmp_path: Path) -> None:
    """The event is in the store, so it is in memory."""
    store = FaultyStore()
    async with node_at(ManualClock(), store, {"f": flow("f", PAIR)}, tmp_path) as node:
        store.gate.clear()
        async with asyncio.TaskGroup() as group:
            emitting = group.create_task(node.intake.emit(subscription(node), [event("1", 1, time=START)]))
            await settle()
            emitting.cancel()
        store.gate.set()
        await settle()
        (result,) = await node.intake.emit(subscription(node), [event("2", 2, time=START)])
        assert len(result.started) == 1


async def test_many_at_once_are_counted_one_by_one(tmp_path: Path) -> None:
    """Requests that come together: none is lost, none counts twice, though some are brought twice."""
    async with node_at(ManualClock(), MemoryStore(), {"f": flow("f", PAIR)}, tmp_path) as node:
        async with asyncio.TaskGroup() as group:
            for n in [*range(20), *range(0, 20, 3)]:
                group.create_task(node.intake.emit(subscription(node), [event(str(n), n, time=START)]))
        counted = [one["data"] for each in await variables(node) for one in each["events"]]
        assert sorted(counted) == list(range(20))


async def test_what_is_due_waits_while_the_disk_is_full(tmp_path: Path) -> None:
    """And starts once when it is not."""
    clock, store = ManualClock(), FaultyStore()
    async with node_at(clock, store, {"f": flow("f", PAIR)}, tmp_path) as node:
        await node.intake.emit(subscription(node), [event("1", 1, time=START)])
        store.refuse = Once(Overloaded("the disk is full"), 3, wanted=lambda work: bool(work.creations))
        await clock.advance(MINUTE + 10)
        assert len(await started(node)) == 1


async def test_what_is_due_waits_for_room(tmp_path: Path) -> None:
    """Past the limit of executions at work nothing starts, and nothing is lost."""
    waiting = "id: w\nnamespace: t\ntasks: [{id: s, type: core.flow.Sleep, duration: PT5M}]"
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", PAIR), "w": waiting}, tmp_path, max_active=1) as node:
        await node.intake.emit(subscription(node), [event("1", 1, time=START)])
        await node.start("t", "w")
        await clock.advance(2 * MINUTE)
        assert await node.queries.count(flow="f") == 0
        await clock.advance(4 * MINUTE)
        assert len(await started(node)) == 1
