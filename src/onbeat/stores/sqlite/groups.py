"""Commit what many callers wait for in one transaction, on one connection.

A commit costs the disk a sync, and a hop to SQLite's thread and back: with one transaction a caller, a hundred callers wait for a
hundred of each. Here whoever comes while a transaction runs shares the next one; nobody waits for company.

Rules
1. `submit` returns when the job is on disk.
2. A caller that is cancelled does not cancel its job.
3. An error in one job fails that job alone: the others are done again without it.
4. A disk error breaks the writer: every job, waiting or later, raises StoreBroken. A full disk is Overloaded and passes.
5. `on_write` is called, in SQLite's thread, with "before" and "after" each commit. What it raises breaks the writer, as a crash at
   that place would: crash tests live on this.

aiosqlite runs the calls of its public methods in its own thread; `commit` of our connection class means: run the group. So a
transaction is one hop, without touching what is private there.

Called by: store.py.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import aiosqlite

from onbeat.errors import Overloaded, Refused, StoreBroken
from onbeat.stores.sqlite.faults import translate

LARGEST = 512

Job = TypeVar("Job")
Apply = Callable[[sqlite3.Connection, Sequence[Job]], list[Any]]


class GroupConnection(sqlite3.Connection):
    """A connection whose commit runs the group that waits, as one transaction."""

    run_group: Callable[[], None]

    def commit(self) -> None:
        """See above."""
        self.run_group()


def connection(connect: Callable[[], sqlite3.Connection]) -> aiosqlite.Connection:
    """An aiosqlite connection whose thread does not keep the process alive: to end without closing is as safe as kill -9, but to hang
    would be an outage. A thread is a daemon when the one that makes it is, so a daemon makes it."""
    made: list[aiosqlite.Connection] = []
    maker = threading.Thread(target=lambda: made.append(aiosqlite.Connection(connect, 64)), daemon=True)
    maker.start()
    maker.join()
    return made[0]


def _unmeasured(jobs: int, seconds: float) -> None:
    """Nobody looks."""


class GroupWriter(Generic[Job]):
    """The one writing connection. `apply(db, jobs)` gives per job its result, or the exception that only this job is to raise.

    on_commit: hears how many jobs each transaction had, and its seconds.
    """

    def __init__(
        self,
        connect: Callable[[], GroupConnection],
        prepare: Callable[[sqlite3.Connection], None],
        apply: Apply[Job],
        on_result: Callable[[Any], None],
        on_broken: Callable[[StoreBroken], None],
        on_write: Callable[[str], None] | None,
        on_commit: Callable[[int, float], None] = _unmeasured,
    ) -> None:
        self._connect, self._prepare, self._apply = connect, prepare, apply
        self._on_result, self._on_broken, self._on_write = on_result, on_broken, on_write
        self._on_commit = on_commit
        self._waiting: list[tuple[Job, asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._broken: StoreBroken | None = None
        self._jobs: list[Job] = []
        self._results: list[Any] = []
        self._seconds = 0.0

    async def open(self) -> None:
        """Connect and prepare the database, in SQLite's own thread. What `prepare` raises is raised, with the thread ended."""
        self._aiosqlite = await connection(self._connected)
        try:
            await self._aiosqlite.commit()
        except BaseException:
            await self._aiosqlite.close()
            raise
        self._db.run_group = self._transact
        # The task is the store's own: callers come, are cancelled and go, and open() returns while it runs. close() ends it.
        self._task = asyncio.create_task(self._run())  # noqa: TID251

    def _connected(self) -> GroupConnection:
        self._db = self._connect()
        self._db.run_group = lambda: self._prepare(self._db)
        return self._db

    async def close(self) -> None:
        """Finish what waits, then disconnect."""
        self._closing = True
        self._wake.set()
        await self._task
        await self._aiosqlite.close()

    async def submit(self, job: Job) -> Any:
        """The result of the job, once it is on disk."""
        if self._broken is not None:
            raise self._broken
        if self._closing:
            raise Refused("the store is closed")
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while self._broken is None:
            if not self._waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            self._jobs = [job for job, _ in group]
            try:
                await self._aiosqlite.commit()
                results = self._results
                self._on_commit(len(group), self._seconds)
            except Overloaded as error:
                results = [error] * len(group)
            except Exception as error:
                self._broken = error if isinstance(error, StoreBroken) else StoreBroken(f"the store's writer failed: {error!r}")
                group, self._waiting = group + self._waiting, []
                results = [self._broken] * len(group)
                self._on_broken(self._broken)
            for (_, future), result in zip(group, results, strict=True):
                self._resolve(future, result)

    def _resolve(self, future: asyncio.Future[Any], result: Any) -> None:
        if not isinstance(result, Exception):
            self._on_result(result)
        if future.done():
            return
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

    # ---- in SQLite's thread ------------------------------------------------------------------------------------------

    def _transact(self) -> None:
        began = time.perf_counter()
        self._results = self._commit(self._jobs)
        self._seconds = time.perf_counter() - began

    def _commit(self, jobs: Sequence[Job]) -> list[Any]:
        """The result of each job after one transaction. Raises Overloaded or StoreBroken for all of them."""
        committing = False
        try:
            self._db.execute("begin immediate")
            results = self._apply(self._db, jobs)
            committing = True
            if self._on_write is not None:
                self._on_write("before")
            self._db.execute("commit")
            if self._on_write is not None:
                self._on_write("after")
            return results
        except Exception as error:
            self._roll_back()
            known = translate(error)
            if isinstance(known, Overloaded):
                raise known from error
            if committing or known is not None:
                raise StoreBroken(f"the store failed to write: {error}") from error
            if len(jobs) == 1:
                return [error]
        return [self._commit_alone(job) for job in jobs]

    def _commit_alone(self, job: Job) -> Any:
        try:
            return self._commit([job])[0]
        except Overloaded as error:
            return error

    def _roll_back(self) -> None:
        try:
            if self._db.in_transaction:
                self._db.execute("rollback")
        except sqlite3.Error as error:
            raise StoreBroken(f"the store failed to roll back: {error}") from error
