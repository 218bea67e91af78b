"""Say what other executions must hear of an execution's changes, in the same transaction.

Rules
1. A parent hears of its child's end from the transaction that ends it, also when the child ends as it begins; of one that is tried
   anew, which execution stands for it.
2. A kill reaches every execution that the stopped task run started, also those that are started in the same step, and one that
   stands for a child which was tried anew meanwhile.
3. Of an iteration of a Loop, the execution around it hears that it is PAUSED, or goes on.

Called by: compose.
"""

from collections.abc import Iterable, Iterator, Sequence

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.changes import AnyChange
from onbeat.core.execution import ROOT, Execution
from onbeat.core.states import TERMINATED, State
from onbeat.engine.prepared import Prepared
from onbeat.ports import Tell

_STOPPED = (State.KILLING, State.FAILED, State.RETRYING, State.CANCELLED)


def tells(
    before: Execution, after: Execution, changes: Sequence[AnyChange], children: Sequence[Prepared], told: Iterable[s.Signal] = ()
) -> Iterator[Tell]:
    """What other executions are told."""
    if after.ended and any(map(_is_end, changes)):
        yield from _end(after, changes)
    yield from _pause(before, after)
    for child in children:
        if child.execution.ended:
            yield from _end(child.execution, child.changes)
        yield from _pause(None, child.execution)
    yield from _kills(before, changes)
    for signal in told:
        if isinstance(signal, s.ChildEnded) and signal.successor is not None and not _wanted(after, signal.run, signal.successor):
            yield Tell(signal.successor, s.Kill())


def _stops(change: c.RunMoved) -> bool:
    """Whether what a task run started is to stop: also where it failed, and its task allows that."""
    return change.state in _STOPPED or (change.error is not None and change.state in TERMINATED)


def _is_end(change: AnyChange) -> bool:
    """Whether an execution ended by it: one that is restarted may have ended again in the same step."""
    return isinstance(change, c.Moved) and change.after in TERMINATED and change.before not in TERMINATED


def _kills(before: Execution, changes: Sequence[AnyChange]) -> Iterator[Tell]:
    """Those that a task run which was stopped had started."""
    stopped = [change.n for change in changes if isinstance(change, c.RunMoved) and _stops(change)]
    if not stopped:
        return
    started: dict[int, list[str]] = {}
    for change in changes:
        if isinstance(change, c.ChildStarted) and change.n != ROOT:
            started.setdefault(change.n, []).append(change.child.id)
    for n in stopped:
        run, block = before.runs.get(n), before.blocks.get(n)
        known = [run.child] if run is not None and run.child is not None else []
        if block is not None and block.fan is not None:
            known = list(block.fan.children)
        for child in dict.fromkeys([*known, *started.get(n, ())]):
            yield Tell(child, s.Kill())


def _wanted(execution: Execution, n: int, child: str) -> bool:
    """Whether a task run waits for that execution, and is not being stopped."""
    run, block = execution.runs.get(n), execution.blocks.get(n)
    if run is None or run.ended or run.state is State.KILLING:
        return False
    return run.child == child or (block is not None and block.fan is not None and child in block.fan.children)


def _end(ended: Execution, changes: Sequence[AnyChange]) -> Iterator[Tell]:
    """Its parent hears of it."""
    head = ended.head
    if head.parent is not None and head.parent_run is not None:
        successor = next((change.child.id for change in changes if isinstance(change, c.ChildStarted) and change.n == ROOT), None)
        unreturned = next((change.unreturned for change in changes if isinstance(change, c.Moved) and change.unreturned), None)
        yield Tell(head.parent, s.ChildEnded(head.parent_run, ended.id, ended.state, ended.outputs, successor, unreturned))


def _pause(before: Execution | None, after: Execution) -> Iterator[Tell]:
    """The execution around an iteration hears that it is PAUSED, or goes on."""
    head = after.head
    if head.scope is None or head.parent is None or head.parent_run is None or after.ended:
        return
    was, is_ = before is not None and before.state is State.PAUSED, after.state is State.PAUSED
    if was is not is_:
        yield Tell(head.parent, s.ChildPaused(head.parent_run, after.id, is_))
