"""See a start or a close through to its end, also when whoever waits for it is cancelled meanwhile.

A client that is left half open goes on by itself: a consumer keeps its place in the group and takes records that nobody handles. aiokafka
leaves its connections open when it is cancelled while it makes them.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def finish(work: Coroutine[Any, Any, Any], seconds: float, *, grace: float | None = None) -> bool:
    """Run it to its end, at most so long, and `grace` after a cancel; the cancel is raised afterwards. False: it took too long."""
    cancelled: asyncio.CancelledError | None = None
    task = asyncio.gather(asyncio.wait_for(work, seconds), return_exceptions=True)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if cancelled is None and grace is not None:
                asyncio.get_running_loop().call_later(grace, task.cancel)
            cancelled = error
    if cancelled is not None:
        raise cancelled
    (outcome,) = task.result()
    if isinstance(outcome, BaseException) and not isinstance(outcome, TimeoutError):
        raise outcome
    return not isinstance(outcome, TimeoutError)
