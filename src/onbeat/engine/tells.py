"""Say what other executions must hear of an execution's changes, in the same transaction.

Rules
1. A parent hears of its child's end from the transaction that ends it, also when the child ends as it begins; of one that is tried
   anew, which execution stands for it.
2. A kill reaches every execution that the stopped task run started, also those that are started in the same step.
3. Of an iteration of a Loop, the execution around it hears that it is PAUSED, or goes on.

Called by: compose.
"""

from collections.abc import Iterator, Sequence

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.changes import AnyChange
from onbeat.core.execution import ROOT, Execution
from onbeat.core.states import State
from onbeat.engine.prepared import Prepared
from onbeat.ports import Tell

_STOPPED = (State.KILLING, State.FAILED, State.RETRYING, State.CANCELLED)


def tells(before: Execution, after: Execution, changes: Sequence[AnyChange], children: Sequence[Prepared]) -> Iterator[Tell]:
    """What other executions are told."""
    if after.ended and not before.ended:
        yield from _end(after, changes)
    yield from _pause(before, after)
    for child in children:
        if child.execution.ended:
            yield from _end(child.execution, child.changes)
        yield from _pause(None, child.execution)
    yield from _kills(before, changes)


def _kills(before: Execution, changes: Sequence[AnyChange]) -> Iterator[Tell]:
    started: dict[int, list[str]] = {}
    for change in changes:
        if isinstance(change, c.ChildStarted) and change.n != ROOT:
            started.setdefault(change.n, []).append(change.child.id)
    for change in changes:
        if isinstance(change, c.RunMoved) and change.state in _STOPPED:
            run, block = before.runs.get(change.n), before.blocks.get(change.n)
            known = [run.child] if run is not None and run.child is not None else []
            if block is not None and block.fan is not None:
                known = list(block.fan.children)
            for child in dict.fromkeys([*known, *started.get(change.n, ())]):
                yield Tell(child, s.Kill())


def _end(ended: Execution, changes: Sequence[AnyChange]) -> Iterator[Tell]:
    """Its parent hears of it."""
    head = ended.head
    if head.parent is not None and head.parent_run is not None:
        successor = next((change.child.id for change in changes if isinstance(change, c.ChildStarted) and change.n == ROOT), None)
        yield Tell(head.parent, s.ChildEnded(head.parent_run, ended.id, ended.state, ended.outputs, successor))


def _pause(before: Execution | None, after: Execution) -> Iterator[Tell]:
    """The execution around an iteration hears that it is PAUSED, or goes on."""
    head = after.head
    was, is_ = before is not None and before.state is State.PAUSED, after.state is State.PAUSED
    if head.scope is not None and head.parent is not None and head.parent_run is not None and was is not is_ and not after.ended:
        yield Tell(head.parent, s.ChildPaused(head.parent_run, after.id, is_))
