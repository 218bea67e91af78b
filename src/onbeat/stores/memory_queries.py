"""Answer questions for people from what the store in memory holds.

Apart from the store's own file because nothing here is part of keeping executions: the engine never asks.

Rules
1. Lists of executions and of dead events are newest first; ids sort by time, so that is by id.

Called by: memory.py, which fills what is read here.
"""

from collections.abc import Sequence

import msgspec

from onbeat.core.event import Micros
from onbeat.core.execution import Execution
from onbeat.ports import AuditRow, DeadEvent, Document, ExecutionSummary, JournalRow, Key, LogLine, MetricRow
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
from onbeat.stores.memory_search import in_order, is_meant, is_meant_line, sums, tally, within


class Kept(msgspec.Struct):
    """An execution as it is now, its journal, and what is kept beside it."""

    execution: Execution
    rows: list[JournalRow]
    active: bool
    wake: Micros | None
    owner: str


class MemoryQueries:
    """Implements ports.Queries."""

    def __init__(self) -> None:
        self._executions: dict[str, Kept] = {}
        self._keys: dict[Key, str] = {}
        self._dead: dict[str, DeadEvent] = {}
        self._logs: list[LogLine] = []
        self._metrics: list[MetricRow] = []
        self._documents: dict[tuple[str, str], Document] = {}
        self._audit: list[AuditRow] = []

    def _summaries(self, filter: ExecutionFilter) -> list[ExecutionSummary]:
        lines = (summary(kept.execution) for kept in self._executions.values())
        return [line for line in lines if is_meant(line, filter)]

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
        lines = in_order(self._summaries(filter), sort, descending)
        if before is not None and sort is Sort.CREATED:
            lines = [line for line in lines if (line.id < before if descending else line.id > before)]
        return lines[offset : offset + limit]

    async def count(self, filter: ExecutionFilter = EVERYTHING, limit: int | None = COUNTED) -> int:
        found = len(self._summaries(filter))
        return found if limit is None else min(found, limit + 1)

    async def execution_ids(self, filter: ExecutionFilter, limit: int) -> list[str]:
        return [line.id for line in await self.executions(filter, limit=limit)]

    async def latest_of_flows(self, flows: Sequence[tuple[str, str]]) -> list[ExecutionSummary]:
        latest = {(line.namespace, line.flow): line for line in in_order(self._summaries(EVERYTHING), Sort.CREATED, False)}
        return [latest[place] for place in flows if place in latest]

    async def tally(
        self, filter: ExecutionFilter = EVERYTHING, *, by: Bucket = "day", group: Group | None = None, offset: Micros = 0
    ) -> list[Tally]:
        return tally(self._summaries(filter), by, group, offset)

    async def log_lines(
        self,
        filter: LogFilter,
        *,
        descending: bool = True,
        offset: int = 0,
        past: tuple[Micros, int] | None = None,
        limit: int = 100,
    ) -> list[FoundLine]:
        lines = sorted(self._lines_of(filter), key=lambda line: (line.at, line.seq), reverse=descending)
        if past is not None:
            lines = [line for line in lines if ((line.at, line.seq) < past if descending else (line.at, line.seq) > past)]
        return lines[offset : offset + limit]

    async def count_lines(self, filter: LogFilter, limit: int | None = COUNTED) -> int:
        found = len(self._lines_of(filter))
        return found if limit is None else min(found, limit + 1)

    def _lines_of(self, filter: LogFilter) -> list[FoundLine]:
        found = []
        for line in self._logs:
            kept = self._executions.get(line.execution)
            of = None if kept is None else summary(kept.execution)
            fields = {**msgspec.structs.asdict(line), "namespace": of.namespace if of else "", "flow": of.flow if of else ""}
            shown = FoundLine(**fields)
            if is_meant_line(shown, of, filter):
                found.append(shown)
        return found

    def _measured(self, filter: MetricFilter) -> list[MetricRow]:
        of = {line.id for line in self._summaries(ExecutionFilter(namespace=filter.namespace, flow=filter.flow))}
        return [
            row
            for row in self._metrics
            if row.execution in of
            and filter.task in (None, row.task)
            and filter.name in (None, row.name)
            and within(row.at, filter.start, filter.end)
        ]

    async def metric_names(self, filter: MetricFilter) -> list[str]:
        return sorted({row.name for row in self._measured(filter)})

    async def metric_tasks(self, filter: MetricFilter) -> list[str]:
        return sorted({row.task for row in self._measured(filter)})

    async def metric_sums(self, filter: MetricFilter, *, by: Bucket = "day", offset: Micros = 0) -> list[MetricSum]:
        return sums(self._measured(filter), by, offset)

    async def changes(self, execution: str, after: int = 0) -> list[JournalRow]:
        kept = self._executions.get(execution)
        return kept.rows[after:] if kept else []

    async def logs(
        self, execution: str, after: int = 0, limit: int = 1000, *, levels: Sequence[str] = (), tasks: Sequence[str] = ()
    ) -> list[LogLine]:
        found = [line for line in self._logs if line.execution == execution and line.seq > after]
        return [line for line in found if (not levels or line.level in levels) and (not tasks or line.task in tasks)][:limit]

    async def metrics(self, execution: str, after: int = 0, limit: int = 1000) -> list[MetricRow]:
        return [row for row in self._metrics if row.execution == execution and row.seq > after][:limit]

    async def dead_events(self, limit: int = 100, before: str | None = None) -> list[DeadEvent]:
        return [dead for id_, dead in sorted(self._dead.items(), reverse=True) if before is None or id_ < before][:limit]

    async def dead_event(self, id_: str) -> DeadEvent | None:
        return self._dead.get(id_)

    async def executions_of_key(self, key: str) -> list[str]:
        return sorted({execution for known, execution in self._keys.items() if known.key == key})

    async def documents(self, kind: str) -> list[Document]:
        return [document for (of, _), document in sorted(self._documents.items()) if of == kind]

    async def document(self, kind: str, id_: str) -> Document | None:
        return self._documents.get((kind, id_))

    async def audit(
        self, before: int | None = None, limit: int = 100, *, who: str | None = None, what: str | None = None
    ) -> list[AuditRow]:
        newest = [row for row in reversed(self._audit) if before is None or row.seq < before]
        return [row for row in newest if who in (None, row.who) and what in (None, row.what)][:limit]


def summary(execution: Execution) -> ExecutionSummary:
    """The line of an execution in a list."""
    head = execution.head
    return ExecutionSummary(
        id=head.id,
        namespace=head.namespace,
        flow=head.flow,
        revision=head.revision,
        state=execution.state,
        created=head.created,
        ended=execution.history[-1][1] if execution.ended else None,
        trigger=head.trigger.id if head.trigger else None,
        labels=execution.labels,
        parent=head.parent,
        correlation_id=head.correlation_id,
    )
