"""What is written with a step: what it starts, and what a restart of a parent runs again."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onbeat.core import signals as s
from onbeat.core.changes import ChildRestarted
from onbeat.core.states import State
from onbeat.engine.rerun import restart
from onbeat.errors import Conflict
from onbeat.ports import Outcome, TaskContext, Work
from onbeat.testing import settle
from tests.engine.families import children, ended, family, until
from tests.engine.faulty import FaultyStore, Once, Told
from tests.engine.flows import leftovers

Deeds = dict[str, Callable[[Any], Any]]


@pytest.fixture
def work(deeds: Deeds) -> list[str]:
    """Tasks a, b and c: each fails the first time. The list says what ran."""
    done: list[str] = []

    def deed(name: str) -> Callable[[TaskContext], Any]:
        async def run(context: TaskContext) -> Outcome:
            done.append(name)
            return Outcome() if done.count(name) > 1 else Outcome(state=State.FAILED, error=f"{name} fails at first")

        return run

    for name in "abc":
        deeds[name] = deed(name)
    return done


async def test_a_restart_runs_the_failed_subflow_again(tmp_path: Path, work: list[str]) -> None:
    """The same child, restarted in the transaction that restarts its parent; the parent ends with its outputs."""
    store = FaultyStore()
    async with family(tmp_path, store) as node:
        execution = await node.start("t", "calls")
        assert (await ended(node, execution.id)).state is State.FAILED
        await restart(node, execution.id)
        found = await ended(node, execution.id)
        assert found.state is State.SUCCESS
        (child,) = await children(node, execution.id)
        assert child.restarts == 1
        assert work == ["a", "a"]
        assert found.runs[1].attempt == 2
        assert found.runs[1].outputs is not None
        assert found.runs[1].outputs["outputs"] == {"name": "a"}
        together = [work for work in store.works if any(isinstance(each, ChildRestarted) for one in work.appends for each in one.changes)]
        assert [[one.execution.id for one in work.appends] for work in together] == [[execution.id, child.id]]
        assert leftovers(node) == {}


async def test_grandchildren_are_restarted_in_one_transaction(tmp_path: Path, work: list[str]) -> None:
    """A subflow with a loop of subflows: the failed ones at every level run again, and nothing that succeeded does."""
    store = FaultyStore()
    async with family(tmp_path, store) as node:
        work += ["b"]  # the second has failed before, so to say: it succeeds at once
        execution = await node.start("t", "grandparent")
        assert (await ended(node, execution.id)).state is State.FAILED
        assert sorted(work) == ["a", "b", "b", "c"]
        await restart(node, execution.id)
        assert (await ended(node, execution.id)).state is State.SUCCESS
        assert sorted(work) == ["a", "a", "b", "b", "c", "c"]
        wide = max((work for work in store.works), key=lambda work: len(work.appends))
        assert len(wide.appends) == 1 + 1 + 2 + 2  # the execution, its subflow, two iterations, their subflows
        (parent,) = await children(node, execution.id)
        assert {child.state for child in await children(node, parent.id)} == {State.SUCCESS}
        assert await store.check() == []
        assert leftovers(node) == {}


async def test_a_child_that_is_gone_answers(tmp_path: Path, work: list[str]) -> None:
    """It was purged: the parent does not wait for ever, it fails again."""
    async with family(tmp_path) as node:
        execution = await node.start("t", "calls")
        await ended(node, execution.id)
        (child,) = await children(node, execution.id)
        await node.store.purge_executions([child.id], records=True, logs=True, metrics=True)
        await restart(node, execution.id)
        found = await ended(node, execution.id)
        assert (found.state, found.restarts) == (State.FAILED, 1)
        assert child.id in str(found.error)
        assert work == ["a"]


async def test_a_child_that_cannot_be_restarted_answers(tmp_path: Path, work: list[str]) -> None:
    """Somebody restarted it alone, and it succeeded: the parent takes that, nothing runs twice."""
    async with family(tmp_path) as node:
        execution = await node.start("t", "calls")
        await ended(node, execution.id)
        (child,) = await children(node, execution.id)
        await restart(node, child.id)
        await ended(node, child.id)
        await restart(node, execution.id)
        found = await ended(node, execution.id)
        assert found.state is State.SUCCESS
        assert found.runs[1].outputs is not None
        assert found.runs[1].outputs["outputs"] == {"name": "a"}
        assert work == ["a", "a"]


async def test_a_child_that_somebody_restarted_already_is_waited_for(tmp_path: Path, deeds: Deeds) -> None:
    """It runs when its parent is restarted: it goes on undisturbed, and the parent ends with it."""
    gate, runs = asyncio.Event(), []

    async def waits(context: object) -> Outcome:
        runs.append(context)
        if len(runs) == 1:
            return Outcome(state=State.FAILED, error="no")
        await gate.wait()
        return Outcome()

    deeds["a"] = waits
    async with family(tmp_path) as node:
        execution = await node.start("t", "calls")
        await ended(node, execution.id)
        (child,) = await children(node, execution.id)
        await restart(node, child.id)
        await until(node, child.id, State.RUNNING)
        await restart(node, execution.id)
        await until(node, execution.id, State.RUNNING)
        gate.set()
        assert (await ended(node, execution.id)).state is State.SUCCESS
        assert len(runs) == 2


@pytest.mark.parametrize("first", ["child", "parent"])
async def test_a_child_that_is_restarted_at_the_same_time(tmp_path: Path, work: list[str], first: str) -> None:
    """Two people restart the child and the parent at once: the work is done once more, not twice, and both end."""
    async with family(tmp_path, FaultyStore()) as node:
        execution = await node.start("t", "calls")
        await ended(node, execution.id)
        (child,) = await children(node, execution.id)
        order = [child.id, execution.id] if first == "child" else [execution.id, child.id]
        for id_ in order:
            node.engine.tell(id_, s.Restart())
        await until(node, execution.id, State.SUCCESS)
        assert work == ["a", "a"]
        assert (await ended(node, child.id)).restarts == 1
        assert leftovers(node) == {}


async def test_a_conflict_restarts_nothing_twice(tmp_path: Path, work: list[str]) -> None:
    """The store refuses the transaction that restarts both: it is decided again, whole."""
    store = FaultyStore()

    def revives(work: Work) -> bool:
        return len(work.appends) == 2

    async with family(tmp_path, store) as node:
        execution = await node.start("t", "calls")
        await ended(node, execution.id)
        store.refuse = Once(Conflict("somebody else was first"), 3, revives)
        await restart(node, execution.id)
        assert (await ended(node, execution.id)).state is State.SUCCESS
        assert work == ["a", "a"]
        assert leftovers(node) == {}


async def test_what_a_child_was_told_while_it_is_restarted_is_not_lost(tmp_path: Path, work: list[str], deeds: Deeds) -> None:
    """A kill for the child comes while the transaction that restarts it is written: it is killed after that."""
    store = FaultyStore()
    async with family(tmp_path, store) as node:
        execution = await node.start("t", "calls")
        await ended(node, execution.id)
        (child,) = await children(node, execution.id)
        store.gate.clear()
        node.engine.tell(execution.id, s.Restart())
        await settle()
        assert len(node.engine._memory) == 2
        node.engine.tell(child.id, s.Kill())
        store.gate.set()
        await until(node, child.id, State.KILLED)
        found = await ended(node, execution.id)
        assert (found.state, found.restarts) == (State.FAILED, 1)


async def test_a_restarted_child_asks_for_its_places_again(tmp_path: Path, work: list[str]) -> None:
    """Its flow has one place and another execution has it: the child waits, its parent with it, and both end when it is free."""
    async with family(tmp_path) as node:
        execution = await node.start("t", "calls_limited")
        await ended(node, execution.id)
        (child,) = await children(node, execution.id)
        holder = await node.start("t", "sleepers")
        gate = asyncio.Event()
        await _occupy(node, gate)
        await restart(node, execution.id)
        assert (await until(node, child.id, State.QUEUED)).restarts == 1
        gate.set()
        assert (await ended(node, execution.id)).state is State.SUCCESS
        await node.kill(holder.id)


async def _occupy(node: Any, gate: asyncio.Event) -> None:
    """Let another execution have the only place of `limited` until the gate is open."""
    before = Told.deeds["a"]

    async def waits(context: TaskContext) -> Outcome:
        Told.deeds["a"] = before
        await gate.wait()
        return Outcome()

    Told.deeds["a"] = waits
    occupant = await node.start("t", "limited")
    await until(node, occupant.id, State.RUNNING)
