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
from onbeat.core.states import State
from onbeat.ports import AuditRow, DeadEvent, Document, ExecutionSummary, JournalRow, Key, LogLine, MetricRow


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
        lines = [summary(kept.execution) for id_, kept in sorted(self._executions.items(), reverse=True) if before is None or id_ < before]
        return [
            line
            for line in lines
            if (not states or line.state in states)
            and namespace in (None, line.namespace)
            and flow in (None, line.flow)
            and correlation_id in (None, line.correlation_id)
            and parent in (None, line.parent)
            and within(line.created, start, end)
        ][:limit]

    async def count(
        self,
        *,
        states: Sequence[State] = (),
        namespace: str | None = None,
        flow: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        everything = len(self._executions)
        return len(await self.executions(states=states, namespace=namespace, flow=flow, start=start, end=end, limit=everything))

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


def within(at: Micros, start: Micros | None, end: Micros | None) -> bool:
    """Whether an instant is in [start, end)."""
    return (start is None or at >= start) and (end is None or at < end)


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
