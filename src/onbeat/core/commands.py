"""Derive what the world must be doing now from what an execution holds.

Commands are never stored: after a crash they follow from the state again, so losing them is harmless, and recovery has no code of
its own. The engine does the difference between what was outstanding before a commit and what is after.

Rules
1. An execution that has not ended has something outstanding: it is never stuck.
2. Nothing is dispatched while the execution is paused or being killed.
3. The cost of a difference follows the task runs that changed (`of_run`), not the size of the execution.

Called by: the engine; tests hold decide to rule 1.
"""

from collections.abc import Iterator

import msgspec

from onbeat.core.event import Micros
from onbeat.core.execution import ROOT, Execution, TaskRun
from onbeat.core.states import State


class Dispatch(msgspec.Struct, frozen=True):
    """Find a place for the next attempt of this task run, then tell Dispatched."""

    run: int


class RunTask(msgspec.Struct, frozen=True):
    """Be running this attempt."""

    run: int
    attempt: int


class StopTask(msgspec.Struct, frozen=True):
    """Be stopping this attempt, then tell TaskEnded."""

    run: int
    attempt: int


class Evaluate(msgspec.Struct, frozen=True):
    """Evaluate what the task run (ROOT: the flow) asked for, then tell Evaluated."""

    run: int
    ask: str


class ArmTimer(msgspec.Struct, frozen=True):
    """Tell TimerFired at this instant."""

    run: int
    due: Micros


class AwaitChild(msgspec.Struct, frozen=True):
    """Nothing to do: the child's last transaction tells ChildEnded."""

    run: int
    child: str


class AwaitChildren(msgspec.Struct, frozen=True):
    """Nothing to do: each execution of a fan tells ChildEnded with its last transaction."""

    run: int


class AwaitEvent(msgspec.Struct, frozen=True):
    """Be looking out for the event that this task run waits for, then tell EventArrived."""

    run: int


class AwaitResume(msgspec.Struct, frozen=True):
    """Nothing to do: somebody resumes."""

    run: int


class AwaitSlot(msgspec.Struct, frozen=True):
    """Nothing to do: the store tells SlotGranted when one is free."""


AnyCommand = Dispatch | RunTask | StopTask | Evaluate | ArmTimer | AwaitChild | AwaitChildren | AwaitEvent | AwaitResume | AwaitSlot
ACTIVE = (Dispatch, RunTask, StopTask, Evaluate)
"""Commands that need an engine now; with the others an execution may leave memory."""


def of_run(execution: Execution, run: TaskRun) -> Iterator[AnyCommand]:
    """What one task run needs now."""
    if run.wake is not None and not run.ended:
        yield ArmTimer(run.n, run.wake)
    if run.ask is not None and not run.ended:
        yield Evaluate(run.n, run.ask)
        return
    match run.state:
        case State.CREATED | State.RESTARTED if execution.state is State.RUNNING and run.n not in execution.blocks:
            yield Dispatch(run.n)
        case State.RUNNING if run.awaits is not None:
            yield AwaitEvent(run.n)
        case State.RUNNING if execution.state in (State.RESTARTED, State.QUEUED):
            pass  # a replay that waits for its places: nothing of it has begun
        case State.RUNNING if run.n not in execution.blocks:
            yield AwaitChild(run.n, run.child) if run.child else RunTask(run.n, run.attempt)
        case State.RUNNING | State.KILLING if run.n in execution.blocks:
            fan = execution.blocks[run.n].fan
            if fan is not None and fan.children:
                yield AwaitChildren(run.n)
        case State.KILLING:
            yield AwaitChild(run.n, run.child) if run.child else StopTask(run.n, run.attempt)
        case State.PAUSED if run.n in execution.blocks and execution.blocks[run.n].fan is not None:
            yield AwaitChildren(run.n)
        case State.PAUSED if run.wake is None:
            yield AwaitResume(run.n)


def of_execution(execution: Execution) -> Iterator[AnyCommand]:
    """What the execution itself needs, its task runs left out."""
    if execution.ended:
        return
    if execution.ask is not None:
        yield Evaluate(ROOT, execution.ask)
    if execution.deadline is not None:
        yield ArmTimer(ROOT, execution.deadline)
    if execution.state in (State.CREATED, State.RETRYING) and execution.wake is not None:
        yield ArmTimer(ROOT, execution.wake)
    elif execution.state in (State.CREATED, State.QUEUED, State.RESTARTED):
        yield AwaitSlot()
    elif execution.state is State.PAUSED:
        yield AwaitResume(ROOT)


def outstanding(execution: Execution) -> frozenset[AnyCommand]:
    """All that the world must be doing for this execution."""
    if execution.ended:
        return frozenset()
    commands = set(of_execution(execution))
    for n in execution.open:
        commands.update(of_run(execution, execution.runs[n]))
    return frozenset(commands)
