"""Kill the daemon while triggers wait for several events, and while executions wait for their turn, on real brokers.

campaigns.py holds a source to its promise; here is what stands between it and the start: what a correlation remembers, and the line of
an ordering key. Each event belongs to one group and counts in it once, whatever dies in between.

Called by: test_kill_groups, kill_loop.
"""

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiomqtt
from aiokafka import AIOKafkaProducer

from onbeat.core.execution import Execution
from onbeat.stores.sqlite.backup import FILE, check
from tests.e2e.campaigns import count, wait_ended
from tests.e2e.checker import Checker, Report, variables
from tests.e2e.schedules import beside, first_ran
from tests.services.daemon import Daemon

FLOW = """
id: {id}
namespace: kill
{more}
tasks:
  - {{id: first, type: core.debug.Return, format: "{{{{ execution.id }}}}"}}
  - {{id: second, type: core.log.Log, message: "{{{{ outputs.first.value }}}}"}}
triggers:
  - {trigger}
"""
BATCH = {"accumulate": 7, "window": "PT1S"}
Send = Callable[[dict[str, Any]], Awaitable[Any]]


def _add(daemon: Daemon, id_: str, trigger: Mapping[str, Any], more: str = "") -> None:
    daemon.add_flow(id_, FLOW.format(id=id_, trigger=json.dumps({"id": "on", **trigger}), more=more))


def _pairs(value: str) -> dict[str, Any]:
    """`correlate` for two sides of a pair. value: where the trigger has the event."""
    terms = [{"id": side, "when": f"{{{{ trigger.{value}.side == '{side}' }}}}"} for side in "ab"]
    return {"key": f"{{{{ trigger.{value}.pair }}}}", "all": terms, "window": "P1D"}


def _halves(pairs: int, chance: random.Random) -> list[dict[str, Any]]:
    """Both sides of each pair, in any order."""
    found = [{"pair": n, "side": side} for n in range(pairs) for side in "ab"]
    chance.shuffle(found)
    return found


