"""A clock that moves by hand."""

import asyncio

from onbeat.testing import START, ManualClock, settle


async def test_sleepers_wake_in_order_of_their_time() -> None:
    """Each sees the time it asked for, and does what it does before the next wakes."""
    clock, seen = ManualClock(), list[tuple[str, float, int]]()

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((name, clock.monotonic(), clock.now() - START))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 3.0), ("early", 1.0), ("next", 2.0)):
            group.create_task(sleeper(name, seconds))
        await settle()
        assert clock.sleeping() == 3
        await clock.advance(2)
        assert seen == [("early", 1.0, 1_000_000), ("next", 2.0, 2_000_000)]
        await clock.advance(5)
    assert clock.monotonic() == 7.0
    assert [name for name, _, _ in seen] == ["early", "next", "late"]


async def test_a_sleeper_may_sleep_again() -> None:
    """Within one advance, as often as it fits."""
    clock, ticks = ManualClock(), list[float]()

    async def ticking() -> None:
        while True:
            await clock.sleep(1)
            ticks.append(clock.monotonic())

    async with asyncio.TaskGroup() as group:
        task = group.create_task(ticking())
        await clock.advance(3.5)
        task.cancel()
    assert ticks == [1.0, 2.0, 3.0]


async def test_the_wall_can_be_set_without_time_going_by() -> None:
    """As an operator does; nobody wakes by it."""
    clock = ManualClock()
    clock.set_wall(5)
    assert (clock.now(), clock.monotonic()) == (5, 0.0)
    await clock.sleep(0)
