"""What is SQLite's own: durable settings, kill -9, a broken or full disk, a second engine, a database that is not ours or not whole."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from onbeat.core.states import State
from onbeat.errors import Overloaded, Refused, StoreBroken
from onbeat.stores.sqlite import FILE, SqliteStore
from onbeat.stores.sqlite.store import SETTINGS
from tests.stores.build import creation, id_of, key, move, task, work

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}

WRITER = """
import asyncio, resource, sys
from pathlib import Path
from onbeat.core.states import State
from onbeat.stores.sqlite import SqliteStore
from tests.stores.build import creation, key, move, task, work

async def life(store, n):
    new = creation(n, key=key(str(n)))
    await store.write(work(new))
    print(n, 1, flush=True)
    step = move(new.execution, State.RUNNING)
    for run in range(1, 6):
        await store.write(work(step))
        print(n, step.execution.version, flush=True)
        step = task(step.execution, run)

async def main(data, first, limit):
    store = SqliteStore(Path(data))
    await store.open()
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for n in range(first, 10**6, 50):
        ends = await asyncio.gather(*(life(store, n + i) for i in range(50)), return_exceptions=True)
        failed = [end for end in ends if end is not None]
        if failed:
            print("failed", *sorted({type(end).__name__ for end in failed}), flush=True)
            again = await asyncio.gather(store.write(work(creation(9 * 10**6))), return_exceptions=True)
            print("again", type(again[0]).__name__, flush=True)
            await store.close()
            return

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder that a store has been in."""
    store = SqliteStore(tmp_path / "data")
    await store.open()
    await store.write(work(creation(1, key=key("1"))))
    await store.close()
    return tmp_path / "data"


def killed(data: Path, cycle: int) -> list[str]:
    """What a writing process had said when it was killed."""
    command = [sys.executable, "-c", WRITER, str(data), str(cycle * 100_000 + 1), "0"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(300 + 170 * cycle)]
        process.send_signal(signal.SIGKILL)
        return lines + process.stdout.readlines()


async def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path):
    """Again and again on the same data: what the process had been told is written is there, and all of it fits together."""
    acknowledged: dict[str, int] = {}
    for cycle in range(4):
        lines = await asyncio.to_thread(killed, tmp_path, cycle)
        for line in lines:
            if line.endswith("\n"):
                number, version = map(int, line.split())
                acknowledged[id_of(number)] = max(version, acknowledged.get(id_of(number), 0))
        store = SqliteStore(tmp_path)
        await store.open()
        versions = {id_: execution.version for id_ in acknowledged if (execution := await store.load(id_))}
        assert {id_: version for id_, version in acknowledged.items() if versions.get(id_, 0) < version} == {}
        assert await store.check() == []
        await store.close()
    assert len(acknowledged) > 4 * 50


async def test_an_io_error_breaks_the_store_and_loses_nothing(tmp_path: Path):
    """The disk refuses a write (here: a limit on the size of files): StoreBroken from then on; a restart has what was acknowledged."""
    command = [sys.executable, "-c", WRITER, str(tmp_path), "1", str(300_000)]
    done = await asyncio.to_thread(subprocess.run, command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    *lines, failed, again = done.stdout.splitlines()
    assert (failed, again) == ("failed StoreBroken", "again StoreBroken")
    store = SqliteStore(tmp_path)
    await store.open()
    for line in lines:
        number, version = map(int, line.split())
        execution = await store.load(id_of(number))
        assert execution is not None
        assert execution.version >= version
    assert await store.check() == []
    await store.close()


async def test_a_full_disk_is_overload_until_there_is_room(data: Path):
    """Nothing is written, nothing breaks, and it recovers by itself."""
    store = SqliteStore(data)
    await store.open()
    await store._submit(lambda db: db.execute(f"pragma max_page_count = {db.execute('pragma page_count').fetchone()[0] + 2}").fetchone())
    large = creation(2, inputs={"text": "x" * 60_000})
    with pytest.raises(Overloaded, match="disk is full"):
        await store.write(work(large))
    assert await store.load(id_of(2)) is None
    assert await store.load(id_of(1)) is not None
    await store._submit(lambda db: db.execute("pragma max_page_count = 1000000").fetchone())
    await store.write(work(large))
    assert await store.load(id_of(2)) == large.execution
    assert await store.check() == []
    await store.close()


async def test_the_settings_that_durability_rests_on_are_in_force(data: Path):
    """WAL, synchronous=FULL, foreign keys, a patience for locks: read from the connection that writes."""
    store = SqliteStore(data)
    await store.open()
    found = await store._submit(lambda db: {name: db.execute(f"pragma {name}").fetchone()[0] for name in SETTINGS})
    assert found == SETTINGS
    assert (found["journal_mode"], found["synchronous"]) == ("wal", 2)
    await store.close()


async def test_a_store_without_those_settings_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """SQLite says nothing when it does not take a setting (WAL on a network disk); we do."""
    monkeypatch.setitem(SETTINGS, "busy_timeout", -1)
    store = SqliteStore(tmp_path)
    with pytest.raises(Refused, match="network disk"):
        await store.open()
    monkeypatch.undo()
    await store.open()
    await store.close()


async def test_a_reader_cannot_write(data: Path):
    """The second connection is opened so that no bug of ours makes it a writer."""
    store = SqliteStore(data)
    await store.open()
    with pytest.raises(StoreBroken, match="readonly"):
        await store._one("delete from journal returning seq")
    await store.close()


async def test_a_second_engine_is_refused(data: Path):
    """The message names the process that serves; when that has closed, the next may open."""
    first, second = SqliteStore(data), SqliteStore(data)
    await first.open()
    with pytest.raises(Refused, match=f"process {os.getpid()} serves"):
        await second.open()
    await first.close()
    await second.open()
    await second.close()


def test_only_the_owner_can_read_the_files(data: Path):
    """Payloads are nobody else's business."""
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / FILE).stat().st_mode & 0o777 == 0o600


