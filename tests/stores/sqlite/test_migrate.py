"""A database becomes the present schema step by step, or is refused untouched."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from onbeat.errors import Refused
from onbeat.stores.sqlite import FILE, SqliteStore
from onbeat.stores.sqlite.migrate import STEPS, migrate, steps, version
from tests.stores.build import creation, id_of, work


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    """The steps of a later onbeat: those there are, and one more."""
    folder = tmp_path / "migrations"
    shutil.copytree(STEPS, folder)
    later = len(steps(STEPS)) + 1
    (folder / f"{later:04}_colour.sql").write_text("alter table execution add column colour text;\ncreate table extra (a);\n")
    return folder


async def fill(data: Path, **options: Path) -> None:
    """A store with one execution."""
    store = SqliteStore(data, **options)
    await store.open()
    await store.write(work(creation(1)))
    await store.close()


def number(path: Path) -> int:
    """The schema number of a database."""
    db = sqlite3.connect(path)
    try:
        return int(db.execute("pragma user_version").fetchone()[0])
    finally:
        db.close()


async def test_a_new_database_is_made_without_a_copy(tmp_path: Path):
    """There is nothing to lose; it says who wrote it."""
    await fill(tmp_path)
    assert number(tmp_path / FILE) == len(steps(STEPS))
    assert sorted(os.listdir(tmp_path)) == ["engine.lock", FILE]
    db = sqlite3.connect(tmp_path / FILE)
    assert db.execute("select value from about where name = 'onbeat'").fetchone() == (version(),)
    db.close()


async def test_a_database_is_copied_before_the_first_step(tmp_path: Path, longer: Path):
    """The copy opens with the old onbeat; the database goes on with the new one, nothing lost."""
    await fill(tmp_path / "data")
    store = SqliteStore(tmp_path / "data", migrations=longer)
    await store.open()
    assert await store.load(id_of(1)) == creation(1).execution
    await store.write(work(creation(2)))
    await store.close()
    later = len(steps(STEPS)) + 1
    copy = tmp_path / "data" / f"{FILE}.before-{later:04}"
    assert (number(tmp_path / "data" / FILE), number(copy)) == (later, later - 1)
    (tmp_path / "old").mkdir()
    shutil.copy(copy, tmp_path / "old" / FILE)
    old = SqliteStore(tmp_path / "old")
    await old.open()
    assert [line.id for line in await old.executions()] == [id_of(1)]
    await old.close()


async def test_a_newer_database_is_refused(tmp_path: Path, longer: Path):
    """It names both schemas and both onbeats, and what to do; nothing in the file changes."""
    await fill(tmp_path / "data", migrations=longer)
    db = sqlite3.connect(tmp_path / "data" / FILE)
    db.execute("update about set value = '7.1.0'")
    db.commit()
    db.close()
    before = (tmp_path / "data" / FILE).read_bytes()
    with pytest.raises(Refused, match=rf"onbeat 7\.1\.0 with schema {len(steps(longer))}; this is onbeat {version()}.* restore") as caught:
        await SqliteStore(tmp_path / "data").open()
    assert f"knows schema {len(steps(STEPS))}" in str(caught.value)
    assert (tmp_path / "data" / FILE).read_bytes() == before


async def test_a_step_that_fails_leaves_the_schema_before_it(tmp_path: Path, longer: Path):
    """Half of a step is no step: what it had done is undone with it, and the next attempt begins where this one did."""
    await fill(tmp_path / "data")
    later = longer / f"{len(steps(STEPS)) + 1:04}_colour.sql"
    right = later.read_text()
    later.write_text(right + "create table execution (a);\n")
    with pytest.raises(Refused, match="already exists"):
        await SqliteStore(tmp_path / "data", migrations=longer).open()
    assert number(tmp_path / "data" / FILE) == len(steps(STEPS))
    later.write_text(right)
    await fill_more(tmp_path / "data", longer)


async def fill_more(data: Path, migrations: Path) -> None:
    """The store goes on after its migration."""
    store = SqliteStore(data, migrations=migrations)
    await store.open()
    await store.write(work(creation(2)))
    assert await store.check() == []
    await store.close()


KILLED = """
import os, sqlite3, sys
from pathlib import Path
from onbeat.stores.sqlite.migrate import migrate, steps
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.create_function("die", 0, lambda: os._exit(9))
migrate(db, Path(sys.argv[1]), steps(Path(sys.argv[2])))
"""


async def test_a_crash_in_a_step_goes_on_at_the_right_one(tmp_path: Path, longer: Path):
    """The process dies in the middle of the second of two new steps: the first is done and stays done."""
    await fill(tmp_path / "data")
    count = len(steps(STEPS))
    last = longer / f"{count + 2:04}_die.sql"
    last.write_text("create table half (a);\nselect die();\n")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "data" / FILE), str(longer)]
    source = str(Path(__file__).parents[3] / "src")
    code = subprocess.run(command, env={**os.environ, "PYTHONPATH": source}, check=False).returncode  # noqa: ASYNC221
    assert code == 9
    assert number(tmp_path / "data" / FILE) == count + 1
    last.write_text("create table half (a);\n")
    await fill_more(tmp_path / "data", longer)


def test_steps_are_numbered_without_a_gap(tmp_path: Path):
    """A step that is missing, or there twice, is a broken package."""
    for name in ("0001_a.sql", "0003_c.sql"):
        (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match="not numbered"):
        steps(tmp_path)
    (tmp_path / "0002_b.sql").write_text("")
    (tmp_path / "0002_b.txt").write_text("")
    assert [found for found, _ in steps(tmp_path)] == [1, 2, 3]


def test_migrating_twice_changes_nothing(tmp_path: Path):
    """Opening is migrating: it happens at every start."""
    db = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    migrate(db, tmp_path / FILE, steps(STEPS))
    before = db.execute("pragma schema_version").fetchone()
    migrate(db, tmp_path / FILE, steps(STEPS))
    assert db.execute("pragma schema_version").fetchone() == before
    db.close()
