"""Answer questions for people, as lists from indexes.

Rules
1. What looks through many rows is asked beside the engine (questions.py); what is looked up by its key, as the engine's reads are.
2. Lists of dead events are newest first; ids sort by time, so that is by id.

Called by: the API and the CLI, through ports.Queries.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from onbeat.core.event import Json, Micros
from onbeat.errors import Refused
from onbeat.ports import AuditRow, DeadEvent, Document, ExecutionSummary, JournalRow, LogLine, MetricRow
from onbeat.ports.search import (
    COUNTED,
    EVERYTHING,
    Bucket,
    ExecutionFilter,
    FoundLine,
    Group,
    LogFilter,
    MetricFilter,
    MetricSum,
    Sort,
    Tally,
)
from onbeat.stores.sqlite import lines, search, statistics
from onbeat.stores.sqlite.questions import Asked, Questions
from onbeat.stores.sqlite.read import CHANGES, SqliteReads
from onbeat.stores.sqlite.search import joined

replace = msgspec.structs.replace
T = TypeVar("T")

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

SUMMARIES = joined("select json_group_array(", SUMMARY, ") from execution where id in (select value from json_each(?))")

_documents = msgspec.json.Decoder(list[tuple[str, str, Json]])
_audit = msgspec.json.Decoder(list[AuditRow])
_summaries = msgspec.json.Decoder(list[ExecutionSummary])
_logs = msgspec.json.Decoder(list[tuple[int, LogLine]])
_metrics = msgspec.json.Decoder(list[MetricRow])
_dead = msgspec.json.Decoder(list[tuple[int | None, DeadEvent]])


def _texts(values: Sequence[str]) -> str:
    return msgspec.json.encode(values).decode()


def _summaries_of(asked: Asked, ids: Sequence[str]) -> list[ExecutionSummary]:
    """The lines of these executions, in this order."""
    found = {line.id: line for line in _summaries.decode(asked.one(SUMMARIES, _texts(ids)))}
    return [found[id_] for id_ in ids]


class SqliteQueries(SqliteReads):
    """Implements ports.Queries."""

    def __init__(self) -> None:
        super().__init__()
        self._questions: Questions | None = None

    async def _ask(self, question: Callable[[Asked], T]) -> T:
        if self._questions is None:
            raise Refused("the store is not open")
        return await self._questions.ask(question)

    # ---- executions --------------------------------------------------------------------------------------------------

    async def executions(
        self,
        filter: ExecutionFilter = EVERYTHING,
        *,
        sort: Sort = Sort.CREATED,
        descending: bool = True,
        offset: int = 0,
        before: str | None = None,
        limit: int = 25,
    ) -> list[ExecutionSummary]:
        return await self._ask(lambda asked: _summaries_of(asked, search.ids(asked, filter, sort, descending, before, offset, limit)))

    async def count(self, filter: ExecutionFilter = EVERYTHING, limit: int | None = COUNTED) -> int:
        return await self._ask(lambda asked: search.count(asked, filter, limit))

    async def execution_ids(self, filter: ExecutionFilter, limit: int) -> list[str]:
        return await self._ask(lambda asked: search.ids(asked, filter, Sort.CREATED, True, None, 0, limit))

    async def latest_of_flows(self, flows: Sequence[tuple[str, str]]) -> list[ExecutionSummary]:
        return await self._ask(lambda asked: _summaries_of(asked, statistics.latest(asked, flows)))

    async def tally(
        self, filter: ExecutionFilter = EVERYTHING, *, by: Bucket = "day", group: Group | None = None, offset: Micros = 0
    ) -> list[Tally]:
        return await self._ask(lambda asked: statistics.tally(asked, filter, by, group, offset))

    # ---- one execution -----------------------------------------------------------------------------------------------

    async def changes(self, execution: str, after: int = 0) -> list[JournalRow]:
        return await self._journal_rows(CHANGES, execution, after)

    async def logs(
        self, execution: str, after: int = 0, limit: int = 1000, *, levels: Sequence[str] = (), tasks: Sequence[str] = ()
    ) -> list[LogLine]:
        rows = _logs.decode(await self._one(LOGS, execution, after, limit, _texts(levels), _texts(tasks)) or "[]")
        return [replace(line, seq=seq) for seq, line in rows]

    async def metrics(self, execution: str, after: int = 0, limit: int = 1000) -> list[MetricRow]:
        return _metrics.decode(await self._one(METRICS, execution, after, limit))

    # ---- lines and measurements of all -------------------------------------------------------------------------------

    async def log_lines(
        self,
        filter: LogFilter,
        *,
        descending: bool = True,
        offset: int = 0,
        past: tuple[Micros, int] | None = None,
        limit: int = 100,
    ) -> list[FoundLine]:
        return await self._ask(lambda asked: lines.log_lines(asked, filter, past, descending, offset, limit))

    async def count_lines(self, filter: LogFilter, limit: int | None = COUNTED) -> int:
        return await self._ask(lambda asked: lines.count_lines(asked, filter, limit))

    async def metric_names(self, filter: MetricFilter) -> list[str]:
        return await self._ask(lambda asked: lines.metric_names(asked, filter))

    async def metric_tasks(self, filter: MetricFilter) -> list[str]:
        return await self._ask(lambda asked: lines.metric_tasks(asked, filter))

    async def metric_sums(self, filter: MetricFilter, *, by: Bucket = "day", offset: Micros = 0) -> list[MetricSum]:
        return await self._ask(lambda asked: lines.metric_sums(asked, filter, by, offset))

    # ---- what is looked up -------------------------------------------------------------------------------------------

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
