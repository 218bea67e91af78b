"""End what is over: lanes, the phases of a block, flowables, the flow itself.

A block goes through its phases in order: TASKS, COMPENSATION (the flow's own block, when it failed), ERRORS (when a child failed),
FINALLY, and the flow's own at last AFTER. Each is a list of lanes that blocks.py begins; here is what follows when none is left.

Rules
1. The state of a block is the worst state of its children; allowFailure turns FAILED to WARNING, allowWarning WARNING to SUCCESS.
2. What a failed flow had done is undone in reverse order of completion, each by its task's `compensate`, before its errors run; one
   that fails stops no other.
3. A retry of what failed comes before compensation: the execution goes on from what it had done. One that tries all anew comes after it.
4. Outputs are rendered last; what cannot be rendered fails the execution, or the task that started it if it is that which asks for it.
   What runs after it sees how it ends and changes nothing.
5. After an exit, the blocks that it stops end in its state; their `finally`s run, and what is in those ends as it does. So do those that
   a failure beside them stops, in the state that it says.

Called by: decide.
"""

from contextlib import suppress

from onbeat.core import changes as c
from onbeat.core import fans, retrying, rounds
from onbeat.core.blocks import PROBLEMS, allowed, begin_step, fail_inside, fill, next_enabled, pause, ready_after, waits
from onbeat.core.draft import Draft
from onbeat.core.errors_text import short
from onbeat.core.event import Json
from onbeat.core.execution import ROOT, Block, Phase, TaskRun
from onbeat.core.expressions import NeedsOutside
from onbeat.core.plan.loop_until import LoopUntil
from onbeat.core.plan.pause import BEFORE, Pause
from onbeat.core.states import FAILING, State, worst
from onbeat.core.stopping import stop_inside

_LATER: dict[Phase, tuple[Phase, ...]] = {
    Phase.TASKS: (Phase.COMPENSATION, Phase.ERRORS, Phase.FINALLY),
    Phase.COMPENSATION: (Phase.ERRORS, Phase.FINALLY),
    Phase.ERRORS: (Phase.FINALLY,),
}
"""Which phases may come after one, in order; `afterExecution` is no block's own."""

OUTPUTS, RETURNS = "outputs", "returns"
"""What the shell is asked for at the end, if it must be."""


def settle(draft: Draft) -> None:
    """Tell each block of its ended children, and end what is over, to a fixed point."""
    while draft.ended or draft.over:
        if draft.ended:
            ended, draft.ended = draft.ended, []
            for n in ended:
                if n in draft.execution.runs:
                    _child_ended(draft, draft.run(n))
        else:
            n = draft.over.pop()
            if _is_over(draft, n):
                _phase_over(draft, n)


def _is_over(draft: Draft, n: int) -> bool:
    """Whether it still is: more may have happened since it was noted."""
    execution = draft.execution
    if n not in execution.blocks or execution.blocks[n].open or execution.ended or execution.state is State.PAUSED:
        return False
    return n == ROOT or not (execution.runs[n].ended or waits(draft, n))


def _child_ended(draft: Draft, run: TaskRun) -> None:
    """Go on in the lane of a task run that ended."""
    n = run.parent
    block = draft.block(n)
    halted = (run.state in FAILING or block.failed) and block.phase is not Phase.COMPENSATION
    if run.state in FAILING and n != ROOT and block.phase is Phase.TASKS and draft.flowable(n).on_failure and not draft.stopping(n):
        stop_inside(draft, n)
    if halted or draft.stopping(n) or not begin_step(draft, n, run.lane, run.step + 1):
        lane, ready = ready_after(draft, n, run.lane)
        draft.add(c.LaneEnded(at=draft.now, n=n, lane=lane, ready=ready))
        fill(draft, n)


