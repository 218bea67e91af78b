"""Turn a Work into the texts and numbers of its rows, before it takes a place in a transaction.

Encoding is the dearest part of a write that needs no database; done by the caller it does not lengthen the transaction that others wait
for, and what cannot be encoded fails its own caller alone.

Rules
1. The first change of a creation is its `Created`; an execution's version is the number of its journal rows.
2. A snapshot goes along when one is due (snapshot.py).

Called by: store.py; write.py writes what is made here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from onbeat.core import changes, signals
from onbeat.core.changes import AnyChange, Labelled, Moved, SlaBroken
from onbeat.core.event import Micros
from onbeat.core.execution import Execution
from onbeat.ports import Append, Audit, Creation, DeadEvent, Document, LedgerRow, LogLine, MetricRow, Record, SlotClaim, Work
from onbeat.stores import snapshot

KeyRow = tuple[str, str, str]
"""key, trigger, flow: in the order of the table's primary key."""

_json = msgspec.json.Encoder()


@dataclass(slots=True)
class NewExecution:
    """An execution's first row, with what belongs to it. row: see write.INSERT_EXECUTION; seq and owner come in later."""

    id: str
    version: int
    ended: bool
    updated: Micros
    row: tuple[Any, ...]
    records: list[str]
    key: KeyRow | None
    claims: tuple[SlotClaim, ...]
    ledger: tuple[LedgerRow, ...]
    labels: Mapping[str, str]


@dataclass(slots=True)
class Step:
    """Changes of an execution that is there. moved: state or labels are different, so that indexes change. relabelled: its labels, if
    they are others now."""

    id: str
    expected: int
    version: int
    ended: Micros | None
    updated: Micros | None
    wake: Micros | None
    active: bool
    moved: bool
    state: str
    labels: str
    relabelled: Mapping[str, str] | None
    records: list[str]
    consumed: tuple[int, ...]
    released: bool
    claims: tuple[SlotClaim, ...]
    snapshot: bytes | None


@dataclass(slots=True)
class NewRecord:
    """A record of the embedded bus."""

    topic: str
    id: str
    time: Micros
    size: int
    text: str


@dataclass(slots=True)
class Encoded:
    """A Work as rows."""

    creations: list[NewExecution] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    tells: list[tuple[str, signals.AnySignal]] = field(default_factory=list)
    forced: tuple[str, ...] = ()
    positions: list[tuple[str, str, str]] = field(default_factory=list)
    ledger: list[LedgerRow] = field(default_factory=list)
    records: list[NewRecord] = field(default_factory=list)
    dead: list[tuple[str, str, str, str, Micros | None]] = field(default_factory=list)
    logs: list[tuple[str, str]] = field(default_factory=list)
    metrics: list[tuple[Any, ...]] = field(default_factory=list)
    documents: list[tuple[str, str, str | None]] = field(default_factory=list)
    audit: list[tuple[Any, ...]] = field(default_factory=list)


def encode(work: Work, snapshots: Mapping[str, int]) -> Encoded:
    """The rows of a work; `snapshots`: the version of the last snapshot of executions that have one."""
    return Encoded(
        creations=[_creation(creation) for creation in work.creations],
        steps=[_step(append, snapshots.get(append.execution.id, 0)) for append in work.appends],
        tells=[(tell.execution, tell.signal) for tell in work.tells],
        forced=work.forced,
        positions=[(position.reader, position.part, position.value) for position in work.positions],
        ledger=list(work.ledger),
        records=[_record(record) for record in work.records],
        dead=[_dead(dead) for dead in work.dead],
        logs=[_log(line) for line in work.logs],
        metrics=[_metric(row) for row in work.metrics],
        documents=[_document(document) for document in work.documents],
        audit=[_audit(audit) for audit in work.audit],
    )


def _texts(rows: tuple[AnyChange, ...]) -> list[str]:
    return [changes.to_record(change).decode() for change in rows]


def _labels(execution: Execution) -> str:
    return _json.encode(execution.labels).decode()


def _ended(execution: Execution) -> Micros | None:
    return execution.history[-1][1] if execution.ended else None


def _creation(creation: Creation) -> NewExecution:
    execution, key = creation.execution, creation.key
    head = execution.head
    if execution.version != len(creation.changes):
        raise ValueError(f"execution {head.id} is created at version {execution.version} with {len(creation.changes)} changes")
    updated = creation.changes[-1].at
    row = (
        head.id,
        head.namespace,
        head.flow,
        head.revision,
        execution.state.value,
        head.created,
        updated,
        _ended(execution),
        creation.wake,
        creation.active,
        execution.version,
        head.correlation_id,
        head.parent,
        head.trigger.id if head.trigger else None,
        _labels(execution),
    )
    return NewExecution(
        id=head.id,
        version=execution.version,
        ended=execution.ended,
        updated=updated,
        row=row,
        records=_texts(creation.changes),
        key=None if key is None else (key.key, key.trigger, key.flow),
        claims=creation.claims,
        ledger=creation.ledger,
        labels=execution.labels,
    )


def _step(append: Append, last_snapshot: int) -> Step:
    execution = append.execution
    if execution.version != append.expected + len(append.changes):
        raise ValueError(f"execution {execution.id}: {len(append.changes)} changes lead from {append.expected} to {execution.version}")
    relabelled = any(isinstance(change, Labelled | SlaBroken) for change in append.changes)
    return Step(
        id=execution.id,
        expected=append.expected,
        version=execution.version,
        ended=_ended(execution),
        updated=append.changes[-1].at if append.changes else None,
        wake=append.wake,
        active=append.active,
        moved=relabelled or any(isinstance(change, Moved) for change in append.changes),
        state=execution.state.value,
        labels=_labels(execution),
        relabelled=execution.labels if relabelled else None,
        records=_texts(append.changes),
        consumed=append.consumed,
        released=append.released,
        claims=append.claims,
        snapshot=snapshot.to_record(execution) if snapshot.is_due(execution, last_snapshot) else None,
    )


def _record(record: Record) -> NewRecord:
    text = _json.encode(record)
    return NewRecord(record.topic, record.id, record.time, len(text), text.decode())


def _dead(dead: DeadEvent) -> tuple[str, str, str, str, Micros | None]:
    return dead.id, dead.reader, dead.key, _json.encode(dead).decode(), dead.replayed


def _log(line: LogLine) -> tuple[str, str]:
    return line.execution, _json.encode(line).decode()


def _metric(row: MetricRow) -> tuple[Any, ...]:
    """Its columns but `seq`, which comes in later."""
    tags = _json.encode(row.tags).decode()
    return row.execution, row.run, row.task, row.attempt, row.at, row.type, row.name, row.value, tags


def _document(document: Document) -> tuple[str, str, str | None]:
    """Kind, id and value; no value removes it."""
    return document.kind, document.id, None if document.value is None else _json.encode(document.value).decode()


def _audit(audit: Audit) -> tuple[Any, ...]:
    """Its columns but `seq`, which comes in later."""
    before, after = (_json.encode(value).decode() for value in (audit.before, audit.after))
    return audit.at, audit.who, audit.action, audit.what, before, after
