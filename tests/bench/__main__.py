"""Measure onbeat beside its floor, in one run on one machine: `python -m tests.bench` (`make bench`).

latency   one event at a time, 50 ms apart, WAL and FULL: sent -> first task began (webhook, bus, Kafka, MQTT), and the ratio to the
          floor of the same source: sent -> one bare insert on disk
rate      Kestra's two-task flow (Webhook -> OutputValues -> Log), 32 clients: acknowledged and ended per second, and the floor's rate
idle      resident memory, seconds until ready, wake-ups of the main thread per second with nothing to do

    --only latency,rate,idle   --count 200   --requests 4000   --json FILE

Machines are shared and noisy: read the ratios, and the steal (CPU the host kept from this machine) beside them.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
from aiokafka import AIOKafkaProducer

from tests.services.daemon import Daemon
from tests.services.kafka import Kafka
from tests.services.mosquitto import Mosquitto
from tests.services.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
FLOW = """
id: {id}
namespace: bench
tasks:
  - {{id: first, type: python.Call, target: "tests.bench.stamp:stamp"}}
triggers:
  - {trigger}
outputs:
  - {{id: key, type: STRING, value: "{{{{ {key} }}}}"}}
  - {{id: at, type: STRING, value: "{{{{ outputs.first.value }}}}"}}
"""
TWO = """
id: two
namespace: bench
tasks:
  - {id: values, type: io.kestra.plugin.core.output.OutputValues, values: {body: "{{ trigger.body }}"}}
  - {id: log, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.values.values.body }}"}
triggers:
  - {id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: bench-key}
"""
Send = Callable[[str], Awaitable[None]]


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds."""
    ordered = sorted(seconds)
    return {
        "p50_ms": round(statistics.median(ordered) * 1000, 2),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 2),
    }


