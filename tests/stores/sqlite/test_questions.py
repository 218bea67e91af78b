"""A question runs beside the engine and beside other questions, for a time, and no longer than its asker waits."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from onbeat.errors import Refused
from onbeat.stores.sqlite import FILE, SqliteStore
from onbeat.stores.sqlite.questions import AT_ONCE, Asked, Questions
from tests.stores.build import creation, id_of, work

FOREVER = "with recursive n (i) as (select 1 union all select i + 1 from n) select count(*) from n"
COUNT = "select count(*) from execution"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An open store with one execution."""
    store = SqliteStore(tmp_path)
    await store.open()
    await store.write(work(creation(1)))
    yield store
    await store.close()


def endless(asked: Asked) -> int:
    """A question that has no end."""
    return int(asked.one(FOREVER))


def how_many(asked: Asked) -> int:
    """A quick one."""
    return int(asked.one(COUNT))


async def test_a_question_that_takes_too_long_is_stopped(store: SqliteStore, tmp_path: Path):
    """It says how to ask for less; its connection serves the next one; so does one that waited too long for a connection."""
    questions = Questions(tmp_path / FILE, seconds=0.05)
    results = await asyncio.gather(*(questions.ask(endless) for _ in range(AT_ONCE + 1)), return_exceptions=True)
    assert [type(result) for result in results] == [Refused] * (AT_ONCE + 1)
    assert "took more than 0.05 s" in str(results[0])
    questions._seconds = 30  # a busy machine may take longer for the next ones, and they are right
    assert [await questions.ask(how_many) for _ in range(AT_ONCE + 1)] == [1] * (AT_ONCE + 1)
    await questions.close()


async def test_the_engine_reads_and_writes_beside_endless_questions(store: SqliteStore):
    """Neither waits for them; loading and the bus's reads have a connection of their own."""
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(store._ask(endless)) for _ in range(AT_ONCE)]
        await asyncio.wait(asked, timeout=0)
        await store.write(work(creation(2)))
        assert await store.load(id_of(2)) == creation(2).execution
        for task in asked:
            task.cancel()
    assert await store.count() == 2


async def test_a_question_that_nobody_waits_for_is_stopped(store: SqliteStore):
    """More of them than there are connections: each is free again for the next one."""
    for _ in range(2 * AT_ONCE):
        task = asyncio.ensure_future(store._ask(endless))  # noqa: TID251  # cancelled at once
        await asyncio.wait([task], timeout=0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await store.count() == 1


async def test_that_it_was_stopped_is_nobodys_error(store: SqliteStore):
    """A browser that goes while a list is looked for leaves nothing in the log."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    for _ in range(2 * AT_ONCE):
        task = asyncio.ensure_future(store._ask(endless))  # noqa: TID251  # cancelled at once
        await asyncio.wait([task], timeout=0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await store.count() == 1
    gc.collect()
    assert not told


async def test_a_stop_between_two_statements_counts(tmp_path: Path, store: SqliteStore):
    """There is nothing to interrupt at that moment; the next statement does not begin."""
    between, go = threading.Event(), threading.Event()

    def two(asked: Asked) -> int:
        found = how_many(asked)
        between.set()
        go.wait()
        return found + how_many(asked)

    task = asyncio.ensure_future(store._ask(two))  # noqa: TID251  # cancelled below
    await asyncio.to_thread(between.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    assert await store.count() == 1


async def test_a_question_sees_one_state(store: SqliteStore):
    """From its first statement to its last, whatever is written meanwhile; the next one sees that."""
    between, go = threading.Event(), threading.Event()

    def twice(asked: Asked) -> tuple[int, int]:
        before = how_many(asked)
        between.set()
        go.wait()
        return before, how_many(asked)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(store._ask(twice))
        await asyncio.to_thread(between.wait)
        await store.write(work(creation(2)))
        go.set()
    assert task.result() == (1, 1)
    assert await store.count() == 2


async def test_a_question_cannot_write(store: SqliteStore):
    """Its connection is for reading."""
    with pytest.raises(Exception, match="readonly"):
        await store._ask(lambda asked: asked.one("delete from execution returning 1"))
    assert await store.count() == 1


async def test_a_stop_between_two_statements_stops_the_next(store: SqliteStore, tmp_path: Path):
    """It came when nothing ran that could be interrupted."""
    questions = Questions(tmp_path / FILE, seconds=30)
    stopped = threading.Event()

    def late(asked: Asked) -> int:
        stopped.wait()
        assert asked._db is not None
        return int(asked._db.execute(FOREVER).fetchone()[0])

    task = asyncio.ensure_future(questions.ask(late))  # noqa: TID251  # ended by close
    await asyncio.wait([task], timeout=0)
    closing = asyncio.ensure_future(questions.close())  # noqa: TID251  # ends here
    await asyncio.wait([closing], timeout=0)
    stopped.set()
    with pytest.raises(Exception, match="interrupted"):
        await task
    await closing


async def test_closing_stops_what_runs(store: SqliteStore):
    """And who asks afterwards is told."""
    task = asyncio.ensure_future(store._ask(endless))  # noqa: TID251  # ended by close
    await asyncio.wait([task], timeout=0)
    await store.close()
    with pytest.raises(Exception, match="interrupted"):
        await task
    with pytest.raises(Refused, match="not open"):
        await store.count()
