"""Take over, keep flows, forget: what the writing connection does beside works.

Rules
1. A purge takes whole ended executions, and only those that every reader of the journal (`journal:…`) is past; keys stay.
2. Purges go in small batches, each a transaction of its own: writes go on between them, and a crash leaves nothing half done.
3. A revision of a flow is kept once: the same text is the same revision.
4. Log lines and metrics that a purge left behind, because it was told to, go when their execution would have.

Called by: store.py, in SQLite's thread, within a transaction.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from onbeat.core.event import Micros
from onbeat.core.ids import make_id
from onbeat.ports import OpenExecution, Purged, StoredFlow
from onbeat.stores.sqlite.read import FLOW, stored_flow

BATCH = 100
"""Executions a transaction; of records, five times as many."""
LINES = 5_000
"""Log lines that one transaction looks at."""

CLAIM = """
select json_group_array(json_array(id, active or exists (select 1 from inbox where inbox.execution = id), wake)) from (
  select * from (select id, active, wake from execution where ended is null and owner < ?1 order by owner, id limit ?2)
  union all
  select * from (select id, active, wake from execution where ended is null and owner > ?1 order by owner, id limit ?2)
  limit ?2)
"""
OWN = "update execution set owner = ? where id in (select value from json_each(?))"
BEHIND = "select min(cast(value as integer)) from position where reader >= 'journal:' and reader < 'journal;' and part = 'seq'"
ENDED = """
select json_group_array(id) from (
  select id from execution where ended is not null and ended < ? and seq <= coalesce(?, seq) order by ended limit ?)
"""
NAMED = """
select json_group_array(json_array(id, namespace, flow)) from (
  select id, namespace, flow from execution
  where id in (select value from json_each(?1)) and ended is not null and (not ?2 or seq <= coalesce(?3, seq)) order by id)
"""
LABELS_OF = """
select json_group_array(distinct label.id)
from json_each(?) as gone cross join execution on execution.id = gone.value cross join json_each(execution.labels) as each
  cross join label on label.key = each.key and label.value = each.value
"""
UNLABEL = """
delete from execution_label
where label in (select value from json_each(?1)) and execution in (select value from json_each(?2))
"""
FORGET_LABELS = """
delete from label
where id in (select value from json_each(?)) and not exists (select 1 from execution_label where label = label.id)
"""
OF_EXECUTION = tuple(
    " ".join(("delete from", table, "where", column, "in (select value from json_each(?))"))
    for table, column in [
        ("journal", "execution"),
        ("snapshot", "execution"),
        ("inbox", "execution"),
        ("slot", "execution"),
        ("execution", "id"),
    ]
)
LOGS_OF = "delete from log where execution in (select value from json_each(?))"
METRICS_OF = "delete from metric where execution in (select value from json_each(?))"
LEFT_LOGS = """
select json_group_array(execution) from (
  select distinct execution from log where execution < ? and not exists (select 1 from execution where id = log.execution) limit ?)
"""
LEFT_METRICS = """
select json_group_array(execution) from (
  select distinct execution from metric where execution < ? and not exists (select 1 from execution where id = metric.execution) limit ?)
"""
LAST_LINE = "select max(seq) from (select seq from log where seq > ? order by seq limit ?)"
LAST_LINE_OF = "select max(seq) from (select seq from log where execution = ? and seq > ? order by seq limit ?)"
PURGE_LINES = """
delete from log
where seq > ?1 and seq <= ?2
  and (?3 is null or execution = ?3)
  and (?4 = '[]' or level in (select value from json_each(?4)))
  and (?5 is null or at >= ?5)
  and (?6 is null or at < ?6)
  and (?7 is null and ?8 is null or exists (
    select 1 from execution
    where id = log.execution
      and (?7 is null or namespace = ?7 or ?8 is null and substr(namespace, 1, length(?7) + 1) = ?7 || '.')
      and (?8 is null or flow = ?8)))
