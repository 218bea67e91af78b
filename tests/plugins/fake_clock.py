"""A clock for tests: time passes when the test says so, and a sleeper wakes exactly when it asked to."""

import asyncio
from datetime import UTC, datetime


class FakeClock:
    """Implements ports.Clock. `slept` holds what was asked for."""

    def __init__(self, start: datetime) -> None:
        self._wall = int(start.astimezone(UTC).timestamp() * 1_000_000)
        self._steady = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self._asleep = asyncio.Event()
        self._again = asyncio.Event()
        self.slept: list[float] = []

    def now(self) -> int:
        """Wall time in microseconds."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._steady

    async def sleep(self, seconds: float) -> None:
        """Returns when the test has advanced so far."""
        self.slept.append(seconds)
        self._again.set()
        self._again = asyncio.Event()
        sleeper = (self._steady + seconds, asyncio.get_running_loop().create_future())
        self._sleepers.append(sleeper)
        self._asleep.set()
        try:
            await sleeper[1]
        finally:
            self._sleepers = [other for other in self._sleepers if other is not sleeper]
            if not self._sleepers:
                self._asleep.clear()

    async def until_asleep(self) -> None:
        """Returns when somebody sleeps."""
        async with asyncio.timeout(5):
            await self._asleep.wait()

    async def until_slept(self, times: int) -> None:
        """Returns when somebody has gone to sleep so many times in all."""
        async with asyncio.timeout(5):
            while len(self.slept) < times:
                await self._again.wait()

    async def advance(self, seconds: float) -> None:
        """Let so much time pass; sleepers wake in order, and each may sleep again before the next one wakes."""
        end = self._steady + seconds
        while True:
            await self.until_asleep()
            due, future = min(self._sleepers, key=lambda sleeper: sleeper[0])
            if due > end:
                break
            self._pass(max(0.0, due - self._steady))
            self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[1] is not future]
            if not self._sleepers:
                self._asleep.clear()
            future.set_result(None)
        self._pass(end - self._steady)

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock; sleepers do not notice."""
        self._wall += round(seconds * 1_000_000)

    def _pass(self, seconds: float) -> None:
        self._steady += seconds
        self._wall += round(seconds * 1_000_000)
