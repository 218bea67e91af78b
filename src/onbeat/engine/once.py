"""Let a start that is sent again be the start that it was: who lost the answer may ask anew.

Rules
1. The same id and the same request are the same execution, also when both come at once and after a restart.
2. The same id with another request is refused, with nothing created.
3. Of two that come at once the second waits for the first: a quota that the first has used up is none of its.
4. An id is remembered for as long as executions are kept, and a flow's ids are its own.

Called by: the API; node.start takes it along.
"""

import asyncio
from hashlib import blake2b
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import orjson

from onbeat.core.event import Micros
from onbeat.errors import UserError
from onbeat.ports import Key, LedgerRow, Store

LEDGER = "starts"
LONGEST = 255
KEPT: Micros = 30 * 86_400_000_000
"""How long it is known which request an id came with; the execution is found for as long as there is one."""


_turns: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()


class AnotherRequest(UserError):
    """The id was used for another start."""


class Once(NamedTuple):
    """The id of a start, and what tells its request from another."""

    key: Key
    digest: str

    @classmethod
    def of(cls, flow: str, id_: str, request: Any) -> "Once":
        """flow: its whole name. request: what is asked for, plain. Raises UserError for an id that is none."""
        if not id_.isprintable() or not 0 < len(id_) <= LONGEST:
            raise UserError(f"an Idempotency-Key has 1 to {LONGEST} characters that can be printed")
        text = orjson.dumps(request, option=orjson.OPT_SORT_KEYS, default=str)
        return cls(Key("api", flow, f"start:{id_}"), blake2b(text, digest_size=16).hexdigest())

    def turn(self) -> asyncio.Lock:
        """What is held while it starts."""
        return _turns.setdefault(self.key, asyncio.Lock())

    def row(self, now: Micros) -> LedgerRow:
        """What is remembered of it."""
        return LedgerRow(LEDGER, f"{self.key.flow}:{self.key.key}", self.digest, until=now + KEPT)

    async def find(self, store: Store) -> str | None:
        """The execution that it has started already. Raises AnotherRequest."""
        name = f"{self.key.flow}:{self.key.key}"
        known = (await store.ledger(LEDGER, [name])).get(name)
        if known is not None and known != self.digest:
            raise AnotherRequest("this Idempotency-Key was used for another start of the flow; take a new one")
        return await store.find_key(self.key)
