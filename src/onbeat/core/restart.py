"""Run a terminated execution again from where it failed, as Kestra does.

Failed leaf runs are RESTARTED and keep their attempts (the next one is attempt 2); the flowables around them run again. What is wrong
to do: running again what succeeded, or leaving out what a failure or a kill elsewhere kept from beginning.

Rules
1. A failure that was allowed is not run again: the lane has gone on from it.
2. Lanes, and steps of lanes, that a failure or a kill kept from beginning begin.
3. Error branches and finallys of the blocks that failed are taken away and run anew; those of blocks that ended well stay.
4. An execution in which nothing is left to do cannot be restarted, nor one whose doings were undone.
5. The rows up to RUNNING give the execution as it was saved: the API answers with it. One that needs places waits as RESTARTED for them.
6. A subflow that failed is restarted itself unless `restartBehavior` says otherwise; of a fan, those of its executions that failed.

Called by: decide; `restartable` also by the engine, to refuse early.
"""

from collections import defaultdict
from typing import NamedTuple

import msgspec

from onbeat.core import attempts, blocks, promises, slots
from onbeat.core import changes as c
from onbeat.core.draft import Draft
from onbeat.core.event import Micros
from onbeat.core.execution import ROOT, Block, Execution, Phase, TaskRun
from onbeat.core.expressions import NeedsOutside
from onbeat.core.flow import Flow, TaskSpec
from onbeat.core.plan.dag import Dag
from onbeat.core.plan.loop_until import LoopUntil
from onbeat.core.plan.pause import BEFORE, Pause
from onbeat.core.plan.subflow import Subflow
from onbeat.core.states import FAILING, State


class _Left(NamedTuple):
    """What is left to do. blocks: to run again, outer ones first. leaves: failed task runs. stopped: (block, lane, step) that never began.
    tails: what the blocks' error branches and finallys did. more: whether there is anything else, such as a lane that never began."""

    blocks: list[int]
    leaves: list[TaskRun]
    stopped: list[tuple[int, int, int]]
    tails: list[int]
    more: bool

    @property
    def any(self) -> bool:
        return bool(self.leaves or self.stopped or self.more)


def restartable(flow: Flow, execution: Execution) -> str | None:
    """Why it cannot be restarted, as a sentence; None when it can."""
    if not execution.ended:
        return f"execution {execution.id} is {execution.state}; only a terminated one can be restarted"
    if execution.compensated:
        return "what it had done was undone; replay it"
    if execution.state not in FAILING or not _left(Draft(flow, execution, 0)).any:
        return "No task found to restart execution from!"
    return None


def restart(draft: Draft) -> None:
    """Put the execution back to where it runs again, once it has the places it needs."""
    if restartable(draft.flow, draft.execution) is not None:
        return
    draft.add(c.Labelled(at=draft.now, labels={**draft.execution.labels, "system.restarted": "true"}))
    draft.move(State.RESTARTED)
    if not slots.claims(draft.flow, draft.execution.head):
        go_on(draft)


def again(draft: Draft) -> None:
    """The flow's own retry: it is time to run what failed again."""
    go_on(draft)


def go_on(draft: Draft) -> None:
    """Let a restarted execution run, with all that is left to do."""
    left = _left(draft)
    for n in sorted(left.tails, reverse=True):
        draft.add(c.RunRemoved(at=draft.now, n=n))
    for n in left.blocks:
        if n != ROOT:
            draft.move_run(n, State.RESTARTED)
            attempts_ = draft.run(n).attempt
            draft.move_run(n, State.RUNNING, attempt=attempts_ + 1 if attempts_ else None)
    for leaf in left.leaves:
        draft.move_run(leaf.n, State.RESTARTED, anew=True)
    _reset(draft, left)
    draft.move(State.RUNNING)
    promises.arm(draft)
    for leaf in left.leaves:
        if not _child_again(draft, leaf):
            blocks.start(draft, leaf.n)
    for n, lane, step in left.stopped:
        blocks.begin_step(draft, n, lane, step)
    for n in reversed(left.blocks):
        blocks.fill(draft, n)


def _child_again(draft: Draft, leaf: TaskRun) -> bool:
    """Restart the subflow that failed, where that is what its task says."""
    spec = draft.spec(leaf.n)
    again = isinstance(spec, Subflow) and spec.wait and spec.restart_behavior == "RETRY_FAILED"
    if not again or leaf.child is None or leaf.state is not State.FAILED:
        return False
    draft.move_run(leaf.n, State.RUNNING, attempt=leaf.attempt + 1, wake=_time_limit(draft, leaf.n))
    draft.add(c.ChildRestarted(at=draft.now, n=leaf.n, child=leaf.child))
    return True


def _time_limit(draft: Draft, n: int) -> Micros | None:
    """By when that attempt must have ended, as far as that is known without asking."""
    try:
        return attempts.time_limit(draft, n)
    except (NeedsOutside, *blocks.PROBLEMS):
        return None


def _left(draft: Draft) -> _Left:
    """Walk from the flow's block to what failed in it."""
    execution = draft.execution
    children = children_of(execution)
    left = _Left([ROOT] if ROOT in execution.blocks else [], [], [], [], False)
    for n in left.blocks:  # grows meanwhile
        block = msgspec.structs.replace(execution.blocks[n], phase=Phase.TASKS)
        if block.fan is not None:
            left.tails.extend(number for run in children[n] for number in below(children, run.n))
            left = left._replace(more=True)
            continue
        last: dict[int, TaskRun] = {}
        for run in children[n]:
            if run.phase is Phase.TASKS:
                last[run.lane] = run
            else:
                left.tails.extend(below(children, run.n))
                left = left._replace(more=left.more or run.state in FAILING)
        for lane, run in sorted(last.items()):
            if run.state in FAILING and _goes_inside(draft, children, run):
                left.blocks.append(run.n)
                left = left._replace(more=left.more or _waited(draft, run.n))
            elif run.state in FAILING:
                left.leaves.append(run)
                left.tails.extend(below(children, run.n)[1:])
            elif (step := next_step(draft, n, block, run)) is not None:
                left.stopped.append((n, lane, step))
        unbegun = any(
            blocks.next_enabled(blocks.lane_of(draft, n, block, lane).tasks, 0) is not None
            for lane in range(block.total)
            if lane not in last
        )
        left = left._replace(more=left.more or unbegun)
    return left


