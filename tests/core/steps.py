"""What a step of an execution must not do, whatever it was told: asked by world.py after every signal.

A signal that answers nothing outstanding is stale, and changes nothing.
"""

from collections.abc import Iterator, Sequence

from onbeat.core import changes as c
from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.commands import outstanding
from onbeat.core.event import Micros
from onbeat.core.execution import ROOT, Execution, Phase
from onbeat.core.flow import Flow
from onbeat.core.replay import settable
from onbeat.core.states import State
from tests.core.explained import cut_by_failure
from tests.core.invariants import policy_of


def broken_step(
    flow: Flow, before: Execution, changes: Sequence[c.AnyChange], after: Execution, signals: Sequence[s.AnySignal], now: Micros
) -> list[str]:
    """What a step did that it must not."""
    wrong = []
    if len(signals) == 1 and changes and not fits(flow, before, signals[0], now):
        wrong.append(f"a stale signal changed something: {signals[0]}")
    if before.ended and after != before and not isinstance(signals[0], s.Restart | s.SetLabels | s.SetState):
        wrong.append(f"left {before.state}")
    if before.compensated and before.ended and not after.ended:
        wrong.append("runs again, though what it had done was undone")
    if before.verdict is not None and after.ended and not before.ended and State.KILLING not in (before.state, after.history[-2][0]):
        judged = (before.verdict.state, before.verdict.outputs)
        wrong += [f"ended {after.state}, and had been judged {judged}"] if (after.state, after.outputs) != judged else []
    wrong += _kept(before, after)
    wrong += _begun_late(flow, before, changes)
    wrong += _cut_short(flow, before, changes)
    if len(signals) == 1 and isinstance(signals[0], s.Evaluated) and signals[0].run and signals[0].error is not None and changes:
        run, block = after.runs[signals[0].run], after.blocks.get(signals[0].run)
        wrong += [] if run.ended or (block is not None and block.own) else [f"{run.task}: what failed was forgotten: {signals[0].error}"]
    wrong += _left_by_exit(before, after)
    if len(signals) == 1 and isinstance(signals[0], s.TaskEnded) and signals[0].state is State.FAILED and signals[0].retry:
        wrong += _gave_up(flow, before, after, signals[0].run)
    if State.KILLING in (before.state, after.state) or (after.state is State.KILLED and not before.ended):
        if len(after.runs) > len(before.runs) and any(isinstance(signal, s.Kill) for signal in signals[:1]):
            wrong.append("a task run was made by a kill")
        if before.state is State.KILLING and _begun(after) > _begun(before):
            wrong.append("something started after the kill")
    return wrong


def _gave_up(flow: Flow, before: Execution, after: Execution, n: int) -> Iterator[str]:
    """A task gives up only when the attempts that count are used up."""
    stopped = n in before.runs and before.runs[n].state is State.KILLING
    if n in before.open and n not in after.open and not stopped and before.state is not State.KILLING and before.exit is None:
        run = after.runs[n]
        policy = policy_of(flow, after, run)
        counted = sum(not attempt.lost for attempt in run.attempts)
        if policy is None or policy.behavior != "RETRY_FAILED_TASK":
            return
        if policy.max_attempts is not None and policy.max_duration is None and counted < policy.max_attempts:
            yield f"{run.task}: gave up after {counted} of {policy.max_attempts} attempts"


def _in_fan(execution: Execution, n: int, child: str) -> bool:
    block = execution.blocks.get(n)
    return block is not None and block.fan is not None and child in block.fan.children


def _begun_late(flow: Flow, before: Execution, changes: Sequence[c.AnyChange]) -> Iterator[str]:
    """A loop starts no further execution once one has failed it."""
    again = {change.n for change in changes if isinstance(change, c.FanReset)}
    for change in changes:
        starts = isinstance(change, c.ChildStarted | c.ChildRestarted) and change.n in before.blocks and change.n not in {ROOT, *again}
        block = before.blocks[change.n] if starts else None
        if block is not None and block.fan and block.failed and flow.by_id[before.runs[change.n].task].stops_on_failure:
            yield f"{before.runs[change.n].task} starts another one after a failure"


