"""Keep which events are waited for, by topic, without reading journals: a ledger row for each wait, gone when the wait is.

Called by: compose and prepared write the rows; listening reads them.
"""

from collections.abc import Iterator, Sequence

import msgspec

from onbeat.core import changes as c
from onbeat.core.changes import AnyChange
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.ports import LedgerRow

WAITS = "event-waits"
"""The ledger: key `<execution>/<task run>`, value an Awaited as JSON."""


def waits(before: Execution, after: Execution, changes: Sequence[AnyChange]) -> Iterator[LedgerRow]:
    """The rows of waits for events that begin or are over."""
    for change in changes:
        if isinstance(change, c.EventAwaited):
            yield LedgerRow(WAITS, f"{after.id}/{change.n}", msgspec.json.encode(change.awaited).decode())
        elif isinstance(change, c.RunMoved) and change.state is not State.RUNNING:
            run = before.runs.get(change.n)
            if run is not None and run.awaits is not None:
                yield LedgerRow(WAITS, f"{after.id}/{change.n}", None)
