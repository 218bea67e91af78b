"""The task that sends messages to any Kafka cluster."""

import base64
import binascii
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import msgspec
from aiokafka import AIOKafkaProducer
from pydantic import Field, field_validator

from onbeat.core.event import Json
from onbeat.core.times import from_iso
from onbeat.errors import UserError
from onbeat.plugins.kafka.connection import read_properties
from onbeat.plugins.kafka.outgoing import to_json
from onbeat.plugins.kafka.producer import TOO_LARGE, Producing
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions


def _text(value: Json) -> bytes:
    return value.encode() if isinstance(value, str) else to_json(value)


def _packed(form: str) -> Callable[[Json], bytes]:
    whole = form[-1] in "hiq"
    return lambda value: struct.pack(form, int(value) if whole else float(value))


def _bytes(value: Json) -> bytes:
    return base64.b64decode(value, validate=True)


ENCODERS: Mapping[str, Callable[[Json], bytes]] = {
    "STRING": _text,
    "JSON": to_json,
    "INTEGER": _packed(">i"),
    "LONG": _packed(">q"),
    "SHORT": _packed(">h"),
    "FLOAT": _packed(">f"),
    "DOUBLE": _packed(">d"),
    "UUID": _text,
    "BINARY": _bytes,
    "BYTES": _bytes,
    "BYTE_ARRAY": _bytes,
    "BYTE_BUFFER": _bytes,
}
"""Kestra's names; bytes are given as base64 text."""


class Message(msgspec.Struct, frozen=True):
    """One message, encoded."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    partition: int | None
    timestamp: int | None


class Produce(TaskOptions):
    """Sends one message, or many, to Kafka topics.

    ```yaml
    id: tell
    type: kafka.Produce
    topic: invoices
    key: "{{ inputs.customer }}"
    value: {total: 12, currency: EUR}
    valueSerializer: JSON
    properties:
      bootstrap.servers: localhost:9092
    ```

    `from` gives messages as a map or a list of maps with `key`, `value`, `headers`, `partition`, `timestamp` and `topic`, or the address of
    a file in storage with one such map of JSON a line. Several messages go in one transaction, all or none, unless `transactional: false`.
    The output `messagesCount` says how many were sent.
    """

    names: ClassVar[tuple[str, ...]] = ("kafka.Produce",)

    topic: str | None = None
    key: Any = None
    value: Any = None
    headers: Any = None
    partition: int | None = None
    from_: Any = Field(None, alias="from")
    brokers: str | None = None
    properties: dict[str, str | int | float | bool] = Field({})
    key_serializer: str = Field("STRING", alias="keySerializer")
    value_serializer: str = Field("STRING", alias="valueSerializer")
    serde_properties: dict[str, Any] = Field({}, alias="serdeProperties")
    transactional: bool | None = None

    @field_validator("key_serializer", "value_serializer")
    @classmethod
    def _serializer_is_known(cls, value: str) -> str:
        if value.upper() not in ENCODERS:
            raise ValueError(f"{value!r} is not offered; use one of {', '.join(ENCODERS)}")
        return value.upper()

    async def run(self, context: TaskContext) -> Outcome:
        """Send them; a part that failed is sent again with the next attempt."""
        connection = read_properties(self.properties, context.services.settings, self.brokers)
        messages = [self._encode(number, given) for number, given in enumerate(await self._given(context), 1)]
        at_once = len(messages) > 1 if self.transactional is None else self.transactional
        options: dict[str, Any] = {"transactional_id": f"onbeat-{context.idempotency_key}"} if at_once else {}
        producing = Producing(connection, **options)
        try:
            async with producing.use(*{message.topic for message in messages}) as producer:
                if at_once:
                    async with producer.transaction():
                        await _send(producer, messages)
                else:
                    await _send(producer, messages)
        except TOO_LARGE as error:
            raise TaskFailed(f"a message is too large for Kafka: {error}", retry=False) from error
        finally:
            await producing.close()
        return Outcome(outputs={"messagesCount": len(messages)})

    async def _given(self, context: TaskContext) -> list[Any]:
        if self.from_ is None:
            return [{"key": self.key, "value": self.value, "headers": self.headers, "partition": self.partition}]
        if isinstance(self.from_, str):
            return list(_read_lines(await context.services.storage.get(self.from_)))
        return self.from_ if isinstance(self.from_, list) else [self.from_]

    def _encode(self, number: int, given: Any) -> Message:
        if not isinstance(given, dict):
            raise UserError(f"message {number} of `from` must be a map with `key` and `value`, not {type(given).__name__}")
        topic = given.get("topic") or self.topic
        if not topic:
            raise UserError(f"message {number} has no topic: set `topic`")
        if given.get("key") is None and given.get("value") is None:
            raise UserError(f"message {number} has neither key nor value")
        return Message(
            topic=topic,
            key=_encode(number, "key", given.get("key"), self.key_serializer),
            value=_encode(number, "value", given.get("value"), self.value_serializer),
            headers=list(_headers(number, given.get("headers", self.headers))),
            partition=given.get("partition", self.partition),
            timestamp=_millis(number, given.get("timestamp")),
        )


async def _send(producer: AIOKafkaProducer, messages: list[Message]) -> None:
    sending = [await producer.send(m.topic, m.value, m.key, m.partition, m.timestamp, m.headers) for m in messages]
    for one in sending:
        await one


def _read_lines(data: bytes) -> Iterator[Any]:
    """One JSON value a line; a file that is one array gives its items."""
    text = data.decode()
    if text.lstrip().startswith("["):
        yield from json.loads(text)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise UserError(f"line {number} of the file in `from` is not JSON: {error}") from None


def _encode(number: int, what: str, value: Json, serializer: str) -> bytes | None:
    if value is None:
        return None
    try:
        return ENCODERS[serializer](value)
    except (ValueError, TypeError, struct.error, binascii.Error, OverflowError) as error:
        raise UserError(f"the {what} of message {number} is not a {serializer}: {error}") from None


def _headers(number: int, headers: Any) -> Iterator[tuple[str, bytes]]:
    """A map, or Kestra's list of `{key, value}`."""
    pairs = headers.items() if isinstance(headers, dict) else [(one.get("key"), one.get("value")) for one in headers or []]
    for name, value in pairs:
        if not isinstance(name, str):
            raise UserError(f"a header of message {number} has no name")
        yield name, _text("" if value is None else value)


def _millis(number: int, timestamp: Any) -> int | None:
    if timestamp is None or isinstance(timestamp, int):
        return timestamp
    try:
        return from_iso(str(timestamp)) // 1000
    except ValueError as error:
        raise UserError(f"the timestamp of message {number}: {error}") from None
