"""Kill the daemon while it runs schedules, backfills and ordered executions: the promises of time and order, as campaigns.py has those of
the sources.

Called by: test_kill_schedules, kill_loop.
"""

import random
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from onbeat.core.execution import Execution
from onbeat.core.states import State
from tests.e2e.campaigns import add_flow, count, kill_while_working, wait_ended
from tests.e2e.checker import Checker, Report, variables
from tests.services.daemon import Daemon

API = "/api/v1/main"
ORDERED = """
id: ordered
namespace: kill
concurrency: {limit: 3}
tasks:
  - {id: first, type: core.debug.Return, format: "{{ trigger.body.n }}"}
  - {id: second, type: core.log.Log, message: "{{ outputs.first.value }}"}
triggers:
  - {id: hook, type: core.trigger.Webhook, key: kill-key, orderingKey: "{{ trigger.body.key }}"}
"""


async def every_second(folder: Path, kills: int, seed: int = 5) -> Report:
    """A schedule that fires each second, killed again and again: each second has one execution, and none beside it."""
    report, began, chance = Report("schedule", 0, kills), time.monotonic(), random.Random(seed)
    daemon = Daemon(folder)
    add_flow(daemon, "ticks", "trigger.date", {"type": "core.trigger.Schedule", "cron": "* * * * * *", "withSeconds": True})
    try:
        with daemon:
            for _ in range(kills):
                seen = count(daemon)
                daemon.until(lambda seen=seen: count(daemon) > seen, "another execution", 60)
                _kill_within_a_second(daemon, chance)
            daemon.api("PUT", f"{API}/triggers", {"name": "kill.ticks.on", "disabled": True})
            wait_ended(daemon, count(daemon), 60)
            daemon.stop()
    finally:
        daemon.close()
    checker = Checker(daemon.data, report)
    await checker.read()
    seconds = sorted(datetime.fromisoformat(variables(each)["date"]) for each in checker.executions)
    report.sent = int((seconds[-1] - seconds[0]).total_seconds()) + 1
    checker.once(
        lambda each: datetime.fromisoformat(variables(each)["date"]), {seconds[0] + timedelta(seconds=n) for n in range(report.sent)}
    )
    report.problems += beside(checker.executions, 1)
    report.seconds = time.monotonic() - began
    return report


async def backfill(folder: Path, hours: int, kills: int, seed: int = 6, *, at_once: bool = False) -> Report:
    """A backfill of so many hours, killed while it runs: each hour once, created in order; and one after the other, unless `at_once`."""
    report, began = Report("backfill", hours), time.monotonic()
    daemon = Daemon(folder)
    minute = (datetime.now(UTC).minute + 30) % 60  # the schedule itself has nothing to do meanwhile
    schedule = {"type": "core.trigger.Schedule", "cron": f"{minute} * * * *", "allowConcurrent": at_once}
    add_flow(daemon, "hourly", "trigger.date", schedule)
    first = datetime(2020, 1, 1, 0, minute, tzinfo=UTC)
    try:
        with daemon:
            span = {"start": first.isoformat(), "end": (first + timedelta(hours=hours - 1)).isoformat()}
            daemon.api("PUT", f"{API}/triggers", {"name": "kill.hourly.on", "backfill": span})
            report.kills = kill_while_working(daemon, kills, hours, seed)
            wait_ended(daemon, hours, 300)
            daemon.stop()
    finally:
        daemon.close()
    checker = Checker(daemon.data, report)
    await checker.read()
    checker.once(lambda each: datetime.fromisoformat(variables(each)["date"]), {first + timedelta(hours=n) for n in range(hours)})
    checker.ordered(lambda each: 0, lambda each: int(datetime.fromisoformat(variables(each)["date"]).timestamp()))
    report.problems += [] if at_once else beside(checker.executions, 1)
    report.seconds = time.monotonic() - began
    return report


async def ordered(folder: Path, requests: int, kills: int, seed: int = 7) -> Report:
    """Webhooks of a few keys on a flow with a limit, killed while they wait for each other: all run, in order, none too many at once."""
    report, began = Report("ordering keys", requests), time.monotonic()
    daemon = Daemon(folder)
    daemon.add_flow("ordered", ORDERED)
    try:
        with daemon:
            for n in range(requests):
                _send(daemon, n)
                if kills and n % (requests // (kills + 1)) == requests // (kills + 1) - 1 and report.kills < kills:
                    daemon.kill()
                    daemon.start()
                    report.kills += 1
            wait_ended(daemon, requests, 120)
            daemon.stop()
    finally:
        daemon.close()
    checker = Checker(daemon.data, report)
    await checker.read()
    checker.once(lambda each: variables(each)["body"]["n"], set(range(requests)))
    report.problems += beside(checker.executions, 3)
    lines: dict[str | None, list[Execution]] = defaultdict(list)
    for each in sorted(checker.executions, key=first_ran):
        lines[each.head.key].append(each)
    for key, line in lines.items():
        report.problems += beside(line, 1)
        if (order := [variables(each)["body"]["n"] for each in line]) != sorted(order):
            report.problems.append(f"key {key} ran in the order {order}")
    report.seconds = time.monotonic() - began
    return report


def _kill_within_a_second(daemon: Daemon, chance: random.Random) -> None:
    time.sleep(chance.random())
    daemon.kill()
    daemon.start()


def _send(daemon: Daemon, n: int) -> None:
    daemon.until(lambda: daemon.healthy(), "the daemon", 60)
    path = f"{API}/executions/webhook/kill/ordered/kill-key"
    daemon.api("POST", path, {"n": n, "key": "abc"[n % 3]}, {"Idempotency-Key": str(n)})


def beside(executions: list[Execution], limit: int) -> list[str]:
    """Where more than so many were at work at once."""
    moves = [(first_ran(each), 1, each.id) for each in executions] + [(each.history[-1][1], -1, each.id) for each in executions]
    at_work, found = 0, []
    for _, change, id_ in sorted(moves):
        at_work += change
        if at_work > limit:
            found.append(f"{at_work} at once when {id_} began, not {limit}")
    return found[:5]


def first_ran(execution: Execution) -> int:
    """When it first ran."""
    return next(at for state, at in execution.history if state is State.RUNNING)
