"""Decide what happens to an execution that is told something: all policy about executions is this function.

Pure: it looks at the flow, the execution, the signals and the time it is given, so a write conflict is answered by deciding again,
and a crash by telling Recover. One clause for each signal, then rules to a fixed point (blocks.py).

Rules
1. A stale signal (an attempt that is over, a timer that was disarmed) changes nothing.
2. Nothing starts after a kill; a terminated execution is left only by Restart.
3. An attempt that was running when its engine died is lost: onLost says RETRY (it does not count), FAIL or HOLD.
4. All signals that wait are decided together: one commit.

Called by: the engine, and nobody else.
"""

from collections.abc import Iterable
from typing import assert_never

from onbeat.core import blocks, restart, slots
from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.draft import Draft
from onbeat.core.durations import parse_duration
from onbeat.core.errors_text import short
from onbeat.core.event import Json, Micros
from onbeat.core.execution import ROOT, Execution, Head, TaskRun, Trigger
from onbeat.core.expressions import ExpressionError, NeedsOutside
from onbeat.core.flow import Flow, OnLost
from onbeat.core.ids import child_id
from onbeat.core.plan.pause import Pause
from onbeat.core.plan.subflow import Subflow
from onbeat.core.retry import micros, next_attempt
from onbeat.core.states import State
from onbeat.errors import UserError

_LOST = "the engine stopped while this task ran"


def decide(flow: Flow, execution: Execution, signals: Iterable[s.AnySignal], now: Micros) -> tuple[c.AnyChange, ...]:
    """The changes that follow, in order; none when the signals are stale."""
    return decided(flow, execution, signals, now)[0]


def decided(flow: Flow, execution: Execution, signals: Iterable[s.AnySignal], now: Micros) -> tuple[tuple[c.AnyChange, ...], Execution]:
    """The changes that follow, and the execution after them."""
    draft = Draft(flow, execution, now)
    for signal in signals:
        _tell(draft, signal)
        blocks.settle(draft)
        _pause_when_idle(draft)
    return tuple(draft.changes), draft.execution


def _tell(draft: Draft, signal: s.AnySignal) -> None:
    match signal:
        case s.TaskEnded():
            _task_ended(draft, signal)
        case s.Dispatched():
            _dispatched(draft, signal)
        case s.Begin():
            _begin(draft)
        case s.TimerFired():
            _timer_fired(draft, signal)
        case s.ChildChosen():
            _child_chosen(draft, signal)
        case s.ChildEnded():
            _child_ended(draft, signal)
        case s.Evaluated():
            _evaluated(draft, signal)
        case s.Recover():
            _recover(draft)
        case s.SlotGranted():
            _run(draft)
        case s.SlotQueued():
            if slots.waits(draft.execution):
                draft.move(State.QUEUED)
        case s.SlotRefused():
            if slots.waits(draft.execution) or draft.execution.state is State.QUEUED:
                draft.finish(signal.state, error="the flow's concurrency limit is reached")
        case s.Kill():
            _kill(draft)
        case s.Pause():
            if draft.execution.state is State.RUNNING:
                draft.move(State.PAUSED)
        case s.Resume():
            _resume(draft, signal)
        case s.Restart():
            restart.restart(draft)
        case s.SetLabels():
            if signal.labels != draft.execution.labels:
                draft.add(c.Labelled(at=draft.now, labels=signal.labels))
        case _:
            assert_never(signal)


def _begin(draft: Draft) -> None:
    """Start, unless it waits for its time or for places."""
    execution = draft.execution
    if execution.state is not State.CREATED or execution.wake is not None:
        return
    try:
        places = slots.claims(draft.flow, execution.head)
    except (ExpressionError, UserError) as problem:
        draft.finish(State.FAILED, error=f"concurrency: {short(problem)}")
        return
    if not places:
        _run(draft)


