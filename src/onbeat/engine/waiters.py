"""Let callers wait for an execution's end.

Called by: engine.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from onbeat.core.execution import Execution


class Waiters:
    """Who waits for which execution."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[Execution]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def on(self, execution: str) -> "Iterator[asyncio.Future[Execution]]":
        """What comes of it: the execution at its end, or why that is not to be waited for."""
        waiter: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        waiters = self._waiting.setdefault(execution, [])
        waiters.append(waiter)
        try:
            yield waiter
        finally:
            waiters.remove(waiter)
            if not waiters:
                self._waiting.pop(execution, None)

    def ended(self, execution: Execution) -> None:
        """It has ended."""
        for waiter in self._waiting.get(execution.id, ()):
            if not waiter.done():
                waiter.set_result(execution)

    def fail(self, execution: str, why: Exception) -> None:
        """Its end is not to be waited for."""
        for waiter in self._waiting.get(execution, ()):
            if not waiter.done():
                waiter.set_exception(why)