"""
FLOWS = """
select json_group_array(json_array(namespace, id)) from (
  select distinct namespace, id from flow
  where (?1 is null or namespace = ?1 or ?2 is null and substr(namespace, 1, length(?1) + 1) = ?1 || '.') and (?2 is null or id = ?2))
"""
PURGE_FLOW = """
delete from flow
where namespace = ?1 and id = ?2
  and revision <= (select max(revision) from flow where namespace = ?1 and id = ?2) - ?3
  and (?4 is null or created < ?4)
  and revision not in (select revision from execution where namespace = ?1 and flow = ?2)
"""
PURGE_REVISIONS = """
delete from flow
where namespace = ?1 and id = ?2
  and revision in (select value from json_each(?3))
  and revision < (select max(revision) from flow where namespace = ?1 and id = ?2)
  and revision not in (select revision from execution where namespace = ?1 and flow = ?2)
"""
FORGET_FACTS = "delete from ledger where until < ?"
OLD_RECORDS = "select json_group_array(json_array(seq, size)) from (select seq, size from record where topic = ? and time < ? limit ?)"
OLDEST_RECORDS = "select json_group_array(json_array(seq, size, topic)) from (select seq, size, topic from record order by seq limit ?)"
DELETE_RECORDS = "delete from record where seq in (select value from json_each(?))"
SHRINK_TOPIC = "update topic set records = records - ?, bytes = bytes - ? where name = ?"


class LineFilter(NamedTuple):
    """Which log lines go, in the order of PURGE_LINES. levels: a JSON list, `[]` for all."""

    execution: str | None
    levels: str
    start: Micros | None
    end: Micros | None
    namespace: str | None
    flow: str | None


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def claim(db: sqlite3.Connection, owner: str, limit: int) -> list[OpenExecution]:
    """Give open executions of other owners to this one."""
    rows = msgspec.json.decode(db.execute(CLAIM, (owner, limit)).fetchone()[0])
    db.execute(OWN, (owner, _json([id_ for id_, _, _ in rows])))
    return [OpenExecution(id_, bool(active), wake) for id_, active, wake in sorted(rows)]


def keep_flow(db: sqlite3.Connection, wanted: StoredFlow) -> StoredFlow:
    """The newest revision when its text is this one, else the next."""
    row = db.execute(FLOW, (wanted.namespace, wanted.id, None)).fetchone()
    newest = None if row is None else stored_flow(row)
    if newest is not None and newest.hash == wanted.hash:
        return newest
    kept = msgspec.structs.replace(wanted, revision=newest.revision + 1 if newest else 1)
    values = (kept.namespace, kept.id, kept.revision, kept.source, kept.hash, kept.created, kept.path)
    db.execute("insert into flow (namespace, id, revision, source, hash, created, path) values (?, ?, ?, ?, ?, ?, ?)", values)
    return kept


def forget_reader(db: sqlite3.Connection, reader: str) -> None:
    """Remove a reader's positions."""
    db.execute("delete from position where reader = ?", (reader,))


def purge(db: sqlite3.Connection, before: Micros, limit: int) -> int:
    """One batch of executions; and the facts of ledgers whose time is over."""
    behind = db.execute(BEHIND).fetchone()[0]
    ids = db.execute(ENDED, (before, behind, min(limit, BATCH))).fetchone()[0]
    _forget(db, ids)
    for statement in (LOGS_OF, METRICS_OF):
        db.execute(statement, (ids,))
    gone = len(msgspec.json.decode(ids))
    if gone < BATCH:
        for find, statement in ((LEFT_LOGS, LOGS_OF), (LEFT_METRICS, METRICS_OF)):
            db.execute(statement, db.execute(find, (make_id(max(before, 0), 0), BATCH)).fetchone())
    db.execute(FORGET_FACTS, (before,))
    return gone