def stolen() -> tuple[int, int]:
    """Ticks the host kept from this machine, and all ticks."""
    numbers = [int(number) for number in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return numbers[7], sum(numbers[:8])


async def paced(send: Send, count: int, prefix: str) -> dict[str, int]:
    """Send so many events 50 ms apart; key -> nanoseconds when each was sent."""
    sent = {}
    for n in range(count + 10):
        key = f"{prefix}{n}"
        begun = time.time_ns()
        await send(key)
        if n >= 10:  # the first ones warm up
            sent[key] = begun
        await asyncio.sleep(0.05)
    return sent


def began(daemon: Daemon, flow: str, count: int) -> dict[str, int]:
    """key -> nanoseconds when its first task began."""

    def ended() -> list[Any] | None:
        path = f"/api/v1/main/executions/search?flowId={flow}&state=SUCCESS&size=1000"
        found: list[Any] = daemon.api("GET", path).json()["results"]
        return found if len(found) >= count else None

    found = daemon.until(ended, f"{count} executions of {flow}", 60)
    assert found is not None
    outputs = [daemon.api("GET", f"/api/v1/main/executions/{each['id']}").json()["outputs"] for each in found]
    return {each["key"]: int(each["at"]) for each in outputs}


async def floor_times(arguments: list[str], send: Send, count: int, ready: Callable[[], Awaitable[None]] | None) -> list[float]:
    """Seconds from each send until it was on disk at the floor."""
    with tempfile.TemporaryDirectory(prefix="onbeat-floor-") as folder:
        command = [sys.executable, "-m", "tests.bench.floor", *arguments, folder]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdout is not None
        try:
            if ready is None:
                await process.stdout.readline()
            else:
                await ready()
            sent = await paced(send, count, "f")
            durable: dict[str, int] = {}
            while len(durable) < len(sent):
                key, at = (await asyncio.wait_for(process.stdout.readline(), 10)).split()
                if key.decode() in sent:
                    durable[key.decode()] = int(at)
            return [(durable[key] - at) / 1e9 for key, at in sent.items()]
        finally:
            process.kill()
            await process.wait()


async def latency(folder: Path, count: int) -> dict[str, Any]:
    """Event -> first task for each source, beside its floor."""
    figures: dict[str, Any] = {}
    with Kafka(measured=True) as broker, Mosquitto() as mosquitto:
        env = {"ONBEAT_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap, "ONBEAT_MQTT_URL": mosquitto.url, "PYTHONPATH": str(ROOT)}
        daemon = Daemon(folder, env)
        triggers = {
            "webhook": ("trigger.body.key", {"type": "core.trigger.Webhook", "key": "bench-key"}),
            "bus": ("trigger.data.key", {"type": "core.trigger.Event", "topic": "bench"}),
            "kafka": (
                "trigger.value.key",
                {"type": "kafka.RealtimeTrigger", "topic": "bench", "groupId": "b", "valueDeserializer": "JSON"},
            ),
            "mqtt": ("trigger.payload.key", {"type": "mqtt.RealtimeTrigger", "topic": "bench"}),
        }
        for name, (key, trigger) in triggers.items():
            daemon.add_flow(name, FLOW.format(id=name, key=key, trigger=json.dumps({"id": "on", **trigger})))
        host, port = mosquitto.url.removeprefix("mqtt://").split(":")
        floor_port = free_port()
        async with (
            aiohttp.ClientSession() as session,
            AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer,
            aiomqtt.Client(host, int(port)) as client,
        ):
            await producer.send_and_wait("bench", b'{"key": "none"}')
            await producer.send_and_wait("floor", b"none")
            with daemon:
                auth = {"Authorization": f"Bearer {daemon.token}"}

                async def webhook(key: str) -> None:
                    url = f"{daemon.url}/api/v1/main/executions/webhook/bench/webhook/bench-key"
                    async with session.post(url, json={"key": key}) as answer:
                        assert answer.status == 200, await answer.text()

                async def bus(key: str) -> None:
                    async with session.post(f"{daemon.url}/api/v1/events/bench", json={"key": key}, headers=auth) as answer:
                        assert answer.status == 200, await answer.text()

                async def record(key: str) -> None:
                    await producer.send("bench", json.dumps({"key": key}).encode())

                async def message(key: str) -> None:
                    await client.publish("bench", json.dumps({"key": key}), qos=1)

                async def bare(key: str) -> None:
                    async with session.post(f"http://127.0.0.1:{floor_port}/", data=b"x", headers={"Idempotency-Key": key}) as answer:
                        assert answer.status == 202

                async def bare_record(key: str) -> None:
                    await producer.send("floor", f"{key} x".encode())

                async def bare_message(key: str) -> None:
                    await client.publish("floor", f"{key} x", qos=1)

                async def answering() -> None:
                    while True:
                        try:
                            async with session.get(f"http://127.0.0.1:{floor_port}/health") as answer:
                                if answer.status == 200:
                                    return
                        except aiohttp.ClientError:
                            await asyncio.sleep(0.05)

                def listening() -> bool:
                    found = daemon.api("GET", "/api/v1/triggers/search").json()["results"]
                    return all(each["status"] == "ready" for each in found)

                daemon.until(listening, "all triggers ready", 60)
                floors: dict[str, tuple[list[str], Send, Any]] = {
                    "webhook": (["http", str(floor_port)], bare, answering),
                    "kafka": (["kafka", broker.bootstrap, "floor"], bare_record, None),
                    "mqtt": (["mqtt", mosquitto.url, "floor"], bare_message, None),
                }
                sends: dict[str, Send] = {"webhook": webhook, "bus": bus, "kafka": record, "mqtt": message}
                for name, send in sends.items():
                    sent = await paced(send, count, "e")
                    started = await asyncio.to_thread(began, daemon, name, len(sent))
                    figures[name] = spread([(started[key] - at) / 1e9 for key, at in sent.items() if key in started])
                    arguments, bare_send, ready = floors.get(name, floors["webhook"])
                    if name in floors:
                        figures[name]["floor"] = spread(await floor_times(arguments, bare_send, count, ready))
                    base = figures[name].get("floor", figures["webhook"]["floor"])
                    figures[name]["ratio_p50"] = round(figures[name]["p50_ms"] / base["p50_ms"], 2)
                daemon.stop()
        daemon.close()
    return figures


async def rate(folder: Path, requests: int, clients: int) -> dict[str, Any]:
    """Kestra's two-task flow by webhook: acknowledged and ended per second; the floor's requests per second."""
    daemon = Daemon(folder, {"ONBEAT_MAX_ACTIVE": "100000"})
    daemon.add_flow("two", TWO)
    with daemon:
        url = f"{daemon.url}/api/v1/main/executions/webhook/bench/two/bench-key"
        await flood(url, 300, clients, {})
        begun = time.perf_counter()
        acknowledged = await flood(url, requests, clients, {})

        def ended() -> bool:
            total = daemon.api("GET", "/api/v1/main/executions/search?state=SUCCESS&size=1").json()["total"]
            return bool(total >= requests + 300)

        await asyncio.to_thread(daemon.until, ended, "all ended", 120)
        took = time.perf_counter() - begun
        daemon.stop()
    daemon.close()
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="onbeat-floor-") as bare:
        command = [sys.executable, "-m", "tests.bench.floor", "http", str(port), bare]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, cwd=ROOT)
        try:
            await asyncio.sleep(2)
            floor = await flood(f"http://127.0.0.1:{port}/", requests, clients, {"Idempotency-Key": "*"})
        finally:
            process.kill()
            await process.wait()
    return {
        "acknowledged_per_s": round(requests / acknowledged),
        "executions_per_s": round(requests / took),
        "floor_inserts_per_s": round(requests / floor),
        "ratio": round(took / floor, 2),
    }


