"""Carry state events and events of the bus to Kafka.

A consumer of state events must be able to rely on their order per execution, also when a part of what we sent failed. aiokafka's plain
`send` goes on with later records after an earlier one failed; so here each partition has a lane: the next batch goes when the one before it
is confirmed.

Rules
1. Of one execution no event is sent before the one before it is confirmed, or in the same batch behind it.
2. An event that is too large goes without its outputs and says so; one that is too large even then is reported and skipped.
3. No answer is not a no: the batch fails with OutsideError and is given again; a second copy has the same CloudEvent id.
4. A record of the bus is a CloudEvent in binary form: `ce_` headers, the data as JSON, its key as Kafka's key.

Called by: the relay (KafkaSink), the bus (KafkaPublisher).
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from onbeat.core.event import Json
from onbeat.core.times import iso
from onbeat.errors import UserError
from onbeat.plugins.kafka.connection import read_properties
from onbeat.plugins.kafka.producer import MAX_REQUEST, TOO_LARGE, Producing
from onbeat.plugins.kafka.record import STRUCTURED
from onbeat.ports import Record, StateEvent

BATCH_BYTES = 256 * 1024
OVERHEAD = 1024
"""What a record's key, headers and framing take at most, beside its body."""

_HEADERS = [("content-type", f"{STRUCTURED}; charset=UTF-8".encode())]


@dataclass(slots=True)
class _Item:
    """An event on its way."""

    event: StateEvent
    body: bytes
    short: bool = False
    done: bool = False


class KafkaSink:
    """Takes state events to the topics they name; Kafka's key is the execution, so its events stay in one partition."""

    def __init__(self, settings: Mapping[str, Any], log: Any, *, name: str = "kafka", **options: Any) -> None:
        self.name = name
        self._log = log
        connection = read_properties({}, settings)
        self._limit = int(connection.producer.get("max_request_size", MAX_REQUEST)) - OVERHEAD
        self._producing = Producing(connection, max_batch_size=BATCH_BYTES, **options)
        self._partition = DefaultPartitioner()

    async def open(self) -> None:
        """Connect. Raises OutsideError."""
        async with self._producing.use():
            pass

    async def close(self) -> None:
        """Disconnect; safe twice."""
        await self._producing.close()

    async def publish(self, events: Sequence[StateEvent]) -> None:
        """Returns when all are in Kafka. Raises OutsideError."""
        items = [_Item(event, event.body) for event in events]
        for item in items:
            if len(item.body) > self._limit:
                self._shorten(item)
        singly = False
        while left := [item for item in items if not item.done]:
            refused = await self._send(left, singly)
            if refused:
                await self._producing.close()  # it has counted what was refused
                singly = singly or any(len(batch) > 1 for batch in refused)
                for batch in refused:
                    if len(batch) == 1:
                        self._shorten(batch[0])

    async def _send(self, items: Sequence[_Item], singly: bool) -> list[list[_Item]]:
        """Mark what is confirmed as done; returns the batches that are too large for the broker."""
        async with self._producing.use(*{item.event.topic for item in items}) as producer:
            lanes: dict[tuple[str, int], list[_Item]] = {}
            for item in items:
                partitions = sorted(await producer.partitions_for(item.event.topic))
                lane = item.event.topic, self._partition(item.event.key.encode(), partitions, partitions)
                lanes.setdefault(lane, []).append(item)
            sent = await asyncio.gather(
                *(self._send_lane(producer, *lane, rest, singly) for lane, rest in lanes.items()), return_exceptions=True
            )
            refused = []
            for outcome in sent:
                if isinstance(outcome, BaseException):
                    raise outcome
                if outcome:
                    refused.append(outcome)
            return refused

    async def _send_lane(self, producer: AIOKafkaProducer, topic: str, partition: int, items: Sequence[_Item], singly: bool) -> list[_Item]:
        """Rule 1. Returns the batch that was refused as too large."""
        rest = list(items)
        while rest:
            builder, batch = producer.create_batch(), []
            for item in rest[:1] if singly else rest:
                if builder.append(key=item.event.key.encode(), value=item.body, timestamp=None, headers=_HEADERS) is None:
                    break
                batch.append(item)
            try:
                sending = await producer.send_batch(builder, topic, partition=partition)
                await asyncio.shield(sending)  # aiokafka's bookkeeping breaks when it is cancelled
            except TOO_LARGE:
                return batch
            for item in batch:
                item.done = True
            rest = rest[len(batch) :]
        return []

    def _shorten(self, item: _Item) -> None:
        """Rule 2."""
        short = None if item.short else without_outputs(item.body)
        if short is None or len(short) > self._limit:
            item.done = True
            self._log.error("skipped a state event that is too large for Kafka", event=item.event.id, bytes=len(item.event.body))
        else:
            item.body, item.short = short, True


def without_outputs(body: bytes) -> bytes | None:
    """A state event that says `truncated` in the place of its outputs; None when it has none."""
    event = json.loads(body)
    data = event.get("data")
    if not isinstance(data, dict) or "outputs" not in data:
        return None
    del data["outputs"]
    data["truncated"] = True
    return to_json(event)


class KafkaPublisher:
    """Puts events on the bus when the bus is Kafka."""

    embedded = False

    def __init__(self, settings: Mapping[str, Any], **options: Any) -> None:
        self.settings = settings
        self._producing = Producing(read_properties({}, settings), **options)

    async def publish(self, record: Record) -> None:
        """Returns when it is in Kafka. Raises OutsideError, UserError when it is too large."""
        value, key = to_json(record.data), None if record.key is None else record.key.encode()
        try:
            async with self._producing.use(record.topic) as producer:
                await producer.send_and_wait(record.topic, value, key, headers=binary_headers(record))
        except TOO_LARGE:
            raise UserError(f"an event of {len(value)} bytes is too large for Kafka's topic {record.topic}") from None

    async def close(self) -> None:
        """Disconnect; safe twice."""
        await self._producing.close()


def binary_headers(record: Record) -> list[tuple[str, bytes]]:
    """A record's attributes as Kafka headers. Its own headers come last and cannot pass for attributes."""
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": record.id,
        "ce_source": record.source,
        "ce_type": record.type,
        "ce_time": iso(record.time),
        "ce_onbeathops": str(record.hops) if record.hops else None,
        "ce_correlationid": record.correlation_id,
        "ce_causationid": record.causation_id,
        "ce_traceparent": record.traceparent,
        "content-type": "application/json",
    }
    own = {name: text for name, text in record.headers.items() if not name.lower().startswith("ce_") and name.lower() != "content-type"}
    return [(name, text.encode()) for name, text in {**attributes, **own}.items() if text is not None]


def to_json(value: Json) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
