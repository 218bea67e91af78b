"""Let readers wait for what is written, without asking again and again.

A reader that polls is either late or busy; here it sleeps until the store has gone past the number it has seen.

Rules
1. Who waits for what is there already does not wait.
2. Every waiter wakes, however many there are; one that is cancelled wakes nobody else.
3. When the store breaks all waiters raise what broke it.

Called by: the stores.
"""

import asyncio


class Wakeup:
    """A number that only grows, and those who wait for it to pass theirs."""

    def __init__(self, reached: int = 0) -> None:
        self.reached = reached
        self._changed = asyncio.Event()
        self._broken: Exception | None = None

    def advance(self, to: int) -> None:
        """The number is `to` now, if that is more."""
        if to > self.reached:
            self.reached = to
            self._notify()

    def fail(self, broken: Exception) -> None:
        """Nothing will come any more: who waits now or later raises this."""
        self._broken = broken
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, after: int) -> None:
        """Returns when the number is larger than `after`."""
        while True:
            if self._broken is not None:
                raise self._broken
            if self.reached > after:
                return
            await self._changed.wait()
