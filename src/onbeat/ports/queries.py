"""Read for people: lists and histories. The engine never asks."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from onbeat.core.event import Micros
from onbeat.core.states import State
from onbeat.ports.store import Store
from onbeat.ports.work import AuditRow, DeadEvent, Document, JournalRow, LogLine, MetricRow


class ExecutionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of executions."""

    id: str
    namespace: str
    flow: str
    revision: int
    state: State
    created: Micros
    ended: Micros | None = None
    trigger: str | None = None
    labels: dict[str, str] = {}
    parent: str | None = None
    correlation_id: str


class Queries(Protocol):
    """Reads for people; the engine never calls it. Stores implement it beside Store."""

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
        """Those created within [start, end), newest first; `before`: ids smaller than this one."""

    async def count(
        self,
        *,
        states: Sequence[State] = (),
        namespace: str | None = None,
        flow: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        """How many executions were created within [start, end)."""

    async def changes(self, execution: str, after: int = 0) -> list[JournalRow]:
        """An execution's changes with a larger version, in order."""

    async def logs(
        self, execution: str, after: int = 0, limit: int = 1000, *, levels: Sequence[str] = (), tasks: Sequence[str] = ()
    ) -> list[LogLine]:
        """An execution's log lines with a larger seq, in order; of these levels and tasks, of all when none is named."""

    async def metrics(self, execution: str, after: int = 0, limit: int = 1000) -> list[MetricRow]:
        """What an execution's tasks measured, with a larger seq, in order."""

    async def dead_events(self, limit: int = 100, before: str | None = None) -> list[DeadEvent]:
        """Dead events, newest first."""

    async def dead_event(self, id_: str) -> DeadEvent | None:
        """One of them."""

    async def executions_of_key(self, key: str) -> list[str]:
        """The executions that an event with this key started, by any trigger."""

    async def documents(self, kind: str) -> list[Document]:
        """All documents of a kind, by id."""

    async def document(self, kind: str, id_: str) -> Document | None:
        """One of them."""

    async def audit(
        self, before: int | None = None, limit: int = 100, *, who: str | None = None, what: str | None = None
    ) -> list[AuditRow]:
        """What was done, newest first; with a smaller seq than `before`; by exactly this one, to exactly that."""


class StoreAndQueries(Store, Queries, Protocol):
    """What each of our stores is: both sides of one database."""
