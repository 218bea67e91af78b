"""Correlator when things go wrong, or happen at once: what is in memory is what is in the store."""

import asyncio
from pathlib import Path

import pytest

from onbeat.errors import Overloaded
from onbeat.ports import ExecutionFilter
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
        assert await node.queries.count(ExecutionFilter(flow="f")) == 0
        await clock.advance(4 * MINUTE)
        assert len(await started(node)) == 1


async def test_what_dedupe_says_is_counted_once(tmp_path: Path) -> None:
    """Also when the same comes in another message, or again after a restart."""
    clock, store = ManualClock(), MemoryStore()
    said = 'topic: x\ndedupe: "{{ trigger.data.order }}"\ncorrelate: {accumulate: 2, window: PT1M}'
    async with node_at(clock, store, {"f": flow("f", said)}, tmp_path) as node:
        await node.intake.emit(subscription(node), [event("1", {"order": "A"}, time=START)])
        (again,) = await node.intake.emit(subscription(node), [event("2", {"order": "A"}, time=START)])
        assert again.started == ()
    async with node_at(clock, store, {}, tmp_path) as node:
        (again,) = await node.intake.emit(subscription(node), [event("1", {"order": "A"}, time=START)])
        assert again.started == ()
        (result,) = await node.intake.emit(subscription(node), [event("3", {"order": "B"}, time=START)])
        assert len(result.started) == 1


async def test_events_of_the_same_old_time_are_not_taken_for_each_other(tmp_path: Path) -> None:
    """Their window is long over, so each begins and ends one of its own: none of them is swallowed by the one before."""
    clock = ManualClock()
    async with node_at(clock, MemoryStore(), {"f": flow("f", PAIR)}, tmp_path) as node:
        for n in range(3):
            await node.intake.emit(subscription(node), [event(str(n), n, time=START - 86_400_000_000)])
            await clock.advance(1)
        assert [one["data"] for each in await variables(node) for one in each["events"]] == [0, 1, 2]


async def test_a_trigger_that_is_taken_away_and_comes_back_meanwhile_forgets_nothing(tmp_path: Path) -> None:
    """An event that is being written when the file goes and returns is one of its group."""
    store = FaultyStore()
    async with node_at(ManualClock(), store, {"f": flow("f", PAIR)}, tmp_path) as node:
        store.gate.clear()
        loaded = node.triggers.all()
        async with asyncio.TaskGroup() as group:
            group.create_task(node.intake.emit(subscription(node), [event("1", 1, time=START)]))
            await settle()
            node.intake.correlator.update(())
            node.intake.correlator.update(each.spec for each in loaded)
            await settle()
            store.gate.set()
        (result,) = await node.intake.emit(subscription(node), [event("2", 2, time=START)])
        assert len(result.started) == 1
