"""Documents in memory: what the store holds, read once, changed together with the audit log."""

from typing import Any, ClassVar

import msgspec
import pytest

from onbeat.engine.documents import Documents
from onbeat.errors import Overloaded
from onbeat.ports import Audit, Work
from onbeat.stores.memory import MemoryStore


class Thing(msgspec.Struct, frozen=True):
    """Something to keep."""

    kind: ClassVar[str] = "thing"

    id: str
    count: int = 0


class Counting(MemoryStore):
    """A store that counts what is read, and may be full."""

    reads = 0
    full = False

    async def documents(self, kind: str) -> Any:
        """Counted."""
        self.reads += 1
        return await super().documents(kind)

    async def write(self, work: Work) -> Any:
        """Refused when full."""
        if self.full:
            raise Overloaded
        return await super().write(work)


async def test_what_is_changed_is_in_the_store_and_read_once() -> None:
    """Others that open the store see it; who asks again asks memory."""
    store = Counting()
    await store.open()
    held = Documents(store, store)
    await held.change([Thing("a", 1), Thing("b")])
    await held.change([Thing("a", 2)], [Thing("b")])
    assert dict(await held.all(Thing)) == {"a": Thing("a", 2)}
    assert store.reads == 1
    assert dict(await Documents(store, store).all(Thing)) == {"a": Thing("a", 2)}


async def test_the_audit_log_is_in_the_same_transaction() -> None:
    """Both or nothing: where the write fails, memory is as before, too."""
    store = Counting()
    await store.open()
    held = Documents(store, store)
    row = Audit(at=1, who="ada", action="thing.create", what="a")
    store.full = True
    with pytest.raises(Overloaded):
        await held.change([Thing("a")], audit=[row])
    assert (dict(await held.all(Thing)), await store.audit()) == ({}, [])
    store.full = False
    await held.change([Thing("a")], audit=[row])
    assert [each.action for each in await store.audit()] == ["thing.create"]
