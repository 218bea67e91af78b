"""Answer questions for people, as lists from indexes.

Rules
1. Lists of executions and of dead events are newest first; ids sort by time, so that is by id.
2. A list costs what it shows and not what is stored: each filter has an index in the order of the list. (A flow's name without its
   namespace has none: it goes through the ids, newest first.) Instants narrow the ids, which begin with the millisecond of `created`.

Called by: the API and the CLI, through ports.Queries.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from onbeat.core.event import Json, Micros
from onbeat.core.ids import make_id
from onbeat.core.states import State
from onbeat.ports import AuditRow, DeadEvent, Document, ExecutionSummary, JournalRow, LogLine, MetricRow
from onbeat.stores.sqlite.read import CHANGES, SqliteReads

replace = msgspec.structs.replace

FILTERS = {
    "namespace": "namespace = ?",
    "flow": "flow = ?",
    "correlation_id": "correlation_id = ?",
    "parent": "parent = ?",
    "before": "id < ?",
    "start": "created >= ?",
    "end": "created < ?",
    "first": "id >= ?",
    "last": "id < ?",
}
SUMMARY = """json_object('id', id, 'namespace', namespace, 'flow', flow, 'revision', revision, 'state', state, 'created', created,
  'ended', ended, 'trigger', "trigger", 'labels', json(labels), 'parent', parent, 'correlation_id', correlation_id)"""
LOGS = """
select '[' || group_concat('[' || seq || ',' || record || ']') || ']'
from (select seq, record from log where execution = ?1 and seq > ?2
  and (?4 = '[]' or json_extract(record, '$.level') in (select value from json_each(?4)))
  and (?5 = '[]' or json_extract(record, '$.task') in (select value from json_each(?5)))
  order by seq limit ?3)
"""
METRICS = """
select json_group_array(json_object('execution', execution, 'at', at, 'type', type, 'name', name, 'value', value, 'tags', json(tags),
  'run', run, 'task', task, 'attempt', attempt, 'seq', seq))
from (select * from metric where execution = ? and seq > ? order by seq limit ?)
"""
DEAD_EVENTS = """
select '[' || group_concat('[' || coalesce(replayed, 'null') || ',' || record || ']') || ']'
from (select replayed, record from dead_event where id < coalesce(?, char(1114111)) order by id desc limit ?)
"""
DEAD_EVENT = "select '[[' || coalesce(replayed, 'null') || ',' || record || ']]' from dead_event where id = ?"
DOCUMENTS = """
select '[' || group_concat('[' || json_quote(kind) || ',' || json_quote(id) || ',' || value || ']') || ']'
from (select * from document where kind = ? order by id)
"""
DOCUMENT = "select value from document where kind = ? and id = ?"
_AUDIT_ROWS = """
select '[' || group_concat('{"seq":' || seq || ',"at":' || at || ',"who":' || json_quote(who) || ',"action":' || json_quote(action)
  || ',"what":' || json_quote(what) || ',"before":' || before || ',"after":' || after || '}') || ']'