async def _feed(daemon: Daemon, events: Sequence[dict[str, Any]], send: Send, report: Report, chance: random.Random) -> None:
    """Send all of it, and kill the daemon as often as the report says meanwhile; what it leaves each time agrees with itself."""
    kills = report.kills
    edges = [len(events) * n // (kills + 1) for n in range(kills + 2)]
    for number in range(kills + 1):
        sending = asyncio.gather(*[send(event) for event in events[edges[number] : edges[number + 1]]])
        if number < kills:
            await asyncio.sleep(chance.random() * 0.4)
            report.problems += await asyncio.to_thread(_kill, daemon)
        await sending


def _kill(daemon: Daemon) -> list[str]:
    daemon.kill()
    problems = check(daemon.data / FILE)
    daemon.start()
    return problems


# ---- several events --------------------------------------------------------------------------------------------------


async def kafka(folder: Path, bootstrap: str, topic: str, pairs: int, kills: int, seed: int = 8) -> Report:
    """Pairs over the partitions of a topic."""
    properties = {"group.instance.id": "kill-groups", "session.timeout.ms": 6000}
    source = {"type": "kafka.RealtimeTrigger", "topic": topic, "groupId": topic, "from": "earliest", "properties": properties}
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    await producer.start()

    async def send(event: dict[str, Any]) -> None:
        await producer.send_and_wait(topic, json.dumps(event).encode(), key=str(event).encode())

    try:
        daemon = Daemon(folder, {"ONBEAT_KAFKA_BOOTSTRAP_SERVERS": bootstrap})
        return await _correlated("kafka groups", daemon, {**source, "valueDeserializer": "JSON"}, "value", send, pairs, kills, seed)
    finally:
        await producer.stop()


async def mqtt(folder: Path, url: str, pairs: int, kills: int, seed: int = 9) -> Report:
    """Pairs at QoS 1."""
    host, port = url.removeprefix("mqtt://").split(":")
    async with aiomqtt.Client(host, int(port)) as client:
        few = asyncio.Semaphore(8)

        async def send(event: dict[str, Any]) -> None:
            async with few:
                await client.publish(f"groups/{event['side']}", json.dumps(event), qos=1, timeout=120)

        daemon = Daemon(folder, {"ONBEAT_MQTT_URL": url})
        source = {"type": "mqtt.RealtimeTrigger", "topic": "groups/#", "clientId": "kill-groups"}
        return await _correlated("mqtt groups", daemon, source, "payload", send, pairs, kills, seed)


async def _correlated(
    name: str, daemon: Daemon, source: Mapping[str, Any], value: str, send: Send, pairs: int, kills: int, seed: int
) -> Report:
    """Each pair starts one execution; and each event is in one batch of those that a second trigger collects."""
    report, began, chance = Report(name, 2 * pairs, kills), time.monotonic(), random.Random(seed)
    _add(daemon, "pairs", {**source, "correlate": _pairs(value)})
    _add(daemon, "batches", {**source, "correlate": BATCH})
    events = _halves(pairs, chance)

    def collected() -> int:
        found = daemon.api("GET", "/api/v1/main/executions/search?flowId=pairs&size=1").json()["total"]
        return int(found)

    def gathered() -> int:
        listed = daemon.api("GET", "/api/v1/main/executions/search?flowId=batches&size=1000").json()["results"]
        for id_ in {each["id"] for each in listed} - sizes.keys():
            sizes[id_] = len(daemon.api("GET", f"/api/v1/main/executions/{id_}").json()["trigger"]["variables"]["events"])
        return sum(sizes.values())

    sizes: dict[str, int] = {}
    try:
        with daemon:
            await asyncio.to_thread(daemon.until, lambda: _ready(daemon), "the subscription")
            await _feed(daemon, events, send, report, chance)
            await asyncio.to_thread(daemon.until, lambda: collected() >= pairs, f"{pairs} pairs", 240)
            await asyncio.to_thread(daemon.until, lambda: gathered() >= 2 * pairs, "the window of the last batch")
            await asyncio.to_thread(wait_ended, daemon, count(daemon), 60)
            daemon.stop()
    finally:
        daemon.close()
    checker = Checker(daemon.data, report)
    await checker.read()
    found: dict[str, list[Execution]] = defaultdict(list)
    for each in checker.executions:
        found[each.head.flow].append(each)
    started = Counter(int(variables(each)["correlation"]["key"]) for each in found["pairs"])
    report.problems += [f"pair {n} started {started[n]} executions" for n in range(pairs) if started[n] != 1][:5]
    wanted = {(event["pair"], event["side"]) for event in events}
    batched = Counter((one[value]["pair"], one[value]["side"]) for each in found["batches"] for one in variables(each)["events"])
    report.problems += [f"event {one} is in {batched[one]} batches" for one in wanted if batched[one] != 1][:5]
    report.seconds = time.monotonic() - began
    return report


def _ready(daemon: Daemon) -> bool:
    return all(each["status"] == "ready" for each in daemon.api("GET", "/api/v1/triggers/search").json()["results"])


# ---- one after the other -------------------------------------------------------------------------------------------


async def lines(folder: Path, bootstrap: str, topic: str, records: int, kills: int, seed: int = 10) -> Report:
    """Records of a few keys on a topic, two thirds of them of one; the flow has a limit for each parity beside.

    All run; of a key one after the other, in the order of the topic; never more at once than the limit.
    """
    report, began, chance = Report("kafka ordering keys", records, kills), time.monotonic(), random.Random(seed)
    daemon = Daemon(folder, {"ONBEAT_KAFKA_BOOTSTRAP_SERVERS": bootstrap})
    properties = {"group.instance.id": "kill-lines", "session.timeout.ms": 6000}
    trigger = {"type": "kafka.RealtimeTrigger", "topic": topic, "groupId": topic, "from": "earliest", "properties": properties}
    more = 'concurrency: {limit: 2, key: "{{ trigger.value % 2 }}"}'
    _add(daemon, "lines", {**trigger, "valueDeserializer": "JSON", "orderingKey": "{{ trigger.key }}"}, more)
    events = [{"key": "many" if n % 3 else f"few-{n % 6}", "n": n} for n in range(records)]
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    await producer.start()
    ahead = asyncio.Lock()

    async def send(event: dict[str, Any]) -> None:
        async with ahead:  # in the order of the list
            sent = await producer.send(topic, str(event["n"]).encode(), key=event["key"].encode())
        await sent

    try:
        with daemon:
            await asyncio.to_thread(daemon.until, lambda: _ready(daemon), "the subscription")
            await _feed(daemon, events, send, report, chance)
            await asyncio.to_thread(wait_ended, daemon, records, 900)
            daemon.stop()
    finally:
        daemon.close()
        await producer.stop()
    checker = Checker(daemon.data, report)
    await checker.read()
    checker.once(lambda each: int(variables(each)["value"]), set(range(records)))
    by_key, by_limit = defaultdict(list), defaultdict(list)
    for each in sorted(checker.executions, key=lambda each: (first_ran(each), int(variables(each)["offset"]))):
        by_key[each.head.key].append(each)
        by_limit[int(variables(each)["value"]) % 2].append(each)
    for key, line in by_key.items():
        report.problems += beside(line, 1)
        if (order := [int(variables(each)["offset"]) for each in line]) != sorted(order):
            report.problems.append(f"key {key} ran in another order than it came")
    for line in by_limit.values():
        report.problems += beside(line, 2)
    report.seconds = time.monotonic() - began
    return report
