"""See a close through to its end, also when whoever waits for it is cancelled meanwhile.

A client that is left half closed goes on by itself: a consumer keeps its place in the group and takes records that nobody handles.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def finish(closing: Coroutine[Any, Any, Any], seconds: float) -> bool:
    """Run it to its end, at most so long; a cancel is raised afterwards. False: it did not end in time and was cancelled itself."""
    cancelled: asyncio.CancelledError | None = None
    task = asyncio.gather(asyncio.wait_for(closing, seconds), return_exceptions=True)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    (outcome,) = task.result()
    if isinstance(outcome, BaseException) and not isinstance(outcome, TimeoutError):
        raise outcome
    return not isinstance(outcome, TimeoutError)
