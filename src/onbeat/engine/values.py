"""Keep values under keys of namespaces: rows of the store's ledger, so that they are durable and in every backup.

Rules
1. A value that has expired is not seen, even before housekeeping has removed it.
2. A put that must not overwrite is refused when there is a value, also when two come at once.
3. Replacing a value keeps when it was first made.
4. A value with a secret in it is sealed in its row; who gets it is told how it is shown, and `opened` opens it.
5. What a task run put or removed itself is no reason to refuse it to its next attempt.
6. Past a namespace's quota nothing more is kept; what is there stays.
7. A key is what Kestra lets be one; a value is plain JSON of at most MOST_BYTES.

Called by: tasks and the expression function `kv` through ports.Values, the API; housekeeping removes what has expired.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial
from weakref import WeakValueDictionary

import msgspec

from onbeat.core.event import Json, Micros
from onbeat.core.expressions.taint import Opened
from onbeat.core.names import check_namespace
from onbeat.core.refs import REF_KEY
from onbeat.core.sealed import is_secret_mark
from onbeat.core.values import normalise
from onbeat.engine.deeds import OwnStorage, deed, done
from onbeat.engine.masking import Hidden, Mask
from onbeat.engine.payloads import Payloads
from onbeat.engine.value_room import ValueRoom
from onbeat.errors import Refused, UserError
from onbeat.ports import Clock, LedgerRow, Storage, Store, Value, Work

MOST_BYTES = 1_000_000
"""Of a value as JSON: no text in an expression may be longer anyway."""
TYPES = ("STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON")
KEY = r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$"
KEY_LENGTH = 500
_DURATION = re.compile(r"P(?=[^T]|T.)(?:[0-9]+D)?(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9.]+S)?)?")
_NAMESPACES = "kv"
"""The ledger of the namespaces that have a ledger of values."""
_decode = msgspec.json.Decoder(Value).decode
_encode = msgspec.json.Encoder().encode


class KeptValues:
    """ports.Values in the store's ledger."""

    def __init__(self, store: Store, clock: Clock, payloads: Payloads | None = None, mask: Callable[[], Mask] = Mask) -> None:
        self._store = store
        self._clock = clock
        self._payloads = payloads
        self._mask = mask
        self.room = ValueRoom(clock, self._size, self.namespaces)
        self._one_at_a_time: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def own_storage(self, storage: Storage, by: str) -> Storage:
        """The storage for the attempts of the task run with this idempotency key."""
        return OwnStorage(storage, self._store, self._clock, by)

    async def get(self, namespace: str, key: str) -> Value | None:
        """The value; None when there is none or it has expired. Raises UserError for a bad key."""
        check_key(key)
        rows = await self._store.ledger(_ledger(namespace), [key])
        found = _decode(rows[key]) if key in rows else None
        return None if found is None or _expired(found, self._clock.now()) else found

    async def put(
        self,
        namespace: str,
        key: str,
        value: Json,
        *,
        type: str | None = None,
        ttl: float | None = None,
        description: str | None = None,
        overwrite: bool = True,
        mask: Mask | None = None,
        by: str | None = None,
    ) -> Value:
        """Keep it, sealed where there is a secret in it. mask: finds them, when not that of the daemon. by: the key of the task run that
        does it, which what it put itself does not stop. Raises UserError, Refused."""
        check_key(key)
        check_namespace(namespace)
        what = f"put {namespace} {key}"
        async with self._turn(namespace, key):
            before = await self.get(namespace, key)
            if before is not None and not overwrite and (by is None or await done(self._store, by, what) is None):
                raise Refused(f"there is a value `{key}` in namespace {namespace} already, and `overwrite` is false")
            now, plain = self._clock.now(), normalise(value)
            kept = Value(
                namespace=namespace,
                key=key,
                value=await self._sealed(plain, mask or self._mask()),
                type=kind_of(value) if type is None else type,
                description=description if description is not None or before is None else before.description,
                created=now if before is None else before.created,
                updated=now,
                until=None if ttl is None else now + int(ttl * 1_000_000),
            )
            text = _encode(kept).decode()
            if len(text) > MOST_BYTES:
                raise UserError(f"the value `{key}` has {len(text):,} characters as JSON; at most {MOST_BYTES:,} are kept: use a file")
            if self.room.quotas.on:
                await self.room.take(namespace, key, 0 if before is None else len(_encode(before)), len(text.encode()))
            row = LedgerRow(_ledger(namespace), key, text, kept.until)
            first = () if overwrite or by is None else (deed(by, what, now),)
            await self._store.write(Work(ledger=(row, LedgerRow(_NAMESPACES, namespace, ""), *first)))
        return kept

    async def opened(self, value: Value) -> Opened | None:
        """What was put, where it is sealed."""
        if self._payloads is None or not is_secret_mark(value.value):
            return None
        return await self._payloads.open_secret(value.value[REF_KEY])

    async def _sealed(self, value: Json, mask: Mask) -> Json:
        """What stands in the row. A value that looks sealed is sealed, too: it would be opened as one."""
        if self._payloads is None or not (is_secret_mark(value) or (mask and mask.within(value))):
            return value
        return await self._payloads.seal_value(value, mask)

    async def delete(self, namespace: str, key: str, *, by: str | None = None) -> bool:
        """Remove it; whether it was there. by: the key of the task run that does it, and does it once."""
        what = f"delete {namespace} {key}"
        async with self._turn(namespace, key):
            found = await self.get(namespace, key)
            if by is not None and await done(self._store, by, what) is not None:
                return True
            if found is not None:
                known = () if by is None else (deed(by, what, self._clock.now()),)
                await self._store.write(Work(ledger=(LedgerRow(_ledger(namespace), key, None), *known)))
                self.room.removed(namespace)
        return found is not None

    async def entries(self, namespace: str, prefix: str = "") -> Sequence[Value]:
        """Those whose key begins with it, by key."""
        now = self._clock.now()
        return [value for value in await self._all(namespace) if value.key.startswith(prefix) and not _expired(value, now)]

    async def purge(self, namespace: str, pattern: str = "*") -> int:
        """Remove the expired ones whose key fits the pattern; how many."""
        gone = 0
        for value in await self._all(namespace):
            if _expired(value, self._clock.now()) and fnmatchcase(value.key, pattern):
                async with self._turn(namespace, value.key):
                    if await self.get(namespace, value.key) is None:
                        await self._store.write(Work(ledger=(LedgerRow(_ledger(namespace), value.key, None),)))
                        self.room.removed(namespace)
                        gone += 1
        return gone

    async def purge_all(self) -> int:
        """Remove the expired ones of all namespaces; how many."""
        return sum([await self.purge(namespace) for namespace in await self.namespaces()])

    async def namespaces(self) -> Sequence[str]:
        """The namespaces that have, or had, a value."""
        return sorted(await self._store.ledger(_NAMESPACES))

    async def _all(self, namespace: str) -> list[Value]:
        rows = await self._store.ledger(_ledger(namespace))
        return [_decode(rows[key]) for key in sorted(rows)]

    async def _size(self, namespace: str) -> int:
        return sum(len(row.encode()) for row in (await self._store.ledger(_ledger(namespace))).values())

    def _turn(self, namespace: str, key: str) -> asyncio.Lock:
        """One change of a value at a time."""
        return self._one_at_a_time.setdefault((namespace, key), asyncio.Lock())