def _run(draft: Draft) -> None:
    """It has the places it needs, or needs none."""
    again = ROOT in draft.execution.blocks
    if draft.execution.state is State.RESTARTED or (draft.execution.state is State.QUEUED and again):
        restart.go_on(draft)
    elif draft.execution.state in (State.CREATED, State.QUEUED):
        draft.move(State.RUNNING)
        blocks.begin(draft)


def _dispatched(draft: Draft, signal: s.Dispatched) -> None:
    run = draft.execution.runs.get(signal.run)
    if run is None or run.state not in (State.CREATED, State.RESTARTED) or run.ask is not None:
        return
    if draft.execution.state is not State.RUNNING:
        return
    spec = draft.spec(run.n)
    try:
        wait = None if spec.timeout is None else draft.renderer(run.n)("timeout")
        wake = None if wait is None else draft.now + micros(parse_duration(str(wait)))
    except NeedsOutside as outside:
        draft.add(c.Asked(at=draft.now, n=run.n, ask=outside.name))
    except (ExpressionError, UserError, ValueError) as problem:
        blocks.fail(draft, run.n, f"timeout: {short(problem)}")
    else:
        draft.move_run(run.n, State.RUNNING, attempt=run.attempt + 1, wake=wake)


def _present(draft: Draft, n: int, attempt: int) -> TaskRun | None:
    """The task run when that attempt of it is under way."""
    run = draft.execution.runs.get(n)
    if run is None or run.attempt != attempt or run.state not in (State.RUNNING, State.KILLING):
        return None
    return run


def _task_ended(draft: Draft, signal: s.TaskEnded) -> None:
    run = _present(draft, signal.run, signal.attempt)
    if run is None or run.child is not None:
        return
    if run.state is State.KILLING:
        draft.move_run(run.n, State.KILLED, outputs=signal.outputs, error=signal.error)
    else:
        _attempt_over(draft, run, signal.state, signal.outputs, signal.error, signal.retry)


def _attempt_over(draft: Draft, run: TaskRun, state: State, outputs: dict[str, Json] | None, error: str | None, retry: bool = True) -> None:
    """End the run, or wait for another attempt when it failed and its policy gives one."""
    spec = draft.spec(run.n)
    policy = draft.retry_of(run.n)
    if state is State.FAILED and retry and policy is not None:
        due = next_attempt(policy, run.counted, run.attempts[0].start, draft.now, f"{draft.execution.id}/{run.n}")
        if due is not None:
            draft.move_run(run.n, State.RETRYING, outputs=outputs, error=error, wake=due)
            return
    if state is State.SUCCESS and policy is not None and policy.warning_on_retry and run.counted > 1:
        state = State.WARNING
    draft.move_run(run.n, blocks.allowed(spec, state), outputs=outputs, error=error)


def _timer_fired(draft: Draft, signal: s.TimerFired) -> None:
    if signal.due > draft.now:
        return
    if signal.run == ROOT:
        if draft.execution.state is State.CREATED and draft.execution.wake == signal.due:
            draft.add(c.Waiting(at=draft.now))
            _begin(draft)
        return
    run = draft.execution.runs.get(signal.run)
    if run is None or run.wake != signal.due:
        return
    match run.state:
        case State.RUNNING:
            _attempt_over(draft, run, State.FAILED, None, f"timed out after {(draft.now - run.attempts[-1].start) / 1e6:.1f} s")
        case State.RETRYING:
            draft.move_run(run.n, State.CREATED)
        case _:  # PAUSED: nothing else has a timer
            _pause_over(draft, run)


