"""Schedules to run: a store in memory, and a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from onbeat.core.backfill import Backfill
from onbeat.errors import Overloaded
from onbeat.plugins.schedule import Schedule
from onbeat.ports import LedgerRow, Listener, Position, Received, SourceContext, Started, Work
from onbeat.stores.memory import MemoryStore
from onbeat.testing import settle
from tests.plugins.fake_clock import FakeClock
from tests.plugins.source_suite import FakeLog

START = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)


class World:
    """What outlives a source: the clock, the store, and what was durably started, with the time it was."""

    def __init__(self, start: datetime = START) -> None:
        self.clock = FakeClock(start)
        self.store = MemoryStore()
        self.started: list[tuple[str, str]] = []
        self.at: list[int] = []
        self.events: list[Received] = []
        self.batches: list[int] = []
        self.reports: list[str | None] = []
        self.log = FakeLog()
        self.refusals = 0
        self.settings: dict[str, Any] = {}
        self.would_start: Callable[[Received], bool] = lambda received: True
        self.crash: str | None = None
        self.crashed = asyncio.Event()
        """Raised when `crash` has happened; the next run begins without."""
        self.lasting = False
        """Whether what is started goes on until `end`."""
        self.open: list[str] = []
        self.ended = asyncio.Event()
        self.listeners: list[Listener] = []
        self.changed = asyncio.Event()

    async def emit(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        """Starts and positions are one transaction; a crash is before or after it."""
        if self.refusals:
            self.refusals -= 1
            raise Overloaded("full")
        if self.crash == "before":
            await self._die()
        await self.store.write(Work(positions=tuple(positions), ledger=tuple(ledger)))
        for one in received:
            assert one.event is not None
            (name,) = one.triggers or ()
            self.started.append((name, one.event.key))
            self.at.append(self.clock.now())
            self.open += [f"{name} {one.event.key}"] if self.lasting else []
        self.events += received
        self.batches.append(len(received))
        if self.crash == "after":
            await self._die()
        return tuple([Started(started=tuple(await self.running_of(one))) for one in received])

    async def running_of(self, received: Received) -> Sequence[str]:
        """The executions that it started and that have not ended."""
        assert received.event is not None
        (name,) = received.triggers or ()
        return [each for each in self.open if each == f"{name} {received.event.key}"]

    async def wait_ended(self, execution: str) -> None:
        """Until it is not open."""
        while execution in self.open:
            await self.ended.wait()

    async def end(self) -> None:
        """All that is open ends; returns when the source has done what follows from that."""
        self.finish()
        await settle()

    def finish(self) -> None:
        """All that is open ends."""
        self.open = []
        self.ended.set()
        self.ended = asyncio.Event()

    async def _die(self) -> None:
        self.crash = None
        self.crashed.set()
        await asyncio.Event().wait()

    async def change(self, *listeners: Listener) -> None:
        """Hot reload; returns when the source sleeps again."""
        times = len(self.clock.slept)
        self.listeners = list(listeners)
        self.changed.set()
        self.changed = asyncio.Event()
        await self.clock.until_slept(times + 1)

    async def wait_changed(self) -> None:
        """Until the next reload."""
        await self.changed.wait()

    async def wait_room(self) -> None:
        """There is room in a second."""
        await self.clock.sleep(1)

    @asynccontextmanager
    async def running(self, *listeners: Listener) -> AsyncIterator[None]:
        """The source runs, from its first sleep until the block ends as a crash would end it."""
        await self.store.open()
        self.crashed.clear()
        self.listeners = list(listeners or self.listeners)
        ready = asyncio.Event()
        context = SourceContext(
            name="core.trigger.Schedule",
            emit=self.emit,
            store=self.store,
            clock=self.clock,
            log=self.log,
            ready=ready.set,
            report=self.reports.append,
            wait_room=self.wait_room,
            wait_changed=self.wait_changed,
            settings=self.settings,
            running=self.running_of,
            wait_ended=self.wait_ended,
            would_start=self.would_start,
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.listeners[0].options.run(context, lambda: self.listeners))
            try:
                async with asyncio.timeout(5):
                    await ready.wait()
                await either(self.clock.until_asleep(), self.crashed.wait())
                yield
            finally:
                task.cancel()

    def keys(self, name: str = "t") -> list[str]:
        """The instants that a trigger was started for, as `HH:MM` of the day they are on."""
        return [key[11:16] for trigger, key in self.started if trigger == name]


async def either(*works: Coroutine[Any, Any, Any]) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


def schedule(
    name: str = "t",
    cron: str = "* * * * *",
    disabled: bool = False,
    conditional: bool = False,
    backfill: Backfill | None = None,
    **options: Any,
) -> Listener:
    """A listener with a schedule."""
    return Listener(name, Schedule(cron=cron, **options), disabled=disabled, conditional=conditional, backfill=backfill)
