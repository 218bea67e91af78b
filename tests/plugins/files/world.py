"""A directory to watch: real files, a store in memory, a clock that the test moves."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onbeat.errors import Overloaded
from onbeat.plugins.files import Watch
from onbeat.ports import LedgerRow, Listener, Position, Received, SourceContext, Started, Work
from onbeat.stores.memory import MemoryStore
from tests.plugins.fake_clock import FakeClock
from tests.plugins.source_suite import FakeLog

# Long ago: files that are written now are from the future, so only two looks make them complete.
START = datetime(2020, 1, 1, tzinfo=UTC)


class World:
    """A directory, the store, and what was durably started."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir(exist_ok=True)
        self.clock = FakeClock(START)
        self.store = MemoryStore()
        self.received: list[Received] = []
        self.started: list[tuple[str, str]] = []
        self.batches: list[int] = []
        self.reports: list[str | None] = []
        self.keys: set[tuple[str, str]] = set()
        self.on_emit: Callable[[], None] = lambda: None
        self.refusals = 0
        self.crash: str | None = None
        self.crashed = asyncio.Event()
        self.listeners: list[Listener] = []
        self._changed = asyncio.Event()
        self._told = asyncio.Condition()

    def listener(self, name: str = "t", disabled: bool = False, **options: Any) -> Listener:
        """A trigger of the directory."""
        return Listener(name, Watch.model_validate({"directory": str(self.root), **options}), disabled=disabled)

    def write(self, name: str, content: str = "x", age: float | None = None) -> Path:
        """A file; age: so many seconds before the clock's start."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        if age is not None:
            os.utime(path, (START.timestamp() - age,) * 2)
        return path

    def place(self, name: str, content: str = "x") -> None:
        """A file that is renamed into place."""
        half = self.root / f"{name}.tmp"
        half.write_text(content)
        half.rename(self.root / name)

    async def emit(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        if self.refusals:
            self.refusals -= 1
            raise Overloaded("full")
        if self.crash == "before":
            await self._die()
        await self.store.write(Work(ledger=tuple(ledger)))
        self.on_emit()
        for one in received:
            assert one.triggers
            assert one.event is None or json.dumps(one.event.variables).isascii()
            self.started += [
                (name, one.event.subject or "") for name in sorted(one.triggers) if one.event and (name, one.key) not in self.keys
            ]
            self.keys |= {(name, one.key) for name in one.triggers}
        self.received += received
        self.batches.append(len(received))
        if self.crash == "after":
            await self._die()
        async with self._told:
            self._told.notify_all()
        return tuple(Started() for _ in received)

    async def _die(self) -> None:
        self.crash = None
        self.crashed.set()
        await asyncio.Event().wait()

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._told:
            await self._told.wait_for(what)

    async def until_had(self, *names: str) -> None:
        """Until all these files have been started."""
        await self.until(lambda: set(names) <= {subject for _, subject in self.started})

    async def after(self, change: Callable[[], object]) -> None:
        """Do it, and return when the source has looked and sleeps again."""
        slept = len(self.clock.slept)
        change()
        await self.clock.until_slept(slept + 1)

    def change(self, *listeners: Listener) -> None:
        self.listeners = list(listeners)
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_changed(self) -> None:
        await self._changed.wait()

    async def wait_room(self) -> None:
        return

    @asynccontextmanager
    async def running(self, *listeners: Listener) -> AsyncIterator[None]:
        """The source runs, from its first sleep on (or its crash), until the block ends as a crash would end it."""
        await self.store.open()
        self.crashed.clear()
        self.listeners = list(listeners or self.listeners or [self.listener()])
        options = self.listeners[0].options
        context = SourceContext(
            name=options.subscription("t", {}),
            emit=self.emit,
            store=self.store,
            clock=self.clock,
            log=FakeLog(),
            ready=lambda: None,
            report=self.reports.append,
            wait_room=self.wait_room,
            wait_changed=self.wait_changed,
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(options.run(context, lambda: self.listeners))
            waits = [group.create_task(self.clock.until_asleep()), group.create_task(self.crashed.wait())]
            try:
                await asyncio.wait([task, *waits], return_when=asyncio.FIRST_COMPLETED)
                yield
            finally:
                for one in (task, *waits):
                    one.cancel()

    def had(self, name: str = "t") -> list[str]:
        """The files that a trigger was started for."""
        return [subject for trigger, subject in self.started if trigger == name]
