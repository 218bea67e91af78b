"""Work through the blocks of an execution: which task is next, and when a flowable or the flow is over.

Every flowable, and the flow itself, is a block of lanes: lanes run side by side up to the construct's limit, the tasks of a lane one
after another. A block goes through the phases TASKS, ERRORS (when a child failed and there are such tasks) and FINALLY.

Rules
1. When a child failed, no further lane or step of its block starts; what runs goes on to its end; then errors, then finally.
2. The state of a block is the worst state of its children; allowFailure turns FAILED to WARNING, allowWarning WARNING to SUCCESS.
3. Nothing starts after a kill.
4. Disabled tasks are as if they were not written.

Called by: decide.
"""

from collections.abc import Sequence

from onbeat.core import changes as c
from onbeat.core.draft import Draft
from onbeat.core.durations import parse_duration
from onbeat.core.errors_text import short
from onbeat.core.execution import ROOT, Block, Phase, TaskRun
from onbeat.core.expressions import ExpressionError, NeedsOutside, truthy
from onbeat.core.flow import FlowableSpec, Lane, TaskSpec
from onbeat.core.plan.pause import Pause
from onbeat.core.retry import micros
from onbeat.core.states import FAILING, State, worst
from onbeat.errors import UserError

_PROBLEMS = (ExpressionError, UserError, ValueError)


def begin(draft: Draft) -> None:
    """Start the flow's own block."""
    draft.add(c.Opened(at=draft.now, n=ROOT))
    fill(draft, ROOT)


def settle(draft: Draft) -> None:
    """Tell each block of its ended children, to a fixed point."""
    for n in draft.ended:  # grows meanwhile
        _child_ended(draft, draft.run(n))
    draft.ended.clear()


def fill(draft: Draft, n: int) -> None:
    """Begin lanes of a block while there are any and the limit allows; end the phase when nothing of it is left."""
    limit = draft.flowable(n).limit if n != ROOT and draft.block(n).phase is Phase.TASKS else 0
    while True:
        block = draft.block(n)
        more = block.begun < block.lanes and not block.failed and draft.execution.state is not State.KILLING
        if not more:
            break
        if limit and block.open >= limit:
            return
        if not begin_step(draft, n, block.begun, 0):
            draft.add(c.LaneBegun(at=draft.now, n=n))
    if draft.block(n).open == 0 and draft.execution.state is not State.PAUSED:
        _phase_over(draft, n)


def lane_of(draft: Draft, n: int, block: Block, lane: int) -> Lane:
    """What a lane of the block's present phase holds."""
    if block.phase is Phase.ERRORS:
        return Lane(draft.flow.errors if n == ROOT else draft.flowable(n).errors)
    if block.phase is Phase.FINALLY:
        return Lane(draft.flow.finally_ if n == ROOT else draft.flowable(n).finally_)
    return Lane(draft.flow.tasks) if n == ROOT else draft.flowable(n).lane(block, lane)


def next_enabled(tasks: Sequence[TaskSpec], step: int) -> int | None:
    """The place of the next task from `step` on that is not disabled; None when there is none."""
    return next((at for at in range(step, len(tasks)) if not tasks[at].disabled), None)


def begin_step(draft: Draft, n: int, lane: int, step: int) -> bool:
    """Create the task run of the lane's next enabled task from `step` on; False when there is none."""
    block = draft.block(n)
    tasks, value, iteration = lane_of(draft, n, block, lane)
    at = next_enabled(tasks, step)
    if at is None:
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
            if spec.flowable:
                draft.move_run(n, State.RUNNING)
        if isinstance(spec, Pause):
            _pause(draft, n, spec)
        elif isinstance(spec, FlowableSpec):
            open_block(draft, n, spec)
    except NeedsOutside as outside:
        draft.add(c.Asked(at=draft.now, n=n, ask=outside.name))
    except _PROBLEMS as problem:
        fail(draft, n, short(problem))


def open_block(draft: Draft, n: int, spec: FlowableSpec) -> None:
    """Open a flowable's block and begin its lanes."""
    opening = spec.open(draft.renderer(n))
    draft.add(
        c.Opened(
            at=draft.now,
            n=n,
            lanes=opening.lanes,
            choice=opening.choice,
            values=opening.values,
            outputs=opening.outputs,
        )
    )
    fill(draft, n)


