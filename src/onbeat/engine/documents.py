"""Hold the documents of some kinds in memory, with the store as truth.

Every request asks who is calling: a read of the database for each would cost more than most answers. There is one daemon for a store and
all changes go through here, so that what memory holds is what the store holds.

Rules
1. A change is in the store, with its audit rows in the same transaction, before anyone sees it.
2. Nothing is read before it is asked for, and then once.
3. Who reads, decides and changes holds `turn` meanwhile.

Called by: accounts and sessions.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar, cast

import msgspec

from onbeat.ports import Audit, Document, Queries, Store, Work


class Keepable(Protocol):
    """What can be kept: a msgspec.Struct with a kind and an id."""

    kind: ClassVar[str]

    @property
    def id(self) -> str:
        """Its place among those of its kind."""


T = TypeVar("T", bound=Keepable)


class Documents:
    """The documents of a store."""

    def __init__(self, store: Store, queries: Queries) -> None:
        self._store = store
        self._queries = queries
        self._held: dict[str, dict[str, Any]] = {}
        self._loading = asyncio.Lock()
        self.turn = asyncio.Lock()

    async def all(self, type_: type[T]) -> Mapping[str, T]:
        """Those of a kind, by id."""
        held = self._held.get(type_.kind)
        if held is None:
            async with self._loading:
                if type_.kind not in self._held:
                    found = await self._queries.documents(type_.kind)
                    self._held[type_.kind] = {each.id: msgspec.convert(each.value, type_) for each in found}
            held = self._held[type_.kind]
        return held

    async def change(self, put: Sequence[Keepable] = (), remove: Sequence[Keepable] = (), audit: Sequence[Audit] = ()) -> None:
        """Keep these and remove those."""
        for each in (*put, *remove):
            await self.all(type(each))
        rows = [Document(each.kind, each.id, None) for each in remove]
        rows += [Document(each.kind, each.id, cast(Any, msgspec.to_builtins(each))) for each in put]
        await self._store.write(Work(documents=tuple(rows), audit=tuple(audit)))
        for each in remove:
            self._held[each.kind].pop(each.id, None)
        for each in put:
            self._held[each.kind][each.id] = each
