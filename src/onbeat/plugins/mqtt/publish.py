"""Send to an MQTT broker: state events, events of the bus, and what a task gives.

Rules
1. Sent means that the broker has acknowledged it (QoS 1); a refusal is an error, also one that comes in the acknowledgement.
2. Order is the order given, for each key also when the broker refuses one of them in between.
3. A message that the broker can never take is reported and skipped by the sink, so that it holds back no other.
4. A lost connection is an OutsideError now, and a new connection at the next call.

Called by: the daemon makes MqttSink and MqttPublisher; the runner runs Publish.
"""

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import msgspec
from paho.mqtt.properties import Properties
from pydantic import Field

from onbeat.core.event import Json
from onbeat.core.times import iso
from onbeat.errors import OutsideError, UserError
from onbeat.plugins.mqtt import topic as topics
from onbeat.plugins.mqtt.address import Address, Broker, Version, address_of
from onbeat.plugins.mqtt.connection import Connection, NeverTaken, publish_properties
from onbeat.plugins.mqtt.message import CLOUD_EVENT, Serde
from onbeat.ports import Outcome, Record, StateEvent, TaskContext, TaskFailed, TaskOptions

BURST = 500
"""Messages for which one time-out counts."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message to send. key: two of the same key are not under way at once, so that a refused one is not overtaken."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
    key: str | None = None
    properties: Properties | None = None


class Outlet:
    """One connection to publish on, opened when it is needed and again when it was lost."""

    def __init__(self, address: Address, *, version: Version = "V5", client_id: str = "") -> None:
        self._address, self._version, self._client_id = address, version, client_id
        self._link: Connection | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> Connection:
        """The connection. Raises OutsideError."""
        async with self._opening:
            if self._link is None or self._link.lost is not None:
                await self._close()
                link = Connection(self._address, version=self._version, client_id=self._client_id)
                await link.open()
                self._link = link
            return self._link

    async def send(self, messages: Sequence[Outgoing]) -> list[NeverTaken | None]:
        """Publish in order; per message why the broker will never take it. Raises OutsideError: some of them may have arrived."""
        link = await self.open()
        refusals: list[NeverTaken | None] = []
        for burst in bursts(messages):
            refusals += await self._send(link, burst)
        return refusals

    async def _send(self, link: Connection, messages: Sequence[Outgoing]) -> list[NeverTaken | None]:
        sending: list[asyncio.Future[None] | NeverTaken] = []
        try:
            async with asyncio.timeout(self._address.timeout):
                for message in messages:
                    try:
                        future = await link.send(
                            message.topic, message.payload, qos=message.qos, retain=message.retain, properties=message.properties
                        )
                    except NeverTaken as refusal:
                        sending.append(refusal)
                    else:
                        sending.append(future)
                return [item if isinstance(item, NeverTaken) else await _refusal(item) for item in sending]
        except TimeoutError:
            await self.close()
            raise OutsideError(f"MQTT broker {self._address.where}: no acknowledgement within {self._address.timeout:g} s") from None
        finally:
            for item in sending:
                if isinstance(item, asyncio.Future) and not item.cancel() and not item.cancelled():
                    item.exception()  # or asyncio logs that nobody asked for it

    async def close(self) -> None:
        """Disconnect; safe twice."""
        async with self._opening:
            await self._close()

    async def _close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()


class MqttSink:
    """Publishes state events: topic as given, CloudEvents in JSON, QoS 1."""

    name = "mqtt"

    def __init__(self, url: str, log: Any) -> None:
        self._outlet, self._log = Outlet(address_of(url)), log

    async def open(self) -> None:
        """Connect. Raises OutsideError."""
        await self._outlet.open()

    async def publish(self, events: Sequence[StateEvent]) -> None:
        """Returns when the broker has all of them. Raises OutsideError."""
        messages = [
            Outgoing(
                topic=event.topic,
                payload=event.body,
                key=event.key,
                properties=publish_properties(CLOUD_EVENT, [("partitionkey", event.key)]),
            )
            for event in events
        ]
        for event, refusal in zip(events, await self._outlet.send(messages), strict=True):
            if refusal is not None:
                self._log.error("state event skipped", event=event.id, topic=event.topic, reason=str(refusal))

    async def close(self) -> None:
        """Disconnect; safe twice."""
        await self._outlet.close()


class MqttPublisher:
    """Puts events on the bus, when the bus is MQTT."""

    embedded = False

    def __init__(self, url: str) -> None:
        self._outlet = Outlet(address_of(url))

    async def publish(self, record: Record) -> None:
        """Returns when the broker has it. Raises OutsideError, UserError for a topic that MQTT does not have."""
        message = Outgoing(
            topic=record.topic,
            payload=json.dumps(cloud_event(record)).encode(),
            properties=publish_properties(CLOUD_EVENT, list(record.headers.items())),
        )
        (refusal,) = await self._outlet.send([message])
        if refusal is not None:
            raise UserError(str(refusal))

    async def close(self) -> None:
        """Disconnect; safe twice."""
        await self._outlet.close()


class Publish(Broker, TaskOptions):
    """Publishes messages to an MQTT topic. Output: `messagesCount`.

    Example:

    ```yaml
    tasks:
      - id: switch_off
        type: mqtt.Publish
        server: mqtt://broker:1883
        topic: plant/line-1/command
        payload:
          command: "off"
    ```

    `payload` is one message. `from` is one message (a map), several (a list), or the address of a file in storage with one JSON value a
    line. `serdeType`: `JSON`, `STRING`, or `BINARY` for payloads written as base64. `retain: true` makes the broker keep it for those
    who subscribe later. With MQTT 5 each message carries the user property `idempotencykey`, the same for every attempt of this task.
    """

    names: ClassVar[tuple[str, ...]] = ("mqtt.Publish",)

    topic: str
    payload: Any = None
    source: Any = Field(None, validation_alias="from", serialization_alias="from")
    qos: int = Field(1, ge=0, le=2)
    retain: bool = False
    serde_type: Serde = "JSON"

    async def run(self, context: TaskContext) -> Outcome:
        """Publish, each acknowledged by the broker. Raises TaskFailed, OutsideError."""
        try:
            topics.check_topic(self.topic)
            payloads = [encode(self.serde_type, value) for value in await self._values(context)]
        except ValueError as wrong:
            raise TaskFailed(str(wrong), retry=False) from None
        messages = [
            Outgoing(
                topic=self.topic,
                payload=payload,
                qos=self.qos,
                retain=self.retain,
                properties=publish_properties(
                    "application/json" if self.serde_type == "JSON" else None, [("idempotencykey", f"{context.idempotency_key}/{number}")]
                ),
            )
            for number, payload in enumerate(payloads)
        ]
        outlet = Outlet(self.address(context.services.settings), version=self.mqtt_version, client_id=self.client_id or "")
        try:
            refusals = await outlet.send(messages)
        finally:
            await outlet.close()
        for refusal in refusals:
            if refusal is not None:
                raise TaskFailed(str(refusal), retry=False)
        return Outcome(outputs={"messagesCount": len(messages)})

    async def _values(self, context: TaskContext) -> list[Json]:
        if self.source is None:
            return [self.payload]
        if isinstance(self.source, str) and self.source.startswith("kestra://"):
            data = await context.services.storage.get(self.source)
            try:
                return [json.loads(line) for line in data.decode().splitlines() if line.strip()]
            except ValueError:
                raise ValueError(f"`from`: {self.source} does not have one JSON value a line") from None
        return list(self.source) if isinstance(self.source, list) else [self.source]


def bursts(messages: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """The messages in order, in parts in which no key comes twice."""
    burst: list[Outgoing] = []
    keys: set[str] = set()
    for message in messages:
        if message.key in keys or len(burst) == BURST:
            yield burst
            burst, keys = [], set()
        burst.append(message)
        if message.key is not None:
            keys.add(message.key)
    if burst:
        yield burst


def cloud_event(record: Record) -> dict[str, Json]:
    """A record of the bus as a CloudEvent in structured JSON."""
    attributes: dict[str, Json] = {
        "specversion": "1.0",
        "id": record.id,
        "source": record.source,
        "type": record.type,
        "time": iso(record.time),
        "datacontenttype": "application/json",
        "partitionkey": record.key,
        "correlationid": record.correlation_id,
        "causationid": record.causation_id,
        "traceparent": record.traceparent,
        "onbeathops": record.hops or None,
    }
    return {**{name: value for name, value in attributes.items() if value is not None}, "data": record.data}


def encode(serde: Serde, value: Json) -> bytes:
    """A payload's bytes. Raises ValueError that says what to write."""
    if serde == "JSON":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if not isinstance(value, str):
        raise ValueError(f"with `serdeType: {serde}` a payload is text; for other values use `serdeType: JSON`")
    if serde == "STRING":
        return value.encode()
    try:
        return b64decode(value, validate=True)
    except ValueError:
        raise ValueError("with `serdeType: BINARY` a payload is base64 text") from None


async def _refusal(sending: "asyncio.Future[None]") -> NeverTaken | None:
    try:
        await sending
    except NeverTaken as refusal:
        return refusal
    return None
