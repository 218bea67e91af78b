"""Say what must become durable together, and what a write did.

A Work is written whole or not at all (rule 2 of the package).
"""

import msgspec

from onbeat.core.changes import AnyChange
from onbeat.core.event import Event, Json, Micros, cloud_key
from onbeat.core.execution import Execution, Head
from onbeat.core.signals import AnySignal
from onbeat.core.slots import SlotClaim
from onbeat.core.times import iso


class Key(msgspec.Struct, frozen=True):
    """What makes a start happen once. flow: `namespace.id`, never the revision."""

    trigger: str
    flow: str
    key: str


class LedgerRow(msgspec.Struct, frozen=True):
    """A fact a source must remember: (ledger, key) -> value; None removes it. until: when it may be forgotten."""

    ledger: str
    key: str
    value: str | None
    until: Micros | None = None


class Creation(msgspec.Struct, frozen=True, kw_only=True):
    """A new execution with its first changes. With a key that is known already nothing is created: that is success.

    claims: the places it needs before it runs; the store asks for them in this order and answers with a SlotGranted when it has all, or
    with a SlotQueued or SlotRefused, in the inbox. ledger: what is remembered if it is created.
    """

    execution: Execution
    changes: tuple[AnyChange, ...]
    key: Key | None = None
    claims: tuple[SlotClaim, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    active: bool = True
    wake: Micros | None = None


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """Changes to an execution at the version they were decided on. consumed: inbox rows they answer.

    released: all its places, and its waits for some, are given back. claims: the places it needs from now on, asked for after that.
    active: whether work other than timers and children is outstanding afterwards. wake: when its earliest timer is due.
    """

    execution: Execution
    expected: int
    changes: tuple[AnyChange, ...]
    consumed: tuple[int, ...] = ()
    released: bool = False
    claims: tuple[SlotClaim, ...] = ()
    active: bool = True
    wake: Micros | None = None


class Tell(msgspec.Struct, frozen=True):
    """A signal for an execution's durable inbox; to one that has ended or is not there it is dropped."""

    execution: str
    signal: AnySignal


class Position(msgspec.Struct, frozen=True):
    """How far a reader has come. value: the reader's own text."""

    reader: str
    part: str
    value: str


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One event on a topic of the embedded bus. id is unique within the topic: a second one is a duplicate and not written."""

    topic: str
    id: str
    data: Json
    time: Micros
    key: str | None = None
    source: str = "onbeat"
    type: str = "io.onbeat.event"
    headers: dict[str, str] = {}
    hops: int = 0
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    seq: int = 0

    @property
    def identity(self) -> str:
        """What makes the event once: its source's id, or where the publisher named no source, its id on the topic."""
        return cloud_key(self.topic if self.source == "onbeat" else self.source, self.id)

    def as_event(self) -> Event:
        """It as triggers see it."""
        return Event(
            id=self.id,
            source=self.source,
            type=self.type,
            time=self.time,
            key=self.identity,
            data=self.data,
            topic=self.topic,
            variables={
                "id": self.id,
                "topic": self.topic,
                "key": self.key,
                "data": self.data,
                "time": iso(self.time),
                "headers": self.headers,
            },
            hops=self.hops,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            traceparent=self.traceparent,
        )


class DeadEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that could not start what it should have: kept whole, visible, replayable. raw: the bytes when decoding failed.

    replayed: when it was given again; written a second time, only this changes.
    """

    id: str
    at: Micros
    reader: str
    reason: str
    key: str
    trigger: str | None = None
    event: Event | None = None
    raw: bytes | None = None
    replayed: Micros | None = None


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line a task logged. Logs are not changes: bounded, batched, flushed before the attempt's end."""

    execution: str
    at: Micros
    level: str
    message: str
    run: int = 0
    task: str = ""
    attempt: int = 0
    seq: int = 0


class MetricRow(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement a task gave. type: counter, timer (value in seconds) or gauge. As log lines, no change."""

    execution: str
    at: Micros
    type: str
    name: str
    value: float
    tags: dict[str, str] = {}
    run: int = 0
    task: str = ""
    attempt: int = 0
    seq: int = 0

    @property
    def shown(self) -> float:
        """The value as people and Kestra's clients see it: a timer's in milliseconds."""
        return self.value * 1_000 if self.type == "timer" else self.value


class Document(msgspec.Struct, frozen=True):
    """A small JSON thing that is neither a flow nor an execution: a user, a token, a dashboard, a view. value: None removes it."""

    kind: str
    id: str
    value: Json | None


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody changed something: who did which action to what, and how it was before and after. Only ever added."""

    at: Micros
    who: str
    action: str
    what: str
    before: Json = None
    after: Json = None


class AuditRow(Audit, frozen=True, kw_only=True):
    """It as stored. seq: its place among all."""

    seq: int


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """All that must become durable together. forced: executions that wait for places and are to run without."""

    creations: tuple[Creation, ...] = ()
    appends: tuple[Append, ...] = ()
    tells: tuple[Tell, ...] = ()
    forced: tuple[str, ...] = ()
    positions: tuple[Position, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    records: tuple[Record, ...] = ()
    dead: tuple[DeadEvent, ...] = ()
    logs: tuple[LogLine, ...] = ()
    metrics: tuple[MetricRow, ...] = ()
    documents: tuple[Document, ...] = ()
    audit: tuple[Audit, ...] = ()


class Delivery(msgspec.Struct, frozen=True):
    """An inbox row: a signal that waits for its execution."""

    seq: int
    execution: str
    signal: AnySignal


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a write did. created: per creation its id, or the id of the execution its key had started. fresh: per creation, whether
    it is new. records: per record its seq, or of the one that has its id. delivered: inbox rows that this write made, also for others."""

    created: tuple[str, ...] = ()
    fresh: tuple[bool, ...] = ()
    records: tuple[int, ...] = ()
    new_records: tuple[bool, ...] = ()
    delivered: tuple[Delivery, ...] = ()


class Purged(msgspec.Struct, frozen=True, kw_only=True):
    """What a purge took. executions: as (id, namespace, flow); logs, metrics: how many rows."""

    executions: tuple[tuple[str, str, str], ...] = ()
    logs: int = 0
    metrics: int = 0


class JournalRow(msgspec.Struct, frozen=True):
    """One change as stored. seq: place in the journal of all executions; version: place in its execution's."""

    seq: int
    execution: str
    version: int
    change: AnyChange
    head: Head


class OpenExecution(msgspec.Struct, frozen=True):
    """What boot needs to know of an execution that has not ended. active: it has work outstanding, or signals wait in its inbox."""

    id: str
    active: bool
    wake: Micros | None


class StoredFlow(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a flow's source text."""

    namespace: str
    id: str
    revision: int
    source: str
    hash: str
    created: Micros
    path: str | None = None