def purge_executions(db: sqlite3.Connection, ids: Sequence[str], records: bool, logs: bool, metrics: bool) -> Purged:
    """Of these executions what is named; the caller keeps their number small."""
    behind = db.execute(BEHIND).fetchone()[0]
    chosen = msgspec.json.decode(db.execute(NAMED, (_json(ids), records, behind)).fetchone()[0])
    found = _json([id_ for id_, _, _ in chosen])
    if records:
        _forget(db, found)
    return Purged(
        executions=tuple((id_, namespace, flow) for id_, namespace, flow in chosen),
        logs=db.execute(LOGS_OF, (found,)).rowcount if logs else 0,
        metrics=db.execute(METRICS_OF, (found,)).rowcount if metrics else 0,
    )


def _forget(db: sqlite3.Connection, ids: str) -> None:
    """The executions of a JSON list, without their log lines and metrics; labels that nobody bears any more go with them."""
    labels = db.execute(LABELS_OF, (ids,)).fetchone()[0]
    db.execute(UNLABEL, (labels, ids))
    for statement in OF_EXECUTION:
        db.execute(statement, (ids,))
    db.execute(FORGET_LABELS, (labels,))


def purge_lines(db: sqlite3.Connection, after: int, wanted: LineFilter) -> tuple[int, int | None]:
    """Of the next LINES log lines those that are wanted: how many, and after which line to go on; None: there are no more."""
    if wanted.execution is None:
        last = db.execute(LAST_LINE, (after, LINES)).fetchone()[0]
    else:
        last = db.execute(LAST_LINE_OF, (wanted.execution, after, LINES)).fetchone()[0]
    return (0, None) if last is None else (db.execute(PURGE_LINES, (after, last, *wanted)).rowcount, last)


def flows(db: sqlite3.Connection, namespace: str | None, flow: str | None) -> list[tuple[str, str]]:
    """Namespace and id of the flows that are kept."""
    return [(place, id_) for place, id_ in msgspec.json.decode(db.execute(FLOWS, (namespace, flow)).fetchone()[0])]


def purge_flow(db: sqlite3.Connection, namespace: str, flow: str, keep: int, before: Micros | None) -> int:
    """Old revisions of one flow."""
    return db.execute(PURGE_FLOW, (namespace, flow, keep, before)).rowcount


def purge_revisions(db: sqlite3.Connection, namespace: str, flow: str, revisions: Sequence[int]) -> int:
    """These revisions of one flow."""
    return db.execute(PURGE_REVISIONS, (namespace, flow, _json(revisions))).rowcount


def purge_old_records(db: sqlite3.Connection, before: Micros) -> int:
    """One batch of the records of each topic that are older."""
    gone = 0
    for (topic,) in db.execute("select name from topic").fetchall():
        rows = msgspec.json.decode(db.execute(OLD_RECORDS, (topic, before, 5 * BATCH)).fetchone()[0])
        gone += _delete_records(db, [(seq, size, topic) for seq, size in rows])
    return gone


def purge_large_topics(db: sqlite3.Connection, max_bytes: int) -> int:
    """One batch of the oldest records, as long as all topics together are larger."""
    above: int = db.execute("select coalesce(sum(bytes), 0) from topic").fetchone()[0] - max_bytes
    if above <= 0:
        return 0
    chosen = []
    for row in msgspec.json.decode(db.execute(OLDEST_RECORDS, (5 * BATCH,)).fetchone()[0]):
        if above > 0:
            above -= row[1]
            chosen.append(row)
    return _delete_records(db, chosen)


def _delete_records(db: sqlite3.Connection, rows: list[Any]) -> int:
    db.execute(DELETE_RECORDS, (_json([seq for seq, _, _ in rows]),))
    for topic in {topic for _, _, topic in rows}:
        sizes = [size for _, size, of in rows if of == topic]
        db.execute(SHRINK_TOPIC, (len(sizes), sum(sizes), topic))
    return len(rows)
