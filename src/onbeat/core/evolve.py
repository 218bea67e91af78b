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
from onbeat.core import evolve_blocks as on_block
from onbeat.core import refs
from onbeat.core.event import Json, Micros
from onbeat.core.execution import ROOT, Attempt, Block, Execution, Head, TaskRun, Verdict
from onbeat.core.states import EXECUTION, FAILING, SETTABLE, TASK_RUN, TERMINATED, State

replace = msgspec.structs.replace
_LAST = TERMINATED | {State.KILLING}
"""From here it is not held to its sla."""


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
            return on_block.opened(execution, change, version)
        case c.LaneBegun():
            return on_block.lane(execution, change, version, begun=1)
        case c.LaneEnded():
            return on_block.lane(execution, change, version, open=-1)
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
            return on_block.child_started(execution, change, version)
        case c.ChildMoved() | c.ChildOver():
            return on_block.fan(execution, change, version)
        case c.RunTimed():
            return _run_timed(execution, change, version)
        case c.EventAwaited():
            run = execution.runs[change.n]
            return replace(execution, version=version, runs=execution.runs.set(run.n, replace(run, awaits=change.awaited)))
        case c.Labelled():
            return replace(execution, version=version, labels=change.labels)
        case c.VariablesSet():
            return replace(execution, version=version, variables=change.variables)
        case c.Waiting():
            return replace(execution, version=version, wake=change.wake)
        case c.Deadline():
            return replace(execution, version=version, deadline=change.due)
        case c.SlaBroken():
            labels = {**execution.labels, **change.labels}
            return replace(execution, version=version, broken=change.sla, labels=labels, deadline=None)
        case c.Exiting():
            return replace(execution, version=version, exit=change.state, error=change.error or execution.error)
        case c.Judged():
            verdict = Verdict(change.state, change.outputs, change.error, change.unreturned)
            return replace(execution, version=version, verdict=verdict, deadline=None)
        case c.RunRemoved():
            return _run_removed(execution, change, version)
        case c.BlockFailed():
            return on_block.failed(execution, change, version)
        case c.BlockReset():
            return on_block.block_reset(execution, change, version)
        case c.FanReset():
            return on_block.fan_reset(execution, change, version)
        case c.ChildRestarted():
            return on_block.child_restarted(execution, change, version)
        case c.ChildReplaced():
            return on_block.child_replaced(execution, change, version)
        case c.RunSet():
            return _run_set(execution, change, version)
        case c.Copied():
            return _copied(execution, change, version)
        case c.Created():
            raise IllegalTransition("an execution is created once")
        case _:
            assert_never(change)


def _moved(execution: Execution, change: c.Moved, version: int) -> Execution:
    corrected = execution.state in SETTABLE and change.after in SETTABLE - {execution.state}
    repeated = execution.state is State.RETRIED and execution.head.replay_of is not None and change.after is State.RESTARTED
    if change.after not in EXECUTION[execution.state] and not corrected and not repeated:
        raise IllegalTransition(f"execution {execution.id}: {execution.state} -> {change.after}")
    if change.sequence != execution.sequence + 1:
        raise IllegalTransition(f"execution {execution.id}: state event {change.sequence} after {execution.sequence}")
    restarted = change.after is State.RESTARTED and execution.state in TERMINATED
    again = restarted or (execution.state is State.RETRYING and change.after is State.RUNNING)
    # run again: what failed it is past, its outputs are to be evaluated anew
    settled = corrected and change.after is State.SUCCESS
    return replace(
        execution,
        version=version,
        sequence=change.sequence,
        state=change.after,
        history=(*execution.history, (change.after, change.at)),
        outputs=None if again else change.outputs if change.outputs is not None else execution.outputs,
        error=None if again or settled else change.error or execution.error,
        failed_task=None if again or settled else change.failed_task or execution.failed_task,
        ask=None,
        answers={} if again else execution.answers,
        held=(),
        restarts=execution.restarts + again,
        retries=execution.retries + (change.after is State.RETRYING),
        wake=None if restarted or execution.state in (State.CREATED, State.RETRYING) else execution.wake,
        deadline=None if change.after in _LAST else execution.deadline,
        broken=None if restarted else execution.broken,
        by_hand=change.by_hand,
        exit=None if again else execution.exit,
        verdict=None if again else execution.verdict,
    )


def _run_created(execution: Execution, change: c.RunCreated, version: int) -> Execution:
    if change.of is not None:
        path: tuple[str, ...] = execution.runs[change.of].path
    else:
        path = execution.runs[change.parent].path if change.parent else ()
        path = path if change.value is None else (*path, change.value)
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
        path=path,
        of=change.of,
    )
    blocks, block = execution.blocks, execution.blocks[change.parent]
    if change.begins:
        blocks = blocks.set(change.parent, replace(block, begun=block.begun + 1, open=block.open + 1))
    elif change.lane >= block.begun and block.order is None:
        blocks = blocks.set(change.parent, replace(block, begun=change.lane + 1, open=block.open + 1))
    return replace(
        execution,
        version=version,
        last=max(execution.last, run.n),
        runs=execution.runs.set(run.n, run),
        open=execution.open.set(run.n, None),
        blocks=blocks,
    )


