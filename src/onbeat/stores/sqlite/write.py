"""Write a group of works in one transaction: look up what they touch, decide in order what each does, write it kind by kind.

Statement by statement for each work, a hundred works would be a thousand steps through SQLite, each a wait for the interpreter lock
(rows.py). So there is one look-up and one statement for each kind of row, whatever the number of works; the decisions between are the
same, in the same order, as those of memory.py.

Rules
1. A work meets what the works before it in the group have done.
2. A work in conflict leaves nothing, and nobody else notices.
3. Numbers (seq) are given here, in order, and never twice: not after a purge, not after a crash.

Called by: store.py, in SQLite's thread.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from onbeat.core import changes, signals
from onbeat.core.event import Micros
from onbeat.core.signals import AnySignal
from onbeat.errors import Conflict
from onbeat.ports import Delivery, LedgerRow, Written
from onbeat.stores import slots, snapshot
from onbeat.stores.sqlite.encode import Encoded, KeyRow, NewExecution, NewRecord, Step
from onbeat.stores.sqlite.rows import Row, Rows
from onbeat.stores.sqlite.slots import SqliteLines

FIND_EXECUTIONS = Rows(
    1,
    "select json_group_array(json_array(e.id, e.version, e.ended is not null, e.updated, e.seq)) from (values",
    ") as v cross join execution e on e.id = v.column1",
)
FIND_KEYS = Rows(
    3,
    'select json_group_array(json_array(k.key, k."trigger", k.flow, k.execution)) from (values',
    ') as v cross join start_key k on k.key = v.column1 and k."trigger" = v.column2 and k.flow = v.column3',
)
FIND_RECORDS = Rows(
    2,
    "select json_group_array(json_array(r.topic, r.id, r.seq)) from (values",
    ") as v cross join record r on r.topic = v.column1 and r.id = v.column2",
)
INSERT_EXECUTION = Rows(
    17,
    "insert into execution (id, namespace, flow, revision, state, created, updated, ended, wake, active, version, correlation_id, parent,"
    ' "trigger", labels, seq, owner) values',
)
INSERT_KEY = Rows(4, 'insert into start_key (key, "trigger", flow, execution) values')
UPDATE_EXECUTION = Rows(
    6,
    "update execution set version = v.column2, updated = v.column3, wake = v.column4, active = v.column5, seq = v.column6 from (values",
    ") as v where execution.id = v.column1",
)
MOVE_EXECUTION = Rows(
    10,
    "update execution set version = v.column2, updated = v.column3, wake = v.column4, active = v.column5, seq = v.column6,"
    " state = v.column7, ended = v.column8, labels = v.column9, owner = coalesce(v.column10, owner) from (values",
    ") as v where execution.id = v.column1",
)
DROP_LABELS = Rows(
    1,
    "delete from execution_label where (label, execution) in (select label.id, execution.id from (values",
    ") as v cross join execution on execution.id = v.column1 cross join json_each(execution.labels) as each"
    " cross join label on label.key = each.key and label.value = each.value)",
)
KEEP_LABEL = Rows(
    3,
    "insert into label (key, value, used) values",
    "on conflict (key, value) do update set used = excluded.used where excluded.used > used",
)
USED = 7
"""Characters of an id that say when a label was used: to 0.6 s, so that one in each execution is seldom written."""
INSERT_LABEL = Rows(
    3,
    "insert or ignore into execution_label (label, execution) select label.id, v.column1 from (values",
    ") as v cross join label on label.key = v.column2 and label.value = v.column3",
)
INSERT_JOURNAL = Rows(5, "insert into journal (seq, execution, version, schema, record) values")
KEEP_SNAPSHOT = Rows(4, "insert or replace into snapshot (execution, version, format, record) values")
DELETE_INBOX = Rows(1, "delete from inbox where seq in (values", ")")
INSERT_INBOX = Rows(3, "insert into inbox (seq, execution, record) values")
KEEP_POSITION = Rows(3, "insert or replace into position (reader, part, value) values")
FORGET_FACT = Rows(2, "delete from ledger where (ledger, key) in (select column1, column2 from (values", "))")
KEEP_FACT = Rows(4, "insert or replace into ledger (ledger, key, value, until) values")
INSERT_RECORD = Rows(6, "insert into record (seq, topic, id, time, size, record) values")
GROW_TOPIC = Rows(
    4,
    "insert into topic (name, records, bytes, last) values",
    "on conflict (name) do update set records = records + excluded.records, bytes = bytes + excluded.bytes, last = excluded.last",
)
BURY = Rows(
    5,
    "insert into dead_event (id, reader, key, record, replayed) values",
    "on conflict (id) do update set replayed = excluded.replayed on conflict (reader, key) do nothing",
)
INSERT_LOG = Rows(3, "insert into log (seq, execution, record) values")
INSERT_METRIC = Rows(10, "insert into metric (seq, execution, run, task, attempt, at, type, name, value, tags) values")
FORGET_DOCUMENT = Rows(2, "delete from document where (kind, id) in (select column1, column2 from (values", "))")
KEEP_DOCUMENT = Rows(3, "insert or replace into document (kind, id, value) values")
INSERT_AUDIT = Rows(7, "insert into audit (seq, at, who, action, what, before, after) values")
KEEP_COUNTER = Rows(2, "insert or replace into counter (name, value) values")
ORDER = (
    INSERT_EXECUTION,
    INSERT_KEY,
    DROP_LABELS,
    UPDATE_EXECUTION,
    MOVE_EXECUTION,
    KEEP_LABEL,
    INSERT_LABEL,
    INSERT_JOURNAL,
    KEEP_SNAPSHOT,
    DELETE_INBOX,
    INSERT_INBOX,
    KEEP_POSITION,
    FORGET_FACT,
    KEEP_FACT,
    INSERT_RECORD,
    GROW_TOPIC,
    BURY,
    INSERT_LOG,
    INSERT_METRIC,
    FORGET_DOCUMENT,
    KEEP_DOCUMENT,
    INSERT_AUDIT,
    KEEP_COUNTER,
)


@dataclass(slots=True)
class Known:
    """What the group knows of an execution's row."""

    version: int
    ended: bool
    updated: Micros
    seq: int


