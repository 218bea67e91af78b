"""Print how many works a second the stores take, beside the floor of this machine measured in the same run.

    python tests/bench/bench_store.py [--seconds 3] [--folder DIR] [--loop asyncio|uvloop] [--busy MICROSECONDS]

A work is one append of three changes (a task run ends, the next is created and begins), as most of a running flow's are. `floor` is the
same rows by plain executemany, without callers: 1, 16 and 256 works in one transaction, synchronous=FULL. `--busy` burns so many
microseconds on the event loop for each work: what is left of the store when the engine works beside it.
"""

import argparse
import asyncio
import gc
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop
from msgspec.structs import replace

from onbeat.core.changes import AnyChange, Created, Moved, Opened, RunCreated, RunMoved, to_record
from onbeat.core.evolve import fold
from onbeat.core.execution import Execution, Head
from onbeat.core.ids import make_id
from onbeat.core.states import State
from onbeat.ports import Append, Creation, Store, Work
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore

AT = 1_760_000_000_000_000
ROUNDS = 60
WRITERS = (1, 16, 256)


def created(number: int) -> Created:
    id_ = make_id(AT + number * 1000, number)
    return Created(at=AT, head=Head(id=id_, namespace="bench", flow="small", revision=1, created=AT, correlation_id=id_))


Steps = list[tuple[Execution, tuple[AnyChange, ...]]]


def life() -> Steps:
    """What a flow of small tasks makes of an execution: per work the execution after it and the changes."""
    execution = fold((created(1),))
    steps: Steps = []
    for n in range(1, ROUNDS):
        ended: tuple[AnyChange, ...]
        if n == 1:
            ended = (Moved(at=AT, before=State.CREATED, after=State.RUNNING, sequence=2), Opened(at=AT, n=0))
        else:
            ended = (RunMoved(at=AT, n=n - 1, state=State.SUCCESS, outputs={"rows": n}),)
        began = (RunCreated(at=AT, n=n, task=f"task{n}", parent=0, step=n), RunMoved(at=AT, n=n, state=State.RUNNING, attempt=1))
        execution = fold((*ended, *began), execution)
        steps.append((execution, (*ended, *began)))
    return steps


def burn(microseconds: float) -> None:
    end = time.perf_counter() + microseconds / 1e6
    while time.perf_counter() < end:
        pass


async def measure(store: Store, writers: int, seconds: float, busy: float, numbers: Iterator[int]) -> tuple[float, list[float]]:
    """Works a second and how long each took."""
    steps = life()
    took: list[float] = []
    gc.collect()
    begun = time.perf_counter()
    until = begun + seconds

    async def write_one() -> None:
        while time.perf_counter() < until:
            first = created(next(numbers))
            await store.write(Work(creations=(Creation(execution=fold((first,)), changes=(first,)),)))
            version = 1
            for execution, changes in steps:
                now = time.perf_counter()
                if now >= until:
                    return
                if busy:
                    burn(busy)
                after = replace(execution, head=first.head)
                await store.write(Work(appends=(Append(execution=after, expected=version, changes=changes),)))
                version = after.version
                took.append(time.perf_counter() - now)

    async with asyncio.TaskGroup() as group:
        for _ in range(writers):
            group.create_task(write_one())
    return len(took) / (time.perf_counter() - begun), sorted(took)


def floor(path: Path, works: int, seconds: float) -> float:
    """Works a second when nobody waits: the rows of so many works by executemany in one transaction."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    db.executescript("""
        create table execution (id text primary key, version integer, updated integer) without rowid;
        create table journal (seq integer primary key, execution text, version integer, record text, unique (execution, version));
    """)
    records = [to_record(change).decode() for change in life()[5][1]]
    ids = [make_id(AT, n) for n in range(works)]
    db.executemany("insert into execution values (?, 0, 0)", [(id_,) for id_ in ids])
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        version = done // works * len(records)
        rows = [(id_, version + n, record) for id_ in ids for n, record in enumerate(records)]
        db.execute("begin immediate")
        db.executemany("update execution set version = ?, updated = ? where id = ?", [(version, AT, id_) for id_ in ids])
        db.executemany("insert into journal (execution, version, record) values (?, ?, ?)", rows)
        db.execute("commit")
        done += works
    db.close()
    return done / (time.perf_counter() - begun)


async def main(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        numbers = iter(range(1, 10**9))
        print(f"sqlite {sqlite3.sqlite_version}, {arguments.loop}, busy {arguments.busy:.0f} µs/work; works/s (p50 / p99 ms)")
        for writers in WRITERS:
            line = [f"{writers:4} writers"]
            line.append(f"floor {floor(folder / f'floor{writers}.db', writers, arguments.seconds / 2):8,.0f}")
            for label, store in (("sqlite", SqliteStore(folder / f"sqlite{writers}")), ("memory", MemoryStore())):
                await store.open()
                rate, took = await measure(store, writers, arguments.seconds, arguments.busy, numbers)
                line.append(f"{label} {rate:8,.0f} ({took[len(took) // 2] * 1e3:.2f} / {took[len(took) * 99 // 100] * 1e3:.2f})")
                await store.close()
            print("   ".join(line))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured; default: the temporary folder")
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="uvloop")
    parser.add_argument("--busy", type=float, default=0)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop if given.loop == "uvloop" else None) as runner:
        runner.run(main(given))
