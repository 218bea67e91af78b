"""Forget readers of the journal that nobody has any more.

Purge stays behind every reader. A sink that was taken out of the settings, or the last trigger on the topic of state events that was
deleted, would hold it back for ever, and the disk would fill.

Rules
1. Who reads is written down; a reader that has been missing for a day is forgotten, and that is said loudly.
2. A day, not at once: a file that cannot be read for an hour, or a start without a setting, costs nobody his place.

Called by: housekeeping, before each purge.
"""

from collections.abc import Callable, Iterable

import structlog

from onbeat.core.event import Micros
from onbeat.ports import Clock, LedgerRow, Store, Work

_log = structlog.get_logger("onbeat.readers")
_LEDGER = "journal-readers"
PATIENCE: Micros = 86_400_000_000


class Readers:
    """Who reads the journal. present: the names of those that do now."""

    def __init__(self, store: Store, clock: Clock, present: Callable[[], Iterable[str]]) -> None:
        self._store = store
        self._clock = clock
        self._present = present

    async def look(self) -> None:
        """Note who is here, and forget who has been gone for too long."""
        now = self._clock.now()
        present = set(self._present())
        seen = await self._store.ledger(_LEDGER)
        rows = [LedgerRow(_LEDGER, name, str(now)) for name in sorted(present)]
        for name, last in seen.items():
            if name in present:
                continue
            if now - int(last) < PATIENCE:
                _log.warning("a reader of the journal is gone; purge waits for it for a day", reader=name)
                continue
            await self._store.forget_reader(name)
            _log.error("a reader of the journal is gone and was forgotten; should it come back, it begins anew", reader=name)
            rows.append(LedgerRow(_LEDGER, name, None))
        if rows:
            await self._store.write(Work(ledger=tuple(rows)))
