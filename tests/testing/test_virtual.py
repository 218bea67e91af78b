"""Time that jumps, and a loop that knows when it is at rest."""

import asyncio
import socket
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from onbeat.testing.clock import START, settle
from onbeat.testing.virtual import VirtualClock, VirtualLoop

SECOND = 1_000_000


def run(main: Coroutine[Any, Any, None]) -> None:
    """On a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main)


def loop() -> VirtualLoop:
    """The running one."""
    found = asyncio.get_running_loop()
    assert isinstance(found, VirtualLoop)
    return found


def test_the_loop_is_idle_when_nothing_is_ready() -> None:
    """Rule 1: however long the chain of hand-overs is."""

    async def main() -> None:
        done = list[int]()

        async def chain() -> None:
            for number in range(1000):
                await settle(1)
                done.append(number)

        async with asyncio.TaskGroup() as group:
            group.create_task(chain())
            await loop().idle()
            assert len(done) == 1000

    run(main())


def test_the_loop_is_not_idle_while_a_thread_works() -> None:
    """Rule 1: what a thread gives is waited for, and what follows from it."""

    async def main() -> None:
        done = list[str]()

        async def work() -> None:
            done.append(await asyncio.to_thread(lambda: [time.sleep(0.02), "thread"][1]))
            await settle(1)
            done.append("after")

        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            await loop().idle()
            assert done == ["thread", "after"]

    run(main())


def test_the_loop_is_not_idle_while_something_real_is_waited_for() -> None:
    """Rule 1: a task that is run really, outside of our time."""

    async def main() -> None:
        loop().real = 1
        done = list[str]()

        def over() -> None:
            done.append("real")
            loop().real = 0

        loop().call_later(0.02, over)
        await loop().idle()
        assert done == ["real"]

    run(main())


def test_the_loop_is_not_idle_while_a_worker_is_asked() -> None:
    """Rule 1: an answer that comes by a socket."""

    async def main() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        done = list[bytes]()
        with ours, theirs:

            async def ask() -> None:
                done.append(await loop().sock_recv(ours, 10))

            async with asyncio.TaskGroup() as group:
                group.create_task(ask())
                loop().call_later(0.02, theirs.send, b"answer")
                await loop().idle()
                assert done == [b"answer"]

    run(main())


def test_nothing_connects() -> None:
    """Rule 3: unless something real is under way."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
            client.setblocking(False)
            with pytest.raises(ConnectionRefusedError, match="a flow test is offline"):
                await loop().sock_connect(client, server.getsockname())
            loop().real = 1
            await loop().sock_connect(client, server.getsockname())
            loop().real = 0

    run(main())


def test_a_timeout_of_the_loop_is_not_waited_for() -> None:
    """Rule 1: a deadline that has not passed is no work; else each rest would take as long as the longest deadline."""

    async def main() -> None:
        async with asyncio.timeout(3600):
            await loop().idle()

    run(main())


def test_who_sleeps_is_woken_in_order() -> None:
    """Rule 2: also when the clock is moved past several."""

    async def main() -> None:
        clock, seen = VirtualClock(), list[tuple[str, float]]()

        async def sleeper(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            seen.append((name, clock.monotonic()))

        async with asyncio.TaskGroup() as group:
            for name, seconds in (("late", 3.0), ("early", 1.0), ("now", 0.0)):
                group.create_task(sleeper(name, seconds))
            await loop().idle()
            assert seen == [("now", 0.0)]
            clock.move(START + 5 * SECOND)
            await loop().idle()
            assert seen[1:] == [("early", 5.0), ("late", 5.0)]
            clock.move(START)
            assert clock.now() == START + 5 * SECOND

    run(main())


def test_sleeps_of_tasks_are_told_from_those_of_services() -> None:
    """Rule 4: who was cancelled sleeps no more."""

    async def main() -> None:
        clock = VirtualClock()
        async with asyncio.TaskGroup() as group:
            service = group.create_task(clock.sleep(30))
            task = group.create_task(clock.tasks.sleep(60))
            await loop().idle()
            assert clock.next_task() == START + 60 * SECOND
            service.cancel()
            clock.move(START + 60 * SECOND)
            await task
            assert clock.next_task() is None
            late = group.create_task(clock.tasks.sleep(60))
            await loop().idle()
            late.cancel()
            await loop().idle()
            assert clock.next_task() is None
            assert (clock.tasks.now(), clock.tasks.monotonic()) == (clock.now(), 60.0)

    run(main())
