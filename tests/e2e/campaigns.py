"""Kill the daemon at random instants under load, then look at what it left: the promises, source by source.

Each campaign sends so many things, kills the daemon with SIGKILL so many times while it works on them, waits until all has ended, and
reads the store, and the state topic, with `Checker`. The same code runs small in `make test` and at full size by `make kill-loop`.
"""

import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.e2e.checker import Checker, Report, variables
from tests.services.daemon import Daemon

FLOW = """
id: {id}
namespace: kill
tasks:
  - {{id: first, type: core.debug.Return, format: "{{{{ {value} }}}}"}}
  - {{id: second, type: core.log.Log, message: "{{{{ outputs.first.value }}}}"}}
triggers:
  - {trigger}
"""


def add_flow(daemon: Daemon, name: str, value: str, trigger: dict[str, Any]) -> None:
    """A flow of two tasks with one trigger."""
    daemon.add_flow(name, FLOW.format(id=name, value=value, trigger=json.dumps({"id": "on", **trigger})))


def count(daemon: Daemon, *, ended: bool = False) -> int:
    """How many executions there are; ended: that have ended well."""
    state = "?state=SUCCESS&size=1" if ended else "?size=1"
    return int(daemon.api("GET", f"/api/v1/main/executions/search{state}").json()["total"])


