"""What events bring with a secret in it is written sealed, and read as it came."""

import pytest

from onbeat.core.event import Event
from onbeat.core.sealed import shown
from onbeat.engine.masking import MASK
from onbeat.engine.payloads import Payloads
from onbeat.engine.sealing_store import SEALED, sealing
from onbeat.engine.secrets import Secrets
from onbeat.engine.secrets_kept import KeptSecrets
from onbeat.engine.storage import LocalStorage
from onbeat.engine.vault import Vault
from onbeat.ports import DeadEvent, LedgerRow, Record, StoreAndQueries, Work
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock

SECRET = "s3cret-value-1234"


@pytest.fixture
async def stores(tmp_path_factory: pytest.TempPathFactory) -> tuple[MemoryStore, StoreAndQueries, Secrets]:
    """What is written, the store that seals, and the secrets there are."""
    store, vault = MemoryStore(), Vault()
    await store.open()
    kept = KeptSecrets(store, vault, ManualClock())
    await kept.put("a", "K", SECRET)
    secrets = Secrets({}, kept)
    return store, sealing(store, Payloads(LocalStorage(tmp_path_factory.mktemp("storage")), vault), secrets), secrets


def record(data: object, id_: str = "1", **more: object) -> Record:
    """A record on `t`."""
    return Record(topic="t", id=id_, data=data, time=0, **more)  # type: ignore[arg-type]  # what a test gives


async def test_records_are_sealed_and_read_as_they_came(stores: tuple[MemoryStore, StoreAndQueries, Secrets]) -> None:
    """Rules 1 and 2; one without a secret is written as it is."""
    written, store, _ = stores
    data = {"a": [f"with {SECRET}"], "b": 1}
    await store.write(Work(records=(record(data, key=SECRET, headers={"x": SECRET}), record({"plain": 1}, "2"))))
    first, second = await written.records("t", 0, 10)
    assert SECRET not in repr(first)
    assert (shown(first.data), first.key, first.headers) == ({"a": [f"with {MASK}"], "b": 1}, MASK, {"x": MASK})
    assert second.data == {"plain": 1}
    assert [each.data for each in await store.records("t", 0, 10)] == [data, {"plain": 1}]
    found = await store.record("t", "1")
    assert found is not None
    assert found.data == data
    assert await store.record("t", "none") is None


async def test_what_only_looks_sealed_stays_as_it_is(stores: tuple[MemoryStore, StoreAndQueries, Secrets]) -> None:
    """Rule 2: nobody makes us open, or fail to read, what he sends."""
    _, store, _ = stores
    forged = {"onbeat:ref": "secret:abc.def", "size": 1, "shown": "x"}
    await store.write(Work(records=(record(forged),), ledger=(LedgerRow("l", "k", f"{SEALED}nonsense"),)))
    assert [each.data for each in await store.records("t", 0, 10)] == [forged]
    assert await store.ledger("l") == {"k": f"{SEALED}nonsense"}


async def test_ledgers_and_dead_events_are_sealed(stores: tuple[MemoryStore, StoreAndQueries, Secrets]) -> None:
    """Rule 1: events that wait for others, and those that could start nothing; whole when they are replayed."""
    written, store, _ = stores
    event = Event(id="1", source="s", type="t", time=0, key="1", data={"p": SECRET}, variables={"body": {"p": SECRET}})
    raw = b"\xff" + SECRET.encode()
    dead = [
        DeadEvent(id=str(number), at=0, reader="r", reason=f"because {SECRET}", key=str(number), **more)  # type: ignore[arg-type]  # one of two
        for number, more in enumerate(({"event": event}, {"raw": raw}))
    ]
    await store.write(Work(dead=tuple(dead), ledger=(LedgerRow("l", "k", f'"{SECRET}"'), LedgerRow("l", "gone", None))))
    assert SECRET not in repr([await written.dead_events(), await written.ledger("l")])
    assert await store.ledger("l", ["k"]) == {"k": f'"{SECRET}"'}
    first, second = await store.dead_event("0"), await store.dead_event("1")
    assert first is not None
    assert first.event == event
    assert second is not None
    assert second.raw == raw
    assert await store.dead_event("none") is None


async def test_what_was_hidden_in_a_record_is_hidden_in_what_comes_of_it(stores: tuple[MemoryStore, StoreAndQueries, Secrets]) -> None:
    """Rule 2: a task published what it had made of a secret; nobody would look for that."""
    _, store, secrets = stores
    made = await store._payloads.seal_values({"d": {"x": "made-of-it", "y": "plain"}}, secrets.present().made(["made-of-it"]))  # type: ignore[attr-defined]
    await store.write(Work(records=(record(made["d"]),)))
    assert secrets.mask("made-of-it plain") == "made-of-it plain"
    assert [each.data for each in await store.records("t", 0, 10)] == [{"x": "made-of-it", "y": "plain"}]
    assert secrets.mask("made-of-it plain") == f"{MASK} plain"


async def test_the_other_methods_are_the_stores_own(stores: tuple[MemoryStore, StoreAndQueries, Secrets]) -> None:
    """And without secrets a write is passed on as it is: rule 3."""
    written, store, _ = stores
    work = Work()
    assert (await store.write(work)).records == (await written.write(work)).records
    assert await store.journal_end() == await written.journal_end()