def sqlites_threads() -> set[threading.Thread]:
    """The threads that aiosqlite runs connections in."""
    return {thread for thread in threading.enumerate() if "_connection_worker" in thread.name}


def left(threads: set[threading.Thread]) -> set[threading.Thread]:
    """Those that do not end, though their connection has: its last message comes just before the thread's end."""
    for thread in threads:
        thread.join(10)
    return {thread for thread in threads if thread.is_alive()}


async def test_closing_leaves_no_thread_and_no_log(data: Path):
    """The last connection empties the log into the database."""
    before = sqlites_threads()
    store = SqliteStore(data)
    await store.open()
    await store.write(work(creation(2)))
    mine = sqlites_threads() - before
    assert len(mine) == 2
    await store.close()
    assert left(mine) == set()
    assert not (data / f"{FILE}-wal").exists()


UNCLOSED = """
import asyncio, sys
from pathlib import Path
from onbeat.stores.sqlite import SqliteStore
from tests.stores.build import creation, work

async def main():
    global store
    store = SqliteStore(Path(sys.argv[1]))
    await store.open()
    await store.write(work(creation(2)))
    raise LookupError("a bug")

asyncio.run(main())
"""


async def test_a_process_that_does_not_close_the_store_ends(data: Path):
    """A bug on the way out must not leave an engine that neither works nor ends; nothing is lost by it."""
    command = [sys.executable, "-c", UNCLOSED, str(data)]
    done = await asyncio.to_thread(subprocess.run, command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "LookupError: a bug" in done.stderr
    store = SqliteStore(data)
    await store.open()
    assert await store.load(id_of(2)) == creation(2).execution
    await store.close()


@pytest.mark.parametrize("content", [b"not a database " * 100, b"SQLite format 3\0" + b"\xff" * 4096])
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes):
    """With the cure, untouched, and without a thread or a lock left behind."""
    (tmp_path / FILE).write_bytes(content)
    before = sqlites_threads()
    with pytest.raises(Refused, match="backup"):
        await SqliteStore(tmp_path).open()
    assert (tmp_path / FILE).read_bytes() == content
    assert left(sqlites_threads() - before) == set()
    (tmp_path / FILE).unlink()
    store = SqliteStore(tmp_path)
    await store.open()
    await store.close()


async def test_a_folder_that_cannot_be_used_is_refused(tmp_path: Path):
    """A file where the folder should be, a folder where the file should be: named, with the cure."""
    (tmp_path / "data").write_text("")
    (tmp_path / "other" / FILE).mkdir(parents=True)
    for name in ("data", "other"):
        with pytest.raises(Refused, match="choose another with --data"):
            await SqliteStore(tmp_path / name).open()
    (tmp_path / "other" / FILE).rmdir()
    store = SqliteStore(tmp_path / "other")
    await store.open()
    await store.close()


async def test_another_programs_database_is_refused_untouched(tmp_path: Path):
    """Not even its journal mode changes."""
    db = sqlite3.connect(tmp_path / FILE)
    db.execute("create table theirs (a)")
    db.commit()
    db.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(Refused, match="another program"):
        await SqliteStore(tmp_path).open()
    assert (tmp_path / FILE).read_bytes() == before


async def test_a_counter_behind_the_journal_is_damage(data: Path):
    """Part of the file is older than the rest (restored by hand?): writing on would give numbers twice."""
    db = sqlite3.connect(data / FILE)
    db.execute("update counter set value = 0 where name = 'journal'")
    db.commit()
    db.close()
    with pytest.raises(Refused, match="damaged"):
        await SqliteStore(data).open()


async def test_snapshots_are_only_for_long_executions(data: Path):
    """A short one has none; a long one's load starts from it, also when it is of another shape: then from the first row."""
    store = SqliteStore(data)
    await store.open()
    new = creation(2)
    await store.write(work(new))
    execution = new.execution
    steps = [move(execution, State.RUNNING)]
    for n in range(1, 61):
        execution = steps[-1].execution
        steps.append(task(execution, n))
    for step in steps:
        await store.write(work(step))
    execution = steps[-1].execution

    async def kept() -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = await store._submit(lambda db: db.execute("select execution, version from snapshot").fetchall())
        return found

    ((id_, version),) = await kept()
    assert id_ == id_of(2)
    assert 64 < version < execution.version
    assert await store.load(id_of(2)) == execution
    await store._submit(lambda db: db.execute("update snapshot set record = x'00', format = 'older'").fetchone())
    assert await store.load(id_of(2)) == execution
    await store.close()


async def test_many_writers_and_readers_at_once(data: Path):
    """Reads see what their own writes were told, whatever else goes on."""
    store = SqliteStore(data)
    await store.open()

    async def live(n: int) -> None:
        new = creation(n)
        await store.write(work(new))
        assert await store.load(id_of(n)) == new.execution
        run = move(new.execution, State.RUNNING)
        await store.write(work(run))
        assert await store.load(id_of(n)) == run.execution
        assert len(await store.changes(id_of(n))) == 2

    await asyncio.gather(*(live(n) for n in range(10, 110)))
    assert await store.count() == 101
    await store.close()
