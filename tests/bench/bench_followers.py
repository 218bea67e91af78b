"""What it costs the daemon that many look on: `python -m tests.bench.bench_followers`.

The two-task flow by webhook, twice in turn: with nobody looking, and with 500 who follow an execution each and 50 who follow a list.
The figure is the daemon's own processor time for an execution; whoever looks on needs some of the machine for himself.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench.__main__ import TWO, flood
from tests.services.daemon import Daemon

LISTS = ("", "state=SUCCESS", "state=RUNNING&state=FAILED", "flowId=two", "flowId=waits", "q=bench", "labels=a:b", "timeRange=PT1H")
WAITS = "id: waits\nnamespace: bench\ntasks: [{id: p, type: core.flow.Pause}]\n"


def processor(pid: int) -> float:
    """Seconds of processor time that the process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def quiet(pid: int) -> float:
    """Return, when the process does nothing any more, how much processor time it has had."""
    while True:
        had = processor(pid)
        await asyncio.sleep(0.5)
        if processor(pid) - had < 0.02:
            return processor(pid)


async def read(session: aiohttp.ClientSession, url: str, seen: list[int]) -> None:
    """Follow until cancelled."""
    async with session.get(url) as answer:
        assert answer.status == 200, await answer.text()
        async for part in answer.content.iter_any():
            seen[0] += part.count(b"\ndata:")


async def measure(daemon: Daemon, requests: int, singles: int, lists: int, pairs: int) -> dict[str, Any]:
    """Pairs of floods, without and with followers."""
    url, api = f"{daemon.url}/api/v1/main/executions/webhook/bench/two/bench-key", f"{daemon.url}/api/v1/main"
    auth = {"Authorization": f"Bearer {daemon.token}"}
    timeout = aiohttp.ClientTimeout(total=None)
    pid = daemon.process.pid
    assert pid is not None
    await flood(url, 500, 32, {})
    found: dict[str, list[float]] = {"alone": [], "followed": []}
    events = [0]
    async with aiohttp.ClientSession(headers=auth, timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        ids = []
        for _ in range(singles):
            async with session.post(f"{api}/executions/bench/waits") as answer:
                ids.append((await answer.json())["id"])
        for pair in range(pairs):
            for kind in sorted(found, reverse=bool(pair % 2)):  # what grows or warms up meanwhile falls on both alike
                async with asyncio.TaskGroup() as group:
                    followed = [f"{api}/executions/{id_}/follow" for id_ in ids]
                    followed += [f"{api}/executions/follow?namespace=bench&{LISTS[n % len(LISTS)]}" for n in range(lists)]
                    looking = [group.create_task(read(session, each, events)) for each in followed if kind == "followed"]
                    before = await quiet(pid)
                    await flood(url, requests, 32, {})
                    found[kind].append((await quiet(pid) - before) / requests * 1e6)
                    for task in looking:
                        task.cancel()
    costs = {kind: round(statistics.median(times)) for kind, times in found.items()}
    ratios = [followed / alone for alone, followed in zip(found["alone"], found["followed"], strict=True)]
    return {
        "microseconds_per_execution": costs,
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(each, 3) for each in ratios],
        "events": events[0],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--singles", type=int, default=500)
    parser.add_argument("--lists", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="onbeat-bench-") as folder:
        daemon = Daemon(Path(folder), {"ONBEAT_MAX_ACTIVE": "100000"})
        daemon.add_flow("two", TWO)
        daemon.add_flow("waits", WAITS)
        with daemon:
            print(json.dumps(asyncio.run(measure(daemon, given.requests, given.singles, given.lists, given.pairs)), indent=1))
            daemon.kill()


if __name__ == "__main__":
    main()
