"""An attempt under way: it is stopped once, and never before it has begun."""

import asyncio

import pytest

from onbeat.engine.attempt import Running
from onbeat.testing.clock import settle


async def test_a_stop_cancels_what_has_begun() -> None:
    """Once: what it does at its end is not cut short."""
    running, ends = Running("loop"), list[str]()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await settle(1)
            ends.append("ended")

    async with asyncio.TaskGroup() as group:
        running.work = group.create_task(work())
        running.begun = True
        await settle(1)
        running.stop()
        await settle(1)
        running.stop()
        with pytest.raises(asyncio.CancelledError):
            await running.work
    assert ends == ["ended"]


async def test_what_has_not_begun_is_left_to_begin() -> None:
    """Else it would never say that it ended; it sees that it is stopped."""
    running = Running("loop")
    async with asyncio.TaskGroup() as group:
        running.work = group.create_task(settle(1))
        running.stop()
        await running.work
    assert running.stopped
