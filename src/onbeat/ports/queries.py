"""Read for people: lists and histories. The engine never asks."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from onbeat.core.event import Micros
from onbeat.core.states import State
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
    """Reads for people; the engine never calls it. Stores implement it beside Store.

    What looks through many rows raises Refused when it takes more than a few seconds, and holds up nobody else.
    """

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
        """A page of them, newest first unless said otherwise. `before`, in the order of creation: go on after this id, at any depth."""

    async def count(self, filter: ExecutionFilter = EVERYTHING, limit: int | None = COUNTED) -> int:
        """How many there are. Nobody counts on beyond the limit: a number above it means more than the limit."""

    async def execution_ids(self, filter: ExecutionFilter, limit: int) -> list[str]:
        """Their ids, newest first."""

    async def latest_of_flows(self, flows: Sequence[tuple[str, str]]) -> list[ExecutionSummary]:
        """The last execution of each of these flows, (namespace, id), that has one; in no order."""

    async def tally(
        self, filter: ExecutionFilter = EVERYTHING, *, by: Bucket = "day", group: Group | None = None, offset: Micros = 0
    ) -> list[Tally]:
        """How many executions there are by the time of their creation, state and group, in that order; buckets without any are left out.
        offset: of the time zone in which days begin."""

    async def changes(self, execution: str, after: int = 0) -> list[JournalRow]:
        """An execution's changes with a larger version, in order."""

    async def logs(
        self, execution: str, after: int = 0, limit: int = 1000, *, levels: Sequence[str] = (), tasks: Sequence[str] = ()
    ) -> list[LogLine]:
        """An execution's log lines with a larger seq, in order; of these levels and tasks, of all when none is named."""

    async def log_lines(
        self,
        filter: LogFilter,
        *,
        descending: bool = True,
        offset: int = 0,
        past: tuple[Micros, int] | None = None,
        limit: int = 100,
    ) -> list[FoundLine]:
        """Lines of all executions, the last one first unless said otherwise. `past`: go on after the line of this (at, seq)."""

    async def count_lines(self, filter: LogFilter, limit: int | None = COUNTED) -> int:
        """How many there are; above the limit as `count`."""

    async def metric_names(self, filter: MetricFilter) -> list[str]:
        """What was measured, by name."""

    async def metric_tasks(self, filter: MetricFilter) -> list[str]:
        """The tasks that measured, by id."""

    async def metric_sums(self, filter: MetricFilter, *, by: Bucket = "day", offset: Micros = 0) -> list[MetricSum]:
        """What was measured, added up by time; buckets without a measurement are left out."""

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
