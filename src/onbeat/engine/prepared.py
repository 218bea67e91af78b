"""Hold an execution that is decided but not written: what an event starts is decided before the transaction that creates it.

Rules
1. One whose beginning needs more written with it than itself (executions that it starts, waits, log lines) is created alone and
   begins in a step of its own; a crash in between is found by recovery.

Called by: engine, intake, compose.
"""

from collections.abc import Sequence

from onbeat.core import slots
from onbeat.core.changes import AnyChange, ChildStarted, RunMoved
from onbeat.core.execution import Execution
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.mailbox import Mailbox
from onbeat.engine.waits import waits
from onbeat.ports import Creation, Key


class Prepared:
    """An execution that is decided but not written: its first changes, and the execution after them. begun: whether it was told Begin.
    again: it is known that its key has started one, so that this one will not be written."""

    __slots__ = ("_box", "again", "begun", "changes", "commands", "execution", "loaded")

    def __init__(self, loaded: LoadedFlow, execution: Execution, changes: tuple[AnyChange, ...], *, begun: bool = True) -> None:
        self.loaded = loaded
        self.begun, self.again = begun, False
        self.execution = execution
        self.changes = changes
        self._box = Mailbox(execution.id)
        self.commands = self._box.now_outstanding(execution, changes)

    @staticmethod
    def alone(changes: Sequence[AnyChange]) -> bool:
        """Whether these first changes need no other execution, and no log line, written with them."""
        for change in changes:
            if isinstance(change, ChildStarted) or (isinstance(change, RunMoved) and change.error is not None):
                return False
        return True

    def creation(self, key: Key | None = None) -> Creation:
        """It as part of a Work."""
        return Creation(
            execution=self.execution,
            changes=self.changes,
            key=key,
            ledger=tuple(waits(None, self.execution, self.changes)),
            claims=slots.claims(self.loaded.flow, self.execution.head) if slots.waits(self.execution) else (),
            active=not self.begun or self._box.active_after(self.commands) > 0,
            wake=self._box.wake_after(self.commands),
        )