def kill_while_working(daemon: Daemon, kills: int, total: int, seed: int) -> int:
    """Kill the daemon `kills` times, each at a random instant after new executions were seen, and start it again. Returns how often."""
    chance = random.Random(seed)
    seen = count(daemon)
    for number in range(kills):
        goal = min(seen + chance.randint(1, max(1, total // (kills + 1))), total - 1)
        daemon.until(lambda goal=goal: count(daemon) > goal or count(daemon) >= total - 1, f"more than {goal} executions", 120)
        time.sleep(chance.random() * 0.05)
        daemon.kill()
        daemon.start()
        seen = count(daemon)
        if seen >= total:
            return number + 1
    return kills


def kill_after_each(daemon: Daemon, kills: int, seed: int, feed: Callable[[int], int]) -> None:
    """Feed a slice, see some new executions of it, kill at a random instant, start again: `kills` times, then feed the last slice.

    feed: sends slice number n of `kills` + 1; returns how many things were sent so far.
    """
    chance = random.Random(seed)
    for number in range(kills):
        seen = count(daemon)
        sent = feed(number)
        goal = seen + chance.randint(0, max(0, (sent - seen) // 2))
        daemon.until(lambda goal=goal: count(daemon) > goal, f"more than {goal} executions", 120)
        time.sleep(chance.random() * 0.1)
        daemon.kill()
        daemon.start()
    feed(kills)


def wait_ended(daemon: Daemon, total: int, seconds: float) -> None:
    """Wait until so many executions have ended."""
    daemon.until(lambda: count(daemon, ended=True) >= total, f"{total} ended executions", seconds)


# ---- Kafka ---------------------------------------------------------------------------------------------------------


async def kafka(folder: Path, bootstrap: str, topic: str, records: int, kills: int, seed: int = 1) -> Report:
    """`records` over the partitions of `topic`; state events go to a topic of their own and are read back."""
    report, began = Report("kafka", records), time.monotonic()
    events = f"{topic}.states"
    env = {"ONBEAT_KAFKA_BOOTSTRAP_SERVERS": bootstrap, "ONBEAT_SINKS": '["kafka"]', "ONBEAT_EVENTS_TOPIC": events}
    daemon = Daemon(folder, env)
    properties = {"group.instance.id": "kill-loop", "session.timeout.ms": 6000}
    trigger = {"type": "kafka.RealtimeTrigger", "topic": topic, "groupId": topic, "from": "earliest", "properties": properties}
    add_flow(daemon, "k", "trigger.value", trigger)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    await producer.start()
    loop = asyncio.get_running_loop()
    partitions = len(await producer.partitions_for(topic))
    edges = [records * n // (kills + 1) for n in range(kills + 2)]

    async def send(begin: int, end: int) -> None:
        for n in range(begin, end):
            await producer.send(topic, b"%d" % n, partition=n % partitions)
        await producer.flush()

    def feed(number: int) -> int:
        asyncio.run_coroutine_threadsafe(send(edges[number], edges[number + 1]), loop).result()
        return edges[number + 1]

    try:
        with daemon:
            await asyncio.to_thread(kill_after_each, daemon, kills, seed, feed)
            report.kills = kills
            await asyncio.to_thread(wait_ended, daemon, records, 300)
            rows = daemon.api("GET", "/api/v1/status").json()
            await _until_relayed(daemon, rows["journal"])
            daemon.stop()
    finally:
        daemon.close()
        await producer.stop()
    checker = Checker(daemon.data, report)
    await checker.read()
    checker.once(lambda each: int(variables(each)["value"]), set(range(records)))
    checker.ordered(lambda each: variables(each)["partition"], lambda each: int(variables(each)["offset"]))
    await _check_states(bootstrap, events, checker)
    report.seconds = time.monotonic() - began
    return report


async def _until_relayed(daemon: Daemon, journal: int) -> None:
    def done() -> bool:
        return all(sink["position"] >= journal for sink in daemon.api("GET", "/api/v1/status").json()["sinks"])

    await asyncio.to_thread(daemon.until, done, "the state events relayed", 120)


async def _check_states(bootstrap: str, topic: str, checker: Checker) -> None:
    """The state topic: per execution every sequence from 1, first occurrences in order, the last one SUCCESS."""
    seen: dict[str, list[int]] = defaultdict(list)
    last: dict[str, str] = {}
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest") as consumer:
        parts = [TopicPartition(topic, n) for n in await _partitions(consumer, topic)]
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < ends[part] for part in parts]):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    event = json.loads(record.value)
                    execution, sequence = event["id"].split("/")
                    if record.key.decode() != execution:
                        checker.report.problems.append(f"{execution}: key {record.key!r}")
                    if int(sequence) not in seen[execution]:
                        seen[execution].append(int(sequence))
                        last[execution] = event["data"]["state"]
    for execution in checker.executions:
        wanted = list(range(1, execution.sequence + 1))
        if seen[execution.id] != wanted:
            checker.report.problems.append(f"{execution.id}: the state topic has {seen[execution.id]}, not {wanted}")
        elif last[execution.id] != execution.state.value:
            checker.report.problems.append(f"{execution.id}: last state event {last[execution.id]}")


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    consumer.subscribe([topic])
    await consumer.getmany(timeout_ms=100)
    found = consumer.partitions_for_topic(topic) or {0}
    consumer.unsubscribe()
    return sorted(found)


# ---- MQTT ----------------------------------------------------------------------------------------------------------


async def mqtt(folder: Path, url: str, messages: int, kills: int, seed: int = 2) -> Report:
    """`messages` at QoS 1 while the daemon is killed."""
    report, began = Report("mqtt", messages), time.monotonic()
    daemon = Daemon(folder, {"ONBEAT_MQTT_URL": url})
    add_flow(daemon, "m", "trigger.payload.n", {"type": "mqtt.RealtimeTrigger", "topic": "kill/#", "clientId": "kill-loop"})
    host, port = url.removeprefix("mqtt://").split(":")
    try:
        with daemon:
            daemon.until(lambda: daemon.api("GET", "/api/v1/triggers/search").json()["results"][0]["status"] == "ready", "the subscription")

            async with aiomqtt.Client(host, int(port)) as client:
                edges = [messages * n // (kills + 1) for n in range(kills + 2)]
                loop = asyncio.get_running_loop()

                async def send(begin: int, end: int) -> None:
                    for n in range(begin, end):
                        await client.publish(f"kill/{n % 7}", json.dumps({"n": n}), qos=1)

                sending = []

                def feed(number: int) -> int:  # the kill falls into the sending
                    sending.append(asyncio.run_coroutine_threadsafe(send(edges[number], edges[number + 1]), loop))
                    return edges[number + 1]

                await asyncio.to_thread(kill_after_each, daemon, kills, seed, feed)
                await asyncio.gather(*map(asyncio.wrap_future, sending))
            report.kills = kills
            await asyncio.to_thread(wait_ended, daemon, messages, 180)
            daemon.stop()
    finally:
        daemon.close()
    checker = Checker(daemon.data, report)
    await checker.read()
    checker.once(lambda each: variables(each)["payload"]["n"], set(range(messages)))
    report.seconds = time.monotonic() - began
    return report


# ---- webhooks ------------------------------------------------------------------------------------------------------


async def webhook(folder: Path, requests: int, kills: int, seed: int = 3) -> Report:
    """`requests` with an Idempotency-Key each, sent again until they are acknowledged, while the daemon is killed."""
    report, began = Report("webhook with retries", requests), time.monotonic()
    daemon = Daemon(folder)
    add_flow(daemon, "w", "trigger.body.n", {"type": "core.trigger.Webhook", "key": "kill-key"})
    acknowledged: dict[int, str] = {}
    try:
        with daemon:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(_send_all(daemon, requests, acknowledged, again=True))
                killing = group.create_task(asyncio.to_thread(kill_while_working, daemon, kills, requests, seed))
            report.kills = killing.result()
            assert sending.done()
            await asyncio.to_thread(wait_ended, daemon, requests, 120)
            daemon.stop()
    finally:
        daemon.close()
    checker = Checker(daemon.data, report)
    await checker.read()
    checker.once(lambda each: variables(each)["body"]["n"], set(range(requests)))
    named = {each.id: variables(each)["body"]["n"] for each in checker.executions}
    report.problems += [f"request {n} was told {id_}" for n, id_ in acknowledged.items() if named.get(id_) != n][:5]
    report.seconds = time.monotonic() - began
    return report


async def burst(folder: Path, requests: int, seed: int = 4) -> Report:
    """A burst of `requests` cut by one kill: every acknowledged one ends."""
    report, began = Report("burst cut by a kill", requests, kills=1), time.monotonic()
    daemon = Daemon(folder)
    add_flow(daemon, "w", "trigger.body.n", {"type": "core.trigger.Webhook", "key": "kill-key"})
    acknowledged: dict[int, str] = {}
    try:
        with daemon:
            async with asyncio.TaskGroup() as group:
                group.create_task(_send_all(daemon, requests, acknowledged, again=False))
                await asyncio.to_thread(daemon.until, lambda: len(acknowledged) > requests * 0.4, "two fifths acknowledged", 60)
                daemon.kill()
            daemon.start()
            total = count(daemon)
            await asyncio.to_thread(wait_ended, daemon, total, 120)
            daemon.stop()
    finally:
        daemon.close()
    checker = Checker(daemon.data, report)
    await checker.read()
    ids = {each.id for each in checker.executions}
    report.problems += [f"acknowledged {n} ({id_}) is lost" for n, id_ in acknowledged.items() if id_ not in ids][:5]
    report.sent = len(acknowledged)
    report.seconds = time.monotonic() - began
    return report


async def _send_all(daemon: Daemon, requests: int, acknowledged: dict[int, str], *, again: bool) -> None:
    """Send each request; again: until it is acknowledged, as a sender does that must not lose it."""
    url = f"{daemon.url}/api/v1/main/executions/webhook/kill/w/kill-key"
    waiting = list(range(requests))

    async def sender(session: aiohttp.ClientSession) -> None:
        while waiting:
            n = waiting.pop(0)
            while True:
                try:
                    async with session.post(url, json={"n": n}, headers={"Idempotency-Key": f"key-{n}"}) as answer:
                        if answer.status == 200:
                            acknowledged[n] = (await answer.json())["id"]
                            break
                except (aiohttp.ClientError, OSError, TimeoutError):
                    pass
                if not again:
                    break
                await asyncio.sleep(0.02)

    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(sender(session))


# ---- files ---------------------------------------------------------------------------------------------------------


async def files(folder: Path, number: int, kills: int, seed: int = 5) -> Report:
    """`number` files, dropped by rename, a third of them while the daemon is down."""
    report, began = Report("files", number), time.monotonic()
    daemon = Daemon(folder)
    inbox, aside = folder / "inbox", folder / "aside"
    inbox.mkdir(parents=True)
    aside.mkdir()
    trigger = {"type": "files.Watch", "directory": str(inbox), "pattern": "*.txt", "stableFor": "PT0.2S", "interval": "PT5S"}
    add_flow(daemon, "f", "trigger.name", trigger)

    def drop(numbers: range) -> None:
        for n in numbers:
            part = aside / f"{n}.part"
            part.write_text(f"file {n}")
            part.rename(inbox / f"{n}.txt")

    third = number // 3
    try:
        drop(range(third))
        with daemon:
            drop(range(third, 2 * third))
            report.kills = await asyncio.to_thread(kill_while_working, daemon, kills, 2 * third, seed)
            daemon.kill()
            drop(range(2 * third, number))
            daemon.start()
            report.kills += 1
            await asyncio.to_thread(wait_ended, daemon, number, 120)
            daemon.stop()
    finally:
        daemon.close()
    checker = Checker(daemon.data, report)
    await checker.read()
    checker.once(lambda each: variables(each)["name"], {f"{n}.txt" for n in range(number)})
    report.seconds = time.monotonic() - began
    return report
