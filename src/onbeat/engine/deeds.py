"""Remember what a task did inside of this daemon, so that its next attempt does not stumble over it.

An attempt that is lost in a crash is run again, and finds the world as the lost one left it: the lock that it took is taken, the value that
it removed is missing, the execution that it killed has ended. Without this such a task fails although it did what it was to do, or does
it to something else: it resumes the next pause.

Rules
1. A deed is written with what it is about, or before it where that is another execution's.
2. It is known by the idempotency key of its task run: to each attempt of it, and to nobody else.

Called by: values.py and actions.py; runner for the storage of an attempt.
"""

from onbeat.core.event import Micros
from onbeat.errors import NotFound
from onbeat.ports import Clock, LedgerRow, Storage, Store, Work

_LEDGER = "deeds"
_KEPT: Micros = 30 * 86_400_000_000
"""How long a lost attempt may take to be run again: somebody may have to say so."""


def deed(key: str, what: str, now: Micros, how: str = "") -> LedgerRow:
    """The fact that the task run with this key did something. how: what is to be known of it."""
    return LedgerRow(_LEDGER, f"{key} {what}", how, now + _KEPT)


async def done(store: Store, key: str, what: str) -> str | None:
    """How it was done by the task run with this key; None: it was not."""
    place = f"{key} {what}"
    return (await store.ledger(_LEDGER, [place])).get(place)


class OwnStorage:
    """ports.Storage for the attempts of one task run: what one of them removed is no fault of the next.

    by: the idempotency key of the task run.
    """

    def __init__(self, storage: Storage, store: Store, clock: Clock, by: str) -> None:
        self._storage, self._store, self._clock, self._by = storage, store, clock, by
        self.put, self.keep, self.get, self.fetch = storage.put, storage.keep, storage.get, storage.fetch
        self.size, self.delete, self.files = storage.size, storage.delete, storage.files

    async def remove(self, uri: str) -> bool:
        """See ports.Storage."""
        what = f"remove {uri}"
        try:
            await self._storage.size(uri)
        except NotFound:
            return await done(self._store, self._by, what) is not None
        await self._store.write(Work(ledger=(deed(self._by, what, self._clock.now()),)))
        return await self._storage.remove(uri)
