"""What is kept in storage for a time."""

from datetime import timedelta
from pathlib import Path

from onbeat.engine.cache import Cache
from onbeat.engine.storage import LocalStorage
from onbeat.testing import ManualClock

HOUR = timedelta(hours=1)


async def keep(cache: Cache, storage: LocalStorage, name: str, data: bytes, most: int = 10) -> None:
    """Keep it in the group."""
    await storage.put(cache.path("a/group", name), data)
    await cache.settle("a/group", most)


async def test_the_last_one_counts_and_what_was_before_goes(tmp_path: Path) -> None:
    """There is never more than one of a name, and never none once there was one."""
    clock, storage = ManualClock(), LocalStorage(tmp_path)
    cache = Cache(storage, clock)
    assert await cache.find("a/group", "x", None) is None
    await keep(cache, storage, "x", b"1")
    await clock.advance(1)
    await storage.put(cache.path("a/group", "x"), b"2")
    found = await cache.find("a/group", "x", None)
    assert found is not None
    assert (await storage.get(found.uri), found.at) == (b"2", clock.now())
    await cache.settle("a/group", 10)
    assert len(await storage.files("a/group")) == 1
    assert await cache.find("a/group", "x", None) == found


async def test_what_is_too_old_is_not_there(tmp_path: Path) -> None:
    """To the microsecond; without a time it is there for ever."""
    clock, storage = ManualClock(), LocalStorage(tmp_path)
    cache = Cache(storage, clock)
    await keep(cache, storage, "x", b"1")
    await clock.advance(3_599)
    assert await cache.find("a/group", "x", HOUR) is not None
    await clock.advance(1)
    assert await cache.find("a/group", "x", HOUR) is None
    assert await cache.find("a/group", "x", None) is not None


async def test_a_group_keeps_so_many(tmp_path: Path) -> None:
    """The oldest go."""
    clock, storage = ManualClock(), LocalStorage(tmp_path)
    cache = Cache(storage, clock)
    for name in ("a", "b", "c"):
        await keep(cache, storage, name, b"", most=2)
        await clock.advance(1)
    assert [name for name in ("a", "b", "c") if await cache.find("a/group", name, None)] == ["b", "c"]
