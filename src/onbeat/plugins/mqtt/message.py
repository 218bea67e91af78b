"""Build an event from an MQTT message, or say why it cannot be one.

Rules
1. A CloudEvent is known by its content type, by its user properties (binary mode) or, in MQTT 3.1.1 where there are none, by its four
   required attributes. Its key is its source and id, whatever carried it; any other message's key is that of its delivery.
2. A payload that is not what `serdeType` says is no event: the reason names the option to set, never the payload.
3. An empty payload is `null` in JSON: that is how MQTT clears a retained message.
4. `trigger.*` has Kestra's names; `properties` has MQTT 5's, with the user properties as a map.

Called by: trigger.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from onbeat.core.event import Event, Json, Micros, cloud_key
from onbeat.core.times import from_iso, iso
from onbeat.core.values import normalise
from onbeat.errors import UserError
from onbeat.plugins.mqtt.connection import Arrived

Serde = Literal["STRING", "JSON", "BINARY"]

CLOUD_EVENT = "application/cloudevents+json"
OURS = "onbeat"
"""The source of an event of the bus whose publisher named none: its id is unique within its topic."""
_REQUIRED = ("specversion", "id", "source", "type")
_PROPERTIES = ("PayloadFormatIndicator", "MessageExpiryInterval", "ContentType", "ResponseTopic", "CorrelationData")


class Undecodable(Exception):
    """The payload is not what it should be; the message is the reason."""


class Cloud(msgspec.Struct, frozen=True):
    """A CloudEvent: its attributes, and its data."""

    attributes: dict[str, str]
    data: Json


def decode(serde: Serde, payload: bytes) -> Json:
    """The payload as plain JSON. Raises Undecodable."""
    if serde == "BINARY":
        return b64encode(payload).decode()
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise Undecodable("the payload is not text in UTF-8; for bytes set `serdeType: BINARY`") from None
    try:
        return normalise(text) if serde == "STRING" else normalise(json.loads(text)) if text else None
    except UserError as wrong:
        raise Undecodable(f"the payload cannot be kept: {wrong}") from None
    except (ValueError, RecursionError):
        raise Undecodable("the payload is not JSON; for plain text set `serdeType: STRING`") from None


def message_event(message: Arrived, serde: Serde, *, source: str, key: str, now: Micros) -> Event:
    """The event of `mqtt.RealtimeTrigger`. Raises Undecodable."""
    payload = decode(serde, message.payload)
    variables: dict[str, Json] = {
        "id": message.mid,
        "topic": message.topic,
        "qos": message.qos,
        "retain": message.retain,
        "properties": properties_of(message),
        "payload": payload,
    }
    cloud = find_cloud_event(message)
    if cloud is None:
        return Event(
            id=key,
            source=source,
            type="io.onbeat.mqtt.message",
            time=now,
            key=key,
            data=payload,
            topic=message.topic,
            variables=variables,
            traceparent=dict(message.user).get("traceparent"),
        )
    return _event(message, cloud, now, variables)


def bus_event(message: Arrived, *, source: str, key: str, now: Micros) -> Event:
    """The event of `core.trigger.Event` on an MQTT bus. Raises Undecodable."""
    cloud = find_cloud_event(message)
    if cloud is None:
        if _content_type(message).startswith(CLOUD_EVENT):
            raise Undecodable(
                "the payload is said to be a CloudEvent but is not one: `specversion`, `id`, `source` and `type` are required"
            )
        cloud = Cloud({"id": key, "source": source, "type": "io.onbeat.event"}, decode("JSON", message.payload))
        identity = key
    else:
        origin = cloud.attributes["source"]
        identity = cloud_key(message.topic if origin == OURS else origin, cloud.attributes["id"])
    attributes = cloud.attributes
    variables: dict[str, Json] = {
        "id": attributes["id"],
        "topic": message.topic,
        "key": attributes.get("partitionkey"),
        "data": cloud.data,
        "time": iso(_time(attributes, now)),
        "headers": dict(message.user),
    }
    return _event(message, cloud, now, variables, identity)


def find_cloud_event(message: Arrived) -> Cloud | None:
    """The CloudEvent that a message is, in structured or binary mode; None when it is none."""
    content_type = _content_type(message)
    if not content_type.startswith(CLOUD_EVENT):
        user = dict(message.user)
        if all(user.get(name) for name in _REQUIRED):
            return Cloud(user, _data(message, content_type))
        if content_type or b"specversion" not in message.payload:
            return None
    try:
        body = decode("JSON", message.payload)
    except Undecodable:
        return None
    if not isinstance(body, dict) or not all(isinstance(body.get(name), str) and body[name] for name in _REQUIRED):
        return None
    attributes = {name: _text(value) for name, value in body.items() if name not in ("data", "data_base64") and value is not None}
    return Cloud(attributes, body.get("data", body.get("data_base64")))


def properties_of(message: Arrived) -> dict[str, Json]:
    """MQTT 5's properties of a message as plain JSON, by their names in camel case."""
    found: dict[str, Json] = {}
    for name in _PROPERTIES:
        value = getattr(message.properties, name, None)
        if value is not None:
            found[name[0].lower() + name[1:]] = b64encode(value).decode() if isinstance(value, bytes) else value
    user: dict[str, Any] = {}
    for name, text in message.user:
        user[name] = text if name not in user else [*user[name], text] if isinstance(user[name], list) else [user[name], text]
    return {**found, "userProperties": user} if user else found


def _event(message: Arrived, cloud: Cloud, now: Micros, variables: dict[str, Json], key: str | None = None) -> Event:
    attributes = cloud.attributes
    hops = attributes.get("onbeathops", "")
    return Event(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        time=_time(attributes, now),
        key=key or cloud_key(attributes["source"], attributes["id"]),
        data=cloud.data,
        subject=attributes.get("subject"),
        topic=message.topic,
        variables=variables,
        hops=int(hops) if hops.isdecimal() and len(hops) < 6 else 0,
        correlation_id=attributes.get("correlationid"),
        causation_id=attributes.get("causationid"),
        traceparent=attributes.get("traceparent"),
    )


def _data(message: Arrived, content_type: str) -> Json:
    """The data of a CloudEvent in binary mode: JSON unless its type says otherwise, else text, else base64."""
    for serde in ("JSON", "STRING", "BINARY") if not content_type or "json" in content_type else ("STRING", "BINARY"):
        try:
            return decode(serde, message.payload)
        except Undecodable:
            continue
    return None


def _content_type(message: Arrived) -> str:
    return str(getattr(message.properties, "ContentType", ""))


def _time(attributes: Mapping[str, str], now: Micros) -> Micros:
    try:
        return from_iso(attributes["time"])
    except (KeyError, ValueError, OverflowError):
        return now


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
