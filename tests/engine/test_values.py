"""Values of namespaces: durable, expiring, one change at a time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.engine.values import MOST_BYTES, KeptValues, kind_of
from onbeat.errors import Refused, UserError
from onbeat.ports import Store
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing import ManualClock

HOUR = 3_600
DAY = 86_400_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def values(clock: ManualClock) -> AsyncIterator[KeptValues]:
    store = MemoryStore()
    await store.open()
    yield KeptValues(store, clock)
    await store.close()


async def test_what_is_put_is_got(values: KeptValues, clock: ManualClock) -> None:
    """With its kind and times; of its own namespace only."""
    kept = await values.put("a.b", "k.1", {"x": [1, None]}, description="what it is")
    assert await values.get("a.b", "k.1") == kept
    assert (kept.type, kept.value, kept.created, kept.description) == ("JSON", {"x": [1, None]}, clock.now(), "what it is")
    assert await values.get("a", "k.1") is None
    assert await values.get("a.b", "k") is None
    assert await values.namespaces() == ["a.b"]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_an_expired_value_is_not_seen(tmp_path: Path, clock: ManualClock, kind: str) -> None:
    """Not before and not after a purge of the store; one without an end stays."""
    store: Store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "x.db")
    await store.open()
    values = KeptValues(store, clock)
    await values.put("a", "short", 1, ttl=HOUR)
    await values.put("a", "long", 2)
    clock.set_wall(clock.now() + HOUR * 1_000_000 - 1)
    await store.purge(clock.now(), 10)
    assert [value.key for value in await values.entries("a")] == ["long", "short"]
    clock.set_wall(clock.now() + 1)
    assert await values.get("a", "short") is None
    assert [value.key for value in await values.entries("a")] == ["long"]
    assert await values.delete("a", "short") is False
    assert set(await store.ledger("kv:a")) == {"long", "short"}
    await store.purge(clock.now() + 1, 10)
    assert set(await store.ledger("kv:a")) == {"long"}
    await store.close()


async def test_expired_values_are_purged(values: KeptValues, clock: ManualClock) -> None:
    """Of one namespace or of all; the others stay."""
    for namespace in ("a", "b"):
        await values.put(namespace, "short", 1, ttl=1)
        await values.put(namespace, "long", 2, ttl=HOUR)
    clock.set_wall(clock.now() + 2_000_000)
    assert await values.purge("a", "l*") == 0
    assert await values.purge("a", "s*") == 1
    assert await values.purge("a") == 0
    assert await values.purge_all() == 1
    assert [value.key for value in await values.entries("b")] == ["long"]


async def test_a_value_that_came_again_is_not_purged(values: KeptValues, clock: ManualClock) -> None:
    """Put while the purge was under way."""
    await values.put("a", "k", 1, ttl=1)
    clock.set_wall(clock.now() + 2_000_000)
    _, gone = await asyncio.gather(values.put("a", "k", 2), values.purge("a"))
    assert gone == 0
    assert (await values.entries("a"))[0].value == 2


async def test_replacing_keeps_when_it_was_made(values: KeptValues, clock: ManualClock) -> None:
    """And its description, unless there is a new one; an expired one is made anew."""
    first = await values.put("a", "k", 1, description="one", ttl=10)
    clock.set_wall(clock.now() + 1_000_000)
    second = await values.put("a", "k", 2)
    assert (second.created, second.updated, second.description, second.until) == (first.created, clock.now(), "one", None)
    await values.put("a", "k", 3, ttl=1)
    clock.set_wall(clock.now() + 2_000_000)
    assert (await values.put("a", "k", 4)).created == clock.now()


async def test_only_one_is_the_first(values: KeptValues) -> None:
    """Two that must not overwrite, at once: one is refused."""
    both = await asyncio.gather(*(values.put("a", "k", n, overwrite=False) for n in range(2)), return_exceptions=True)
    assert [type(each) for each in both].count(Refused) == 1
    with pytest.raises(Refused, match="`k` in namespace a"):
        await values.put("a", "k", 5, overwrite=False)


async def test_entries_by_prefix(values: KeptValues) -> None:
    """In order of key; removed ones are gone, and removing says whether it was there."""
    for key in ("b.2", "a", "b.1"):
        await values.put("n", key, key)
    assert [value.key for value in await values.entries("n", "b.")] == ["b.1", "b.2"]
    assert await values.delete("n", "b.1") is True
    assert await values.delete("n", "b.1") is False
    assert [value.key for value in await values.entries("n")] == ["a", "b.2"]


@pytest.mark.parametrize("key", ["", ".a", "a b", "a/b", "ä", "a\n", "x" * 501])
async def test_what_is_no_key_is_told(values: KeptValues, key: str) -> None:
    """For reading and writing."""
    for action in (values.get("a", key), values.put("a", key, 1), values.delete("a", key)):
        with pytest.raises(UserError, match="is not a key"):
            await action


async def test_what_cannot_be_kept_is_told(values: KeptValues) -> None:
    """A value that is too large or not JSON, a namespace that is none; one above the size of a row's is fine."""
    await values.put("a", "k", "x" * 100_000)
    with pytest.raises(UserError, match="use a file"):
        await values.put("a", "k", "x" * MOST_BYTES)
    with pytest.raises(UserError, match="finite"):
        await values.put("a", "k", float("nan"))
    with pytest.raises(UserError, match="not a namespace"):
        await values.put("a/b", "k", 1)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "STRING"),
        (None, "STRING"),
        (1, "NUMBER"),
        (1.5, "NUMBER"),
        (True, "BOOLEAN"),
        ([], "JSON"),
        ({}, "JSON"),
        ("PT5S", "DURATION"),
        ("P1DT2H", "DURATION"),
        ("P", "STRING"),
        ("2021-09-01", "STRING"),
    ],
)
def test_the_kind_that_a_value_shows(value: object, kind: str) -> None:
    """As Kestra sees it; dates are texts unless somebody says what they are."""
    assert kind_of(value) == kind


async def test_a_kind_that_is_said_counts(values: KeptValues) -> None:
    """A text that looks like a duration may be a text."""
    assert (await values.put("a", "k", "PT5S", type="STRING")).type == "STRING"
