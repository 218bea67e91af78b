"""The floor: a bare source and one group-committed insert, nothing around it. What remains is the machine.

A process of its own, as the daemon is: `python -m tests.bench.floor http PORT DIR`, `… kafka BROKERS TOPIC DIR`, `… mqtt URL TOPIC DIR`.
Each line on stdout is `KEY NANOSECONDS`: when that event was on disk.
"""

import asyncio
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiomqtt
import uvicorn
import uvloop
from aiokafka import AIOKafkaConsumer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SCHEMA = "create table event (seq integer primary key, key text not null unique, at integer not null, data blob not null)"
Row = tuple[str, int, bytes]


class Inserts:
    """Rows of many callers in one transaction, WAL and FULL, in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.db = sqlite3.connect(folder / "floor.db", isolation_level=None, check_same_thread=False)
        for statement in ("pragma journal_mode=wal", "pragma synchronous=full", SCHEMA):
            self.db.execute(statement)
        self.waiting: list[tuple[Row, asyncio.Future[None]]] = []
        self.wake = asyncio.Event()

    async def put(self, key: str, data: bytes) -> None:
        """Returns when it is on disk."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(((key, time.time_ns(), data), done))
        self.wake.set()
        await done

    async def serve(self) -> None:
        """Write until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self.wake.wait()
            self.wake.clear()
            batch, self.waiting = self.waiting, []
            await loop.run_in_executor(self.thread, self._write, [row for row, _ in batch])
            for _, done in batch:
                done.set_result(None)

    def _write(self, rows: list[Row]) -> None:
        self.db.execute("begin immediate")
        self.db.executemany("insert into event (key, at, data) values (?, ?, ?) on conflict do nothing", rows)
        self.db.execute("commit")


def say(key: str) -> None:
    """The event is on disk now."""
    print(key, time.time_ns(), flush=True)


async def http(inserts: Inserts, port: int) -> None:
    """POST / with an Idempotency-Key."""

    async def insert(request: Request) -> Response:
        await inserts.put(request.headers["idempotency-key"], await request.body())
        say(request.headers["idempotency-key"])
        return Response(status_code=202)

    async def health(_: Request) -> Response:
        return Response()

    app = Starlette(routes=[Route("/", insert, methods=["POST"]), Route("/health", health)])
    config = uvicorn.Config(app, host="127.0.0.1", port=port, http="httptools", log_level="error", access_log=False)
    await uvicorn.Server(config).serve()


async def kafka(inserts: Inserts, brokers: str, topic: str) -> None:
    """Records of a topic; the value begins with the key."""
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=brokers, group_id=f"floor-{topic}", enable_auto_commit=False, auto_offset_reset="earliest"
    ) as consumer:
        while not consumer.assignment():  # noqa: ASYNC110  # aiokafka tells nobody when it has its partitions
            await asyncio.sleep(0.02)
        print("ready", flush=True)
        while True:
            batches = await consumer.getmany(timeout_ms=1000)
            keys = [record.value.partition(b" ")[0].decode() for records in batches.values() for record in records]
            await asyncio.gather(*(inserts.put(key, b"") for key in keys))
            for key in keys:
                say(key)
            if keys:
                await consumer.commit()


async def mqtt(inserts: Inserts, host: str, port: int, topic: str) -> None:
    """Messages of a topic at QoS 1; the payload begins with the key."""
    async with aiomqtt.Client(host, port, identifier="floor") as client:
        await client.subscribe(topic, qos=1)
        print("ready", flush=True)
        async for message in client.messages:
            key = bytes(message.payload).partition(b" ")[0].decode()
            await inserts.put(key, b"")
            say(key)


async def main() -> None:
    """Serve what the command line names."""
    kind, *rest = sys.argv[1:]
    inserts = Inserts(Path(rest[-1]))
    async with asyncio.TaskGroup() as group:
        group.create_task(inserts.serve())
        if kind == "http":
            group.create_task(http(inserts, int(rest[0])))
        elif kind == "kafka":
            group.create_task(kafka(inserts, rest[0], rest[1]))
        else:
            host, port = rest[0].removeprefix("mqtt://").split(":")
            group.create_task(mqtt(inserts, host, int(port), rest[1]))


if __name__ == "__main__":
    uvloop.run(main())
