"""A sink that collects what it is given.

Called by: tests, and plugin authors' tests.
"""

import asyncio
from collections.abc import Sequence

from onbeat.errors import OutsideError
from onbeat.ports import StateEvent


class ListSink:
    """ports.Sink that collects. fail: how many of the next publishes raise before anything is taken."""

    def __init__(self, name: str = "list") -> None:
        self.name = name
        self.events: list[StateEvent] = []
        self.fail = 0
        self.opened = 0
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        """Count it."""
        self.opened += 1

    async def publish(self, events: Sequence[StateEvent]) -> None:
        """Take them, or fail."""
        if self.fail > 0:
            self.fail -= 1
            raise OutsideError("the sink was told to fail")
        self.events.extend(events)
        self._arrived.set()

    async def close(self) -> None:
        """Nothing."""

    async def wait_for(self, count: int) -> list[StateEvent]:
        """Returns when so many events have come."""
        while len(self.events) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return self.events