def _run_timed(execution: Execution, change: c.RunTimed, version: int) -> Execution:
    run, context = replace(execution.runs[change.n], wake=change.wake), execution.context
    if change.outputs is not None:
        run = replace(run, outputs=change.outputs)
        context = on_block.put(context, (run.task, *run.path), refs.opened(change.outputs))
    return replace(execution, version=version, runs=execution.runs.set(run.n, run), context=context)


def _attempts(run: TaskRun, change: c.RunMoved) -> tuple[Attempt, ...]:
    """The attempts after the move: RUNNING with a number begins one; leaving RUNNING for good or for a retry, or losing it, ends it."""
    attempts = run.attempts
    if change.attempt is not None:
        return (*attempts, Attempt(state=State.RUNNING, start=change.at))
    if not attempts or attempts[-1].end is not None:
        return attempts
    if change.state in TERMINATED or change.state is State.RETRYING or change.lost:
        state = change.state if change.state in TERMINATED else State.FAILED
        return (*attempts[:-1], replace(attempts[-1], state=state, end=change.at, lost=change.lost, log=change.log))
    return attempts


def _still_answered(run: TaskRun, change: c.RunMoved) -> dict[str, Json]:
    """What is not asked again after a restart: the iterations of a loop that begin then see what the others saw."""
    return {ask: run.answers[ask] for ask in (refs.AROUND,) if ask in run.answers and not change.anew}


def _run_moved(execution: Execution, change: c.RunMoved, version: int) -> Execution:
    run = execution.runs[change.n]
    if change.state not in TASK_RUN[run.state]:
        raise IllegalTransition(f"execution {execution.id}: task run {run.n} ({run.task}): {run.state} -> {change.state}")
    moved = replace(
        run,
        state=change.state,
        history=(*run.history, (change.state, change.at)),
        attempts=_attempts(run, change),
        outputs=change.outputs if change.outputs is not None else run.outputs,
        error=change.error,
        wake=change.wake,
        child=run.child if change.state not in (State.RETRYING, State.RESTARTED) else None,
        ask=None,
        answers=run.answers if change.state is not State.RESTARTED else _still_answered(run, change),
        awaits=run.awaits if change.state not in (State.RETRYING, State.RESTARTED) else None,
        done=version if change.state in TERMINATED else 0,
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
        if change.state is State.RESTARTED and run.n in blocks and change.anew:
            blocks = blocks.delete(run.n)
    context, states = execution.context, execution.states
    if change.outputs is not None:
        context = on_block.put(context, (run.task, *run.path), refs.opened(change.outputs))
    if moved.ended and run.of is None:
        states = on_block.put(states, (run.task, *run.path), {"state": change.state.value})
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


def _run_removed(execution: Execution, change: c.RunRemoved, version: int) -> Execution:
    run = execution.runs[change.n]
    blocks = execution.blocks.delete(run.n) if run.n in execution.blocks else execution.blocks
    return replace(
        execution,
        version=version,
        runs=execution.runs.delete(run.n),
        blocks=blocks,
        context=execution.context if change.kept else on_block.drop(execution.context, (run.task, *run.path)),
        states=execution.states if change.kept else on_block.drop(execution.states, (run.task, *run.path)),
    )


def _run_set(execution: Execution, change: c.RunSet, version: int) -> Execution:
    """Whatever it was: an operator's word is not held to the transitions."""
    run = execution.runs[change.n]
    attempts = run.attempts
    if attempts and change.state in TERMINATED:
        attempts = (*attempts[:-1], replace(attempts[-1], state=change.state, end=attempts[-1].end or change.at))
    history = (*run.history, (change.state, change.at))
    ended = change.state in TERMINATED
    run = replace(
        run,
        state=change.state,
        history=history,
        attempts=attempts,
        error=None,
        wake=None,
        child=run.child if ended else None,
        ask=None,
        answers=run.answers if ended else {},
        awaits=None,
        done=version if ended else 0,
    )
    return replace(
        execution,
        version=version,
        runs=execution.runs.set(run.n, run),
        open=execution.open.delete(run.n)
        if ended and run.n in execution.open
        else execution.open
        if ended
        else execution.open.set(run.n, None),
        states=on_block.put(execution.states, (run.task, *run.path), {"state": change.state.value}) if ended else execution.states,
        edited=execution.edited or change.edited,
    )


def _copied(execution: Execution, change: c.Copied, version: int) -> Execution:
    context: Map[str, Any] = Map()
    states: Map[str, Any] = Map()
    for run in change.runs:
        if run.outputs is not None:
            context = on_block.put(context, (run.task, *run.path), refs.opened(run.outputs))
        if run.ended and run.of is None:
            states = on_block.put(states, (run.task, *run.path), {"state": run.state.value})
    return replace(
        execution,
        version=version,
        state=change.history[-1][0],
        history=change.history,
        variables=change.variables,
        runs=Map((run.n, run) for run in change.runs),
        blocks=Map(change.blocks),
        open=Map((run.n, None) for run in change.runs if not run.ended),
        context=context,
        states=states,
        last=change.last,
        wake=None,
    )


def wake_of(execution: Execution) -> Micros | None:
    """The earliest instant at which a timer of the execution is due; None when it waits for no time."""
    wakes = [run.wake for n in execution.open if (run := execution.runs[n]).wake is not None]
    own = execution.wake if execution.state in (State.CREATED, State.RETRYING) else None
    wakes += [instant for instant in (own, execution.deadline) if instant is not None]
    return min(wakes, default=None)
