"""A store that refuses, waits or fails to load when a test says so; and tasks that do as they are told."""

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar

from onbeat.core.execution import Execution
from onbeat.ports import Outcome, TaskContext, TaskOptions, Work, Written
from onbeat.stores.memory import MemoryStore


class FaultyStore(MemoryStore):
    """refuse: called with each work, raises what the write shall raise. gate: writes wait for it. on_load: called before each load."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse: Callable[[Work], None] = lambda work: None
        self.on_load: Callable[[str], None] = lambda execution: None
        self.gate = asyncio.Event()
        self.gate.set()
        self.works: list[Work] = []

    async def write(self, work: Work) -> Written:
        await self.gate.wait()
        self.refuse(work)
        self.works.append(work)
        return await super().write(work)

    async def load(self, execution: str) -> Execution | None:
        self.on_load(execution)
        return await super().load(execution)


class Once:
    """Raises an error the first so many times that it is called with what `wanted` is true for."""

    def __init__(self, error: Exception, times: int = 1, wanted: Callable[[Any], bool] = lambda what: True) -> None:
        self.error = error
        self.left = times
        self.wanted = wanted

    def __call__(self, what: Any) -> None:
        if self.left and self.wanted(what):
            self.left -= 1
            raise self.error


class Told(TaskOptions):
    """A task whose deed the test gives: `what` names it."""

    names: ClassVar[tuple[str, ...]] = ("test.Told",)
    deeds: ClassVar[dict[str, Callable[[TaskContext], Any]]] = {}
    what: str

    async def run(self, context: TaskContext) -> Outcome:
        found: Outcome = await self.deeds[self.what](context)
        return found
