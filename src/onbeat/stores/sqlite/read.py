"""Read what the engine needs, over a connection that cannot write.

Reads do not wait behind writes: SQLite's WAL gives every statement the last committed state. Each read is one statement that gives one
row, so that a busy event loop is waited for once and not once a row (rows.py says why), and so that it sees one state.

Rules
1. What `write` has returned is seen by every read after it.
2. A row of the journal is read by the rules of its own schema number.

Called by: store.py; queries.py builds on it.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import aiosqlite
import msgspec

from onbeat.core import changes
from onbeat.core.changes import AnyChange, Created
from onbeat.core.event import Micros
from onbeat.core.evolve import fold
from onbeat.core.execution import Execution, Head
from onbeat.core.signals import AnySignal
from onbeat.errors import Refused
from onbeat.ports import Delivery, JournalRow, Key, Record, StoredFlow
from onbeat.stores import snapshot
from onbeat.stores.sqlite.faults import translate

replace = msgspec.structs.replace
T = TypeVar("T")

HEADS = 4096
"""How many heads are kept in memory for readers of the journal."""

LOAD = """
select (select record from snapshot where execution = ?1 and format = ?2),
       (select '[' || group_concat('[' || schema || ',' || record || ']') || ']' from (
          select schema, record from journal
          where execution = ?1
            and version > coalesce((select version from snapshot where execution = ?1 and format = ?2), 0)
          order by version))
"""
INBOX = """
select '[' || group_concat('[' || seq || ',' || record || ']') || ']'
from (select seq, record from inbox where execution = ? order by seq)
"""
JOURNAL = """
select '[' || group_concat('[' || seq || ',' || json_quote(execution) || ',' || version || ',' || schema || ',' || record || ']') || ']'
from (select * from journal where seq > ? order by seq limit ?)
"""
TOUCHED = """
select '[' || group_concat('[' || seq || ',' || json_quote(execution) || ']') || ']'
from (
  select max(seq) as seq, execution from (select seq, execution from journal where seq > ? order by seq limit ?)
  group by execution order by max(seq)
)
"""
CHANGES = """
select '[' || group_concat('[' || seq || ',' || json_quote(execution) || ',' || version || ',' || schema || ',' || record || ']') || ']'
from (select * from journal where execution = ? and version > ? order by version)
"""
HEAD_ROWS = """
select '[' || group_concat('[' || schema || ',' || record || ']') || ']' from journal
where version = 1 and execution in (select value from json_each(?))
"""
RECORDS = """
select '[' || group_concat('[' || seq || ',' || record || ']') || ']'
from (select seq, record from record where topic = ? and seq > ? order by seq limit ?)
"""
RECORD = "select '[' || seq || ',' || record || ']' from record where topic = ? and id = ?"
SINCE = """
select coalesce((select min(seq) - 1 from record where topic = ?1 and time >= ?2), (select last from topic where name = ?1), 0)
"""
TOPICS = "select json_group_array(json_array(name, records)) from (select * from topic order by name)"
POSITIONS = "select json_group_array(json_array(part, value)) from (select * from position where reader = ? order by part)"
LEDGER = "select json_group_array(json_array(key, value)) from ledger where ledger = ?"
FACT = "select value from ledger where ledger = ? and key = ?"
FIND_KEY = 'select execution from start_key where key = ? and "trigger" = ? and flow = ?'
FLOW = """
select namespace, id, revision, source, hash, created, path from flow
where namespace = ?1 and id = ?2 and revision = coalesce(?3, (select max(revision) from flow where namespace = ?1 and id = ?2))
"""
REVISIONS = """
select json_group_array(revision) from (select revision from flow where namespace = ? and id = ? order by revision desc)
"""

_signals: msgspec.json.Decoder[list[tuple[int, Any]]] = msgspec.json.Decoder(list[tuple[int, AnySignal]])
_records = msgspec.json.Decoder(list[tuple[int, Record]])
_record = msgspec.json.Decoder(tuple[int, Record])
_touched = msgspec.json.Decoder(list[tuple[int, str]])
_rows = msgspec.json.Decoder(list[tuple[int, str, int, int, msgspec.Raw]])
_changes = msgspec.json.Decoder(list[tuple[int, msgspec.Raw]])


def connect_reader(path: Path, *, shared: bool = False) -> sqlite3.Connection:
    """A connection that cannot write; shared: threads take turns with it."""
    name = f"file:{quote(str(path))}?mode=ro"
    db = sqlite3.connect(name, uri=True, isolation_level=None, timeout=5, check_same_thread=not shared)
    db.execute("pragma query_only = on")
    return db


def decode_changes(text: str | None) -> list[AnyChange]:
    """The changes of a JSON list of schema number and record."""
    return [changes.from_record(bytes(raw), schema) for schema, raw in _changes.decode(text or "[]")]


def folded(found: tuple[bytes | None, str | None]) -> Execution | None:
    """The execution of LOAD's row."""
    record, journal = found
    base = snapshot.from_record(record, snapshot.FORMAT) if record is not None else None
    rows = decode_changes(journal)
    return fold(rows, base) if rows or base is not None else None