def _pause_over(draft: Draft, run: TaskRun) -> None:
    """A Pause task's time is up: its delay lets it go on as `behavior` says, its timeout fails it."""
    if _held_by_operator(draft.execution):
        return
    spec = draft.spec(run.n)
    assert isinstance(spec, Pause), "only a Pause waits for a time"
    _wake_up(draft)
    if spec.pause_duration is None:
        blocks.fail(draft, run.n, "nobody resumed it before its timeout")
        return
    match spec.behavior:
        case "RESUME":
            _go_on(draft, run, {})
        case "WARN":
            draft.move_run(run.n, State.RUNNING)
            draft.move_run(run.n, blocks.allowed(spec, State.WARNING))
        case "FAIL":
            blocks.fail(draft, run.n, "nobody resumed it in time")
        case "CANCEL":
            blocks.fail(draft, run.n, "nobody resumed it in time", State.CANCELLED)
        case _:
            assert_never(spec.behavior)


def _held_by_operator(execution: Execution) -> bool:
    """Whether a person paused it, and not only its Pause tasks: then something else is under way, or would have gone on by now."""
    if execution.state is not State.PAUSED:
        return False
    if execution.held:
        return True
    blocks, runs = execution.blocks, execution.runs
    return any(blocks[n].open == 0 if n in blocks else runs[n].state is not State.PAUSED for n in execution.open)


def _wake_up(draft: Draft) -> None:
    """Let a paused execution run again."""
    if draft.execution.state is State.PAUSED:
        held = draft.execution.held
        draft.move(State.RESTARTED)
        draft.move(State.RUNNING)
        draft.ended.extend(held)


def _resume(draft: Draft, signal: s.Resume) -> None:
    if draft.execution.state is not State.PAUSED and not draft.execution.paused:
        return
    _wake_up(draft)
    blocks.fill(draft, ROOT)
    for n in sorted(draft.execution.open):
        run = draft.run(n)
        if run.state is State.PAUSED:
            _go_on(draft, run, signal.inputs)
        elif n in draft.execution.blocks:
            blocks.fill(draft, n)


def _go_on(draft: Draft, run: TaskRun, inputs: dict[str, Json]) -> None:
    spec = draft.spec(run.n)
    draft.move_run(run.n, State.RUNNING, outputs={"onResume": inputs} if isinstance(spec, Pause) else None)
    if isinstance(spec, Pause):
        blocks.open_block(draft, run.n, spec)
    else:  # held because its attempt was lost: a person says it may be tried again
        draft.move_run(run.n, State.RETRYING)
        draft.move_run(run.n, State.CREATED)


def _pause_when_idle(draft: Draft) -> None:
    """An execution in which only Pause tasks are left is PAUSED."""
    execution = draft.execution
    if not execution.paused or execution.state is not State.RUNNING:
        return
    for n in execution.open:
        run = execution.runs[n]
        if n not in execution.blocks and run.state is not State.PAUSED:
            return
    draft.move(State.PAUSED)


def _child_chosen(draft: Draft, signal: s.ChildChosen) -> None:
    run = _present(draft, signal.run, signal.attempt)
    if run is None or run.state is not State.RUNNING or run.child is not None:
        return
    head, spec = draft.execution.head, draft.spec(run.n)
    child = Head(
        id=child_id(draft.now, head.id, run.n, run.attempt),
        namespace=signal.namespace,
        flow=signal.flow,
        revision=signal.revision,
        created=draft.now,
        inputs=signal.inputs,
        labels=signal.labels,
        variables=signal.variables,
        trigger=Trigger(
            id=run.task,
            type="core.flow.Subflow",
            variables={
                "executionId": head.id,
                "namespace": head.namespace,
                "flowId": head.flow,
                "flowRevision": head.revision,
                "taskRunId": draft.execution.run_id(run.n),
            },
        ),
        correlation_id=head.correlation_id,
        causation_id=f"{head.id}/{run.n}",
        traceparent=head.traceparent,
        hops=head.hops,
        parent=head.id,
        parent_run=run.n,
    )
    draft.add(c.ChildStarted(at=draft.now, n=run.n, child=child, wait=signal.wait, transmit=signal.transmit))
    if not signal.wait:
        draft.move_run(run.n, blocks.allowed(spec, State.SUCCESS), outputs={"executionId": child.id})


