"""Copies that can be put back, and a check that finds what does not fit."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.states import State
from onbeat.errors import NotFound, Refused
from onbeat.ports import Audit, Document
from onbeat.stores.sqlite import FILE, SqliteStore, restore
from tests.stores.build import creation, end, id_of, key, move, record, task, work


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open store with a few executions, one long enough for a snapshot, and records."""
    store = SqliteStore(tmp_path / "data")
    await store.open()
    first = creation(1, key=key("1"), labels={"team": "a"})
    await store.write(work(first, creation(2), end(creation(2).execution), records=(record("1"), record("2"))))
    told = Audit(at=0, who="root", action="create", what="user/ann", after={"role": "admin"})
    await store.write(work(documents=(Document("user", "ann", {"role": "admin"}),), audit=(told,)))
    step = move(first.execution, State.RUNNING)
    await store.write(work(step))
    for n in range(1, 40):
        step = task(step.execution, n)
        await store.write(work(step))
    yield store
    await store.close()


async def test_a_backup_is_one_state_of_a_running_store(store: SqliteStore, tmp_path: Path):
    """Taken while works are written; put back elsewhere it opens and everything in it fits together."""
    async with asyncio.TaskGroup() as group:
        for n in range(10, 200):
            group.create_task(store.write(work(creation(n), end(creation(n).execution), records=(record(str(n)),))))
        await store.backup(tmp_path / "copy.db")
    await asyncio.to_thread(restore, tmp_path / "copy.db", tmp_path / "other")
    copy = SqliteStore(tmp_path / "other")
    await copy.open()
    assert await copy.check() == []
    assert await copy.load(id_of(1)) == await store.load(id_of(1))
    assert await copy.find_key(key("1")) == id_of(1)
    assert await copy.documents("user") == [Document("user", "ann", {"role": "admin"})]
    assert [row.what for row in await copy.audit()] == ["user/ann"]
    assert 2 <= await copy.count() <= 192
    await copy.close()
    assert sorted(os.listdir(tmp_path)) == ["copy.db", "data", "other"]


async def test_a_backup_does_not_replace_a_file(store: SqliteStore, tmp_path: Path):
    """Whatever it is, somebody wanted it."""
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(Refused, match=r"copy\.db is there already"):
        await store.backup(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


async def test_restoring_keeps_what_was_there(store: SqliteStore, tmp_path: Path):
    """The store goes back to the backup; the one that was there stays beside it, whole."""
    await store.backup(tmp_path / "copy.db")
    await store.write(work(creation(50)))
    with pytest.raises(Refused, match="serves"):
        restore(tmp_path / "copy.db", tmp_path / "data")
    await store.close()
    restore(tmp_path / "copy.db", tmp_path / "data")
    store = SqliteStore(tmp_path / "data")
    await store.open()
    assert await store.load(id_of(50)) is None
    assert await store.check() == []
    await store.close()
    (tmp_path / "before").mkdir()
    (tmp_path / "data" / f"{FILE}.before-restore").rename(tmp_path / "before" / FILE)
    before = SqliteStore(tmp_path / "before")
    await before.open()
    assert await before.load(id_of(50)) == creation(50).execution
    await before.close()


def test_what_is_no_sound_backup_is_not_restored(tmp_path: Path):
    """Nothing, text, an empty file, another program's database: the data folder keeps what it had."""
    (tmp_path / "text").write_text("hello " * 1000)
    (tmp_path / "empty").write_text("")
    db = sqlite3.connect(tmp_path / "theirs")
    db.execute("create table t (a)")
    db.commit()
    db.close()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_text("what was there")
    with pytest.raises(NotFound):
        restore(tmp_path / "none", tmp_path / "data")
    for name, why in [("text", "not a database"), ("empty", "not a backup"), ("theirs", "another program")]:
        with pytest.raises(Refused, match=why):
            restore(tmp_path / name, tmp_path / "data")
    assert (tmp_path / "data" / FILE).read_text() == "what was there"


async def test_a_damaged_backup_is_not_restored(store: SqliteStore, tmp_path: Path):
    """Its pages are read before it takes the place of anything."""
    await store.backup(tmp_path / "copy.db")
    content = bytearray((tmp_path / "copy.db").read_bytes())
    content[-4096 * 3 : -4096 * 2] = b"\xa5" * 4096
    (tmp_path / "copy.db").write_bytes(content)
    with pytest.raises(Refused, match="damaged"):
        restore(tmp_path / "copy.db", tmp_path / "other")
    assert not (tmp_path / "other" / FILE).exists()


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("update execution set version = 1 where id = :one", "kept is version 1"),
        ("update execution set state = 'FAILED' where id = :two", "SUCCESS; kept is version 3, FAILED"),
        ("update execution set ended = null where id = :two", "whether it has ended"),
        ("update execution set seq = 1 where id = :one", "last journal row"),
        ("update snapshot set record = (select record from snapshot limit 1), version = version + 1", "snapshot"),
        ("delete from journal where execution = :one and version = 5", "cannot be read|version"),
        ("update journal set record = '{}' where execution = :one and version = 5", "cannot be read"),
        ("delete from execution where id = :one", "which is not there"),
        ("update topic set records = 7", "topic orders"),
        ("""update execution set labels = '{"a":"b"}' where id = :one""", "other labels than it has"),
        ("insert into execution_label select id, :two from label", "other labels than it has"),
        ("update label set used = '0000000'", "said to have been used last before"),
        ("update label set used = ''", "said to have been used last before"),
        ("delete from record where id = '1'", "topic orders"),
        ("insert into slot (scope, execution, granted, places) values ('t.f', :two, 1, 1)", "has ended and holds a place of t.f"),
        ("insert into slot (scope, execution, granted, places) values ('t.f', :one, 0, 1)", "a place of t.f is free"),
        ("update execution set state = 'QUEUED' where id = :one", "stands in no line"),
    ],
)
async def test_a_check_finds(store: SqliteStore, damage: str, found: str):
    """Whatever is kept beside the journal and differs from it, by name."""
    assert await store.check() == []
    values = {"one": id_of(1), "two": id_of(2)}
    await store._submit(lambda db: db.execute(damage, values).fetchall())
    differences = "\n".join(await store.check())
    assert any(part in differences for part in found.split("|")), differences
