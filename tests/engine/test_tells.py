"""What other executions are told of an execution's changes, in the same transaction."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.evolve import create, fold
from onbeat.core.execution import Head
from onbeat.core.states import State
from onbeat.engine.tells import tells
from onbeat.ports import ExecutionFilter, Outcome, Tell
from onbeat.testing import ManualClock
from tests.engine.families import children, ended, family, until

HEAD = Head(id="p", namespace="t", flow="f", revision=1, created=0, correlation_id="p")


async def fails(context: object) -> Outcome:
    """A task that fails."""
    return Outcome(state=State.FAILED, error="no")


async def test_a_kill_reaches_every_execution_of_a_fan(tmp_path: Path) -> None:
    """Thirty iterations that sleep are killed with the execution around them, also those that a grandparent's kill reaches."""
    async with family(tmp_path) as node:
        execution = await node.start("t", "sleepers")
        await until(node, execution.id, State.RUNNING)
        at = 0
        while await node.queries.count(ExecutionFilter(states=(State.RUNNING,))) < 31:
            await node.store.wait_journal(at)
            at = await node.store.journal_end()
        await node.kill(execution.id)
        assert (await ended(node, execution.id)).state is State.KILLED
        assert {child.state for child in await children(node, execution.id)} == {State.KILLED}
        assert len(await children(node, execution.id)) == 30


async def test_a_kill_reaches_those_that_the_same_step_starts(tmp_path: Path) -> None:
    """Told to begin and to stop at once: thirty iterations are created by the step that kills them, and none is left running."""
    async with family(tmp_path) as node:
        execution = await node.start("t", "sleepers")
        node.engine.tell(execution.id, s.Kill())
        assert (await ended(node, execution.id)).state is State.KILLED
        found = await children(node, execution.id)
        assert len(found) == 30
        assert {(await ended(node, child.id)).state for child in found} == {State.KILLED}
        rows = await node.store.journal(0, 10_000)
        begun = next(row for row in rows if row.execution == execution.id and isinstance(row.change, c.Moved))
        killed = next(row for row in rows if row.execution == execution.id and getattr(row.change, "after", None) is State.KILLING)
        assert not [row for row in rows if begun.seq < row.seq < killed.seq and row.execution != execution.id], "one step did both"


async def test_a_pause_in_an_iteration_pauses_the_execution_around_it(tmp_path: Path) -> None:
    """While both iterations wait for a person, so does the whole; resumed one after the other it goes on and ends."""
    async with family(tmp_path) as node:
        execution = await node.start("t", "asks")
        await until(node, execution.id, State.PAUSED)
        first, second = await children(node, execution.id)
        await node.resume(first.id)
        await ended(node, first.id)
        assert not (await node.engine.load(execution.id)).ended
        await node.resume(second.id)
        found = await ended(node, execution.id)
        assert found.state is State.SUCCESS
        assert [state for state, _ in found.history].count(State.PAUSED) >= 1


async def test_a_parent_waits_for_what_tries_its_child_anew(
    tmp_path: Path, clock: ManualClock, deeds: dict[str, Callable[[Any], Any]]
) -> None:
    """The child fails twice and is RETRIED as a new execution each time; the parent ends with the third, and with its outputs."""
    tries = []

    async def third(context: object) -> Outcome:
        tries.append(context)
        return Outcome() if len(tries) == 3 else Outcome(state=State.FAILED, error="no")

    deeds["a"] = third
    async with family(tmp_path, clock=clock) as node:
        execution = await node.start("t", "calls_anew")
        await clock.advance(9)
        assert len(tries) == 1
        await clock.advance(20)
        found = await ended(node, execution.id)
        assert [child.state.value for child in await children(node, execution.id)] == ["RETRIED", "RETRIED", "SUCCESS"]
        assert found.state is State.SUCCESS
        assert found.runs[1].outputs is not None
        assert found.runs[1].outputs["outputs"] == {"tries": "done"}


async def test_a_kill_reaches_what_stands_for_a_child(tmp_path: Path, clock: ManualClock, deeds: dict[str, Callable[[Any], Any]]) -> None:
    """The child's successor waits for its time when the parent is killed: it is killed too, and never runs."""
    deeds["a"] = fails
    async with family(tmp_path, clock=clock) as node:
        execution = await node.start("t", "calls_anew")
        await clock.advance(1)
        await node.kill(execution.id)
        assert (await ended(node, execution.id)).state is State.KILLED
        assert sorted(child.state.value for child in await children(node, execution.id)) == ["KILLED", "RETRIED"]


async def test_nobody_tries_anew_for_a_parent_that_no_longer_waits(
    tmp_path: Path, clock: ManualClock, deeds: dict[str, Callable[[Any], Any]]
) -> None:
    """The parent's time limit was up before the successor's time came: it is killed and does not run for nobody."""
    deeds["a"] = fails
    async with family(tmp_path, clock=clock) as node:
        execution = await node.start("t", "slow_anew")
        await clock.advance(6)
        assert (await ended(node, execution.id)).state is State.FAILED
        await clock.advance(60)
        assert sorted(child.state.value for child in await children(node, execution.id)) == ["KILLED", "RETRIED"]


def test_a_successor_that_is_not_waited_for_is_killed() -> None:
    """The word of the child's end came after the parent had stopped waiting, so no change says so: the successor is told all the same."""
    before = create(HEAD)
    told = [s.ChildEnded(1, "child", State.RETRIED, None, "successor")]
    assert list(tells(before, before, (), (), told)) == [Tell("successor", s.Kill())]


def test_a_fan_that_waits_for_a_successor_keeps_it() -> None:
    """It is one of the executions that it waits for."""
    child = Head(id="child", namespace="t", flow="f", revision=1, created=0, correlation_id="p", parent="p", parent_run=1)
    changes = (
        c.Created(at=0, head=HEAD),
        c.Moved(at=0, before=State.CREATED, after=State.RUNNING, sequence=2),
        c.Opened(at=0, n=0),
        c.RunCreated(at=0, n=1, task="each", parent=0),
        c.RunMoved(at=0, n=1, state=State.RUNNING),
        c.Opened(at=0, n=1, lanes=1, values=("a",), fan=True),
        c.ChildStarted(at=0, n=1, child=child, lane=0),
        c.ChildReplaced(at=0, n=1, child="child", by="successor"),
    )
    after = fold(changes)
    told = [s.ChildEnded(1, "child", State.RETRIED, None, "successor")]
    assert list(tells(after, after, changes[-1:], (), told)) == []
