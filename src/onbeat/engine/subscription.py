"""Hold a running source and the triggers it serves; hot reload swaps the triggers while it runs.

Called by: loader makes the triggers, intake serves them, API and CLI show them.
"""

import asyncio
from collections.abc import Awaitable, Callable

from onbeat.core.backfill import Backfill
from onbeat.core.event import Micros
from onbeat.core.trigger import TriggerSpec
from onbeat.errors import OnbeatError
from onbeat.ports import Listener, SourceOptions

_PATIENCE = 1.0
"""Seconds that a source gets to say how far behind it is."""


class LoadedTrigger:
    """A trigger with its source's settings, checked. backfill: past times that it is to run. off: it was switched off at run time."""

    __slots__ = ("backfill", "off", "options", "path", "spec")

    def __init__(
        self, spec: TriggerSpec, options: SourceOptions, path: str | None = None, backfill: Backfill | None = None, off: bool = False
    ) -> None:
        self.spec = spec
        self.options = options
        self.path = path
        self.backfill = backfill
        self.off = off

    def hears(self, topic: str) -> bool:
        """Whether it says it listens to that topic."""
        said = getattr(self.options, "topic", None)
        return said == topic or (isinstance(said, tuple) and topic in said)

    @property
    def listener(self) -> Listener:
        """What the source sees of it."""
        target = self.spec.flow
        return Listener(
            self.spec.name,
            self.options,
            namespace=target.namespace if target else self.spec.namespace or "",
            flow=target.id if target else "",
            disabled=self.spec.disabled,
            conditional=bool(self.spec.conditions) or self.spec.when is not True,
            backfill=self.backfill,
        )


class Subscription:
    """One running source and the triggers it serves. closed_until: when to try again what the disk had no room for, on the steady clock."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.triggers: dict[str, LoadedTrigger] = {}
        self.changed = asyncio.Event()
        self.ready = asyncio.Event()
        self.trouble: str | None = None
        self.last_event: Micros | None = None
        self.received = 0
        self.closed_until = 0.0
        self.measured: Callable[[], Awaitable[int]] | None = None
        self.task: asyncio.Task[None] | None = None

    async def lag(self) -> int | None:
        """How many events wait at the source; None when it cannot say, or not now."""
        if self.measured is None:
            return None
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self.measured()
        except (OnbeatError, TimeoutError):
            return None

    def listeners(self) -> tuple[Listener, ...]:
        """Its triggers as they are now."""
        return tuple(trigger.listener for trigger in self.triggers.values())

    async def wait_changed(self) -> None:
        """Returns when the triggers differ from now."""
        await self.changed.wait()

    def set_triggers(self, triggers: dict[str, LoadedTrigger]) -> None:
        """Swap the triggers."""
        self.triggers = triggers
        self.changed.set()
        self.changed = asyncio.Event()