class SqliteReads:
    """The reading half of ports.Store."""

    def __init__(self) -> None:
        self._reader: aiosqlite.Connection | None = None
        self._heads: dict[str, Head] = {}

    async def _row(self, sql: str, *values: Any) -> Any:
        """The first row a statement gives; None when there is none."""
        if self._reader is None:
            raise Refused("the store is not open")
        try:
            rows = await self._reader.execute_fetchall(sql, values)
        except sqlite3.Error as error:
            known = translate(error)
            if known is None:
                raise
            raise known from error
        return next(iter(rows), None)

    async def _one(self, sql: str, *values: Any) -> Any:
        """The first column of it."""
        row = await self._row(sql, *values)
        return None if row is None else row[0]

    # ---- executions --------------------------------------------------------------------------------------------------

    async def load(self, execution: str) -> Execution | None:
        return folded(await self._row(LOAD, execution, snapshot.FORMAT))

    async def inbox(self, execution: str) -> list[Delivery]:
        rows = _signals.decode(await self._one(INBOX, execution) or "[]")
        return [Delivery(seq, execution, signal) for seq, signal in rows]

    async def touched(self, after: int, limit: int) -> list[tuple[int, str]]:
        return _touched.decode(await self._one(TOUCHED, after, limit) or "[]")

    async def journal(self, after: int, limit: int) -> list[JournalRow]:
        return await self._journal_rows(JOURNAL, after, limit)

    async def _journal_rows(self, sql: str, *values: Any) -> list[JournalRow]:
        rows = _rows.decode(await self._one(sql, *values) or "[]")
        found = [(seq, id_, version, changes.from_record(bytes(raw), schema)) for seq, id_, version, schema, raw in rows]
        heads = await self._heads_of({id_ for _, id_, _, _ in found})
        # An execution that was purged between the two reads has no head; every reader is past its rows.
        return [JournalRow(seq, id_, version, change, heads[id_]) for seq, id_, version, change in found if id_ in heads]

    async def _heads_of(self, ids: set[str]) -> dict[str, Head]:
        heads = {id_: head for id_ in ids if (head := self._heads.get(id_)) is not None}
        missing = [id_ for id_ in ids if id_ not in heads]
        if missing:
            for change in decode_changes(await self._one(HEAD_ROWS, msgspec.json.encode(missing).decode())):
                if isinstance(change, Created):
                    heads[change.head.id] = change.head
                    self.keep_head(change.head)
        return heads

    def keep_head(self, head: Head) -> None:
        """Spare readers of the journal a look-up."""
        self._heads[head.id] = head
        if len(self._heads) > HEADS:
            del self._heads[next(iter(self._heads))]

    # ---- the bus -----------------------------------------------------------------------------------------------------

    async def records(self, topic: str, after: int, limit: int) -> list[Record]:
        rows = _records.decode(await self._one(RECORDS, topic, after, limit) or "[]")
        return [replace(record, seq=seq) for seq, record in rows]

    async def record(self, topic: str, id_: str) -> Record | None:
        row = await self._one(RECORD, topic, id_)
        if row is None:
            return None
        seq, record = _record.decode(row)
        return replace(record, seq=seq)

    async def records_since(self, topic: str, time: Micros) -> int:
        return int(await self._one(SINCE, topic, time))

    async def topics(self) -> dict[str, int]:
        return dict(msgspec.json.decode(await self._one(TOPICS)))

    # ---- readers, sources, flows -------------------------------------------------------------------------------------

    async def positions(self, reader: str) -> dict[str, str]:
        return dict(msgspec.json.decode(await self._one(POSITIONS, reader)))

    async def ledger(self, ledger: str, keys: Sequence[str] | None = None) -> dict[str, str]:
        if keys is None:
            return dict(msgspec.json.decode(await self._one(LEDGER, ledger)))
        found = {key: await self._one(FACT, ledger, key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    async def find_key(self, key: Key) -> str | None:
        execution: str | None = await self._one(FIND_KEY, key.key, key.trigger, key.flow)
        return execution

    async def flow(self, namespace: str, flow: str, revision: int | None = None) -> StoredFlow | None:
        row = await self._row(FLOW, namespace, flow, revision)
        return None if row is None else stored_flow(row)

    async def flow_revisions(self, namespace: str, flow: str) -> list[int]:
        return list(msgspec.json.decode(await self._one(REVISIONS, namespace, flow)))


def stored_flow(row: Sequence[Any]) -> StoredFlow:
    """The revision of a row of FLOW."""
    namespace, id_, revision, source, hash_, created, path = row
    return StoredFlow(namespace=namespace, id=id_, revision=revision, source=source, hash=hash_, created=created, path=path)
