"""Tell the time and sleep: the only place that does, so that tests can bring their own.

Called by: daemon gives it to everything that asks for ports.Clock.
"""

import asyncio
import time

from onbeat.core.event import Micros


class SystemClock:
    """The machine's clock."""

    def now(self) -> Micros:
        """Wall time, microseconds since 1970 UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Returns after so many seconds."""
        await asyncio.sleep(seconds)