def check_key(key: str) -> str:
    """The key, if it can be one. Raises UserError."""
    if len(key) > KEY_LENGTH or re.fullmatch(KEY, key) is None or key.endswith("\n"):
        raise UserError(f"`{key[:100]}` is not a key; use letters, digits, `.`, `_` and `-`, beginning with a letter or digit")
    return key


def kind_of(value: Json) -> str:
    """The kind that a value shows by itself."""
    match value:
        case bool():
            return "BOOLEAN"
        case int() | float():
            return "NUMBER"
        case str():
            return "DURATION" if len(value) < 60 and _DURATION.fullmatch(value) else "STRING"
        case None:
            return "STRING"
    return "JSON"


def _ledger(namespace: str) -> str:
    return f"kv:{namespace}"


def _expired(value: Value, now: Micros) -> bool:
    return value.until is not None and value.until <= now


class LentValues:
    """ports.Values for one attempt: what it reads is clear and noted, what it writes is sealed where a secret is in it.

    by: the idempotency key of its task run.
    """

    def __init__(self, values: KeptValues, hidden: Hidden, by: str) -> None:
        self._values = values
        self._hidden = hidden
        self._by = by
        self.delete = partial(values.delete, by=by)
        self.purge = values.purge
        self.namespaces = values.namespaces

    async def get(self, namespace: str, key: str) -> Value | None:
        """See ports.Values."""
        found = await self._values.get(namespace, key)
        return None if found is None else await self._clear(found)

    async def put(
        self,
        namespace: str,
        key: str,
        value: Json,
        *,
        type: str | None = None,
        ttl: float | None = None,
        description: str | None = None,
        overwrite: bool = True,
    ) -> Value:
        """See ports.Values."""
        mask = self._hidden()
        if description is not None:
            description = mask.mask(description)
        return await self._values.put(
            namespace, mask.mask(key), value, type=type, ttl=ttl, description=description, overwrite=overwrite, mask=mask, by=self._by
        )

    async def entries(self, namespace: str, prefix: str = "") -> Sequence[Value]:
        """See ports.Values."""
        return [await self._clear(value) for value in await self._values.entries(namespace, prefix)]

    async def _clear(self, value: Value) -> Value:
        opened = await self._values.opened(value)
        if opened is None:
            return value
        self._hidden.taint.note(list(opened.secret or ()))
        return msgspec.structs.replace(value, value=opened.value)