def _cut_short(flow: Flow, before: Execution, changes: Sequence[c.AnyChange]) -> Iterator[str]:
    """What is stopped because something beside it failed begins no errors of its own."""
    if before.ended or before.edited or before.head.replay_of is not None:
        return
    for change in changes:
        errors = isinstance(change, c.Opened) and change.phase is Phase.ERRORS and change.n in before.runs
        if errors and cut_by_failure(flow, before, change.n) is not None:
            yield f"{before.runs[change.n].task} was stopped, and begins its errors"


def _kept(before: Execution, after: Execution) -> Iterator[str]:
    """A restart runs nothing again that ended well, and forgets nothing of it but what came after a failure."""
    if not before.ended or after.ended or after.edited:
        return
    for n, run in before.runs.items():
        now = after.runs.get(n)
        if run.state in (State.SUCCESS, State.WARNING, State.SKIPPED) and now is not None and now != run and n not in before.blocks:
            yield f"{run.task} had ended {run.state}, and is {now.state} after the restart"


def _left_by_exit(before: Execution, after: Execution) -> Iterator[str]:
    """After an exit nothing begins but what is in a `finally`, undoes, or runs after the execution."""
    if before.exit is None or before.ended or after.ended:
        return
    for n in set(after.runs) - set(before.runs):
        at, phases = n, set()
        while at:
            phases.add(after.runs[at].phase)
            at = after.runs[at].parent
        if not phases & {Phase.FINALLY, Phase.COMPENSATION, Phase.AFTER}:
            yield f"{after.runs[n].task} was begun after the exit"


def _begun(execution: Execution) -> int:
    return len(execution.runs) + sum(run.attempt for run in execution.runs.values())


def fits(flow: Flow, execution: Execution, signal: s.AnySignal, now: Micros) -> bool:
    """Whether the signal answers something that is outstanding: any other is stale."""
    commands = outstanding(execution)
    match signal:
        case s.TaskEnded():
            run = execution.runs.get(signal.run)
            tasks = {cmd.RunTask(signal.run, signal.attempt), cmd.StopTask(signal.run, signal.attempt)}
            return run is not None and bool(tasks & commands)
        case s.Dispatched():
            return cmd.Dispatch(signal.run) in commands
        case s.TimerFired():
            return signal.due <= now and cmd.ArmTimer(signal.run, signal.due) in commands
        case s.Evaluated():
            return cmd.Evaluate(signal.run, signal.ask) in commands
        case s.ChildChosen():
            return cmd.RunTask(signal.run, signal.attempt) in commands
        case s.ChildrenChosen():
            return cmd.Evaluate(signal.run, signal.ask) in commands
        case s.ChildEnded():
            return cmd.AwaitChild(signal.run, signal.child) in commands or _in_fan(execution, signal.run, signal.child)
        case s.ChildPaused():
            return _in_fan(execution, signal.run, signal.child)
        case s.EventArrived():
            return cmd.AwaitEvent(signal.run) in commands
        case s.SetState():
            return settable(flow, execution, signal.run, signal.state) is None
        case s.SlotGranted() | s.SlotRefused():
            return cmd.AwaitSlot() in commands
        case s.SlotQueued():
            return cmd.AwaitSlot() in commands and execution.state is not State.QUEUED
        case s.Resume():
            return any(isinstance(command, cmd.AwaitResume) for command in commands) or execution.paused > 0
        case s.Restart():
            return execution.ended
        case s.Kill():
            return not execution.ended and execution.state is not State.KILLING
        case s.Pause():
            return execution.state is State.RUNNING
        case s.Begin():
            return execution.state in (State.CREATED, State.RESTARTED)
        case s.Recover():
            return not execution.ended
        case s.SetLabels():
            return True