def _phase_over(draft: Draft, n: int) -> None:
    """All lanes of the phase are over: go to the next phase, or end the block."""
    block = draft.block(n)
    stopping = draft.stopping(n)
    if n != ROOT and block.phase is Phase.TASKS and not block.failed and not stopping:
        spec = draft.spec(n)
        if isinstance(spec, LoopUntil):
            if rounds.go_round(draft, n, spec):
                return
        elif isinstance(spec, Pause) and block.choice == BEFORE:
            _pause(draft, n, spec)
            return
    if draft.execution.state is not State.KILLING:
        for phase in _LATER.get(block.phase, ()):
            if _begin_phase(draft, n, phase, block):
                return
    _block_over(draft, n, block)


def _begin_phase(draft: Draft, n: int, phase: Phase, block: Block) -> bool:
    """Begin a phase, if there is anything to do in it."""
    if phase is Phase.COMPENSATION:
        undo = _to_undo(draft) if n == ROOT and _fails(draft, block) else ()
        if not undo or retrying.goes_on(draft):
            return False
        draft.add(c.Opened(at=draft.now, n=n, phase=phase, lanes=len(undo), values=undo))
    elif next_enabled(draft.tail(n, phase), 0) is None or (phase is Phase.ERRORS and not _errors_run(draft, n, block)):
        return False
    else:
        draft.add(c.Opened(at=draft.now, n=n, phase=phase))
    fill(draft, n)
    return True


def _errors_run(draft: Draft, n: int, block: Block) -> bool:
    """Whether something failed in it, and nothing stops it."""
    return State.FAILED in block.seen and not draft.stopping(n)


def _fails(draft: Draft, block: Block) -> bool:
    """Whether the flow fails, by what failed in it or because it was told to; one that is tried anew has failed."""
    exit_ = draft.execution.exit
    return State.FAILED in block.seen if exit_ is None else exit_ in (State.FAILED, State.RETRIED)


def _to_undo(draft: Draft) -> tuple[int, ...]:
    """The task runs that ended well and have something that undoes them, the last one first."""
    undoable = {task.id for task in draft.flow.by_id.values() if next_enabled(task.compensate, 0) is not None}
    if not undoable:
        return ()
    done = [run for run in draft.execution.runs.values() if run.state in (State.SUCCESS, State.WARNING) and run.task in undoable]
    return tuple(run.n for run in sorted(done, key=lambda run: run.done, reverse=True))


def _pause(draft: Draft, n: int, spec: Pause) -> None:
    """What runs before the pause is over."""
    try:
        pause(draft, n, spec)
    except NeedsOutside as outside:
        draft.add(c.Asked(at=draft.now, n=n, ask=outside.name))
    except PROBLEMS as problem:
        fail_inside(draft, n, short(problem))


def _block_over(draft: Draft, n: int, block: Block) -> None:
    if n != ROOT:
        _flowable_over(draft, n, block)
    elif block.phase is Phase.AFTER:
        _finish(draft)
    else:
        _flow_over(draft, _state_of_flow(draft))


def _flowable_over(draft: Draft, n: int, block: Block) -> None:
    """End a flowable's run: as its tasks did, or as it was told."""
    spec, run = draft.flowable(n), draft.run(n)
    outputs: dict[str, Json] | None = fans.results(draft, n) if spec.fan else None
    if draft.execution.state is State.KILLING or run.state is State.KILLING:
        state = draft.stopped_as(n)
    elif draft.execution.exit is not None and draft.left(run.parent):
        retried = draft.execution.exit is State.RETRIED
        state = worst({*block.seen, State.FAILED}) if retried else draft.execution.exit
    else:
        state = worst(block.seen)
        collected_by = spec.collects(block)
        if collected_by is not None and state is not State.KILLED:
            if collected_by not in run.answers:
                draft.add(c.Asked(at=draft.now, n=n, ask=collected_by))
                return
            outputs = {**(outputs or {}), **(run.answers[collected_by] or {})}
        state = draft.cut(n) or allowed(spec, spec.ends(state, block))
    if run.wake is not None:
        draft.add(c.RunTimed(at=draft.now, n=n))
    draft.move_run(n, state, outputs=outputs or None, error=run.error)


def _state_of_flow(draft: Draft) -> State:
    execution = draft.execution
    if execution.state is State.KILLING:
        return State.KILLED
    return execution.exit or worst(draft.block(ROOT).seen)


