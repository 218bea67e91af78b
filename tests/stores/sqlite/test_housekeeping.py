"""Purges in small transactions, taking over in pages, flows once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.ports import Work
from onbeat.stores.sqlite import SqliteStore
from onbeat.stores.sqlite.housekeeping import BATCH
from tests.stores.build import AT, creation, end, id_of, record, work

LATER = AT + 10**12
ROWS = "select (select count(*) from journal) + (select count(*) from execution) + (select count(*) from log)"


@pytest.fixture
def moments() -> list[str]:
    """What the store said of its commits."""
    return []


@pytest.fixture
async def store(tmp_path: Path, moments: list[str]) -> AsyncIterator[SqliteStore]:
    """An open store."""
    store = SqliteStore(tmp_path, on_write=moments.append)
    await store.open()
    yield store
    await store.close()


async def test_a_purge_is_many_small_transactions(store: SqliteStore, moments: list[str]):
    """So that writes go on between them."""
    count = 2 * BATCH + 10
    await store.write(work(*[creation(n) for n in range(count)], *[end(creation(n).execution) for n in range(count)]))
    moments.clear()
    assert await store.purge(LATER, 10 * count) == count
    assert moments.count("after") == 4
    assert await store._one(ROWS) == 0


async def test_a_purge_that_crashes_leaves_whole_executions(tmp_path: Path):
    """What is half done is done by the next purge."""
    moments: list[str] = []

    def crash(moment: str) -> None:
        moments.append(moment)
        if moments.count("before") == 4:
            raise OSError("gone")

    store = SqliteStore(tmp_path, on_write=crash)
    await store.open()
    count = 3 * BATCH
    await store.write(work(*[creation(n) for n in range(count)], *[end(creation(n).execution) for n in range(count)]))
    with pytest.raises(Exception, match="gone"):
        await store.purge(LATER, count)
    await store.close()
    store = SqliteStore(tmp_path)
    await store.open()
    assert await store.count() == BATCH
    assert await store.check() == []
    assert await store.purge(LATER, count) == BATCH
    await store.close()


async def test_records_are_purged_in_small_transactions(store: SqliteStore, moments: list[str]):
    """By age and by size alike."""
    await store.write(Work(records=tuple(record(str(n), time=AT + n % 2) for n in range(12 * BATCH))))
    moments.clear()
    assert await store.purge_records(AT + 1, 10**9) == 6 * BATCH
    assert moments.count("after") == 4
    assert await store.purge_records(0, 0) == 6 * BATCH


async def test_everything_open_is_taken_over_in_pages(store: SqliteStore):
    """Each once, however many; those in between that were made since are left alone."""
    await store.write(work(*[creation(n) for n in range(1, 101)]))
    taken: list[str] = []
    while page := await store.claim("boot-2", 30):
        taken += [row.id for row in page]
        await store.write(work(creation(1000 + len(taken))))
    assert taken == [id_of(n) for n in range(1, 101)]
