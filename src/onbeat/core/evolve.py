"""Apply a change to an execution: the only way an execution comes to be or becomes another.

What memory holds and what a reload gives are equal because both are made here, change by change.

Rules
1. A transition that states.py does not have raises: it is a bug, and nothing of it is stored.
2. Folding the journal gives the execution; nothing else is needed.
3. The cost follows the change, not the size of the execution.

Called by: decide (on its draft), the engine, the stores when they fold a journal.
"""

from collections.abc import Iterable
from typing import Any, assert_never

import msgspec
from immutables import Map

from onbeat.core import changes as c
from onbeat.core import refs
from onbeat.core.event import Json, Micros
from onbeat.core.execution import ROOT, Attempt, Block, Execution, Head, Phase, TaskRun
from onbeat.core.states import EXECUTION, FAILING, TASK_RUN, TERMINATED, State

replace = msgspec.structs.replace


class IllegalTransition(Exception):
    """A change asks for a transition that states.py does not have."""


def create(head: Head) -> Execution:
    """The execution that a head describes, at version 1."""
    return Execution(
        head=head,
        state=State.CREATED,
        history=((State.CREATED, head.created),),
        labels=head.labels,
        variables=head.variables,
        wake=head.scheduled,
    )


def fold(changes: Iterable[c.AnyChange], execution: Execution | None = None) -> Execution:
    """The execution that all these changes make, in order. Raises ValueError when there are none and no execution."""
    for change in changes:
        execution = evolve(execution, change)
    if execution is None:
        raise ValueError("an execution without a change is none")
    return execution


def evolve(execution: Execution | None, change: c.AnyChange) -> Execution:
    """The execution after the change. `execution` is None for Created only. Raises IllegalTransition."""
    if execution is None:
        if not isinstance(change, c.Created):
            raise IllegalTransition(f"{type(change).__name__} before the execution exists")
        return create(change.head)
    version = execution.version + 1
    match change:
        case c.RunMoved():
            return _run_moved(execution, change, version)
        case c.RunCreated():
            return _run_created(execution, change, version)
        case c.Moved():
            return _moved(execution, change, version)
        case c.Opened():
            return _opened(execution, change, version)
        case c.LaneBegun():
            return _block(execution, change.n, version, begun=1)
        case c.LaneEnded():
            return _block(execution, change.n, version, open=-1)
        case c.Asked(n=n) if n == ROOT:
            return replace(execution, version=version, ask=change.ask)
        case c.Asked():
            run = execution.runs[change.n]
            return replace(execution, version=version, runs=execution.runs.set(run.n, replace(run, ask=change.ask)))
        case c.Answered(n=n) if n == ROOT:
            return replace(execution, version=version, ask=None, answers={**execution.answers, change.ask: change.value})
        case c.Answered():
            run = execution.runs[change.n]
            run = replace(run, ask=None, answers={**run.answers, change.ask: change.value})
            return replace(execution, version=version, runs=execution.runs.set(run.n, run))
        case c.ChildStarted():
            run = execution.runs[change.n]
            return replace(execution, version=version, runs=execution.runs.set(run.n, replace(run, child=change.child.id)))
        case c.Labelled():
            return replace(execution, version=version, labels=change.labels)
        case c.Waiting():
            return replace(execution, version=version, wake=change.wake)
        case c.RunRemoved():
            return _run_removed(execution, change, version)
        case c.BlockReset():
            return _block_reset(execution, change, version)
        case c.Created():
            raise IllegalTransition("an execution is created once")
        case _:
            assert_never(change)


def _moved(execution: Execution, change: c.Moved, version: int) -> Execution:
    if change.after not in EXECUTION[execution.state]:
        raise IllegalTransition(f"execution {execution.id}: {execution.state} -> {change.after}")
    if change.sequence != execution.sequence + 1:
        raise IllegalTransition(f"execution {execution.id}: state event {change.sequence} after {execution.sequence}")
    again = execution.ended  # restarted: what failed it is past, its outputs are to be evaluated anew
    return replace(
        execution,
        version=version,
        sequence=change.sequence,
        state=change.after,
        history=(*execution.history, (change.after, change.at)),
        outputs=None if again else change.outputs if change.outputs is not None else execution.outputs,
        error=None if again else change.error or execution.error,
        failed_task=None if again else change.failed_task or execution.failed_task,
        ask=None,
        answers={} if again else execution.answers,
        held=(),
        restarts=execution.restarts + again,
        wake=None if execution.state is State.CREATED else execution.wake,
    )


def _run_created(execution: Execution, change: c.RunCreated, version: int) -> Execution:
    above: tuple[str, ...] = execution.runs[change.parent].path if change.parent else ()
    run = TaskRun(
        n=change.n,
        task=change.task,
        parent=change.parent,
        phase=change.phase,
        lane=change.lane,
        step=change.step,
        state=State.CREATED,
        history=((State.CREATED, change.at),),
        value=change.value,
        iteration=change.iteration,
        path=above if change.value is None else (*above, change.value),
    )
    blocks, block = execution.blocks, execution.blocks[change.parent]
    if change.lane >= block.begun:
        blocks = blocks.set(change.parent, replace(block, begun=change.lane + 1, open=block.open + 1))
    return replace(
        execution,
        version=version,
        last=max(execution.last, run.n),
        runs=execution.runs.set(run.n, run),
        open=execution.open.set(run.n, None),
        blocks=blocks,
    )


