"""Keep which events are waited for, by topic, without reading journals: a ledger row for each wait, gone when the wait is.

Rules
1. A wait that begins and is over in one step leaves no row.

Called by: compose and prepared write the rows; listening reads them.
"""

from collections.abc import Iterator, Sequence

import msgspec

from onbeat.core import changes as c
from onbeat.core.changes import AnyChange
from onbeat.core.execution import Awaited, Execution
from onbeat.core.states import State
from onbeat.ports import LedgerRow

WAITS = "event-waits"
"""The ledger: key `<execution>/<task run>`, value an Awaited as JSON."""


_MOVES = frozenset((c.RunMoved, c.EventAwaited, c.RunSet, c.RunRemoved))


def waits(before: Execution | None, after: Execution, changes: Sequence[AnyChange]) -> Iterator[LedgerRow]:
    """The rows of waits for events that begin or are over. before: None for an execution that is created."""
    moved: dict[int, None] = {}
    for change in changes:
        if type(change) in _MOVES:
            moved[change.n] = None  # type: ignore[union-attr]  # these are of a task run
    for n in moved:
        was, is_ = None if before is None else _awaited(before, n), _awaited(after, n)
        if is_ is not None and is_ != was:
            yield LedgerRow(WAITS, f"{after.id}/{n}", msgspec.json.encode(is_).decode())
        elif was is not None and is_ is None:
            yield LedgerRow(WAITS, f"{after.id}/{n}", None)


def _awaited(execution: Execution, n: int) -> Awaited | None:
    """The event that a task run waits for now."""
    run = execution.runs.get(n)
    return run.awaits if run is not None and run.awaits is not None and run.state is State.RUNNING else None