def _child_ended(draft: Draft, signal: s.ChildEnded) -> None:
    run = draft.execution.runs.get(signal.run)
    if run is None or run.child != signal.child or run.state not in (State.RUNNING, State.KILLING):
        return
    outputs = {"executionId": signal.child, "state": signal.state.value, "outputs": signal.outputs or {}}
    spec = draft.spec(run.n)
    if run.state is State.KILLING:
        draft.move_run(run.n, State.KILLED, outputs=outputs)
        return
    transmit = not isinstance(spec, Subflow) or spec.transmit_failed
    state = signal.state if transmit else State.SUCCESS
    if state not in (State.SUCCESS, State.WARNING, State.CANCELLED):
        state = State.FAILED  # KILLED too: the parent was not killed, its subflow was
    error = f"subflow {signal.child} ended {signal.state}" if state is State.FAILED else None
    _attempt_over(draft, run, state, outputs, error)


def _evaluated(draft: Draft, signal: s.Evaluated) -> None:
    if signal.run == ROOT:
        if draft.execution.ask != signal.ask:
            return
        draft.add(c.Answered(at=draft.now, n=ROOT, ask=signal.ask, value=signal.value))
        blocks.flow_over(draft, signal.error)
        return
    run = draft.execution.runs.get(signal.run)
    if run is None or run.ended or run.ask != signal.ask:
        return
    draft.add(c.Answered(at=draft.now, n=run.n, ask=signal.ask, value=signal.value))
    if signal.error is not None:
        blocks.fail(draft, run.n, f"{signal.ask}: {signal.error}")
    elif signal.ask != "timeout" or isinstance(draft.spec(run.n), Pause):
        blocks.start(draft, run.n)


def _recover(draft: Draft) -> None:
    """Whatever ran in the engine that is gone was lost."""
    execution = draft.execution
    if execution.state is State.CREATED:
        _begin(draft)
        return
    for n in sorted(execution.open):
        run = draft.run(n)
        if n in draft.execution.blocks or run.child is not None or run.ask is not None or run.ended:
            continue
        if run.state is State.KILLING:
            draft.move_run(n, State.KILLED, lost=True)
        elif run.state is State.RUNNING:
            _lost(draft, run)


def _lost(draft: Draft, run: TaskRun) -> None:
    spec = draft.spec(run.n)
    policy = OnLost.RETRY if isinstance(spec, Subflow) else spec.on_lost
    match policy:
        case OnLost.RETRY:
            draft.move_run(run.n, State.RETRYING, error=_LOST, lost=True)
            draft.move_run(run.n, State.CREATED)
        case OnLost.FAIL:
            draft.move_run(run.n, blocks.allowed(spec, State.FAILED), error=f"{_LOST} (onLost: FAIL)", lost=True)
        case OnLost.HOLD:
            draft.move_run(run.n, State.PAUSED, error=f"{_LOST} (onLost: HOLD); resume to try again", lost=True)
        case _:
            assert_never(policy)


def _kill(draft: Draft) -> None:
    execution = draft.execution
    if execution.ended or execution.state is State.KILLING:
        return
    draft.move(State.KILLING)
    for n in sorted(execution.open):
        run = draft.run(n)
        if n in draft.execution.blocks or run.ended:
            continue
        if run.state is State.RUNNING and run.attempt:
            draft.move_run(n, State.KILLING)
        else:
            draft.move_run(n, State.KILLED)
    draft.ended.extend(execution.held)
    blocks.settle(draft)
    for n in sorted(draft.execution.open, reverse=True):  # blocks that the pause kept from ending, inner ones first
        if n in draft.execution.blocks and not draft.run(n).ended:
            blocks.fill(draft, n)
            blocks.settle(draft)
    if not draft.execution.ended and (ROOT not in draft.execution.blocks or not draft.execution.open):
        draft.finish(State.KILLED)
