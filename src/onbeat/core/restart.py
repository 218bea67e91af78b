"""Run a terminated execution again from where it failed, as Kestra does.

Failed leaf runs are RESTARTED and keep their attempts (the next one is attempt 2); the flowables around them run again; what error
branches and finally did is taken away; what succeeded stays. An execution in which nothing failed cannot be restarted.

Called by: decide; `restartable` also by the engine, to refuse early.
"""

from onbeat.core import changes as c
from onbeat.core.draft import Draft
from onbeat.core.execution import ROOT, Execution, Phase, TaskRun
from onbeat.core.flow import Flow
from onbeat.core.states import FAILING, State


def failed_leaves(execution: Execution) -> list[TaskRun]:
    """The task runs that a restart runs again, in order: failed, not flowable, not in an error branch or a finally."""
    return [
        run
        for _, run in sorted(execution.runs.items())
        if run.state in FAILING and run.n not in execution.blocks and not _in_tail(execution, run)
    ]


def restartable(flow: Flow, execution: Execution) -> str | None:
    """Why it cannot be restarted, as a sentence; None when it can."""
    if not execution.ended:
        return f"execution {execution.id} is {execution.state}; only a terminated one can be restarted"
    if not failed_leaves(execution):
        return "No task found to restart execution from!"
    return None


def restart(draft: Draft) -> None:
    """Put the execution back to RUNNING with its failed leaves to be dispatched again."""
    execution = draft.execution
    leaves = failed_leaves(execution)
    if not execution.ended or not leaves:
        return
    draft.move(State.RESTARTED)
    draft.move(State.RUNNING)
    for n in sorted(execution.runs, reverse=True):
        if _in_tail(execution, execution.runs[n]):
            draft.add(c.RunRemoved(at=draft.now, n=n))
    around: dict[int, set[int]] = {}
    for leaf in leaves:
        run = leaf
        around.setdefault(run.parent, set()).add(run.lane)
        while run.parent != ROOT:
            run = execution.runs[run.parent]
            around.setdefault(run.parent, set()).add(run.lane)
    for n in sorted(around):
        if n != ROOT and draft.run(n).ended:
            draft.add(c.RunMoved(at=draft.now, n=n, state=State.RESTARTED))
            draft.add(c.RunMoved(at=draft.now, n=n, state=State.RUNNING))
        _reset(draft, n, around[n])
    for leaf in leaves:
        draft.add(c.RunMoved(at=draft.now, n=leaf.n, state=State.RESTARTED))


def _reset(draft: Draft, n: int, lanes: set[int]) -> None:
    """The block as it was before its children in those lanes failed."""
    seen = tuple(sorted({run.state for run in draft.execution.runs.values() if run.parent == n and run.ended and run.lane not in lanes}))
    begun = 1 + max((run.lane for run in draft.execution.runs.values() if run.parent == n), default=-1)
    draft.add(c.BlockReset(at=draft.now, n=n, phase=Phase.TASKS, open=len(lanes), begun=begun, seen=seen))


def _in_tail(execution: Execution, run: TaskRun) -> bool:
    """Whether the run is in an error branch or a finally, at any depth."""
    while True:
        if run.phase is not Phase.TASKS:
            return True
        if run.parent == ROOT or run.parent not in execution.runs:
            return False
        run = execution.runs[run.parent]
