"""What it costs to run a program: through the guard, against Popen and asyncio's own way, from a process as large as a daemon.

    python tests/bench/bench_spawn.py [--megabytes 400] [--count 300] [--loop uvloop]

`latency` is one after the other; `stall` is the longest time that the loop could do nothing else; `throughput` is 16 at once.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from onbeat.engine.guard import Guard
from onbeat.engine.process import LocalProcesses

Run = Callable[[], Awaitable[object]]
PROGRAM = ["/bin/true"]


async def by_popen() -> None:
    """Popen, a pidfd and two pipes: nothing watches the program."""
    loop = asyncio.get_running_loop()
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    process = subprocess.Popen(PROGRAM, stdin=nothing, stdout=pipe, stderr=pipe, start_new_session=True)  # noqa: ASYNC220  that it blocks is measured

    async def drain(stream: object) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stream)
        await reader.read()
        transport.close()

    descriptor = os.pidfd_open(process.pid)
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    await asyncio.gather(drain(process.stdout), drain(process.stderr))
    await ended.wait()
    loop.remove_reader(descriptor)
    os.close(descriptor)
    process.wait()


async def by_asyncio() -> None:
    """The loop's own way."""
    process = await asyncio.create_subprocess_exec(*PROGRAM, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    await process.communicate()


async def measure(name: str, run: Run, count: int) -> None:
    """Print one line."""
    await run()
    times = []
    longest = 0.0
    running = True

    async def tick() -> None:
        nonlocal longest
        while running:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    for _ in range(count):
        began = time.perf_counter()
        await run()
        times.append(time.perf_counter() - began)
    watch = asyncio.create_task(tick())
    for _ in range(20):
        await run()
    running = False
    await watch
    places = asyncio.Semaphore(16)

    async def placed() -> None:
        async with places:
            await run()

    began = time.perf_counter()
    await asyncio.gather(*(placed() for _ in range(count)))
    rate = count / (time.perf_counter() - began)
    latency = f"{statistics.median(times) * 1000:6.2f} ms  p99 {sorted(times)[int(count * 0.99)] * 1000:6.2f} ms"
    print(f"{name:22} latency {latency}  stall {longest * 1000:6.2f} ms  throughput {rate:6.0f}/s")


async def main(count: int) -> None:
    """Each way in turn."""
    guard = Guard()
    processes = LocalProcesses(guard)
    await measure("guard", lambda: processes.run(PROGRAM, env={}, cwd=Path("/"), log=lambda *_: None), count)
    await measure("Popen, nothing watched", by_popen, count)
    await measure("asyncio", by_asyncio, count)
    await guard.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="uvloop")
    arguments = parser.parse_args()
    ballast = bytearray(os.urandom(1024 * 1024) * arguments.megabytes)
    (uvloop.run if arguments.loop == "uvloop" else asyncio.run)(main(arguments.count))
