"""A client that is not ours, to send and to look from outside; and a fake broker, for what mosquitto 2.0 does not say."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt

from tests.services.mosquitto import Mosquitto

V5 = aiomqtt.ProtocolVersion.V5


@asynccontextmanager
async def outside(broker: Mosquitto, **options: Any) -> AsyncIterator[aiomqtt.Client]:
    """Connected for the block."""
    async with aiomqtt.Client(broker.host, broker.port, **{"protocol": V5, **options}) as client:
        yield client


async def send(broker: Mosquitto, topic: str, *payloads: str | bytes, **options: Any) -> None:
    """Publish each payload; the broker has them when this returns."""
    async with outside(broker) as client:
        for payload in payloads:
            await client.publish(topic, payload, **{"qos": 1, **options})


async def send_many(broker: Mosquitto, topic: str, payloads: Iterable[str], qos: int = 1) -> None:
    """Publish without waiting in between; in order, and done when the broker has the last."""
    async with outside(broker) as client:
        for payload in payloads:
            client._client.publish(topic, payload, qos)
        await client.publish(topic, "last", qos=1, timeout=60)


async def receive(client: aiomqtt.Client, count: int) -> list[aiomqtt.Message]:
    """The next messages."""
    messages = aiter(client.messages)
    return [await anext(messages) for _ in range(count)]


@asynccontextmanager
async def fake_broker(*answers: bytes) -> AsyncIterator[int]:
    """Answers each packet of a client with the next of these bytes, then says nothing; gives its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = list(answers)
        while left and await reader.read(65_536):
            writer.write(left.pop(0))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


CONNACK = b"\x20\x03\x00\x00\x00"
