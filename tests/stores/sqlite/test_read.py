"""Reading beside the writer: what is seen, and by which rules a row is read."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.states import State
from onbeat.errors import StoreBroken
from onbeat.stores.sqlite import SqliteStore, read
from tests.stores.build import creation, id_of, move, work


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open store."""
    store = SqliteStore(tmp_path)
    await store.open()
    yield store
    await store.close()


async def test_a_read_sees_what_was_committed_and_does_not_wait(store: SqliteStore):
    """While a transaction is open, readers get the state before it; once write has returned, the one after."""
    await store.write(work(creation(1)))
    seen: list[int] = []

    def during(db: sqlite3.Connection) -> None:
        db.execute("delete from journal")
        other = read.connect_reader(store._path)
        seen.append(other.execute("select count(*) from journal").fetchone()[0])
        other.close()
        raise LookupError

    with pytest.raises(LookupError):
        await store._submit(during)
    assert seen == [1]
    assert await store.load(id_of(1)) == creation(1).execution


async def test_a_row_of_an_unknown_schema_is_not_guessed(store: SqliteStore):
    """Read as another schema it would be another change: it raises, naming both numbers."""
    await store.write(work(creation(1)))
    await store._submit(lambda db: db.execute("update journal set schema = 99").fetchone())
    for reading in (store.load(id_of(1)), store.journal(0, 10), store.changes(id_of(1))):
        with pytest.raises(ValueError, match="schema 99"):
            await reading


async def test_heads_are_kept_for_readers_within_bounds(store: SqliteStore, monkeypatch: pytest.MonkeyPatch):
    """A sink right behind the writer reads no head again; the oldest are let go, and read when they are wanted."""
    monkeypatch.setattr(read, "HEADS", 10)
    for n in range(1, 31):
        await store.write(work(creation(n)))
    assert list(store._heads) == [id_of(n) for n in range(21, 31)]
    assert [row.head for row in await store.journal(0, 100)] == [creation(n).execution.head for n in range(1, 31)]
    assert len(store._heads) == 10


async def test_rows_of_a_purged_execution_are_passed_over(store: SqliteStore):
    """Purged between the two statements of a read: the others are there, and nothing raises."""
    await store.write(work(creation(1), creation(2)))
    store._heads.clear()
    await store._submit(lambda db: db.execute("update journal set version = 7 where execution = ?", (id_of(1),)).fetchone())
    assert [row.execution for row in await store.journal(0, 10)] == [id_of(2)]


async def test_a_damaged_page_breaks_the_store(store: SqliteStore, tmp_path: Path):
    """An answer from a damaged file would be a guess."""
    await store.write(work(*[creation(n, inputs={"text": "x" * 4000}) for n in range(1, 60)]))
    await store.close()
    damaged = SqliteStore(tmp_path)
    await damaged.open()
    assert await damaged.count() == 59
    with (tmp_path / "onbeat.db").open("r+b") as file:
        for page in range(60, 100):
            file.seek(page * 4096)
            file.write(b"\xa5" * 100)
    outcomes = await asyncio.gather(*(damaged.load(id_of(n)) for n in range(1, 60)), return_exceptions=True)
    broken = [outcome for outcome in outcomes if isinstance(outcome, StoreBroken)]
    assert broken
    assert "malformed" in str(broken[0])
    assert any("damaged" in line for line in await damaged.check())
    await damaged.close()


async def test_an_execution_is_read_by_one_statement(store: SqliteStore):
    """A snapshot and the rows after it are of one state, however often it is written meanwhile."""
    new = creation(1)
    await store.write(work(new, move(new.execution, State.RUNNING)))
    statements: list[str] = []
    connection = store._reader
    assert connection is not None
    await connection.set_trace_callback(statements.append)
    await store.load(id_of(1))
    await store.inbox(id_of(1))
    assert len(statements) == 2
