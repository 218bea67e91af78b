"""Room: who waits longest comes in first, one at a time."""

import asyncio

from onbeat.engine.room import Room
from onbeat.testing import settle


class Seats:
    """So many seats, taken by whoever the room lets in."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.room = Room(lambda: self.free <= 0)
        self.came: list[str] = []

    async def come(self, name: str, takes: int = 1) -> None:
        await self.room.wait()
        self.free -= takes
        self.came.append(name)

    async def flood(self, name: str, times: int) -> None:
        for _ in range(times):
            await self.come(name)

    def leave(self) -> None:
        self.free += 1
        self.room.open()


async def test_who_waits_longest_comes_first() -> None:
    """In order of asking, as seats become free; with room for two, two come."""
    seats = Seats(0)
    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(seats.come(name))
        await settle()
        assert (seats.came, len(seats.room)) == ([], 3)
        seats.leave()
        await settle()
        assert seats.came == ["a"]
        seats.leave()
        seats.leave()
        await settle()
        assert seats.came == ["a", "b", "c"]
    assert len(seats.room) == 0


async def test_a_flood_does_not_starve_the_others() -> None:
    """A source that comes back at once has its turn after those who waited, however often."""
    seats = Seats(0)
    async with asyncio.TaskGroup() as group:
        group.create_task(seats.flood("flood", 6))
        await settle()
        group.create_task(seats.flood("quiet", 3))
        for _ in range(9):
            await settle()
            seats.leave()
    assert seats.came[:6] == ["flood", "quiet"] * 3


async def test_who_gives_up_passes_his_turn_on() -> None:
    """Cancelled while waiting, or after he was let in and before he came: the next comes."""
    seats = Seats(0)
    async with asyncio.TaskGroup() as group:
        first, second, _ = [group.create_task(seats.come(name)) for name in "abc"]
        await settle()
        first.cancel()
        seats.leave()
        second.cancel()
        await settle()
    assert seats.came == ["c"]


async def test_with_room_nobody_waits() -> None:
    """And nobody is kept in mind."""
    seats = Seats(2)
    await seats.come("a")
    assert len(seats.room) == 0
