"""Waiting for the first of several things."""

import asyncio

import pytest

from onbeat.errors import StoreBroken
from onbeat.ports import Listener
from onbeat.ports.waiting import first, until_changed


async def never(log: list[str]) -> None:
    """Says when it was given up."""
    try:
        await asyncio.Event().wait()
    finally:
        log.append("given up")


async def test_the_first_one_ends_the_wait_and_the_others() -> None:
    """Nothing that was waited for goes on."""
    log: list[str] = []
    await first(never(log), asyncio.sleep(0), never(log))
    assert log == ["given up", "given up"]


async def test_what_one_raises_is_raised_as_it_is() -> None:
    """Not in a group: who catches StoreBroken must catch this one."""
    log: list[str] = []

    async def broken() -> None:
        raise StoreBroken("disk")

    with pytest.raises(StoreBroken, match="disk"):
        await first(never(log), broken())
    assert log == ["given up"]


async def test_listeners_that_are_equal_have_not_changed() -> None:
    """A wake-up without a change goes on waiting."""
    seen, now = [Listener("a", None)], [Listener("a", None)]
    wakes = 0

    class Context:
        """As much of one as is asked for."""

        async def wait_changed(self) -> None:
            nonlocal wakes
            wakes += 1
            if wakes == 3:
                now.append(Listener("b", None))

    await until_changed(Context(), lambda: now, seen)  # type: ignore[arg-type]
    assert wakes == 3
