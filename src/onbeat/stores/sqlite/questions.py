"""Ask SQLite what people want to know, beside the engine: on connections and threads of their own, for a few seconds at most.

A list over a million executions may take a second. On the connection that the engine loads executions with it would hold up every
execution that long; in the event loop's thread, everything.

Rules
1. A question has its own connection, which cannot write, and sees one state of the store from its first statement to its last.
2. What waits or runs longer than its time is stopped and raises Refused, which says how to ask for less.
3. A question whose asker is gone is stopped; the connection serves the next one. That it was stopped is nobody's error.

Called by: queries.py.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from onbeat.errors import Refused
from onbeat.stores.sqlite.faults import translate
from onbeat.stores.sqlite.read import connect_reader

T = TypeVar("T")

AT_ONCE = 2
"""Questions that run at the same time: the machine is the engine's."""
SECONDS = 5.0
_STEPS = 100_000
"""Of SQLite's machine, from one look whether a question was stopped to the next."""
MAPPED = 2**31 - 1
"""Bytes of the file that are read where the system has them, without a call for each page: a list that passes over many rows takes two
thirds of the time."""


class Asked:
    """One question: statements that see the same state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._stopped = False

    def one(self, sql: str, *values: Any) -> Any:
        """The first column of the first row; None when there is none."""
        if self._db is None or self._stopped:
            raise sqlite3.OperationalError("interrupted")
        row = self._db.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def run(self, question: "Callable[[Asked], T]") -> T:
        """In a thread: what the question finds."""
        if self._db is None:
            self._db = connect_reader(self._path, shared=True)
            self._db.execute(f"pragma mmap_size = {MAPPED}")
            self._db.set_progress_handler(self._is_stopped, _STEPS)
        self._db.execute("begin")
        try:
            return question(self)
        except sqlite3.Error as error:
            known = translate(error)
            if known is None:
                raise
            raise known from error
        finally:
            self._db.execute("rollback")

    def _is_stopped(self) -> bool:
        """Asked from time to time: an interruption between two statements would stop neither."""
        return self._stopped

    def start(self) -> None:
        """Before each question."""
        self._stopped = False

    def stop(self) -> None:
        """End the question that runs, from any thread."""
        self._stopped = True
        if self._db is not None:
            self._db.interrupt()

    def close(self) -> None:
        """Release the connection."""
        if self._db is not None:
            self._db.close()


class Questions:
    """The connections, and who waits for one."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._free: asyncio.LifoQueue[Asked] = asyncio.LifoQueue()
        self._all = [Asked(path) for _ in range(AT_ONCE)]
        for asked in self._all:
            self._free.put_nowait(asked)
        self._threads = ThreadPoolExecutor(AT_ONCE, "onbeat-questions")

    async def ask(self, question: Callable[[Asked], T]) -> T:
        """What the question finds."""
        running: tuple[Asked, asyncio.Future[T]] | None = None
        try:
            async with asyncio.timeout(self._seconds):
                asked = await self._free.get()
                asked.start()
                future = asyncio.get_running_loop().run_in_executor(self._threads, asked.run, question)
                future.add_done_callback(lambda done: self._ended(asked, done))
                running = asked, future
                return await asyncio.shield(future)
        except TimeoutError:
            raise Refused(
                f"the search took more than {self._seconds:g} s and was stopped; ask for less: a shorter time, one namespace or flow"
            ) from None
        finally:
            if running is not None and not running[1].done():
                running[0].stop()

    def _ended(self, asked: Asked, done: "asyncio.Future[T]") -> None:
        self._free.put_nowait(asked)
        if not done.cancelled():
            done.exception()  # looked at here, or asyncio tells of it as lost where the asker is gone

    async def close(self) -> None:
        """Stop what runs and release all."""
        for asked in self._all:
            asked.stop()
        for _ in self._all:
            (await self._free.get()).close()
        self._threads.shutdown()
