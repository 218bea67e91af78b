"""Decide what happens to an execution that is told something: all policy about executions is this function.

Pure: it looks at the flow, the execution, the signals and the time it is given, so a write conflict is answered by deciding again,
and a crash by telling Recover. One clause for each signal, then rules to a fixed point (blocks.py, endings.py).

Rules
1. A stale signal (an attempt that is over, a timer that was disarmed) changes nothing.
2. Nothing starts after a kill; a terminated execution is left only by an operator: restart, replay, change of state.
3. An attempt that was running when its engine died is lost: onLost says RETRY (it does not count), FAIL or HOLD.
4. All signals that wait are decided together: one commit.

Called by: the engine, and nobody else.
"""

from collections.abc import Iterable
from typing import assert_never

from onbeat.core import attempts, blocks, children, endings, pauses, promises, replay, restart, slots, stopping
from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.draft import Draft
from onbeat.core.errors_text import short
from onbeat.core.event import Micros
from onbeat.core.execution import ROOT, Execution
from onbeat.core.expressions import ExpressionError
from onbeat.core.flow import Flow
from onbeat.core.plan.loop_until import LoopUntil
from onbeat.core.plan.pause import Pause
from onbeat.core.rounds import next_round
from onbeat.core.states import State
from onbeat.errors import UserError


def decide(flow: Flow, execution: Execution, signals: Iterable[s.AnySignal], now: Micros) -> tuple[c.AnyChange, ...]:
    """The changes that follow, in order; none when the signals are stale."""
    return decided(flow, execution, signals, now)[0]


def decided(flow: Flow, execution: Execution, signals: Iterable[s.AnySignal], now: Micros) -> tuple[tuple[c.AnyChange, ...], Execution]:
    """The changes that follow, and the execution after them."""
    draft = Draft(flow, execution, now)
    for signal in signals:
        _tell(draft, signal)
        endings.settle(draft)
        if flow.sla:
            promises.keep(draft)
            endings.settle(draft)
        if draft.execution.paused:
            pauses.pause_when_idle(draft)
    return tuple(draft.changes), draft.execution


def _tell(draft: Draft, signal: s.AnySignal) -> None:
    match signal:
        case s.TaskEnded():
            attempts.ended(draft, signal)
        case s.Dispatched():
            attempts.dispatched(draft, signal)
        case s.Begin():
            _begin(draft)
        case s.TimerFired():
            _timer_fired(draft, signal)
        case s.ChildChosen():
            children.chosen(draft, signal)
        case s.ChildrenChosen():
            children.many_chosen(draft, signal)
        case s.ChildEnded():
            children.ended(draft, signal)
        case s.ChildPaused():
            children.paused(draft, signal)
        case s.EventArrived():
            attempts.event_arrived(draft, signal)
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
                stopping.refuse(draft, signal.state, "the flow's concurrency limit is reached")
        case s.Kill():
            stopping.kill(draft)
        case s.Pause():
            if draft.execution.state is State.RUNNING:
                draft.move(State.PAUSED, by_hand=True)
        case s.Resume():
            pauses.resume(draft, signal)
        case s.Restart():
            restart.restart(draft)
        case s.SetState():
            replay.set_state(draft, signal)
        case s.SetLabels():
            if signal.labels != draft.execution.labels:
                draft.add(c.Labelled(at=draft.now, labels=signal.labels))
        case _:
            assert_never(signal)


def _begin(draft: Draft) -> None:
    """Start, unless it waits for its time or for places."""
    execution = draft.execution
    copied = execution.state is State.RESTARTED and bool(execution.open)
    if not copied and (execution.state is not State.CREATED or execution.wake is not None):
        return
    if execution.head.failed is not None:
        draft.finish(State.FAILED, error=execution.head.failed)
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
    if draft.execution.state in (State.RESTARTED, State.QUEUED) and draft.execution.open:
        replay.go_on(draft)
    elif draft.execution.state is State.RESTARTED or (draft.execution.state is State.QUEUED and again):
        restart.go_on(draft)
    elif draft.execution.state in (State.CREATED, State.QUEUED):
        draft.move(State.RUNNING)
        promises.arm(draft)
        blocks.begin(draft)


def _timer_fired(draft: Draft, signal: s.TimerFired) -> None:
    if signal.due > draft.now:
        return
    if signal.run == ROOT:
        _own_timer(draft, signal)
        return
    run = draft.execution.runs.get(signal.run)
    if run is None or run.wake != signal.due or run.ended:
        return
    spec = draft.spec(run.n)
    if run.n in draft.execution.blocks and isinstance(spec, LoopUntil):
        if draft.execution.state is State.RUNNING:
            next_round(draft, run.n, spec)
    elif run.state is State.RUNNING:
        attempts.timed_out(draft, run)
    elif run.state is State.RETRYING:
        draft.move_run(run.n, State.CREATED)
    elif isinstance(spec, Pause):
        pauses.over(draft, run, spec)


def _own_timer(draft: Draft, signal: s.TimerFired) -> None:
    """The execution's time has come: to start, to try again, or its sla is broken."""
    execution = draft.execution
    if execution.wake == signal.due and execution.state is State.CREATED:
        draft.add(c.Waiting(at=draft.now))
        _begin(draft)
    elif execution.wake == signal.due and execution.state is State.RETRYING:
        restart.again(draft)
    elif execution.deadline == signal.due:
        if execution.state is State.RETRYING and promises.ends_it(draft):
            restart.again(draft)  # it waits no longer: it ends as one that runs does, and what it had done is undone
        promises.too_late(draft)


def _evaluated(draft: Draft, signal: s.Evaluated) -> None:
    if signal.run == ROOT:
        if draft.execution.ask != signal.ask:
            return
        draft.add(c.Answered(at=draft.now, n=ROOT, ask=signal.ask, value=signal.value))
        endings.flow_over(draft, signal.ask, signal.error)
        return
    run = draft.execution.runs.get(signal.run)
    if run is None or run.ended or run.ask != signal.ask:
        return
    draft.add(c.Answered(at=draft.now, n=run.n, ask=signal.ask, value=signal.value))
    if signal.error is not None:
        fail = blocks.fail_inside if run.n in draft.execution.blocks else blocks.fail
        fail(draft, run.n, signal.error if signal.ask.startswith("@") else f"{signal.ask}: {signal.error}")
    elif signal.ask != "timeout" or isinstance(draft.spec(run.n), Pause):
        blocks.go_on(draft, run.n)


def _recover(draft: Draft) -> None:
    """Whatever ran in the engine that is gone was lost."""
    execution = draft.execution
    if execution.state in (State.CREATED, State.RESTARTED):
        _begin(draft)
        return
    for n in sorted(execution.open):
        run = draft.run(n)
        if n in draft.execution.blocks or run.child is not None or run.ask is not None or run.awaits is not None or run.ended:
            continue
        if run.state is State.KILLING:
            draft.move_run(n, draft.stopped_as(n), lost=True)
        elif run.state is State.RUNNING:
            attempts.lost(draft, run)
