"""Compose: what must be written together is."""

from pathlib import Path

import pytest

from onbeat.core import signals as s
from onbeat.core.states import State
from onbeat.ports import ExecutionFilter, Record
from onbeat.testing import ManualClock, settle
from tests.engine.faulty import FaultyStore
from tests.engine.flows import ended, running

pytestmark = pytest.mark.usefixtures("deeds")


async def test_a_child_that_ends_as_it_begins_tells_its_parent(tmp_path: Path) -> None:
    """A subflow whose tasks are all skipped is over in its first transaction; the parent goes on."""
    async with running(tmp_path) as node:
        found = await ended(node, await node.start("t", "calls"))
        assert found.state is State.SUCCESS
        assert found.runs[2].outputs == {"value": "SUCCESS"}


async def test_a_kill_reaches_the_child_that_the_same_step_starts(tmp_path: Path, clock: ManualClock) -> None:
    """Told at once that the child is chosen and that it must stop: the child, whose start is written with that, is killed too."""
    async with running(tmp_path, FaultyStore(), clock) as node:
        execution = await node.start("t", "parent")
        assert (await node.engine.load(execution.id)).runs[1].state is State.RUNNING
        node.engine.tell(execution.id, s.ChildChosen(run=1, attempt=1, namespace="t", flow="sleep", revision=1))
        node.engine.tell(execution.id, s.Kill())
        assert (await ended(node, execution)).state is State.KILLED
        (child,) = await node.queries.executions(ExecutionFilter(parent=execution.id))
        assert (await node.engine.ended(child.id)).state is State.KILLED


@pytest.mark.parametrize("first", [s.Kill(), None], ids=["killed", "late"])
async def test_what_a_task_that_no_longer_counts_publishes_is_not_written(
    tmp_path: Path, clock: ManualClock, first: s.Signal | None
) -> None:
    """The kill (or the timeout) and the end wait together, the kill first: the run did not succeed, so its record is not there."""

    async with running(tmp_path, FaultyStore(), clock) as node:
        flow = "sleep" if first else "late"
        execution = await node.start("t", flow, {"what": "none"} if flow == "late" else None)
        run = node.engine._memory._working[execution.id].execution.runs[1]  # type: ignore[union-attr]
        if first is None:
            assert run.wake is not None
            clock.set_wall(run.wake)
            first = s.TimerFired(1, run.wake)
        node.engine.tell(execution.id, first)
        record = Record(topic="x", id="1", data=1, time=1)
        node.engine.tell(execution.id, s.TaskEnded(1, 1, State.SUCCESS), records=(record,))
        await settle()
        assert await node.store.records("x", 0, 10) == []