def next_step(draft: Draft, n: int, block: Block, run: TaskRun) -> int | None:
    """The place of the next task in the lane of a task run that ended well; None when there is none."""
    return blocks.next_enabled(blocks.lane_of(draft, n, block, run.lane).tasks, run.step + 1)


def halted(draft: Draft, n: int, phase: Phase, last: "dict[int, TaskRun]") -> list[tuple[int, int]]:
    """The lanes, with their next steps, that a failure elsewhere kept from going on. last: the last task run of each lane."""
    block = msgspec.structs.replace(draft.block(n), phase=phase)
    steps = [(lane, next_step(draft, n, block, run)) for lane, run in sorted(last.items()) if run.ended and run.state not in FAILING]
    return [(lane, step) for lane, step in steps if step is not None]


def _goes_inside(draft: Draft, children: "dict[int, list[TaskRun]]", run: TaskRun) -> bool:
    """Whether a failed flowable is run again from what failed in it; one that failed by itself is run anew, and one that is a whole."""
    block = draft.execution.blocks.get(run.n)
    if block is None or draft.flowable(run.n).whole:
        return False
    if block.fan is not None:
        return block.total > 0
    return run.state is State.KILLED or any(child.state in FAILING for child in children[run.n])


def _waited(draft: Draft, n: int) -> bool:
    """Whether a flowable that was killed may have been between two of its tasks: a LoopUntil before its next iteration, a Pause."""
    return isinstance(draft.spec(n), LoopUntil | Pause)


def children_of(execution: Execution) -> "dict[int, list[TaskRun]]":
    """The task runs by the run around them, in order."""
    children: dict[int, list[TaskRun]] = defaultdict(list)
    for _, run in sorted(execution.runs.items()):
        children[run.parent].append(run)
    return children


def below(children: "dict[int, list[TaskRun]]", n: int) -> list[int]:
    """A task run's number and those of all task runs inside it."""
    found = [n]
    for number in found:
        found.extend(run.n for run in children.get(number, ()))
    return found


def _reset(draft: Draft, left: _Left) -> None:
    """Each block as it was before its children failed."""
    flowing: dict[int, set[int]] = defaultdict(set)
    for run in (*left.leaves, *(draft.run(n) for n in left.blocks if n != ROOT)):
        flowing[run.parent].add(run.lane)
    for n, lane, _ in left.stopped:
        flowing[n].add(lane)
    children = children_of(draft.execution)
    for n in left.blocks:
        reset_block(draft, n, draft.block(n), children[n], flowing[n])


def _before(spec: TaskSpec | None, block: Block, here: list[TaskRun]) -> str | None:
    """What a Pause that was resumed is put back to, when it is what comes before it that runs again."""
    if not isinstance(spec, Pause) or block.choice == BEFORE or not here:
        return None
    return BEFORE if here[-1].task in {task.id for task in spec.before} else None


def reset_block(draft: Draft, n: int, block: Block, inside: list[TaskRun], flowing: set[int], again: TaskRun | None = None) -> None:
    """Put a block back to where these of its lanes are in flight. again: where an operator goes back to."""
    phase = Phase.TASKS if again is None else again.phase
    if block.fan is not None and phase is Phase.TASKS:
        draft.add(c.FanReset(at=draft.now, n=n))
        return
    spec = draft.spec(n) if n != ROOT else None
    here = [run for run in inside if run.phase is phase]
    begun = {run.lane for run in here}
    later = sum(mark >= here[-1].n for mark in block.marks) if here and phase is Phase.TASKS else 0
    since = block.marks[-1 - later] if block.round else 0
    seen = {run.state for run in inside if run.ended and (run.phase is not Phase.TASKS or run.n > since)}
    if phase is not Phase.TASKS:  # what its tasks came to stays
        seen |= {block.own} if block.own is not None else set()
        seen |= {State.FAILED} if block.fan is not None and block.fan.failed else set()
    last = {run.lane: run for run in here}
    failed = any(run.state in FAILING for run in last.values())
    if again is not None and not failed:
        others = {lane: run for lane, run in last.items() if lane != again.lane}
        flowing = flowing | {lane for lane, _ in halted(draft, n, phase, others)}
    queue: tuple[int, ...] | None = None
    done: tuple[int, ...] = ()
    if isinstance(spec, Dag) and phase is Phase.TASKS:
        over, ready = spec.left(begun - flowing, begun)
        queue, done = (*sorted(begun), *ready), tuple(sorted(over))
    draft.add(
        c.BlockReset(
            at=draft.now,
            n=n,
            phase=phase,
            open=len(flowing),
            begun=len(begun) if queue is not None else 1 + max(begun, default=-1),
            seen=tuple(sorted(seen)),
            failed=failed,
            queue=queue,
            done=done,
            round=block.round - later if later else None,
            outputs={"iterationCount": block.round - later} if later else None,
            passed=again.lane if again is not None and last[again.lane].n != again.n else None,
            choice=_before(spec, block, here),
        )
    )
