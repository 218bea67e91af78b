"""Say what must be written together with an execution's changes.

What others must hear of a change is in the same transaction as the change: a parent of its child's end, a child of its parent's kill,
the bus of what a task published. Written one after the other, a crash in between would leave a parent waiting for ever.

Rules
1. What an attempt publishes is written if its end counts, and not otherwise.
2. A task run that failed without an attempt's word says why in its log.
3. Places are asked for when the execution's time has come, and given back by the transaction that ends it; a restarted one asks again.

Called by: engine.
"""

from collections.abc import Iterator, Sequence

from onbeat.core import signals as s
from onbeat.core import slots
from onbeat.core.changes import AnyChange, Moved, RunMoved, Waiting
from onbeat.core.decide import decided
from onbeat.core.event import Micros
from onbeat.core.execution import Execution
from onbeat.core.states import TERMINATED, State
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.mailbox import Commands, Mailbox, Told
from onbeat.engine.prepared import Prepared
from onbeat.engine.tells import tells
from onbeat.engine.waits import waits
from onbeat.ports import Append, LogLine, Record, Work

Decided = tuple[tuple[AnyChange, ...], Execution]
"""Changes, and the execution after them."""


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
            tells=tuple(tells(self.before, self.after, self.changes, children, [each.signal for each in self.told])),
            ledger=tuple(waits(self.before, self.after, self.changes)),
            records=self.records,
            logs=(*logs, *_failures(self.after, self.changes, self.told)),
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


def _failures(after: Execution, changes: Sequence[AnyChange], told: Sequence[Told]) -> Iterator[LogLine]:
    """Log lines of task runs that failed because of what was decided: a condition that cannot be evaluated, a time limit."""
    spoken = {each.signal.run for each in told if isinstance(each.signal, s.TaskEnded)}
    for change in changes:
        if isinstance(change, RunMoved) and change.error is not None and change.n not in spoken:
            run = after.runs.get(change.n)
            if run is not None:
                level = "WARN" if change.lost else "ERROR"
                yield LogLine(
                    execution=after.id, at=change.at, level=level, message=change.error, run=run.n, task=run.task, attempt=run.attempt
                )
