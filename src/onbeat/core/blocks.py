"""Work through the blocks of an execution: which task is next, and what it takes for one to begin.

Every flowable, and the flow itself, is a block of lanes: lanes run side by side up to the construct's limit, the tasks of a lane one
after another. What follows when no lane is left is in endings.py.

Rules
1. When a child failed, no further lane or step of its block starts; what runs goes on to its end.
2. Nothing starts after a kill; after an exit only `finally` does.
3. Disabled tasks are as if they were not written.
4. A block begins nothing while the shell is asked something for it.

Called by: decide and its parts, endings, restart.
"""

from collections.abc import Sequence

from onbeat.core import changes as c
from onbeat.core import fans
from onbeat.core.draft import Draft
from onbeat.core.durations import parse_duration
from onbeat.core.errors_text import short
from onbeat.core.execution import ROOT, Block, Phase
from onbeat.core.expressions import ExpressionError, NeedsOutside, truthy
from onbeat.core.flow import FlowableSpec, Lane, TaskSpec
from onbeat.core.plan.approval import Approval
from onbeat.core.plan.loop_until import LoopUntil
from onbeat.core.plan.pause import Pause, behavior_of
from onbeat.core.retry import micros
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.errors import UserError

PROBLEMS = (ExpressionError, UserError, ValueError)
"""What a flow's own expressions and values can do wrong: it fails the run, and nothing else."""


def begin(draft: Draft) -> None:
    """Start the flow's own block."""
    draft.add(c.Opened(at=draft.now, n=ROOT))
    fill(draft, ROOT)


def go_on(draft: Draft, n: int) -> None:
    """The shell answered what a task run asked for."""
    if n in draft.execution.blocks and draft.run(n).state is not State.PAUSED:
        fill(draft, n)
    else:
        start(draft, n)


def fill(draft: Draft, n: int) -> None:
    """Begin lanes of a block while there are any and the limit allows; the phase is over when nothing of it is left."""
    if waits(draft, n):
        return
    fan = n != ROOT and draft.flowable(n).fan and draft.block(n).phase is Phase.TASKS
    if fan:
        fans.fill(draft, n)
    else:
        _fill_lanes(draft, n)
    block = draft.block(n)
    asking = n != ROOT and draft.run(n).ask is not None and not draft.stopping(n)
    if block.open == 0 and not asking and not may_begin(draft, n) and draft.execution.state is not State.PAUSED:
        draft.over.append(n)


def waits(draft: Draft, n: int) -> bool:
    """Whether a block waits for an answer, or for the time of its next iteration."""
    if draft.stopping(n):
        return False
    if n == ROOT:
        return draft.execution.ask is not None
    run = draft.run(n)
    return run.ask is not None or (run.wake is not None and isinstance(draft.spec(n), LoopUntil)) or run.state is State.PAUSED


def may_begin(draft: Draft, n: int) -> bool:
    """Whether a lane of the block is there to begin now, places left aside."""
    block = draft.block(n)
    if draft.stopping(n) or (n != ROOT and draft.run(n).state is State.KILLING and block.phase is Phase.TASKS):
        return False
    if block.own is not None and block.phase is Phase.TASKS:
        return False
    if block.failed and (n == ROOT or draft.flowable(n).stops_on_failure) and block.phase is not Phase.COMPENSATION:
        return False
    return block.begun < (block.lanes if block.order is None else len(block.order.queue))


def _fill_lanes(draft: Draft, n: int) -> None:
    limit = _limit(draft, n)
    while may_begin(draft, n):
        block = draft.block(n)
        if limit and block.open >= limit:
            return
        lane = block.begun if block.order is None else block.order.queue[block.begun]
        if not begin_step(draft, n, lane, 0, begins=block.order is not None):
            over, ready = ready_after(draft, n, lane)
            draft.add(c.LaneBegun(at=draft.now, n=n, lane=over, ready=ready))


def _limit(draft: Draft, n: int) -> int:
    phase = draft.block(n).phase
    if phase is Phase.COMPENSATION:
        return 1
    return draft.flowable(n).limit if n != ROOT and phase is Phase.TASKS else 0


def ready_after(draft: Draft, n: int, lane: int) -> tuple[int | None, tuple[int, ...]]:
    """For a Dag: that this lane is over, and those that may begin now."""
    order = draft.block(n).order
    return (None, ()) if order is None else (lane, draft.flowable(n).ready(order, lane))


def lane_of(draft: Draft, n: int, block: Block, lane: int) -> Lane:
    """What a lane of the block's present phase holds."""
    if block.phase is Phase.COMPENSATION:
        undone = draft.run(int(str(block.values[lane])))
        return Lane(draft.flow.by_id[undone.task].compensate)
    if block.phase is not Phase.TASKS:
        return Lane(draft.tail(n, block.phase))
    return Lane(draft.tasks) if n == ROOT else draft.flowable(n).lane(block, lane)


