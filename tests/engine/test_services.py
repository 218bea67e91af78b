"""Services: run again with back-off, and never for ever quietly."""

import asyncio

import pytest

from onbeat.engine.services import FIRST_PAUSE, LONGEST_PAUSE, keep_running
from onbeat.errors import OutsideError, StoreBroken
from onbeat.testing import ManualClock, settle


class Service:
    """Raises what it is told to, then runs."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self.troubles:
            raise self.troubles.pop(0)
        await asyncio.Event().wait()


async def test_a_lost_connection_is_tried_again_with_growing_pauses() -> None:
    """Half a second, a second, two …; what is wrong is reported each time; a bug in a plugin is no different."""
    clock, said = ManualClock(), list[str | None]()
    service = Service(OutsideError("gone"), OutsideError("still gone"), ValueError("a bug"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_running("x", service, clock, said.append))
        await settle()
        assert (service.runs, said) == (1, ["gone"])
        await clock.advance(FIRST_PAUSE)
        assert service.runs == 2
        await clock.advance(FIRST_PAUSE)
        assert service.runs == 2
        await clock.advance(FIRST_PAUSE)
        assert service.runs == 3
        assert said == ["gone", "still gone", "ValueError: a bug"]
        await clock.advance(4 * FIRST_PAUSE)
        assert service.runs == 4
        task.cancel()


async def test_pauses_do_not_grow_for_ever() -> None:
    """However often it failed, it is tried again within LONGEST_PAUSE."""
    clock = ManualClock()
    service = Service(*[OutsideError("gone")] * 50)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_running("x", service, clock, lambda trouble: None))
        await clock.advance(20 * LONGEST_PAUSE)
        before = service.runs
        await clock.advance(LONGEST_PAUSE)
        assert service.runs == before + 1
        task.cancel()


async def test_a_broken_store_is_not_survived() -> None:
    """It goes up and stops the process."""
    with pytest.raises(StoreBroken):
        await keep_running("x", Service(StoreBroken("disk")), ManualClock(), lambda trouble: None)
