"""Make an event of a Kafka record or an MQTT message that a test sends, with the decoders that serve.

Apart from arrivals.py because the clients of both are loaded with their plugins: a test without a broker's event does without them.

Rules
1. A value is what the trigger's deserializer reads: JSON as JSON, text as it is.
2. What cannot be decoded is told with the decoder's own reason, as it would become a dead event.

Called by: arrivals.py.
"""

import json
from collections.abc import Sequence
from typing import Any

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from onbeat.core.event import Event, Micros
from onbeat.core.expressions import to_text
from onbeat.engine.intake import LoadedTrigger
from onbeat.plugins.kafka import record as kafka
from onbeat.plugins.kafka.source import Subscriber
from onbeat.plugins.mqtt import message as mqtt
from onbeat.plugins.mqtt import topic as mqtt_topic
from onbeat.plugins.mqtt.connection import Arrived
from onbeat.testing.model import Arrival, instant

_CLUSTER = "test"
Read = list[tuple[LoadedTrigger, Event | str]]


def read(arrival: Arrival, triggers: Sequence[LoadedTrigger], start: Micros, now: Micros, count: int) -> Read:
    """Per trigger that listens: the event, or why there is none. count: tells one record from another."""
    return _kafka(arrival, triggers, start, now, count) if arrival.kafka is not None else _mqtt(arrival, triggers, now, count)


def _kafka(arrival: Arrival, triggers: Sequence[LoadedTrigger], start: Micros, now: Micros, count: int) -> Read:
    topic = str(arrival.kafka)
    offset = count if arrival.offset is None else arrival.offset
    at = now if arrival.timestamp is None else instant(arrival.timestamp, start)
    raw = kafka.Raw(
        place=kafka.Place(_CLUSTER, topic, "1", arrival.partition, offset),
        key=None if arrival.key is None else to_text(arrival.key).encode(),
        value=_bytes(arrival.value),
        headers=[(name, to_text(value).encode()) for name, value in arrival.headers.items()],
        timestamp=at // 1_000,
    )
    found: Read = []
    for trigger in triggers:
        options: Any = trigger.options
        if isinstance(options, Subscriber) and options.reads(topic) and options.takes(arrival.partition):
            try:
                found.append((trigger, options.read(raw)))
            except kafka.Undecodable as wrong:
                found.append((trigger, str(wrong)))
    return found


def _mqtt(arrival: Arrival, triggers: Sequence[LoadedTrigger], now: Micros, count: int) -> Read:
    topic = str(arrival.mqtt)
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # the library is only partly typed
    if arrival.headers:
        properties.UserProperty = [(name, to_text(value)) for name, value in arrival.headers.items()]
    sent = Arrived(topic, _bytes(arrival.payload) or b"", arrival.qos, arrival.retain, False, count + 1, properties)
    found: Read = []
    for trigger in triggers:
        options: Any = trigger.options
        if not trigger.spec.type.startswith("mqtt.") or not any(mqtt_topic.matches(mqtt_topic.bare(one), topic) for one in options.filters):
            continue
        try:
            found.append((trigger, options.read(sent, source=f"mqtt://{_CLUSTER}", key=f"{_CLUSTER}/{count}", now=now)))
        except mqtt.Undecodable as wrong:
            found.append((trigger, str(wrong)))
    return found


def _bytes(value: Any) -> bytes | None:
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()