def _attempts(run: TaskRun, change: c.RunMoved) -> tuple[Attempt, ...]:
    """The attempts after the move: RUNNING with a number begins one; leaving RUNNING for good or for a retry, or losing it, ends it."""
    attempts = run.attempts
    if change.attempt is not None:
        return (*attempts, Attempt(state=State.RUNNING, start=change.at))
    if not attempts or attempts[-1].end is not None:
        return attempts
    if change.state in TERMINATED or change.state is State.RETRYING or change.lost:
        state = change.state if change.state in TERMINATED else State.FAILED
        return (*attempts[:-1], replace(attempts[-1], state=state, end=change.at, lost=change.lost))
    return attempts


def _run_moved(execution: Execution, change: c.RunMoved, version: int) -> Execution:
    run = execution.runs[change.n]
    if change.state not in TASK_RUN[run.state]:
        raise IllegalTransition(f"execution {execution.id}: task run {run.n} ({run.task}): {run.state} -> {change.state}")
    moved = TaskRun(
        n=run.n,
        task=run.task,
        parent=run.parent,
        phase=run.phase,
        lane=run.lane,
        step=run.step,
        state=change.state,
        history=(*run.history, (change.state, change.at)),
        value=run.value,
        iteration=run.iteration,
        path=run.path,
        attempts=_attempts(run, change),
        outputs=change.outputs if change.outputs is not None else run.outputs,
        error=change.error,
        wake=change.wake,
        child=run.child if change.state not in (State.RETRYING, State.RESTARTED) else None,
        answers=run.answers if change.state is not State.RESTARTED else {},
    )
    open_, blocks, held = execution.open, execution.blocks, execution.held
    error, failed_task = execution.error, execution.failed_task
    if change.state is State.FAILED and change.error is not None and error is None:
        error, failed_task = change.error, run.task
    if moved.ended:
        held = (*held, run.n) if execution.state is State.PAUSED else held
        open_ = open_.delete(run.n)
        block = blocks[run.parent]
        blocks = blocks.set(run.parent, _child_ended(block, moved))
    elif run.ended:
        open_ = open_.set(run.n, None)
    context, states = execution.context, execution.states
    if change.outputs is not None:
        context = put(context, (run.task, *run.path), refs.opened(change.outputs))
    if moved.ended:
        states = put(states, (run.task, *run.path), {"state": change.state.value})
    return replace(
        execution,
        version=version,
        runs=execution.runs.set(run.n, moved),
        open=open_,
        held=held,
        paused=execution.paused + (moved.state is State.PAUSED) - (run.state is State.PAUSED),
        error=error,
        failed_task=failed_task,
        blocks=blocks,
        context=context,
        states=states,
    )


def _child_ended(block: Block, run: TaskRun) -> Block:
    failed = block.failed or (run.phase is block.phase and run.state in FAILING)
    return replace(block, seen=block.seen | {run.state}, failed=failed)


def put(tree: Map[str, Any], path: tuple[str, ...], leaf: Json) -> Map[str, Any]:
    """`tree` with `leaf` at the path; maps on the way are made. A leaf on the way keeps its own keys."""
    if len(path) == 1:
        return tree.set(path[0], leaf)
    below = tree.get(path[0])
    if not isinstance(below, Map):
        below = Map(below) if isinstance(below, dict) else Map()
    return tree.set(path[0], put(below, path[1:], leaf))


def _opened(execution: Execution, change: c.Opened, version: int) -> Execution:
    before = execution.blocks.get(change.n)
    block = Block(
        phase=change.phase,
        lanes=change.lanes,
        seen=before.seen if before else frozenset(),
        choice=change.choice if change.choice is not None or before is None else before.choice,
        values=change.values if change.values or before is None else before.values,
        total=change.lanes if change.phase is Phase.TASKS else before.total if before else 0,
    )
    runs, context = execution.runs, execution.context
    if change.outputs is not None and change.n != ROOT:
        run = runs[change.n]
        runs = runs.set(run.n, replace(run, outputs=change.outputs))
        context = put(context, (run.task, *run.path), change.outputs)
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block), runs=runs, context=context)


def _block(execution: Execution, n: int, version: int, begun: int = 0, open: int = 0) -> Execution:
    block = execution.blocks[n]
    block = replace(block, begun=block.begun + begun, open=block.open + open)
    return replace(execution, version=version, blocks=execution.blocks.set(n, block))


def _run_removed(execution: Execution, change: c.RunRemoved, version: int) -> Execution:
    run = execution.runs[change.n]
    blocks = execution.blocks.delete(run.n) if run.n in execution.blocks else execution.blocks
    return replace(
        execution,
        version=version,
        runs=execution.runs.delete(run.n),
        blocks=blocks,
        context=drop(execution.context, (run.task, *run.path)),
        states=drop(execution.states, (run.task, *run.path)),
    )


def drop(tree: Map[str, Any], path: tuple[str, ...]) -> Map[str, Any]:
    """`tree` without what is at the path; maps that are empty then go too."""
    below = tree.get(path[0])
    if len(path) > 1 and isinstance(below, Map):
        below = drop(below, path[1:])
        return tree.set(path[0], below) if below else tree.delete(path[0])
    return tree.delete(path[0]) if len(path) == 1 and path[0] in tree else tree


def _block_reset(execution: Execution, change: c.BlockReset, version: int) -> Execution:
    before = execution.blocks[change.n]
    block = replace(
        before,
        phase=change.phase,
        lanes=before.total,
        open=change.open,
        begun=change.begun,
        seen=frozenset(change.seen),
        failed=False,
    )
    return replace(execution, version=version, blocks=execution.blocks.set(change.n, block))


def wake_of(execution: Execution) -> Micros | None:
    """The earliest instant at which a timer of the execution is due; None when it waits for no time."""
    wakes = [run.wake for n in execution.open if (run := execution.runs[n]).wake is not None]
    if execution.wake is not None:
        wakes.append(execution.wake)
    return min(wakes, default=None)
