"""Keep services running: start, restart with back-off when the outside breaks, stop with the daemon.

A source or sink raises when its connection is lost; none has a retry loop of its own, so none has an idea of delivery of its own.

Rules
1. An OutsideError, or a bug in a plugin, restarts that service after a growing pause; nothing else notices.
2. A broken store stops the process.
3. A service that ran for a while starts over with the shortest pause.

Called by: intake for sources, relay for sinks.
"""

from collections.abc import Awaitable, Callable

import structlog

from onbeat.errors import OutsideError, StoreBroken
from onbeat.ports import Clock

_log = structlog.get_logger("onbeat.services")
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
_WELL_AFTER = 60.0
"""Seconds of running after which a failure is a new one."""


async def keep_running(name: str, run: Callable[[], Awaitable[None]], clock: Clock, report: Callable[[str | None], None]) -> None:
    """Run it again whenever it ends, until cancelled. report: what is wrong now, for people."""
    pause = FIRST_PAUSE
    while True:
        began = clock.monotonic()
        try:
            await run()
            trouble = "ended by itself"
        except OutsideError as problem:
            trouble = str(problem)
            _log.warning("a service lost its connection", service=name, problem=trouble)
        except StoreBroken:
            raise
        except Exception as bug:
            trouble = f"{type(bug).__name__}: {bug}"
            _log.exception("a service raised", service=name)
        report(trouble)
        if clock.monotonic() - began > _WELL_AFTER:
            pause = FIRST_PAUSE
        await clock.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
