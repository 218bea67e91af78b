"""Dispatch: a place for each RUNNING, given back once, and none after a stop."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.changes import ChildStarted, RunMoved
from onbeat.core.states import State
from onbeat.errors import Conflict, Overloaded
from onbeat.ports import ExecutionFilter, Outcome, TaskContext, Work
from onbeat.testing import ManualClock, settle
from tests.engine.faulty import FaultyStore, Once
from tests.engine.flows import ended, leftovers, running
from tests.engine.harness import node_with

pytestmark = pytest.mark.usefixtures("deeds")
Deeds = dict[str, Callable[[TaskContext], Any]]


def starts_child(work: Work) -> bool:
    """Whether the work begins a subflow."""
    return any(isinstance(change, ChildStarted) for append in work.appends for change in append.changes)


@pytest.mark.parametrize("error", [Conflict(), Overloaded()], ids=["conflict", "full"])
async def test_a_refused_write_gives_the_childs_places_back(tmp_path: Path, clock: ManualClock, error: Exception) -> None:
    """The child that was prepared is decided anew: one child, one place, and nothing is left at the end."""
    store = FaultyStore()
    async with running(tmp_path, store, clock) as node:
        store.refuse = Once(error, wanted=starts_child)
        execution = await node.start("t", "parent")
        await settle()
        await clock.advance(2)
        assert node.engine.places.held() == 1
        children = await node.queries.executions(ExecutionFilter(parent=execution.id))
        assert len(children) == 1
        await node.kill(execution.id)
        await ended(node, execution)
        assert (await node.engine.ended(children[0].id)).state is State.KILLED
        await settle()
        assert leftovers(node) == {}


async def test_a_conflict_keeps_the_place_a_task_had_waited_for(tmp_path: Path, clock: ManualClock) -> None:
    """The signal that brings the place is told again: RUNNING still has one place of its own, and there are no more than there are."""
    store = FaultyStore()
    async with running(tmp_path, store, clock, max_tasks=1) as node:
        first, second, third = [await node.start("t", "sleep") for _ in range(3)]
        await settle()

        def begins(work: Work) -> bool:
            return any(isinstance(c, RunMoved) and c.attempt for a in work.appends if a.execution.id == second.id for c in a.changes)

        store.refuse = Once(Conflict(), wanted=begins)
        await node.kill(first.id)
        await ended(node, first)
        await settle()
        assert (await node.engine.load(second.id)).runs[1].state is State.RUNNING
        assert (await node.engine.load(third.id)).runs[1].state is State.CREATED
        assert len(node.runner) == node.engine.places.held() == 1


async def test_a_stop_begins_nothing_that_waits(tmp_path: Path, clock: ManualClock) -> None:
    """Tasks that wait for a place are not marked RUNNING when a stop frees places: they never ran, so they are not lost."""
    store = FaultyStore()
    async with running(tmp_path, store, clock, max_tasks=1) as node:
        first, second = [await node.start("t", "sleep") for _ in range(2)]
        await settle()
    await store.open()
    one, two = await store.load(first.id), await store.load(second.id)
    assert one is not None
    assert two is not None
    assert one.runs[1].state is State.RUNNING
    assert two.runs[1].state is State.CREATED
    assert two.runs[1].attempt == 0


async def test_a_drain_ends_between_two_tasks(tmp_path: Path, deeds: Deeds) -> None:
    """The task that runs ends and is written; the next one of the flow is ready and has no attempt: the next start begins it."""
    store = FaultyStore()
    go = asyncio.Event()

    async def wait(context: TaskContext) -> Outcome:
        await go.wait()
        return Outcome()

    deeds["wait"] = wait
    flow = "id: f\nnamespace: t\ntasks: [{id: a, type: test.Told, what: wait}, {id: b, type: core.debug.Return, format: x}]\n"
    async with node_with(store, {"f.yaml": flow}, tmp_path, sources=False, drain=30.0) as node:
        execution = await node.start("t", "f")
        await settle()
        async with asyncio.TaskGroup() as group:
            node.engine.stop()
            drained = group.create_task(node.runner.drain(30))
            await settle()
            assert not drained.done()
            go.set()
    await store.open()
    left = await store.load(execution.id)
    assert left is not None
    assert [(run.state, run.attempt) for _, run in sorted(left.runs.items())] == [(State.SUCCESS, 1), (State.CREATED, 0)]


async def test_a_slow_end_does_not_lend_its_place_twice(tmp_path: Path, clock: ManualClock, deeds: Deeds) -> None:
    """A late attempt that takes its time to stop and the attempt after it: never more at once than places, none given back twice."""
    at_once = most = 0

    async def slow(context: TaskContext) -> Outcome:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            await context.services.clock.sleep(3_600)
        except asyncio.CancelledError:
            await context.services.clock.sleep(3)
            raise
        finally:
            at_once -= 1
        return Outcome()

    deeds["slow"] = slow
    async with running(tmp_path, FaultyStore(), clock, max_tasks=1) as node:
        execution = await node.start("t", "late", {"what": "slow"})
        for _ in range(20):
            await clock.advance(1)
            assert node.engine.places.held() <= 1
        assert (await ended(node, execution)).state is State.FAILED
        await clock.advance(5)
        assert most == 1
        assert leftovers(node) == {}
