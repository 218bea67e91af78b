"""Group commit: who shares a transaction, and who does not share whose errors."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from onbeat.errors import Overloaded, Refused, StoreBroken
from onbeat.stores.sqlite.groups import GroupConnection, GroupWriter

Job = Callable[[sqlite3.Connection], Any]


class Rig:
    """A writer of callables on a database with one table, and what it called back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.moments: list[str] = []
        self.results: list[Any] = []
        self.broken: list[StoreBroken] = []
        self.on_write: Callable[[str], None] = self.moments.append
        self.writer = GroupWriter[Job](
            self.connect, self.prepare, self.apply, self.results.append, self.broken.append, lambda moment: self.on_write(moment)
        )

    def connect(self) -> GroupConnection:
        return GroupConnection(self.path, isolation_level=None, timeout=0)

    @staticmethod
    def prepare(db: sqlite3.Connection) -> None:
        db.execute("pragma journal_mode = wal")
        db.execute("create table if not exists t (n integer primary key, thread integer, filler text)")

    @staticmethod
    def apply(db: sqlite3.Connection, jobs: Sequence[Job]) -> list[Any]:
        return [job(db) for job in jobs]

    def numbers(self) -> list[int]:
        """What another connection sees."""
        db = sqlite3.connect(self.path)
        try:
            return [n for (n,) in db.execute("select n from t order by n")]
        finally:
            db.close()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """An open writer."""
    rig = Rig(tmp_path / "t.db")
    await rig.writer.open()
    yield rig
    await rig.writer.close()


def insert(n: int, size: int = 0) -> Job:
    """Inserts n and gives it back."""

    def job(db: sqlite3.Connection) -> int:
        db.execute("insert into t values (?, ?, ?)", (n, threading.get_ident(), "x" * size))
        return n

    return job


async def test_submit_returns_when_the_job_is_on_disk(rig: Rig):
    """Another connection sees it, and the result was announced."""
    assert await rig.writer.submit(insert(1)) == 1
    assert rig.numbers() == rig.results == [1]
    assert rig.moments == ["before", "after"]


async def test_who_waits_shares_a_transaction(rig: Rig):
    """A thousand at once are a handful of commits, each larger one bounded."""
    assert await asyncio.gather(*(rig.writer.submit(insert(n)) for n in range(1000))) == list(range(1000))
    assert rig.numbers() == list(range(1000))
    assert rig.moments.count("after") <= 4


async def test_a_transaction_is_one_hop_to_sqlites_thread(rig: Rig):
    """aiosqlite's public commit runs the group in aiosqlite's thread: all jobs in that one, none in the loop's."""
    await asyncio.gather(*(rig.writer.submit(insert(n)) for n in range(20)))
    threads = await rig.writer.submit(lambda db: db.execute("select distinct thread from t").fetchall())
    assert len(threads) == 1
    assert threads[0][0] != threading.get_ident()


async def test_an_error_fails_its_own_job_alone(rig: Rig):
    """The others of the group are written, each once."""
    outcomes = await asyncio.gather(*(rig.writer.submit(insert(n % 7)) for n in range(10)), return_exceptions=True)
    assert [isinstance(outcome, sqlite3.IntegrityError) for outcome in outcomes] == [False] * 7 + [True] * 3
    assert rig.numbers() == list(range(7))
    assert rig.results == list(range(7))


async def test_an_error_leaves_nothing_of_its_job(rig: Rig):
    """A job that wrote and then raised has not written."""

    def half(db: sqlite3.Connection) -> None:
        insert(1)(db)
        raise LookupError("later")

    with pytest.raises(LookupError, match="later"):
        await rig.writer.submit(half)
    assert rig.numbers() == []


async def test_a_cancelled_caller_does_not_cancel_its_job(rig: Rig):
    """It was taken; it is written."""
    async with asyncio.TaskGroup() as group:
        leaving = group.create_task(rig.writer.submit(insert(1)))
        await asyncio.wait([leaving], timeout=0)
        leaving.cancel()
    await rig.writer.submit(insert(2))
    assert rig.numbers() == [1, 2]


async def test_a_full_disk_is_overload_and_passes(rig: Rig):
    """Nothing of the group is written, everybody hears it, and when there is room again all goes on."""
    pages = await rig.writer.submit(lambda db: db.execute("pragma page_count").fetchone()[0])
    await rig.writer.submit(lambda db: db.execute(f"pragma max_page_count = {pages + 4}").fetchone())
    outcomes = await asyncio.gather(*(rig.writer.submit(insert(n, 50_000)) for n in range(3)), return_exceptions=True)
    assert all(isinstance(outcome, Overloaded) for outcome in outcomes)
    assert "disk is full" in str(outcomes[0])
    assert rig.numbers() == []
    await rig.writer.submit(lambda db: db.execute("pragma max_page_count = 100000").fetchone())
    assert await rig.writer.submit(insert(1, 50_000)) == 1
    assert rig.broken == []


async def test_a_lock_held_by_another_program_is_overload(rig: Rig):
    """Somebody writes with another tool: try again later."""
    other = sqlite3.connect(rig.path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(Overloaded, match="lock"):
        await rig.writer.submit(insert(1))
    other.execute("rollback")
    other.close()
    assert await rig.writer.submit(insert(1)) == 1


@pytest.mark.parametrize(("moment", "written"), [("before", []), ("after", [1, 2, 3])])
async def test_a_failed_commit_breaks_the_writer(rig: Rig, moment: str, written: list[int]):
    """All of the group, those who wait and those who come later raise StoreBroken; it is announced once."""

    def fail(now: str) -> None:
        if now == moment:
            raise OSError("gone")

    rig.on_write = fail
    outcomes = await asyncio.gather(*(rig.writer.submit(insert(n)) for n in (1, 2, 3)), return_exceptions=True)
    assert all(isinstance(outcome, StoreBroken) for outcome in outcomes)
    with pytest.raises(StoreBroken, match="gone"):
        await rig.writer.submit(insert(4))
    assert len(rig.broken) == 1
    assert rig.numbers() == written


async def test_a_writer_that_fails_otherwise_leaves_nobody_waiting(rig: Rig):
    """A bug between the groups (here: aiosqlite closed under it) is StoreBroken for all, not silence."""
    await rig.writer._aiosqlite.close()
    outcomes = await asyncio.gather(rig.writer.submit(insert(1)), rig.writer.submit(insert(2)), return_exceptions=True)
    assert all(isinstance(outcome, StoreBroken) for outcome in outcomes)
    assert "writer failed" in str(outcomes[0])


async def test_closing_finishes_what_waits(tmp_path: Path):
    """Then it refuses."""
    rig = Rig(tmp_path / "t.db")
    await rig.writer.open()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(rig.writer.submit(insert(n))) for n in range(5)]
        await asyncio.wait(waiting, timeout=0)
        await rig.writer.close()
    assert rig.numbers() == list(range(5))
    with pytest.raises(Refused, match="closed"):
        await rig.writer.submit(insert(9))