def next_enabled(tasks: Sequence[TaskSpec], step: int) -> int | None:
    """The place of the next task from `step` on that is not disabled; None when there is none."""
    for at in range(step, len(tasks)):
        if not tasks[at].disabled:
            return at
    return None


def begin_step(draft: Draft, n: int, lane: int, step: int, *, begins: bool = False) -> bool:
    """Create the task run of the lane's next enabled task from `step` on; False when there is none."""
    block = draft.block(n)
    tasks, value, iteration = lane_of(draft, n, block, lane)
    at = next_enabled(tasks, step)
    if at is None or block.passed == lane:
        return False
    number = draft.execution.last + 1
    draft.add(
        c.RunCreated(
            at=draft.now,
            n=number,
            task=tasks[at].id,
            parent=n,
            phase=block.phase,
            lane=lane,
            step=at,
            value=value,
            iteration=iteration,
            begins=begins,
            of=int(str(block.values[lane])) if block.phase is Phase.COMPENSATION else None,
        )
    )
    start(draft, number)
    return True


def start(draft: Draft, n: int) -> None:
    """Take a task run as far as it goes by itself: skipped, failed, paused, a flowable's block opened, or ready to be dispatched.

    `when` is evaluated before it is RUNNING, and so once: what else runs may change what it says.
    """
    spec = draft.spec(n)
    try:
        if draft.run(n).state is not State.RUNNING:
            if spec.when is not True and not truthy(draft.renderer(n)("when")):
                draft.move_run(n, State.SKIPPED)
                return
            if isinstance(spec, FlowableSpec):
                draft.move_run(n, State.RUNNING, attempt=draft.run(n).attempt + 1 if spec.fan and spec.prepared_by else None)
        if isinstance(spec, Pause):
            open_block(draft, n, spec) if spec.before else pause(draft, n, spec)
        elif isinstance(spec, FlowableSpec):
            open_block(draft, n, spec)
    except NeedsOutside as outside:
        draft.add(c.Asked(at=draft.now, n=n, ask=outside.name))
    except PROBLEMS as problem:
        fail(draft, n, short(problem))


def open_block(draft: Draft, n: int, spec: FlowableSpec) -> None:
    """Open a flowable's block and begin its lanes, once the shell has prepared what it needs."""
    if spec.prepared_by is not None and spec.prepared_by not in draft.run(n).answers:
        raise NeedsOutside(spec.prepared_by)
    opening = spec.open(draft.renderer(n))
    draft.add(
        c.Opened(
            at=draft.now,
            n=n,
            lanes=opening.lanes,
            choice=opening.choice,
            values=opening.values,
            outputs=opening.outputs,
            ready=opening.ready,
            fan=spec.fan,
            round=opening.round,
        )
    )
    fill(draft, n)


def pause(draft: Draft, n: int, spec: Pause) -> None:
    """Move a Pause task's run to PAUSED, with the instant at which it goes on or fails by itself; a duration goes before a timeout."""
    if isinstance(spec, Approval) and spec.auto_approve is not None and truthy(draft.renderer(n)("auto_approve")):
        outputs = spec.decided(spec.approve, {}, None, iso(draft.now), None, automatic=True)
        opening = spec.resumed(spec.approve)
        draft.add(c.Opened(at=draft.now, n=n, lanes=opening.lanes, choice=opening.choice, outputs=outputs))
        fill(draft, n)
        return
    if spec.pause_duration is not None:
        behavior_of(draft.renderer(n)("behavior"))
    wait = draft.renderer(n)("timeout" if spec.pause_duration is None else "pause_duration")
    wake = None if wait is None else draft.now + micros(parse_duration(str(wait)))
    draft.move_run(n, State.PAUSED, wake=wake)


def fail(draft: Draft, n: int, error: str, state: State = State.FAILED) -> None:
    """End a task run that cannot go on, and of which nothing runs."""
    run = draft.run(n)
    spec = draft.spec(n)
    if run.state is not State.RUNNING:
        draft.move_run(n, State.RUNNING)
    draft.move_run(n, allowed(spec, state), error=error)


def fail_inside(draft: Draft, n: int, error: str, state: State = State.FAILED) -> None:
    """End a flowable's block that cannot go on: its errors and its finally run."""
    if draft.run(n).state is State.PAUSED:
        draft.move_run(n, State.RUNNING)
    if n not in draft.execution.blocks:
        draft.add(c.Opened(at=draft.now, n=n, lanes=0))
    draft.add(c.BlockFailed(at=draft.now, n=n, state=state, error=error))
    fill(draft, n)


def allowed(spec: TaskSpec, state: State) -> State:
    """The state in which a task run ends, given what its task allows."""
    if state is State.FAILED and spec.allow_failure:
        state = State.WARNING
    if state is State.WARNING and spec.allow_warning:
        state = State.SUCCESS
    return state
