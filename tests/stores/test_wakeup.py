"""Waiting without asking again: everybody wakes, in every order of things."""

import asyncio

import pytest

from onbeat.stores.wakeup import Wakeup


def test_who_waits_for_what_is_there_does_not_wait():
    """It ends at its first step: the loop does not come into it."""
    with pytest.raises(StopIteration):
        Wakeup(5).wait(4).send(None)


async def test_every_waiter_wakes_whatever_the_others_do():
    """At its own number; one that is cancelled is alone in that."""
    wakeup = Wakeup()
    async with asyncio.TaskGroup() as group:
        early = [group.create_task(wakeup.wait(0)) for _ in range(10)]
        late = group.create_task(wakeup.wait(1))
        await asyncio.wait([*early, late], timeout=0)
        early.pop().cancel()
        wakeup.advance(1)
        await asyncio.wait(early)
        assert not late.done()
        wakeup.advance(1)
        wakeup.advance(2)
        await late
    assert wakeup.reached == 2


async def test_the_number_never_goes_back():
    """An older one is late news."""
    wakeup = Wakeup(7)
    wakeup.advance(3)
    assert wakeup.reached == 7


async def test_when_the_store_breaks_all_waiters_raise():
    """Those who wait and those who come later: nothing will ever come."""
    wakeup = Wakeup(3)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(raises(wakeup))
        await asyncio.wait([waiting], timeout=0)
        wakeup.fail(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        await wakeup.wait(0)


async def raises(wakeup: Wakeup) -> None:
    """Wait for what does not come."""
    with pytest.raises(OSError, match="gone"):
        await wakeup.wait(3)