def _pause(draft: Draft, n: int, spec: Pause) -> None:
    """Move a Pause task's run to PAUSED, with the instant at which it goes on or fails by itself; a duration goes before a timeout."""
    wait = draft.renderer(n)("timeout" if spec.pause_duration is None else "pause_duration")
    wake = None if wait is None else draft.now + micros(parse_duration(str(wait)))
    draft.move_run(n, State.PAUSED, wake=wake)


def fail(draft: Draft, n: int, error: str, state: State = State.FAILED) -> None:
    """End a task run that cannot go on, whatever it was doing."""
    run = draft.run(n)
    spec = draft.spec(n)
    if run.state is not State.RUNNING:
        draft.move_run(n, State.RUNNING)
    draft.move_run(n, allowed(spec, state), error=error)


def allowed(spec: TaskSpec, state: State) -> State:
    """The state in which a task run ends, given what its task allows."""
    if state is State.FAILED and spec.allow_failure:
        state = State.WARNING
    if state is State.WARNING and spec.allow_warning:
        state = State.SUCCESS
    return state


def _child_ended(draft: Draft, run: TaskRun) -> None:
    """Go on in the lane of a task run that ended."""
    n = run.parent
    killing = draft.execution.state is State.KILLING
    stopped = killing or run.state in FAILING or draft.block(n).failed
    if stopped or not begin_step(draft, n, run.lane, run.step + 1):
        draft.add(c.LaneEnded(at=draft.now, n=n))
        fill(draft, n)


def _phase_over(draft: Draft, n: int) -> None:
    """All lanes of the phase are over: go to the next phase, or end the block."""
    block = draft.block(n)
    killing = draft.execution.state is State.KILLING
    errors, finally_ = _tails(draft, n)
    failed = State.FAILED in block.seen
    if block.phase is Phase.TASKS and failed and errors and not killing:
        draft.add(c.Opened(at=draft.now, n=n, phase=Phase.ERRORS))
        fill(draft, n)
    elif block.phase in (Phase.TASKS, Phase.ERRORS) and finally_ and not killing:
        draft.add(c.Opened(at=draft.now, n=n, phase=Phase.FINALLY))
        fill(draft, n)
    else:
        _block_over(draft, n, block)


def _tails(draft: Draft, n: int) -> tuple[bool, bool]:
    """Whether the block has enabled tasks in `errors` and in `finally`."""
    if n == ROOT:
        errors, finally_ = draft.flow.errors, draft.flow.finally_
    else:
        spec = draft.flowable(n)
        errors, finally_ = spec.errors, spec.finally_
    return next_enabled(errors, 0) is not None, next_enabled(finally_, 0) is not None


def _block_over(draft: Draft, n: int, block: Block) -> None:
    state = State.KILLED if draft.execution.state is State.KILLING else worst(block.seen)
    if n == ROOT:
        _flow_over(draft, state)
    else:
        draft.move_run(n, allowed(draft.spec(n), state))


def _flow_over(draft: Draft, state: State) -> None:
    """End the execution: its outputs are rendered last; one that cannot be rendered fails it."""
    if draft.execution.state is not State.RUNNING or not draft.flow.outputs or state is State.KILLED:
        draft.finish(state)
        return
    execution = draft.execution
    try:
        if "outputs" in execution.answers:
            outputs = execution.answers["outputs"]
        else:
            outputs = draft.evaluate({output.id: output.value for output in draft.flow.outputs}, ROOT, "outputs")
    except NeedsOutside as outside:
        draft.add(c.Asked(at=draft.now, n=ROOT, ask=outside.name))
    except _PROBLEMS as problem:
        outputs_failed(draft, state, short(problem))
    else:
        draft.finish(state, outputs=outputs)


def outputs_failed(draft: Draft, state: State, problem: str) -> None:
    """The flow's outputs cannot be had: that fails the execution, unless a task has failed it already."""
    if state in FAILING:
        draft.finish(state)
    else:
        draft.finish(State.FAILED, error=f"outputs: {problem}")


def flow_over(draft: Draft, problem: str | None = None) -> None:
    """The shell evaluated the flow's outputs, or could not: end the execution."""
    state = worst(draft.block(ROOT).seen)
    if problem is None:
        _flow_over(draft, state)
    else:
        outputs_failed(draft, state, problem)
