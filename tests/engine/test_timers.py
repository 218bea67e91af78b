"""Timers: fired when due, in order, once; nothing wakes while nothing is due."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from onbeat.engine.timers import Timers
from onbeat.testing import START, ManualClock

SECOND = 1_000_000


class Fired(list[tuple[str, int, int]]):
    """Collects what fired."""

    def __call__(self, execution: str, run: int, due: int) -> None:
        self.append((execution, run, due))


@asynccontextmanager
async def serving(clock: ManualClock) -> AsyncIterator[tuple[Timers, Fired]]:
    """Timers at work."""
    fired = Fired()
    timers = Timers(clock, fired)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(timers.serve())
        yield timers, fired
        task.cancel()


async def test_timers_fire_in_order_of_their_time() -> None:
    """Whatever the order of arming, the earliest fires first, and none before its time."""
    clock = ManualClock()
    async with serving(clock) as (timers, fired):
        timers.arm("b", 2, START + 20 * SECOND)
        timers.arm("a", 1, START + 10 * SECOND)
        await clock.advance(9)
        assert fired == []
        await clock.advance(2)
        assert fired == [("a", 1, START + 10 * SECOND)]
        await clock.advance(20)
        assert [name for name, _, _ in fired] == ["a", "b"]


async def test_an_earlier_timer_shortens_the_sleep() -> None:
    """A timer armed while a later one is slept for fires in its time."""
    clock = ManualClock()
    async with serving(clock) as (timers, fired):
        timers.arm("late", 1, START + 50 * SECOND)
        await clock.advance(1)
        timers.arm("early", 1, START + 3 * SECOND)
        await clock.advance(3)
        assert [name for name, _, _ in fired] == ["early"]


async def test_a_disarmed_timer_does_not_fire() -> None:
    """Disarmed is gone; the same timer armed twice fires once."""
    clock = ManualClock()
    async with serving(clock) as (timers, fired):
        timers.arm("a", 1, START + SECOND)
        timers.arm("a", 1, START + SECOND)
        timers.arm("b", 1, START + SECOND)
        timers.disarm("b", 1, START + SECOND)
        assert len(timers) == 1
        await clock.advance(5)
        assert fired == [("a", 1, START + SECOND)]


async def test_many_dead_timers_leave_the_heap() -> None:
    """Timeouts of tasks that ended do not pile up."""
    clock = ManualClock()
    async with serving(clock) as (timers, fired):
        for n in range(1_000):
            timers.arm("x", n, START + 1_000 * SECOND + n)
            timers.disarm("x", n, START + 1_000 * SECOND + n)
        assert len(timers) == 0
        assert len(timers._heap) < 200
        await clock.advance(2_000)
        assert fired == []


async def test_a_clock_set_forward_fires_within_a_minute() -> None:
    """The wall clock decides, and is looked at again at least once a minute."""
    clock = ManualClock()
    async with serving(clock) as (timers, fired):
        timers.arm("a", 1, START + 3_600 * SECOND)
        await clock.advance(1)
        clock.set_wall(START + 7_200 * SECOND)
        await clock.advance(61)
        assert len(fired) == 1


async def test_nothing_wakes_while_nothing_is_armed() -> None:
    """Without a timer nobody sleeps: there is no wake-up to come."""
    clock = ManualClock()
    async with serving(clock) as (timers, _):
        await clock.advance(1)
        assert clock.sleeping() == 0
        assert len(timers) == 0
