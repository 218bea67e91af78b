"""A close ends, whatever happens to whoever waits for it."""

import asyncio

import pytest

from onbeat.plugins.kafka.closing import finish


async def test_a_cancel_is_raised_when_the_close_has_ended():
    """Half closed is worse than late: the cancel waits, then it is raised."""
    begun, go_on, done = asyncio.Event(), asyncio.Event(), []

    async def close() -> None:
        begun.set()
        await go_on.wait()
        done.append(True)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(finish(close(), 30))
        await begun.wait()
        task.cancel()
        await asyncio.wait({task}, timeout=0)
        task.cancel()
        assert not task.done()
        go_on.set()
        await asyncio.wait({task})
    assert task.cancelled()
    assert done == [True]


async def test_a_start_gets_a_grace_after_the_cancel():
    """Long enough to leave nothing half open, not as long as a start may take."""
    task_cancelled = asyncio.Event()

    async def start() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            task_cancelled.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(finish(start(), 3600, grace=0.01))
        await asyncio.wait({task}, timeout=0)
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()
    assert task_cancelled.is_set()


async def test_what_takes_too_long_is_given_up():
    """A broker that does not answer does not keep us from stopping."""
    assert not await finish(asyncio.Event().wait(), 0.01)
    assert await finish(asyncio.wait_for(asyncio.Event().wait(), 0.01), 30) is False


async def test_an_error_of_the_close_is_raised():
    """It is a bug; nobody swallows it."""

    async def close() -> None:
        raise ValueError("bug")

    with pytest.raises(ValueError, match="bug"):
        await finish(close(), 30)
