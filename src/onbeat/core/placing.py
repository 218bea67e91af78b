"""Put task runs where a revision of their flow has their tasks: a replay may go on with another one than the execution ran with.

A task run knows its place by numbers (lane, step). In a revision that has a task more they would mean another task: what had been done
would run again, or be left out.

Rules
1. A task that moved along its list is found there again; one that is in another list, or in another order, is refused with the cure.
2. Tasks that a revision has besides run: a Parallel or a Dag has more lanes.
3. A subflow that failed is started anew: the execution that it had started tells its end to the source.

Called by: replay.
"""

from collections.abc import Sequence

import msgspec

from onbeat.core import blocks
from onbeat.core.draft import Draft
from onbeat.core.execution import ROOT, Execution, Phase, TaskRun
from onbeat.core.flow import Flow, FlowableSpec
from onbeat.core.plan.dag import Dag
from onbeat.core.plan.parallel import Parallel
from onbeat.core.plan.pause import Pause
from onbeat.core.states import FAILING
from onbeat.errors import UserError

_BY_ITSELF = (Phase.COMPENSATION, Phase.AFTER)


def placed(flow: Flow, source: Execution, runs: Sequence[TaskRun]) -> tuple[TaskRun, ...]:
    """The task runs of `source`, in order of creation, as they are in this revision of the flow. Raises UserError."""
    draft = Draft(flow, source, 0)
    before: dict[tuple[int, Phase, int, int | None], int] = {}
    found = []
    for run in runs:
        step = run.step
        if flow.revision != source.head.revision and run.phase not in _BY_ITSELF and not _of_pause(draft, run):
            place = (run.parent, run.phase, run.lane, run.iteration)
            at = _step_of(draft, run)
            if at is None or at <= before.get(place, -1):
                raise UserError(
                    f"revision {flow.revision} of the flow has the task `{run.task}` at another place; replay it from the start"
                )
            step = before[place] = at
        found.append(msgspec.structs.replace(run, step=step, child=None if run.state in FAILING else run.child))
    return tuple(found)


def _of_pause(draft: Draft, run: TaskRun) -> bool:
    """Whether a Pause runs it: what it runs before and after is told by its choice, which is one only."""
    return run.parent != ROOT and isinstance(draft.flow.by_id.get(draft.run(run.parent).task), Pause)


def lanes(flow: Flow, source: Execution, n: int) -> int:
    """How many lanes the tasks of a block have in this revision of the flow."""
    spec = flow.by_id[source.runs[n].task] if n != ROOT else None
    return len(spec.tasks) if isinstance(spec, Parallel | Dag) else source.blocks[n].total


def _step_of(draft: Draft, run: TaskRun) -> int | None:
    """Which step of its lane a task run is in this revision; None when it is none."""
    if run.parent:
        around = draft.flow.by_id.get(draft.run(run.parent).task)
        if not isinstance(around, FlowableSpec):
            return None
    block = msgspec.structs.replace(draft.block(run.parent), phase=run.phase)
    try:
        tasks = blocks.lane_of(draft, run.parent, block, run.lane).tasks
    except (IndexError, KeyError):
        return None
    return next((at for at, task in enumerate(tasks) if task.id == run.task), None)