from (select * from audit where seq < coalesce(?1, 9223372036854775807)
"""
AUDIT = " ".join((_AUDIT_ROWS, "order by seq desc limit ?2)"))
AUDIT_BY = " ".join((_AUDIT_ROWS, "and who = ?3 and what = coalesce(?4, what) order by seq desc limit ?2)"))
AUDIT_OF = " ".join((_AUDIT_ROWS, "and what = ?4 order by seq desc limit ?2)"))
OF_KEY = "select json_group_array(execution) from (select distinct execution from start_key where key = ? order by execution)"

_documents = msgspec.json.Decoder(list[tuple[str, str, Json]])
_audit = msgspec.json.Decoder(list[AuditRow])
_summaries = msgspec.json.Decoder(list[ExecutionSummary])
_logs = msgspec.json.Decoder(list[tuple[int, LogLine]])
_metrics = msgspec.json.Decoder(list[MetricRow])
_dead = msgspec.json.Decoder(list[tuple[int | None, DeadEvent]])


def where(state: State | None, **filters: str | Micros | None) -> tuple[str, list[Any]]:
    """The condition of a list and its values."""
    given = {name: value for name, value in filters.items() if value is not None}
    clauses = ["true", *(FILTERS[name] for name in given)]
    values: list[Any] = list(given.values())
    if state is not None:
        clauses.append("state = ?")
        values.append(state.value)
    return " and ".join(clauses), values


def _within(start: Micros | None, end: Micros | None) -> dict[str, str | Micros | None]:
    """The filters of executions created within [start, end)."""
    first = None if start is None else make_id(max(start, 0), 0)
    last = None if end is None else make_id(max(end, 0) + 1_000, 0)
    return {"start": start, "end": end, "first": first, "last": last}


def _texts(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()


def _each(states: Sequence[State]) -> Sequence[State | None]:
    """The lists to merge: one a state, or one of all."""
    return sorted(set(states)) or [None]


class SqliteQueries(SqliteReads):
    """Implements ports.Queries."""

    async def executions(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        states: Sequence[State] = (),
        correlation_id: str | None = None,
        parent: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
        before: str | None = None,
        limit: int = 25,
    ) -> list[ExecutionSummary]:
        """One list a state, merged: a single one over several states would sort all executions in them."""
        found: list[ExecutionSummary] = []
        for state in _each(states):
            own = {"namespace": namespace, "flow": flow, "correlation_id": correlation_id, "parent": parent, "before": before}
            condition, values = where(state, **own, **_within(start, end))
            listed = " ".join(("select * from execution where", condition, "order by id desc limit ?"))
            sql = "".join(("select json_group_array(", SUMMARY, ") from (", listed, ")"))
            found += _summaries.decode(await self._one(sql, *values, limit))
        return sorted(found, key=lambda line: line.id, reverse=True)[:limit]

    async def count(
        self,
        *,
        states: Sequence[State] = (),
        namespace: str | None = None,
        flow: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        total = 0
        for state in _each(states):
            condition, values = where(state, namespace=namespace, flow=flow, **_within(start, end))
            total += await self._one(" ".join(("select count(*) from execution where", condition)), *values)
        return total

    async def changes(self, execution: str, after: int = 0) -> list[JournalRow]:
        return await self._journal_rows(CHANGES, execution, after)

    async def logs(
        self, execution: str, after: int = 0, limit: int = 1000, *, levels: Sequence[str] = (), tasks: Sequence[str] = ()
    ) -> list[LogLine]:
        rows = _logs.decode(await self._one(LOGS, execution, after, limit, _texts(levels), _texts(tasks)) or "[]")
        return [replace(line, seq=seq) for seq, line in rows]

    async def metrics(self, execution: str, after: int = 0, limit: int = 1000) -> list[MetricRow]:
        return _metrics.decode(await self._one(METRICS, execution, after, limit))

    async def dead_events(self, limit: int = 100, before: str | None = None) -> list[DeadEvent]:
        rows = _dead.decode(await self._one(DEAD_EVENTS, before, limit) or "[]")
        return [replace(dead, replayed=replayed) for replayed, dead in rows]

    async def dead_event(self, id_: str) -> DeadEvent | None:
        rows = _dead.decode(await self._one(DEAD_EVENT, id_) or "[]")
        return replace(rows[0][1], replayed=rows[0][0]) if rows else None

    async def executions_of_key(self, key: str) -> list[str]:
        return list(msgspec.json.decode(await self._one(OF_KEY, key)))

    async def documents(self, kind: str) -> list[Document]:
        return [Document(*row) for row in _documents.decode(await self._one(DOCUMENTS, kind) or "[]")]

    async def document(self, kind: str, id_: str) -> Document | None:
        value = await self._one(DOCUMENT, kind, id_)
        return None if value is None else Document(kind, id_, msgspec.json.decode(value))

    async def audit(
        self, before: int | None = None, limit: int = 100, *, who: str | None = None, what: str | None = None
    ) -> list[AuditRow]:
        if who is not None:
            found = await self._one(AUDIT_BY, before, limit, who, what)
        elif what is not None:
            found = await self._one(AUDIT_OF, before, limit, None, what)
        else:
            found = await self._one(AUDIT, before, limit)
        return _audit.decode(found or "[]")
