"""Keep everything in one SQLite file: ports.Store and ports.Queries by the parts beside this file.

    write(work)  encode.py  ->  groups.py: one transaction for all that wait  ->  write.py (slots.py)     the one writing connection
    load, lists  read.py, queries.py                                                                     a connection that only reads
    open         lock.py -> migrate.py            backup, restore, check  backup.py            purge, claim, flows  housekeeping.py

SQLite is safe and fast here only in one way, so that way is fixed: WAL, synchronous=FULL (NORMAL loses commits in a power cut), one
connection that writes and checkpoints (libraries below 3.51.3 can corrupt a WAL that two write), readers that cannot.

Rules
1. The settings that durability rests on are read back after they are set; a store that does not have them is refused.
2. What `write` returned is on disk. Opening again after kill -9 finds all of it.
3. A second engine on the same data is refused, naming the first.
4. `on_write` is called with "before" and "after" each commit, in SQLite's thread: crash tests raise or exit there.

Called by: daemon.py names it; everybody else knows the ports.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from onbeat.core.event import Micros
from onbeat.errors import Refused, StoreBroken
from onbeat.ports import OpenExecution, Purged, StoredFlow, Work, Written
from onbeat.stores.sqlite import housekeeping
from onbeat.stores.sqlite.backup import FILE, backup, check
from onbeat.stores.sqlite.encode import Encoded, encode
from onbeat.stores.sqlite.groups import GroupConnection, GroupWriter, connection
from onbeat.stores.sqlite.lock import EngineLock
from onbeat.stores.sqlite.migrate import STEPS, migrate, schema_of, steps
from onbeat.stores.sqlite.queries import SqliteQueries
from onbeat.stores.sqlite.questions import Questions
from onbeat.stores.sqlite.read import connect_reader
from onbeat.stores.sqlite.write import Applied, apply
from onbeat.stores.wakeup import Wakeup

Call = Callable[[sqlite3.Connection], Any]
EMPTY = Work()

SETTINGS: dict[str, str | int] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "journal_size_limit": 64 * 2**20,
}
"""Pragmas that must read back as they were set; synchronous 2 is FULL. The limit gives back what a burst made of the log."""
if sys.platform == "darwin":
    SETTINGS |= {"fullfsync": 1, "checkpoint_fullfsync": 1}


class SqliteStore(SqliteQueries):
    """The store of one data folder; implements ports.Store and ports.Queries."""

    def __init__(self, data: Path, *, on_write: Callable[[str], None] | None = None, migrations: Path = STEPS) -> None:
        super().__init__()
        self._data, self._path = data, data / FILE
        self._on_write, self._migrations = on_write, migrations
        self._lock = EngineLock(data)
        self._writer: GroupWriter[Encoded | Call] | None = None
        self._owner = ""
        self._counters: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._snapshots: dict[str, int] = {}
        self._written = Wakeup()
        self._recorded: dict[str, Wakeup] = {}
        self._watch: Callable[[int, float], None] | None = None

    # ---- life --------------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        if self._writer is not None:
            return
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire()
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            self._lock.release()
            raise Refused(f"the data folder {self._data} cannot be used: {error}; mend it, or choose another with --data") from error
        try:
            writer = GroupWriter[Encoded | Call](
                self._connect, self._prepare, self._apply, self._on_result, self._on_broken, self._on_write, self._timed
            )
            await writer.open()
            self._writer = writer
            self._reader = await connection(partial(connect_reader, self._path))
            self._questions = Questions(self._path)
        except BaseException:
            await self.close()
            raise
        self._written, self._recorded = Wakeup(self._counters["journal"]), {}

    async def close(self) -> None:
        questions, self._questions = self._questions, None
        if questions is not None:
            await questions.close()
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.close()
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()
        self._lock.release()

    def _connect(self) -> GroupConnection:
        return GroupConnection(self._path, isolation_level=None, cached_statements=512)

    def _prepare(self, db: sqlite3.Connection) -> None:
        """In SQLite's thread: give the connection the settings durability rests on, and the database the present schema."""
        try:
            schema_of(db, self._path.name)
            for name, wanted in SETTINGS.items():
                db.execute(f"pragma {name} = {wanted}")
                found = db.execute(f"pragma {name}").fetchone()[0]
                if found != wanted:
                    raise Refused(f"{self._path}: SQLite does not take {name} = {wanted} (it says {found}); is this a network disk?")
            migrate(db, self._path, steps(self._migrations))
            self._counters = dict(db.execute("select name, value from counter").fetchall())
            self._ends = dict(db.execute("select name, last from topic").fetchall())
            highest = db.execute("select coalesce(max(seq), 0) from journal").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise Refused(f"{self._path} cannot be used ({error}); restore a backup with `onbeat restore`, or mend the folder") from error
        if highest > self._counters["journal"]:
            raise Refused(f"{self._path} is damaged: journal row {highest} after {self._counters['journal']}; restore a backup")

    # ---- writing -----------------------------------------------------------------------------------------------------

    async def write(self, work: Work) -> Written:
        if work == EMPTY:
            return Written()
        encoded = encode(work, self._snapshots)
        applied: Applied = await self._submit(encoded)
        for creation, fresh in zip(work.creations, applied.written.fresh, strict=True):
            if fresh:
                self.keep_head(creation.execution.head)
        for step in encoded.steps:
            if step.ended is not None:
                self._snapshots.pop(step.id, None)
            elif step.snapshot is not None:
                self._snapshots[step.id] = step.version
        return applied.written

    async def _submit(self, job: Encoded | Call) -> Any:
        if self._writer is None:
            raise Refused("the store is not open")
        return await self._writer.submit(job)

    def _apply(self, db: sqlite3.Connection, jobs: Any) -> list[Any]:
        """In SQLite's thread: the works of a group together, then what else waits, each on its own."""
        works = [job for job in jobs if isinstance(job, Encoded)]
        applied = iter(apply(db, works, self._counters, self._owner) if works else ())
        return [next(applied) if isinstance(job, Encoded) else job(db) for job in jobs]

    def watch(self, commit: Callable[[int, float], None]) -> None:
        self._watch = commit

    def _timed(self, works: int, seconds: float) -> None:
        if self._watch is not None:
            self._watch(works, seconds)

    def _on_result(self, result: Any) -> None:
        if isinstance(result, Applied):
            self._written.advance(result.journal)
            for topic, end in result.ends.items():
                self._ends[topic] = end
                if topic in self._recorded:
                    self._recorded[topic].advance(end)

    def _on_broken(self, error: StoreBroken) -> None:
        for wakeup in (self._written, *self._recorded.values()):
            wakeup.fail(error)

    # ---- waiting -----------------------------------------------------------------------------------------------------

    async def journal_end(self) -> int:
        return self._written.reached

    async def wait_journal(self, after: int) -> None:
        await self._written.wait(after)

    async def records_end(self, topic: str) -> int:
        return self._ends.get(topic, 0)

    async def wait_records(self, topic: str, after: int) -> None:
        if topic not in self._recorded:
            self._recorded[topic] = Wakeup(self._ends.get(topic, 0))
        await self._recorded[topic].wait(after)

    # ---- housekeeping ------------------------------------------------------------------------------------------------

    async def claim(self, owner: str, limit: int) -> list[OpenExecution]:
        self._owner = owner
        found: list[OpenExecution] = await self._submit(partial(housekeeping.claim, owner=owner, limit=limit))
        return found

    async def keep_flow(self, namespace: str, flow: str, source: str, hash_: str, at: Micros, path: str | None) -> StoredFlow:
        wanted = StoredFlow(namespace=namespace, id=flow, revision=0, source=source, hash=hash_, created=at, path=path)
        kept: StoredFlow = await self._submit(partial(housekeeping.keep_flow, wanted=wanted))
        return kept

    async def forget_reader(self, reader: str) -> None:
        await self._submit(partial(housekeeping.forget_reader, reader=reader))

    async def purge(self, before: Micros, limit: int) -> int:
        gone = 0
        while gone < limit:
            batch: int = await self._submit(partial(housekeeping.purge, before=before, limit=limit - gone))
            gone += batch
            if not batch:
                break
        return gone

    async def purge_executions(self, ids: Sequence[str], *, records: bool, logs: bool, metrics: bool) -> Purged:
        taken: list[tuple[str, str, str]] = []
        lines = measurements = 0
        for start in range(0, len(ids), housekeeping.BATCH):
            batch = ids[start : start + housekeeping.BATCH]
            job = partial(housekeeping.purge_executions, ids=batch, records=records, logs=logs, metrics=metrics)
            purged: Purged = await self._submit(job)
            taken += purged.executions
            lines, measurements = lines + purged.logs, measurements + purged.metrics
        return Purged(executions=tuple(sorted(taken)), logs=lines, metrics=measurements)

    async def purge_logs(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        execution: str | None = None,
        levels: Sequence[str] = (),
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        wanted = housekeeping.LineFilter(execution, msgspec.json.encode(levels).decode(), start, end, namespace, flow)
        gone = 0
        after: int | None = 0
        while after is not None:
            found: tuple[int, int | None] = await self._submit(partial(housekeeping.purge_lines, after=after, wanted=wanted))
            gone, after = gone + found[0], found[1]
        return gone

    async def purge_flows(
        self, *, namespace: str | None = None, flow: str | None = None, keep: int = 1, before: Micros | None = None
    ) -> int:
        gone = 0
        for place, id_ in await self._submit(partial(housekeeping.flows, namespace=namespace, flow=flow)):
            gone += await self._submit(partial(housekeeping.purge_flow, namespace=place, flow=id_, keep=keep, before=before))
        return gone

    async def purge_revisions(self, namespace: str, flow: str, revisions: Sequence[int]) -> int:
        gone: int = await self._submit(partial(housekeeping.purge_revisions, namespace=namespace, flow=flow, revisions=list(revisions)))
        return gone

    async def purge_records(self, before: Micros, max_bytes: int) -> int:
        gone = 0
        for job in (partial(housekeeping.purge_old_records, before=before), partial(housekeeping.purge_large_topics, max_bytes=max_bytes)):
            while batch := await self._submit(job):
                gone += batch
        return gone

    async def backup(self, target: Path) -> None:
        await asyncio.to_thread(backup, self._path, target)

    async def check(self) -> list[str]:
        return await asyncio.to_thread(check, self._path)
