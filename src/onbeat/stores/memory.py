"""Keep everything in plain dicts and lists: what ports.Store and ports.Queries mean, to be read in one go.

Without it the contract would be whatever SQLite happens to do. Tests of the engine run on it too: it is quick, and it can be closed
and opened again like a store on disk.

Rules
1. A write first finds every reason to refuse, then changes things: there is nothing to undo.
2. Closing keeps what is stored; opening again is the restart after a crash.
3. `on_write` is called with "before" and "after" each write: what it raises breaks the store, as a crash there would.

Called by: tests, and `onbeat run` where nothing is to be kept.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from pathlib import Path

import msgspec

from onbeat.core.changes import AnyChange
from onbeat.core.event import Micros
from onbeat.core.evolve import fold
from onbeat.core.execution import Execution
from onbeat.core.signals import AnySignal
from onbeat.errors import Conflict, Refused, StoreBroken
from onbeat.ports import (
    Append,
    AuditRow,
    Creation,
    DeadEvent,
    Delivery,
    JournalRow,
    Key,
    OpenExecution,
    Record,
    StoredFlow,
    Work,
    Written,
)
from onbeat.stores import slots
from onbeat.stores.memory_housekeeping import MemoryHousekeeping
from onbeat.stores.memory_queries import Kept
from onbeat.stores.wakeup import Wakeup

asdict, replace = msgspec.structs.asdict, msgspec.structs.replace
by_seq = attrgetter("seq")


class MemoryStore(MemoryHousekeeping):
    """A store without a disk; implements ports.Store and ports.Queries."""

    def __init__(self, *, on_write: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._on_write = on_write
        self._owner = ""
        self._ends: dict[str, int] = {}
        self._written = Wakeup()
        self._recorded: dict[str, Wakeup] = {}

    async def open(self) -> None:
        if not self._is_open:
            self._is_open, self._broken = True, None
            self._written, self._recorded = Wakeup(self._seqs["journal"]), {}

    async def close(self) -> None:
        self._is_open = False

    def watch(self, commit: Callable[[int, float], None]) -> None:
        """Nothing: here nothing is committed to a disk."""

    def _next(self, counter: str) -> int:
        self._seqs[counter] += 1
        return self._seqs[counter]

    # ---- writing -----------------------------------------------------------------------------------------------------

    async def write(self, work: Work) -> Written:
        self._check_open()
        started = self._started(work.creations)
        created = [creation for creation, (_, fresh) in zip(work.creations, started, strict=True) if fresh]
        self._refuse_conflicts(created, work.appends)
        self._call("before")
        inbox = self._seqs["inbox"]
        for creation in created:
            self._create(creation)
        for append in work.appends:
            self._append(append)
        for append in work.appends:
            if append.released:
                self._tell(slots.release(self._lines, append.execution.id))
        for execution in work.forced:
            self._tell(slots.force(self._lines, execution))
        for append in work.appends:
            self._tell(slots.claim(self._lines, append.execution.id, append.claims))
        for creation in created:
            self._tell(slots.claim(self._lines, creation.execution.id, creation.claims))
        self._tell((tell.execution, tell.signal) for tell in work.tells)
        for position in work.positions:
            self._positions[position.reader, position.part] = position.value
        for row in chain(work.ledger, *(creation.ledger for creation in created)):
            self._ledger.pop((row.ledger, row.key), None)
            if row.value is not None:
                self._ledger[row.ledger, row.key] = row
        records = [self._record(record) for record in work.records]
        for dead in work.dead:
            self._bury(dead)
        self._logs += [replace(line, seq=self._next("log")) for line in work.logs]
        self._metrics += [replace(row, seq=self._next("metric")) for row in work.metrics]
        for document in work.documents:
            self._documents.pop((document.kind, document.id), None)
            if document.value is not None:
                self._documents[document.kind, document.id] = document
        self._audit += [AuditRow(seq=self._next("audit"), **asdict(audit)) for audit in work.audit]
        self._call("after")
        self._written.advance(self._seqs["journal"])
        for topic, wakeup in self._recorded.items():
            wakeup.advance(self._ends.get(topic, 0))
        return Written(
            created=tuple(id_ for id_, _ in started),
            fresh=tuple(fresh for _, fresh in started),
            records=tuple(seq for seq, _ in records),
            new_records=tuple(new for _, new in records),
            delivered=tuple(delivery for delivery in self._inbox if delivery.seq > inbox),
        )

    def _call(self, moment: str) -> None:
        try:
            if self._on_write is not None:
                self._on_write(moment)
        except Exception as error:
            self._broken = StoreBroken(f"the store broke {moment} a write: {error}")
            for wakeup in (self._written, *self._recorded.values()):
                wakeup.fail(self._broken)
            raise self._broken from error

    def _started(self, creations: Iterable[Creation]) -> list[tuple[str, bool]]:
        """Per creation the execution that its key started, and whether that is the new one."""
        keys = dict[Key, str]()
        started = []
        for creation in creations:
            key, id_ = creation.key, creation.execution.id
            known = None if key is None else self._keys.get(key) or keys.get(key)
            if key is not None and known is None:
                keys[key] = id_
            started.append((known or id_, known is None))
        return started

    def _refuse_conflicts(self, created: Iterable[Creation], appends: Iterable[Append]) -> None:
        versions: dict[str, int] = {}
        for creation in created:
            id_ = creation.execution.id
            if id_ in self._executions or id_ in versions:
                raise Conflict(f"execution {id_} exists already")
            versions[id_] = creation.execution.version
        for append in appends:
            id_ = append.execution.id
            stored = versions.get(id_) or (self._executions[id_].execution.version if id_ in self._executions else 0)
            if stored != append.expected or not stored:
                raise Conflict(f"execution {id_} is at version {stored}, not {append.expected}")
            versions[id_] = append.execution.version

    def _create(self, creation: Creation) -> None:
        execution = creation.execution
        if creation.key is not None:
            self._keys[creation.key] = execution.id
        kept = Kept(execution, [], creation.active, creation.wake, self._owner)
        self._executions[execution.id] = kept
        self._add_rows(kept, creation.changes)

    def _append(self, append: Append) -> None:
        kept = self._executions[append.execution.id]
        if kept.execution.ended and not append.execution.ended:
            kept.owner = self._owner
        kept.execution, kept.active, kept.wake = append.execution, append.active, append.wake
        self._add_rows(kept, append.changes)
        self._inbox = [row for row in self._inbox if row.execution != kept.execution.id or row.seq not in append.consumed]

    def _add_rows(self, kept: Kept, changes: Iterable[AnyChange]) -> None:
        for change in changes:
            row = JournalRow(self._next("journal"), kept.execution.id, len(kept.rows) + 1, change, kept.execution.head)
            kept.rows.append(row)
            self._journal.append(row)

    def _tell(self, told: Iterable[tuple[str, AnySignal]]) -> None:
        """Into the inboxes of those who have not ended."""
        for execution, signal in told:
            kept = self._executions.get(execution)
            if kept is not None and not kept.execution.ended:
                self._inbox.append(Delivery(self._next("inbox"), execution, signal))

    def _record(self, record: Record) -> tuple[int, bool]:
        for present in self._records:
            if (present.topic, present.id) == (record.topic, record.id):
                return present.seq, False
        seq = self._ends[record.topic] = self._next("record")
        self._records.append(replace(record, seq=seq))
        return seq, True

    def _bury(self, dead: DeadEvent) -> None:
        if dead.id in self._dead:
            self._dead[dead.id] = replace(self._dead[dead.id], replayed=dead.replayed)
        elif all((dead.reader, dead.key) != (other.reader, other.key) for other in self._dead.values()):
            self._dead[dead.id] = dead

    # ---- reading -----------------------------------------------------------------------------------------------------

    async def load(self, execution: str) -> Execution | None:
        self._check_open()
        kept = self._executions.get(execution)
        return fold(row.change for row in kept.rows) if kept else None

    async def inbox(self, execution: str) -> list[Delivery]:
        self._check_open()
        return [delivery for delivery in self._inbox if delivery.execution == execution]

    async def claim(self, owner: str, limit: int) -> list[OpenExecution]:
        self._check_open()
        self._owner = owner
        others = [kept for kept in self._executions.values() if not kept.execution.ended and kept.owner != owner]
        others.sort(key=lambda kept: kept.execution.id)
        for kept in others[:limit]:
            kept.owner = owner
        told = {delivery.execution for delivery in self._inbox}
        return [OpenExecution(kept.execution.id, kept.active or kept.execution.id in told, kept.wake) for kept in others[:limit]]

    async def journal(self, after: int, limit: int) -> list[JournalRow]:
        self._check_open()
        begin = bisect_right(self._journal, after, key=by_seq)
        return self._journal[begin : begin + limit]

    async def touched(self, after: int, limit: int) -> list[tuple[int, str]]:
        last = {row.execution: row.seq for row in await self.journal(after, limit)}
        return sorted((seq, execution) for execution, seq in last.items())

    async def journal_end(self) -> int:
        return self._seqs["journal"]

    async def wait_journal(self, after: int) -> None:
        await self._written.wait(after)

    async def records(self, topic: str, after: int, limit: int) -> list[Record]:
        self._check_open()
        return [record for record in self._records if record.topic == topic and record.seq > after][:limit]

    async def record(self, topic: str, id_: str) -> Record | None:
        self._check_open()
        return next((record for record in self._records if record.topic == topic and record.id == id_), None)

    async def records_since(self, topic: str, time: Micros) -> int:
        seqs = [record.seq for record in self._records if record.topic == topic and record.time >= time]
        return min(seqs) - 1 if seqs else self._ends.get(topic, 0)

    async def records_end(self, topic: str) -> int:
        return self._ends.get(topic, 0)

    async def wait_records(self, topic: str, after: int) -> None:
        await self._recorded.setdefault(topic, Wakeup(self._ends.get(topic, 0))).wait(after)

    async def topics(self) -> dict[str, int]:
        return {topic: sum(record.topic == topic for record in self._records) for topic in sorted(self._ends)}

    async def positions(self, reader: str) -> dict[str, str]:
        self._check_open()
        return {part: value for (name, part), value in self._positions.items() if name == reader}

    async def forget_reader(self, reader: str) -> None:
        self._positions = {place: value for place, value in self._positions.items() if place[0] != reader}

    async def ledger(self, ledger: str, keys: Sequence[str] | None = None) -> dict[str, str]:
        self._check_open()
        rows = [row for row in self._ledger.values() if row.ledger == ledger and (keys is None or row.key in keys)]
        return {row.key: row.value for row in rows if row.value is not None}

    async def find_key(self, key: Key) -> str | None:
        return self._keys.get(key)

    async def keep_flow(self, namespace: str, flow: str, source: str, hash_: str, at: Micros, path: str | None) -> StoredFlow:
        self._check_open()
        kept = self._flows.setdefault((namespace, flow), [])
        if not kept or kept[-1].hash != hash_:
            revision = kept[-1].revision + 1 if kept else 1
            kept.append(StoredFlow(namespace=namespace, id=flow, revision=revision, source=source, hash=hash_, created=at, path=path))
        return kept[-1]

    async def flow(self, namespace: str, flow: str, revision: int | None = None) -> StoredFlow | None:
        kept = self._flows.get((namespace, flow), [])
        return next((one for one in reversed(kept) if revision is None or one.revision == revision), None)

    async def flow_revisions(self, namespace: str, flow: str) -> list[int]:
        return [each.revision for each in reversed(self._flows.get((namespace, flow), []))]

    # ---- housekeeping ------------------------------------------------------------------------------------------------

    async def backup(self, target: Path) -> None:
        raise Refused("a store in memory has nothing to back up; serve with --data")

    async def check(self) -> list[str]:
        self._check_open()
        return [
            f"execution {id_}: the journal does not give what is kept"
            for id_, kept in self._executions.items()
            if fold(row.change for row in kept.rows) != kept.execution
        ]
