"""Run a terminated execution again from where it failed, as Kestra does.

Failed leaf runs are RESTARTED and keep their attempts (the next one is attempt 2); the flowables around them run again. What is wrong
to do: running again what succeeded, or leaving out what a failure or a kill elsewhere kept from beginning.

Rules
1. A failure that was allowed is not run again: the lane has gone on from it.
2. Lanes, and steps of lanes, that a failure or a kill kept from beginning begin.
3. Error branches and finallys of the blocks that failed are taken away and run anew; those of blocks that ended well stay.
4. An execution in which nothing is left to do cannot be restarted.
5. The rows up to RUNNING give the execution as it was saved: the API answers with it. One that needs places waits as RESTARTED for them.

Called by: decide; `restartable` also by the engine, to refuse early.
"""

from collections import defaultdict
from typing import NamedTuple

import msgspec

from onbeat.core import blocks, slots
from onbeat.core import changes as c
from onbeat.core.draft import Draft
from onbeat.core.execution import ROOT, Execution, Phase, TaskRun
from onbeat.core.flow import Flow
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
    if execution.state not in FAILING or not _left(Draft(flow, execution, 0)).any:
        return "No task found to restart execution from!"
    return None


def restart(draft: Draft) -> None:
    """Put the execution back to where it runs again, once it has the places it needs."""
    if restartable(draft.flow, draft.execution) is not None:
        return
    draft.move(State.RESTARTED)
    if not slots.claims(draft.flow, draft.execution.head):
        go_on(draft)


def go_on(draft: Draft) -> None:
    """Let a restarted execution run, with all that is left to do."""
    left = _left(draft)
    for n in sorted(left.tails, reverse=True):
        draft.add(c.RunRemoved(at=draft.now, n=n))
    for n in left.blocks:
        if n != ROOT:
            draft.move_run(n, State.RESTARTED)
            draft.move_run(n, State.RUNNING)
    for leaf in left.leaves:
        draft.move_run(leaf.n, State.RESTARTED)
    _reset(draft, left)
    draft.move(State.RUNNING)
    for leaf in left.leaves:
        blocks.start(draft, leaf.n)
    for n, lane, step in left.stopped:
        blocks.begin_step(draft, n, lane, step)
    for n in reversed(left.blocks):
        blocks.fill(draft, n)


def _left(draft: Draft) -> _Left:
    """Walk from the flow's block to what failed in it."""
    execution = draft.execution
    children = _children(execution)
    left = _Left([ROOT] if ROOT in execution.blocks else [], [], [], [], False)
    for n in left.blocks:  # grows meanwhile
        block = msgspec.structs.replace(execution.blocks[n], phase=Phase.TASKS)
        last: dict[int, TaskRun] = {}
        for run in children[n]:
            if run.phase is Phase.TASKS:
                last[run.lane] = run
            else:
                left.tails.extend(_below(children, run.n))
                left = left._replace(more=left.more or run.state in FAILING)
        for lane, run in sorted(last.items()):
            if run.state in FAILING and run.n in execution.blocks:
                left.blocks.append(run.n)
            elif run.state in FAILING:
                left.leaves.append(run)
            elif (step := blocks.next_enabled(blocks.lane_of(draft, n, block, lane).tasks, run.step + 1)) is not None:
                left.stopped.append((n, lane, step))
        unbegun = any(
            blocks.next_enabled(blocks.lane_of(draft, n, block, lane).tasks, 0) is not None
            for lane in range(max(last, default=-1) + 1, block.total)
        )
        left = left._replace(more=left.more or unbegun)
    return left


def _children(execution: Execution) -> dict[int, list[TaskRun]]:
    """The task runs by the run around them, in order."""
    children: dict[int, list[TaskRun]] = defaultdict(list)
    for _, run in sorted(execution.runs.items()):
        children[run.parent].append(run)
    return children


def _below(children: dict[int, list[TaskRun]], n: int) -> list[int]:
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
    children = _children(draft.execution)
    for n in left.blocks:
        draft.add(
            c.BlockReset(
                at=draft.now,
                n=n,
                phase=Phase.TASKS,
                open=len(flowing[n]),
                begun=1 + max((run.lane for run in children[n]), default=-1),
                seen=tuple(sorted({run.state for run in children[n] if run.ended})),
            )
        )
