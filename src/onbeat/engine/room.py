"""Bound how many executions are at work, and let sources in again in the order they were refused.

A source that floods comes back for more as soon as it is let in; if all that wait were woken together it would always be first, and a
quiet source beside it would starve.

Rules
1. Whoever waits longest comes in first; one at a time, each before the next is looked at.
2. Who gives up waiting passes his turn on.

Called by: the engine says when somebody left; sources wait here through their context.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class Room:
    """full: whether there is room for nobody now."""

    def __init__(self, full: Callable[[], bool]) -> None:
        self._full = full
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return sum(not turn.done() for turn in self._waiting)

    async def wait(self) -> None:
        """Returns when there is room and everybody who waited longer was let in."""
        if not self._full() and not self._waiting:
            return
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        self.open()
        try:
            await turn
        finally:
            loop.call_soon(self.open)  # he acts first; then the next, if there is still room

    def open(self) -> None:
        """Somebody left: let the next one in."""
        while self._waiting and self._waiting[0].done():  # he gave up
            self._waiting.popleft()
        if self._waiting and not self._full():
            self._waiting.popleft().set_result(None)
