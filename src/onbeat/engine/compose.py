"""Say what must be written together: of an execution's changes, and of an execution that begins.

What others must hear of a change is in the same transaction as the change: a parent of its child's end, a child of its parent's kill,
the bus of what a task published. Written one after the other, a crash in between would leave a parent waiting for ever.

Rules
1. A parent is told of its child's end by the transaction that ends it, also when the child ends as it begins.
2. A kill reaches the child that an attempt started, also one that is started in the same step.
3. What an attempt publishes is written if its end counts, and not otherwise.
4. Places are asked for when the execution's time has come, and given back by the transaction that ends it; a restarted one asks again.

Called by: engine.
"""

from collections.abc import Iterator, Sequence

from onbeat.core import signals as s
from onbeat.core import slots
from onbeat.core.changes import AnyChange, ChildStarted, Moved, RunMoved, Waiting
from onbeat.core.decide import decided
from onbeat.core.event import Micros
from onbeat.core.execution import Execution
from onbeat.core.states import TERMINATED, State
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.mailbox import Commands, Mailbox, Told
from onbeat.ports import Append, Creation, Key, Record, Tell, Work

Decided = tuple[tuple[AnyChange, ...], Execution]
"""Changes, and the execution after them."""
_STOPPED = (State.KILLING, State.FAILED, State.RETRYING, State.CANCELLED)


class Prepared:
    """An execution that is decided but not written: its first changes, and the execution after them."""

    __slots__ = ("_box", "changes", "commands", "execution", "loaded")

    def __init__(self, loaded: LoadedFlow, execution: Execution, changes: tuple[AnyChange, ...]) -> None:
        self.loaded = loaded
        self.execution = execution
        self.changes = changes
        self._box = Mailbox(execution.id)
        self.commands = self._box.now_outstanding(execution, changes)

    def creation(self, key: Key | None = None) -> Creation:
        """It as part of a Work."""
        return Creation(
            execution=self.execution,
            changes=self.changes,
            key=key,
            claims=slots.claims(self.loaded.flow, self.execution.head) if slots.waits(self.execution) else (),
            active=self._box.active_after(self.commands) > 0,
            wake=self._box.wake_after(self.commands),
        )


class Step:
    """What one step of an execution decided. records: what attempts whose ends count have published."""

    __slots__ = ("after", "before", "changes", "new", "placed", "records", "told")

    def __init__(self, before: Execution, told: list[Told]) -> None:
        self.before = before
        self.told = told
        self.after = before
        self.changes: tuple[AnyChange, ...] = ()
        self.records: tuple[Record, ...] = ()
        self.placed: list[int] = []
        self.new: Commands = {}

    @property
    def consumed(self) -> tuple[int, ...]:
        """The inbox rows that it answers."""
        return tuple(each.seq for each in self.told if each.seq)

    def work(self, box: Mailbox, children: Sequence[Prepared]) -> Work:
        """All of it, to be written together."""
        logs = tuple(line for each in self.told for line in each.logs)
        metrics = tuple(row for each in self.told for row in each.metrics)
        if not self.changes and not self.consumed:
            return Work(logs=logs, metrics=metrics)
        assert box.loaded is not None
        flow, head = box.loaded.flow, self.after.head
        append = Append(
            execution=self.after,
            expected=self.before.version,
            changes=self.changes,
            consumed=self.consumed,
            released=slots.needed(flow, head) and any(isinstance(each, Moved) and each.after in TERMINATED for each in self.changes),
            claims=slots.claims(flow, head) if slots.waits(self.after) and any(map(_asks, self.changes)) else (),
            active=box.active_after(self.new) > 0,
            wake=box.wake_after(self.new),
        )
        return Work(
            creations=tuple(child.creation() for child in children),
            appends=(append,),
            tells=tuple(_tells(self.before, self.after, self.changes, children)),
            records=self.records,
            logs=logs,
            metrics=metrics,
        )


def _asks(change: AnyChange) -> bool:
    """Whether an execution that waits for places waits for them since then: its time came, or it was restarted."""
    return isinstance(change, Waiting) or (isinstance(change, Moved) and change.after is State.RESTARTED)


def one_by_one(
    loaded: LoadedFlow, execution: Execution, told: Sequence[Told], now: Micros
) -> tuple[tuple[AnyChange, ...], Execution, tuple[Record, ...]]:
    """The changes, the execution after them, and the records of the attempts whose ends count at their turn."""
    changes: tuple[AnyChange, ...] = ()
    records: tuple[Record, ...] = ()
    for each in told:
        if counts(execution, each.signal):
            records += each.records
        more, execution = decided(loaded.flow, execution, [each.signal], now)
        changes += more
    return changes, execution, records


def counts(execution: Execution, signal: s.Signal) -> bool:
    """Whether an attempt's end is of the attempt under way, so that what it publishes is written."""
    if not isinstance(signal, s.TaskEnded):
        return False
    run = execution.runs.get(signal.run)
    return run is not None and run.state is State.RUNNING and run.attempt == signal.attempt


def _tells(before: Execution, after: Execution, changes: Sequence[AnyChange], children: Sequence[Prepared]) -> Iterator[Tell]:
    """What other executions are told in the same transaction."""
    if after.ended and not before.ended:
        yield from _end(after)
    for child in children:
        if child.execution.ended:
            yield from _end(child.execution)
    started = {change.n: change.child.id for change in changes if isinstance(change, ChildStarted)}
    for change in changes:
        if isinstance(change, RunMoved) and change.state in _STOPPED:
            run = before.runs.get(change.n)
            child_id = started.get(change.n) or (run.child if run is not None else None)
            if child_id is not None:
                yield Tell(child_id, s.Kill())


def _end(ended: Execution) -> Iterator[Tell]:
    """Its parent hears of it."""
    head = ended.head
    if head.parent is not None and head.parent_run is not None:
        yield Tell(head.parent, s.ChildEnded(head.parent_run, ended.id, ended.state, ended.outputs))
