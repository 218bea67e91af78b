"""Time that jumps: whenever nothing can go on without it, it is the next instant at which something does.

A flow that waits an hour for a person and retries for a day is tested in milliseconds, and in the same way each time. Guessing when
all is at rest (so many turns of the loop, so many milliseconds) makes such tests fail on busy machines; here the loop says it: it is
at rest when it would block.

Rules
1. The loop is idle when nothing is ready, nothing runs in a thread or a worker, and nothing real outside is waited for.
2. Who sleeps is woken in order of its instant; a clock that is moved past several wakes them all, as after a suspended machine.
3. Nothing connects to anything while nothing real is meant to.
4. Sleeps of tasks are told from those of services: a service looks at the clock again and again, and says not how far to jump.

Called by: bench.py drives it; cli and session.py run their loops with it.
"""

import asyncio
import errno
import heapq
import itertools
import selectors
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple, Unpack

from onbeat.core.event import Micros
from onbeat.testing.clock import START

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_SECOND = 1_000_000


class _Sleepers:
    """Who sleeps until when."""

    def __init__(self) -> None:
        self._heap: list[tuple[Micros, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    async def until(self, due: Micros) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (due, next(self._order), woken))
        await woken

    def first(self) -> Micros | None:
        while self._heap and self._heap[0][2].done():
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def wake(self, now: Micros) -> None:
        while (due := self.first()) is not None and due <= now:
            heapq.heappop(self._heap)[2].set_result(None)


class VirtualClock:
    """ports.Clock whose time `move` moves. tasks: the same clock for tasks, whose sleeps are told from those of services."""

    def __init__(self, now: Micros = START) -> None:
        self._start = self._now = now
        self._services = _Sleepers()
        self._tasks = _Sleepers()
        self.tasks = TaskClock(self, self._tasks)

    def now(self) -> Micros:
        """Wall time."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that went by."""
        return (self._now - self._start) / _SECOND

    async def sleep(self, seconds: float) -> None:
        """Returns when the clock was moved that far."""
        await self.sleep_among(self._services, seconds)

    async def sleep_among(self, sleepers: _Sleepers, seconds: float) -> None:
        """Sleep with these others."""
        if seconds <= 0:
            await asyncio.sleep(0)
        else:
            await sleepers.until(self._now + max(1, round(seconds * _SECOND)))

    def next_task(self) -> Micros | None:
        """When the first task that sleeps is due."""
        return self._tasks.first()

    def move(self, to: Micros) -> None:
        """It is that instant now; never an earlier one."""
        self._now = max(self._now, to)
        self._services.wake(self._now)
        self._tasks.wake(self._now)


class TaskClock:
    """The clock as tasks see it."""

    def __init__(self, clock: VirtualClock, sleepers: _Sleepers) -> None:
        self._clock = clock
        self._sleepers = sleepers

    def now(self) -> Micros:
        """Wall time."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds that went by."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Returns when the clock was moved that far."""
        await self._clock.sleep_among(self._sleepers, seconds)


class _Selector(selectors.DefaultSelector):
    """Says when it would block. at_rest: returns whether it made something ready."""

    at_rest: Callable[[], bool]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            found = super().select(0)
            if found or self.at_rest():
                return found
        return super().select(timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that knows when it is idle. real: how much goes on outside that has to be waited for in real time."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.at_rest = self._at_rest
        super().__init__(selector)
        self.real = 0
        self._busy = 0
        self._waiting: list[asyncio.Future[None]] = []

    async def idle(self) -> None:
        """Returns when nothing goes on any more that does not wait for time or for somebody."""
        rest = self.create_future()
        self._waiting.append(rest)
        await rest

    def run_in_executor(self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> "asyncio.Future[T]":
        """Count what runs in threads, until its result is here."""
        future = super().run_in_executor(executor, func, *args)
        self._busy += 1
        future.add_done_callback(self._back)
        return future

    def _back(self, future: "asyncio.Future[Any]") -> None:
        self._busy -= 1

    async def sock_recv(self, sock: socket.socket, nbytes: int) -> bytes:
        """Count what waits for a worker's answer."""
        with self._at_work():
            return await super().sock_recv(sock, nbytes)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect, if something real is under way. Raises ConnectionRefusedError."""
        if not self.real:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "a flow test is offline: give the task a mock, or say `real: true`")
        await super().sock_connect(sock, address)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def _at_rest(self) -> bool:
        if self._busy or self.real:
            return False
        waiting, self._waiting = self._waiting, []
        for rest in waiting:
            if not rest.done():
                rest.set_result(None)
        return bool(waiting)
