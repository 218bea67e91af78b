"""Copy a store while it runs, put a copy back, and compare what a store keeps with what its journal says.

Rules
1. A backup is one state of the store, on disk and whole when it has its name.
2. A backup is put back only where no engine runs; what was there before is kept beside it.
3. A check folds every journal: rows, snapshots and counters are worth nothing where they differ from it. Places of limits are held by
   who has not ended, and none is free while somebody waits.

Called by: store.py (backup, check), the CLI (restore).
"""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from onbeat.core.evolve import fold
from onbeat.errors import NotFound, Refused
from onbeat.stores import snapshot
from onbeat.stores.sqlite.lock import EngineLock
from onbeat.stores.sqlite.migrate import STEPS, refuse_newer, schema_of, steps, sync
from onbeat.stores.sqlite.read import LOAD, connect_reader, decode_changes, folded

FILE = "onbeat.db"
PARTS = ("", "-wal", "-shm")
JOURNAL = """
select '[' || group_concat('[' || schema || ',' || record || ']') || ']' from (select * from journal where execution = ? order by version)
"""
ROWS = "select id, version, state, seq, ended from execution order by id"
STRAY = """
select 'journal', seq, execution from journal where execution not in (select id from execution)
union all select 'inbox', seq, execution from inbox where execution not in (select id from execution)
"""
HELD = "select execution, scope from slot where execution not in (select id from execution where ended is null) order by seq"
PASSED_OVER = """
select scope from slot as line group by scope
having sum(granted = 0) > 0
  and sum(granted = 1) < (select places from slot where scope = line.scope order by seq desc limit 1)
"""
FORGOTTEN = """
select id from execution where state = 'QUEUED'
  and not exists (select 1 from slot where execution = id and granted = 0) and not exists (select 1 from inbox where execution = id)
"""
MISLABELLED = """
select id from execution
where exists (
  select 1 from json_each(labels) as each
  where not exists (
    select 1 from label cross join execution_label as borne on borne.label = label.id and borne.execution = execution.id
    where label.key = each.key and label.value = each.value))
union
select borne.execution from execution_label as borne cross join label on label.id = borne.label
where not exists (
  select 1 from execution cross join json_each(execution.labels) as each
  where execution.id = borne.execution and each.key = label.key and each.value = label.value)
"""
USED_EARLIER = """
select key, value from label
where used < (select substr(max(execution), 1, max(length(used), 1)) from execution_label where label = label.id)
"""
TOPICS = """
select name from topic where (records, bytes) is not (select count(*), coalesce(sum(size), 0) from record where topic = name)
"""


def backup(path: Path, target: Path) -> None:
    """Copy the database at `path` to `target`. Raises Refused when that is there already."""
    if target.exists():
        raise Refused(f"{target} is there already; a backup does not replace a file")
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    db = connect_reader(path)
    try:
        db.execute("pragma query_only = off")  # VACUUM INTO counts as writing; mode=ro still keeps it from this file
        db.execute("vacuum into ?", (str(part),))
    finally:
        db.close()
    sync(part)
    part.replace(target)
    sync(target)


def restore(backup: Path, data: Path) -> None:
    """Make a backup the database of a data folder. Raises Refused while an engine serves the folder, or for no sound backup."""
    if not backup.is_file():
        raise NotFound(f"{backup} is not a file")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = EngineLock(data)
    lock.acquire()
    try:
        part = data / f"{FILE}.part"
        shutil.copyfile(backup, part)
        part.chmod(0o600)
        _refuse_unsound(part, backup.name)
        sync(part)
        for suffix in reversed(PARTS):
            present = data / f"{FILE}{suffix}"
            if present.exists():
                present.replace(data / f"{FILE}.before-restore{suffix}")
        part.replace(data / FILE)
        sync(data / FILE)
    finally:
        lock.release()


def _refuse_unsound(path: Path, name: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        number = schema_of(db, name)
        if number == 0:
            raise Refused(f"{name} is not a backup of an onbeat store")
        refuse_newer(db, name, number, len(steps(STEPS)))
        found = db.execute("pragma integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise Refused(f"{name} is damaged: {found}")
    finally:
        db.close()


def check(path: Path) -> list[str]:
    """What differs in the database at `path`, in sentences."""
    db = connect_reader(path)
    try:
        db.execute("begin")
        return list(_differences(db))
    except sqlite3.DatabaseError as error:
        return [f"the file is damaged: {error}"]
    finally:
        db.close()


def _differences(db: sqlite3.Connection) -> Iterator[str]:
    for (found,) in db.execute("pragma integrity_check(20)"):
        if found != "ok":
            yield f"the file is damaged: {found}"
    for id_, version, state, seq, ended in db.execute(ROWS):
        yield from (f"execution {id_}: {found}" for found in _execution(db, id_, version, state, seq, ended))
    for table, seq, id_ in db.execute(STRAY):
        yield f"{table} row {seq} is of execution {id_}, which is not there"
    for id_, scope in db.execute(HELD):
        yield f"execution {id_} has ended and holds a place of {scope}"
    for (scope,) in db.execute(PASSED_OVER):
        yield f"a place of {scope} is free and somebody waits for it"
    for (id_,) in db.execute(FORGOTTEN):
        yield f"execution {id_} waits for a place and stands in no line"
    for (id_,) in db.execute(MISLABELLED):
        yield f"execution {id_}: it is found by other labels than it has"
    for key, value in db.execute(USED_EARLIER):
        yield f"label {key}:{value}: it is said to have been used last before it was"
    for (topic,) in db.execute(TOPICS):
        yield f"topic {topic}: its size is not that of its records"


def _execution(db: sqlite3.Connection, id_: str, version: int, state: str, seq: int, ended: int | None) -> Iterator[str]:
    try:
        rows = decode_changes(db.execute(JOURNAL, (id_,)).fetchone()[0])
        execution = fold(rows)
    except Exception as error:
        yield f"its journal cannot be read: {type(error).__name__}: {error}"
        return
    if (execution.version, execution.state.value) != (version, state):
        yield f"its journal gives version {execution.version}, {execution.state}; kept is version {version}, {state}"
    if execution.ended != (ended is not None):
        yield "whether it has ended differs from its journal"
    if seq != db.execute("select max(seq) from journal where execution = ?", (id_,)).fetchone()[0]:
        yield "its last journal row is another"
    try:
        loaded = folded(db.execute(LOAD, (id_, snapshot.FORMAT)).fetchone())
    except Exception as error:
        yield f"its snapshot cannot be read: {type(error).__name__}: {error}"
        return
    if loaded != execution:
        yield "its snapshot is not what its journal gives"