def _flow_over(draft: Draft, state: State, unreturned: str | None = None) -> None:
    """The flow's tasks are over: try again what failed, or render the outputs and end."""
    execution = draft.execution
    if execution.state is not State.RUNNING:
        draft.finish(state)
        return
    if state is State.RETRIED or (state is State.FAILED and retrying.again(draft)):
        if state is State.RETRIED:
            retrying.anew(draft)
        return
    if state is State.KILLED:
        _judge(draft, state)
        return
    try:
        outputs = _rendered(draft, OUTPUTS)
        try:
            outputs |= {} if unreturned is not None else _rendered(draft, RETURNS)
        except PROBLEMS as problem:
            unreturned = short(problem)
    except NeedsOutside as outside:
        draft.add(c.Asked(at=draft.now, n=ROOT, ask=outside.name))
    except PROBLEMS as problem:
        outputs_failed(draft, state, short(problem))
    else:
        _judge(draft, state, outputs or None, unreturned=unreturned)


def _rendered(draft: Draft, ask: str) -> dict[str, Json]:
    specs = end_specs(draft, ask)
    if not specs:
        return {}
    if ask in draft.execution.answers:
        return dict(draft.execution.answers[ask])
    try:
        return dict(draft.evaluate(specs, ROOT, ask))
    except PROBLEMS:
        optional = optional_outputs(draft, ask)
        if not optional:
            raise
    given = dict(draft.evaluate({name: value for name, value in specs.items() if name not in optional}, ROOT, ask))
    for name in optional:
        with suppress(*PROBLEMS):
            given |= draft.evaluate({name: specs[name]}, ROOT, ask)
    return {name: given[name] for name in specs if name in given}


def end_specs(draft: Draft, ask: str) -> dict[str, Json]:
    """What is rendered at the end. OUTPUTS: the flow's (in an iteration its loop's); RETURNS: what the task that started it asks for."""
    if ask == RETURNS:
        return draft.execution.head.returns or {}
    specs = draft.flow.outputs if draft.loop is None else draft.loop.outputs
    return {output.id: output.value for output in specs}


def optional_outputs(draft: Draft, ask: str) -> frozenset[str]:
    """Those of them that are left out when they cannot be rendered."""
    specs = draft.flow.outputs if draft.loop is None else draft.loop.outputs
    return frozenset(output.id for output in specs if not output.required) if ask == OUTPUTS else frozenset()


def outputs_failed(draft: Draft, state: State, problem: str) -> None:
    """The flow's outputs cannot be had: that fails the execution, unless a task has failed it already."""
    if state in FAILING:
        _judge(draft, state)
    else:
        _judge(draft, State.FAILED, error=f"outputs: {problem}")


def _judge(
    draft: Draft, state: State, outputs: dict[str, Json] | None = None, error: str | None = None, unreturned: str | None = None
) -> None:
    """It is decided how it ends: end it, or run first what runs after it."""
    if next_enabled(draft.tail(ROOT, Phase.AFTER), 0) is None or draft.execution.state is not State.RUNNING:
        draft.finish(state, outputs=outputs, error=error, unreturned=unreturned)
        return
    draft.add(c.Judged(at=draft.now, state=state, outputs=outputs, error=error, unreturned=unreturned))
    draft.add(c.Opened(at=draft.now, n=ROOT, phase=Phase.AFTER))
    fill(draft, ROOT)


def _finish(draft: Draft) -> None:
    """What runs after it is over."""
    verdict = draft.execution.verdict
    if draft.execution.state is State.KILLING or verdict is None:  # killed meanwhile, or while it was to be restarted
        draft.finish(State.KILLED)
    else:
        draft.finish(verdict.state, outputs=verdict.outputs, error=verdict.error, unreturned=verdict.unreturned)


def flow_over(draft: Draft, ask: str, problem: str | None = None) -> None:
    """The shell evaluated the flow's outputs, or could not: end the execution."""
    state = _state_of_flow(draft)
    if problem is None or ask == RETURNS:
        _flow_over(draft, state, unreturned=problem)
    else:
        outputs_failed(draft, state, problem)