async def flood(url: str, requests: int, clients: int, headers: dict[str, str]) -> float:
    """Send so many requests by so many clients; returns the seconds it took."""
    numbers = iter(range(requests))

    async def one(session: aiohttp.ClientSession) -> None:
        for n in numbers:
            extra = dict.fromkeys(headers, f"flood-{n}")
            body = {"n": n, "text": "a small body, as a webhook has"}
            async with session.post(url, json=body, headers=extra) as answer:
                assert answer.status in (200, 202), await answer.text()

    begun = time.perf_counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=clients)) as session, asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(one(session))
    return time.perf_counter() - begun


def idle(folder: Path) -> dict[str, Any]:
    """What a daemon costs that has nothing to do."""
    daemon = Daemon(folder)
    daemon.add_flow("two", TWO)
    begun = time.perf_counter()
    with daemon:
        ready = time.perf_counter() - begun
        time.sleep(3)
        pid = daemon.process.pid

        def main_thread() -> int:
            lines = Path(f"/proc/{pid}/task/{pid}/status").read_text().splitlines()
            return int(next(line for line in lines if line.startswith("voluntary_ctxt")).split()[1])

        status = Path(f"/proc/{pid}/status").read_text()
        resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024
        before = main_thread()
        time.sleep(20)
        wakes = (main_thread() - before) / 20
        daemon.stop()
    daemon.close()
    return {"ready_s": round(ready, 2), "rss_mb": round(resident), "main_thread_wakeups_per_s": round(wakes, 2)}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="latency,rate,idle")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    before, figures = stolen(), dict[str, Any]()
    with tempfile.TemporaryDirectory(prefix="onbeat-bench-") as name:
        folder = Path(name)
        if "latency" in args.only:
            figures["latency"] = asyncio.run(latency(folder / "latency", args.count))
        if "rate" in args.only:
            figures["rate"] = asyncio.run(rate(folder / "rate", args.requests, args.clients))
        if "idle" in args.only:
            figures["idle"] = idle(folder / "idle")
    after = stolen()
    figures["machine"] = {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "steal_percent": round(100 * (after[0] - before[0]) / max(1, after[1] - before[1]), 1),
    }
    text = json.dumps(figures, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