@dataclass(slots=True)
class Applied:
    """What a work did, and how far journal and topics go after it."""

    written: Written
    journal: int
    ends: dict[str, int]


class Group:
    """The works of one transaction. counters: the last number given of each kind; owner: who has new executions."""

    def __init__(self, db: sqlite3.Connection, counters: dict[str, int], owner: str) -> None:
        self._db, self._counters, self._owner = db, counters, owner
        self._lines = SqliteLines(db)
        self._known: dict[str, Known] = {}
        self._keys: dict[KeyRow, str] = {}
        self._seqs: dict[tuple[str, str], int] = {}
        self._rows: defaultdict[Rows, list[Row]] = defaultdict(list)
        self._steps: dict[str, Step] = {}
        self._moved: set[str] = set()
        self._reopened: set[str] = set()
        self._labels: dict[str, Mapping[str, str]] = {}
        self._facts: dict[tuple[str, str], LedgerRow] = {}
        self._documents: dict[tuple[str, str], str | None] = {}
        self._topics: dict[str, tuple[int, int, int]] = {}

    def look_up(self, works: Iterable[Encoded]) -> None:
        """Read what the works touch."""
        ids, keys, records = set[Row](), set[KeyRow](), set[Row]()
        for work in works:
            ids.update((new.id,) for new in work.creations)
            ids.update((step.id,) for step in work.steps)
            ids.update((execution,) for execution, _ in work.tells)
            keys.update(new.key for new in work.creations if new.key is not None)
            records.update((record.topic, record.id) for record in work.records)
        self._know(sorted(ids))
        for key, trigger, flow, execution in FIND_KEYS.read(self._db, sorted(keys)):
            self._keys[key, trigger, flow] = execution
        for topic, id_, seq in FIND_RECORDS.read(self._db, sorted(records)):
            self._seqs[topic, id_] = seq

    def _know(self, ids: Sequence[Row]) -> None:
        for id_, version, ended, updated, seq in FIND_EXECUTIONS.read(self._db, ids):
            self._known[id_] = Known(version, bool(ended), updated, seq)

    def add(self, work: Encoded) -> Applied | Conflict:
        """Decide what a work does after those before it."""
        started = self._started(work.creations)
        created = [new for new, (_, fresh) in zip(work.creations, started, strict=True) if fresh]
        conflict = self._conflict(created, work.steps)
        if conflict is not None:
            return conflict
        delivered: list[Delivery] = []
        for new in created:
            self._create(new)
        for step in work.steps:
            self._step(step)
        for step in work.steps:
            if step.released:
                self._deliver(slots.release(self._lines, step.id), delivered)
        for execution in work.forced:
            self._deliver(slots.force(self._lines, execution), delivered)
        for step in work.steps:
            self._deliver(slots.claim(self._lines, step.id, step.claims), delivered)
        for new in created:
            self._deliver(slots.claim(self._lines, new.id, new.claims), delivered)
        self._deliver(work.tells, delivered)
        self._rows[KEEP_POSITION] += work.positions
        self._facts.update(((row.ledger, row.key), row) for row in chain(work.ledger, *(new.ledger for new in created)))
        ends: dict[str, int] = {}
        records = [self._record(record, ends) for record in work.records]
        self._rows[BURY] += work.dead
        self._rows[INSERT_LOG] += [(self._next("log"), execution, text) for execution, text in work.logs]
        self._rows[INSERT_METRIC] += [(self._next("metric"), *row) for row in work.metrics]
        self._documents.update(((kind, id_), value) for kind, id_, value in work.documents)
        self._rows[INSERT_AUDIT] += [(self._next("audit"), *row) for row in work.audit]
        written = Written(
            created=tuple(id_ for id_, _ in started),
            fresh=tuple(fresh for _, fresh in started),
            records=tuple(seq for seq, _ in records),
            new_records=tuple(new for _, new in records),
            delivered=tuple(delivered),
        )
        return Applied(written, self._counters["journal"], ends)

    def _next(self, counter: str) -> int:
        self._counters[counter] += 1
        return self._counters[counter]

    def _started(self, creations: Iterable[NewExecution]) -> list[tuple[str, bool]]:
        """Per creation the execution that its key started, and whether that is the new one."""
        keys: dict[KeyRow, str] = {}
        started = []
        for new in creations:
            known = None if new.key is None else self._keys.get(new.key) or keys.get(new.key)
            if new.key is not None and known is None:
                keys[new.key] = new.id
            started.append((known or new.id, known is None))
        return started

    def _conflict(self, created: Iterable[NewExecution], steps: Iterable[Step]) -> Conflict | None:
        versions: dict[str, int] = {}
        for new in created:
            if new.id in self._known or new.id in versions:
                return Conflict(f"execution {new.id} exists already")
            versions[new.id] = new.version
        for step in steps:
            known = self._known.get(step.id)
            stored = versions.get(step.id) or (known.version if known else 0)
            if stored != step.expected or not stored:
                return Conflict(f"execution {step.id} is at version {stored}, not {step.expected}")
            versions[step.id] = step.version
        return None

    def _create(self, new: NewExecution) -> None:
        if new.key is not None:
            self._keys[new.key] = new.id
            self._rows[INSERT_KEY].append((*new.key, new.id))
        seq = self._journal(new.id, 0, new.records)
        self._known[new.id] = Known(new.version, new.ended, new.updated, seq)
        self._rows[INSERT_EXECUTION].append((*new.row, seq, self._owner))
        self._labels[new.id] = new.labels

    def _step(self, step: Step) -> None:
        known = self._known[step.id]
        if step.records:
            known.seq = self._journal(step.id, step.expected, step.records)
        if step.updated is not None:
            known.updated = step.updated
        if known.ended and step.ended is None:
            self._reopened.add(step.id)
        known.version, known.ended = step.version, step.ended is not None
        self._steps[step.id] = step
        if step.moved:
            self._moved.add(step.id)
        if step.relabelled is not None:
            self._labels[step.id] = step.relabelled
            self._rows[DROP_LABELS].append((step.id,))
        self._rows[DELETE_INBOX] += [(seq,) for seq in step.consumed]
        if step.snapshot is not None:
            self._rows[KEEP_SNAPSHOT].append((step.id, step.version, snapshot.FORMAT, step.snapshot))

    def _journal(self, execution: str, version: int, records: Sequence[str]) -> int:
        seq = self._counters["journal"]
        self._rows[INSERT_JOURNAL] += [(seq + n, execution, version + n, changes.SCHEMA, text) for n, text in enumerate(records, 1)]
        self._counters["journal"] = seq + len(records)
        return seq + len(records)

    def _deliver(self, told: Iterable[tuple[str, AnySignal]], delivered: list[Delivery]) -> None:
        for execution, signal in told:
            if execution not in self._known:
                self._know([(execution,)])
            known = self._known.get(execution)
            if known is not None and not known.ended:
                delivery = Delivery(self._next("inbox"), execution, signal)
                delivered.append(delivery)
                self._rows[INSERT_INBOX].append((delivery.seq, execution, signals.to_record(signal).decode()))

    def _record(self, record: NewRecord, ends: dict[str, int]) -> tuple[int, bool]:
        present = self._seqs.get((record.topic, record.id))
        if present is not None:
            return present, False
        seq = self._seqs[record.topic, record.id] = ends[record.topic] = self._next("record")
        self._rows[INSERT_RECORD].append((seq, record.topic, record.id, record.time, record.size, record.text))
        count, size, _ = self._topics.get(record.topic, (0, 0, 0))
        self._topics[record.topic] = (count + 1, size + record.size, seq)
        return seq, True

    def write(self) -> None:
        """Run a statement for each kind of row."""
        for id_, step in self._steps.items():
            known = self._known[id_]
            row = (id_, known.version, known.updated, step.wake, step.active, known.seq)
            if id_ in self._moved:
                self._rows[MOVE_EXECUTION].append(
                    (*row, step.state, step.ended, step.labels, self._owner if id_ in self._reopened else None)
                )
            else:
                self._rows[UPDATE_EXECUTION].append(row)
        labels = [(id_, key, value) for id_, of in self._labels.items() for key, value in of.items()]
        self._rows[INSERT_LABEL] += labels
        self._rows[KEEP_LABEL] += {(key, value, id_[:USED]): None for id_, key, value in labels}
        for (ledger, key), fact in self._facts.items():
            if fact.value is None:
                self._rows[FORGET_FACT].append((ledger, key))
            else:
                self._rows[KEEP_FACT].append((ledger, key, fact.value, fact.until))
        for (kind, id_), value in self._documents.items():
            if value is None:
                self._rows[FORGET_DOCUMENT].append((kind, id_))
            else:
                self._rows[KEEP_DOCUMENT].append((kind, id_, value))
        self._rows[GROW_TOPIC] += [(topic, *grown) for topic, grown in self._topics.items()]
        self._rows[KEEP_COUNTER] += self._counters.items()
        for statement in ORDER:
            statement.write(self._db, self._rows[statement])


def apply(db: sqlite3.Connection, works: Sequence[Encoded], counters: dict[str, int], owner: str) -> list[Applied | Conflict]:
    """Write the works within the present transaction; per work what it did, or why nothing of it was written."""
    group = Group(db, counters, owner)
    group.look_up(works)
    results = [group.add(work) for work in works]
    group.write()
    return results
