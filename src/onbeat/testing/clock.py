"""A clock that is moved by hand, for tests of one part.

A test that sleeps is slow when it passes and lies when the machine is busy; here time moves when the test says so, and everything that
happens is a change to wait for. Tests of whole flows have time that moves by itself: virtual.py.

Rules
1. `advance` wakes sleepers in order of their time, and lets each do all it can before the next.
2. Nothing here is used by a running daemon.

Called by: tests, and plugin authors' tests.
"""

import asyncio
import heapq
import itertools

from onbeat.core.event import Micros

START: Micros = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z: when a ManualClock begins."""
_TURNS = 50
"""Turns of the loop in which whatever was woken comes to rest; enough for the longest chain of hand-overs."""


class ManualClock:
    """ports.Clock that moves when it is told to."""

    def __init__(self, now: Micros = START) -> None:
        self._now = now
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> Micros:
        """Wall time."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that went by."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Returns when the clock was advanced that far."""
        if seconds <= 0:
            await settle(1)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), woken))
        await woken

    def sleeping(self) -> int:
        """How many sleep."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    def set_wall(self, now: Micros) -> None:
        """Set the wall clock, as an operator or NTP does: no time goes by."""
        self._now = now

    async def advance(self, seconds: float) -> None:
        """Let that much time go by, stopping at each sleeper that is due."""
        until = self._elapsed + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            due, _, woken = heapq.heappop(self._sleepers)
            self._move(due)
            if not woken.done():
                woken.set_result(None)
                await settle()
        self._move(until)
        await settle()

    def _move(self, to: float) -> None:
        self._now += round((to - self._elapsed) * 1_000_000)
        self._elapsed = to


async def settle(turns: int = _TURNS) -> None:
    """Let the loop run until whatever is ready has run."""
    for _ in range(turns):
        await asyncio.sleep(0)
