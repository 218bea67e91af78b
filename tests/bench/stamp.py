"""Say when a task began: the function that the benchmark's first task calls on the daemon's loop."""

import time


async def stamp() -> int:
    """Nanoseconds since 1970, now."""
    return time.time_ns()
