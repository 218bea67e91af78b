"""Seal what events bring that holds a secret before the store writes it, and open it for the engine when it is read.

What tasks give is sealed where it is made. But an event that somebody publishes, one that could not start anything, one that a trigger
waits with for others: each is kept whole, and may hold a password that the daemon knows.

Rules
1. Records of topics, dead events and rows of ledgers with a secret in them are written sealed; keys and headers of records masked.
2. The engine reads them as they came; what was hidden in them is hidden for a while in all that comes of them. What only looks sealed
   stays what it is.
3. Where there are no secrets a write is passed on as it is.

Called by: assemble puts it before the store for all of the engine; the API's queries see what is written.
"""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from onbeat.core.event import Event, Json
from onbeat.core.refs import REF_KEY
from onbeat.core.sealed import is_secret_mark
from onbeat.engine.masking import Mask
from onbeat.engine.payloads import Payloads
from onbeat.engine.secrets import Secrets
from onbeat.errors import UserError
from onbeat.ports import DeadEvent, LedgerRow, Record, StoreAndQueries, Work, Written

SEALED = "onbeat:sealed:"
"""How a sealed text of a ledger, and the sealed bytes of a dead event, begin."""
replace = msgspec.structs.replace


def sealing(store: StoreAndQueries, payloads: Payloads, secrets: Secrets) -> StoreAndQueries:
    """The store behind it."""
    return cast(StoreAndQueries, _SealingStore(store, payloads, secrets))


class _SealingStore:
    """All of the store's methods; those that carry what events bring are here, the others are the store's own."""

    def __init__(self, store: StoreAndQueries, payloads: Payloads, secrets: Secrets) -> None:
        self._store = store
        self._payloads = payloads
        self._secrets = secrets

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, work: Work) -> Written:
        """Rules 1 and 3."""
        mask = self._secrets.present()
        if mask and (work.records or work.dead or work.ledger):
            work = replace(
                work,
                records=tuple([await self._record(record, mask) for record in work.records]),
                dead=tuple([await self._dead(dead, mask) for dead in work.dead]),
                ledger=tuple([self._row(row, mask) for row in work.ledger]),
            )
        return await self._store.write(work)

    async def records(self, topic: str, after: int, limit: int) -> list[Record]:
        """See ports.Store."""
        return [await self._opened(record) for record in await self._store.records(topic, after, limit)]

    async def record(self, topic: str, id_: str) -> Record | None:
        """See ports.Store."""
        found = await self._store.record(topic, id_)
        return None if found is None else await self._opened(found)

    async def ledger(self, ledger: str, keys: Sequence[str] | None = None) -> dict[str, str]:
        """See ports.Store."""
        rows = await self._store.ledger(ledger, keys)
        return {key: self._clear(text) if text.startswith(SEALED) else text for key, text in rows.items()}

    async def dead_event(self, id_: str) -> DeadEvent | None:
        """See ports.Queries."""
        found = await self._store.dead_event(id_)
        if found is None:
            return None
        event, raw = found.event, found.raw
        if event is not None:
            data, variables = await self._value(event.data), await self._value(event.variables)
            event = replace(event, data=data, variables=variables if isinstance(variables, dict) else {})
        if raw is not None and raw.startswith(SEALED.encode()):
            raw = self._clear(raw.decode()).encode("latin-1")
        return replace(found, event=event, raw=raw)

    # ---- one row -----------------------------------------------------------------------------------------------

    async def _record(self, record: Record, mask: Mask) -> Record:
        data = await self._sealed(record.data, mask)
        headers, key = mask.mask_value(record.headers), mask.mask_value(record.key)
        if data is record.data and headers is record.headers and key is record.key:
            return record
        return replace(record, data=data, headers=headers, key=key)

    async def _dead(self, dead: DeadEvent, mask: Mask) -> DeadEvent:
        event: Event | None = dead.event
        if event is not None:
            variables = await self._sealed(event.variables, mask)
            event = replace(event, data=await self._sealed(event.data, mask), variables=cast(dict[str, Json], variables))
        raw = dead.raw
        if raw is not None and mask.spans(raw.decode("utf-8", "replace")):
            raw = self._hidden(raw.decode("latin-1")).encode()
        return replace(dead, event=event, raw=raw, reason=mask.mask(dead.reason))

    def _row(self, row: LedgerRow, mask: Mask) -> LedgerRow:
        return row if row.value is None or not mask.spans(row.value) else replace(row, value=self._hidden(row.value))

    async def _opened(self, record: Record) -> Record:
        data = await self._value(record.data)
        return record if data is record.data else replace(record, data=data)

    async def _sealed(self, value: Json, mask: Mask) -> Json:
        return (await self._payloads.seal_values({"": value}, mask))[""]

    async def _value(self, value: Json) -> Json:
        if not is_secret_mark(value):
            return value
        try:
            clear, secret = await self._payloads.open_secret(value[REF_KEY])
        except UserError:
            return value
        self._secrets.remember(secret or ())
        return clear

    def _hidden(self, text: str) -> str:
        return SEALED + self._payloads.seal_text(text)

    def _clear(self, text: str) -> str:
        try:
            return self._payloads.open_text(text.removeprefix(SEALED))
        except UserError:
            return text
