"""Wait for the first of several things, as a source does that sleeps, follows a log and may be reloaded meanwhile.

Rules
1. What one of them raises is raised as it is, not in a group: a broken store stays a broken store.
2. Nothing that was waited for goes on afterwards.

Called by: the sources.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from onbeat.ports.sources import Listener, SourceContext


async def first(*waits: Coroutine[Any, Any, None]) -> None:
    """Returns when one of them has; raises what one of them raises."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(wait) for wait in waits]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def until_changed(context: SourceContext, triggers: Callable[[], Sequence[Listener]], seen: list[Listener]) -> None:
    """Returns when the subscription's listeners are no longer those that were seen."""
    while list(triggers()) == seen:
        await context.wait_changed()
