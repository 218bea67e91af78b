"""Fire timers when they are due: one heap, one sleeper, no wake-up when nothing is due.

Timers are not stored: each follows from an execution's state, and boot arms them again. One that was disarmed stays in the heap as
a dead entry until it is due or the dead outnumber the living.

Called by: the engine arms and disarms; the daemon runs `serve`.
"""

import asyncio
import heapq
from collections.abc import Callable

from onbeat.core.event import Micros
from onbeat.ports import Clock

_LONGEST_SLEEP = 60.0
"""Seconds after which the wall clock is looked at again while something waits: it may have been set."""

Timer = tuple[str, int]
"""Execution and task run."""


class Timers:
    """Calls `fire(execution, run, due)` for each armed timer once its time has come."""

    def __init__(self, clock: Clock, fire: Callable[[str, int, Micros], None]) -> None:
        self._clock = clock
        self._fire = fire
        self._heap: list[tuple[Micros, Timer]] = []
        self._armed: dict[tuple[Micros, Timer], None] = {}
        self._earlier = asyncio.Event()

    def __len__(self) -> int:
        return len(self._armed)

    def arm(self, execution: str, run: int, due: Micros) -> None:
        """Fire at `due`; the same timer twice is one."""
        entry = (due, (execution, run))
        if entry in self._armed:
            return
        self._armed[entry] = None
        heapq.heappush(self._heap, entry)
        if self._heap[0] is entry:
            self._earlier.set()

    def disarm(self, execution: str, run: int, due: Micros) -> None:
        """Do not fire it."""
        self._armed.pop((due, (execution, run)), None)
        if len(self._heap) > 64 and len(self._heap) > 2 * len(self._armed):
            self._heap = list(self._armed)
            heapq.heapify(self._heap)

    async def serve(self) -> None:
        """Fire what is due until cancelled."""
        while True:
            self._earlier.clear()
            now = self._clock.now()
            while self._heap and self._heap[0][0] <= now:
                entry = heapq.heappop(self._heap)
                if entry in self._armed:
                    del self._armed[entry]
                    due, (execution, run) = entry
                    self._fire(execution, run, due)
            while self._heap and self._heap[0] not in self._armed:
                heapq.heappop(self._heap)
            if not self._heap:
                await self._earlier.wait()
                continue
            wait = min((self._heap[0][0] - now) / 1_000_000, _LONGEST_SLEEP)
            await self._sleep(max(wait, 0.0))

    async def _sleep(self, seconds: float) -> None:
        """Sleep, or return earlier when an earlier timer is armed."""
        async with asyncio.TaskGroup() as group:
            sleeper = group.create_task(self._clock.sleep(seconds))
            waiter = group.create_task(self._earlier.wait())
            await asyncio.wait({sleeper, waiter}, return_when=asyncio.FIRST_COMPLETED)
            sleeper.cancel()
            waiter.cancel()
