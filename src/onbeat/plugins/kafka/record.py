"""Turn a Kafka record into an event, or say why it cannot be one: pure.

Decoding inside the client would let one bad record stop its partition for ever, so the client hands out bytes and this decides.

Rules
1. A CloudEvent's identity is its source and id, in binary form (`ce_` headers) or structured (`application/cloudevents+json`).
2. Any other record's identity is its place: cluster, topic, incarnation, partition, offset. Never the topic's name alone.
3. `trigger.*` has Kestra's names; on the bus `id, topic, key, data, time, headers`.
4. What cannot be decoded raises Undecodable with a reason that does not hold the payload.

Called by: source.
"""

import base64
import binascii
import json
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from onbeat.core import times, values
from onbeat.core.event import Event, Json, Micros, cloud_key
from onbeat.errors import UserError

STRUCTURED = "application/cloudevents+json"
OURS = "onbeat"
"""The source of an event whose publisher named none: its id is one of its topic's, as on the embedded bus."""


class Undecodable(Exception):
    """This record cannot become an event; the text says why."""


class Place(msgspec.Struct, frozen=True):
    """Where a record lies, for good."""

    cluster: str
    topic: str
    incarnation: str
    partition: int
    offset: int

    @property
    def key(self) -> str:
        """The identity of the record there."""
        return f"{self.cluster}/{self.topic}/{self.incarnation}/{self.partition}/{self.offset}"


class Raw(msgspec.Struct, frozen=True):
    """A record as it came. timestamp: milliseconds."""

    place: Place
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    timestamp: int


Decode = Callable[[bytes], Json]


def _json(data: bytes) -> Json:
    try:
        return values.normalise(json.loads(data, parse_constant=_no_constant))
    except (ValueError, RecursionError, UserError) as error:
        raise Undecodable(f"is not JSON: {_reason(error)}") from None


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise Undecodable(f"is not UTF-8: {error.reason} at byte {error.start}") from None
    if "\0" in text:
        raise Undecodable("holds a NUL character")
    return text


def _packed(form: str, name: str) -> Decode:
    layout = struct.Struct(form)

    def unpack(data: bytes) -> Json:
        if len(data) != layout.size:
            raise Undecodable(f"is not a {name}: it has {len(data)} bytes, not {layout.size}")
        try:
            return values.normalise(layout.unpack(data)[0])
        except UserError as error:
            raise Undecodable(f"is not a {name} that JSON can hold: {error}") from None

    return unpack


def _uuid(data: bytes) -> str:
    try:
        return str(UUID(_text(data)))
    except ValueError:
        raise Undecodable("is not a UUID") from None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


DECODERS: Mapping[str, Decode] = {
    "STRING": _text,
    "JSON": _json,
    "INTEGER": _packed(">i", "INTEGER"),
    "LONG": _packed(">q", "LONG"),
    "SHORT": _packed(">h", "SHORT"),
    "FLOAT": _packed(">f", "FLOAT"),
    "DOUBLE": _packed(">d", "DOUBLE"),
    "UUID": _uuid,
    "BINARY": _base64,
    "BYTES": _base64,
    "BYTE_ARRAY": _base64,
    "BYTE_BUFFER": _base64,
    "VOID": lambda data: None,
}
"""Kestra's names; bytes become base64 text, since values are plain JSON."""


def read_record(raw: Raw, key: str, value: str) -> Event:
    """The event of a record for a RealtimeTrigger, decoded as `key` and `value` say. Raises Undecodable."""
    decoded_key = _decode("key", raw.key, DECODERS[key])
    cloud = _cloud_event(raw)
    decoded = _decode("value", raw.value, DECODERS[value])
    variables = {
        "key": decoded_key,
        "value": decoded,
        "headers": [{"key": name, "value": _header(content)} for name, content in raw.headers],
        "topic": raw.place.topic,
        "partition": raw.place.partition,
        "timestamp": _instant(raw.timestamp),
        "offset": raw.place.offset,
    }
    return _event(raw, cloud, decoded if cloud is None or "data" not in cloud else cloud["data"], variables)


def read_bus_record(raw: Raw) -> Event:
    """The event of a record on a topic of the bus: its data is JSON. Raises Undecodable."""
    cloud = _cloud_event(raw)
    data = cloud["data"] if cloud is not None and "data" in cloud else _decode("value", raw.value, _json)
    event = _event(raw, cloud, data, {})
    own = {name: _header(content) for name, content in raw.headers if not name.startswith("ce_") and name != "content-type"}
    variables = {
        "id": event.id,
        "topic": raw.place.topic,
        "key": _decode("key", raw.key, _text),
        "data": data,
        "time": _iso(event.time),
        "headers": own,
    }
    return msgspec.structs.replace(event, variables=variables)


def _decode(what: str, data: bytes | None, decode: Decode) -> Json:
    if data is None:
        return None
    try:
        return decode(data)
    except Undecodable as error:
        raise Undecodable(f"the {what} {error}") from None


def _event(raw: Raw, cloud: dict[str, Any] | None, data: Json, variables: dict[str, Json]) -> Event:
    place = raw.place
    traceparent = next((_header(content) for name, content in raw.headers if name.lower() == "traceparent"), None)
    if cloud is None:
        return Event(
            id=place.key,
            source=f"kafka://{place.cluster}/{place.topic}",
            type="io.onbeat.kafka.record",
            time=raw.timestamp * 1000,
            key=place.key,
            data=data,
            topic=place.topic,
            variables=variables,
            traceparent=traceparent,
        )
    return Event(
        id=cloud["id"],
        source=cloud["source"],
        type=cloud["type"],
        time=_micros(cloud.get("time")) or raw.timestamp * 1000,
        key=cloud_key(place.topic if cloud["source"] == OURS else cloud["source"], cloud["id"]),
        data=data,
        subject=_optional(cloud, "subject"),
        topic=place.topic,
        variables=variables,
        hops=_count(cloud.get("onbeathops")),
        correlation_id=_optional(cloud, "correlationid"),
        causation_id=_optional(cloud, "causationid"),
        traceparent=_optional(cloud, "traceparent") or traceparent,
    )


def _cloud_event(raw: Raw) -> dict[str, Any] | None:
    """The attributes of a CloudEvent, with `data` when the envelope holds it; None when the record is none."""
    headers = {name.lower(): _header(content) for name, content in raw.headers}
    if (headers.get("content-type") or "").partition(";")[0].strip().lower() == STRUCTURED:
        return _envelope(raw.value)
    if "ce_specversion" not in headers and "ce_id" not in headers:
        return None
    attributes = {name[3:]: content for name, content in headers.items() if name.startswith("ce_")}
    return _complete(attributes)


def _envelope(value: bytes | None) -> dict[str, Any]:
    content = _decode("CloudEvent", value, _json)
    if not isinstance(content, dict):
        raise Undecodable("the CloudEvent is not a JSON object")
    if "data_base64" in content:
        try:
            base64.b64decode(content["data_base64"], validate=True)
        except (TypeError, ValueError, binascii.Error):
            raise Undecodable("the CloudEvent's data_base64 is not base64") from None
    return _complete({**content, "data": content.get("data", content.get("data_base64"))})


def _complete(attributes: dict[str, Any]) -> dict[str, Any]:
    for name in ("id", "source", "type"):
        if not isinstance(attributes.get(name), str) or not attributes[name]:
            raise Undecodable(f"the CloudEvent has no {name}")
    return attributes


def _header(content: bytes | None) -> str | None:
    """A header's text: Kafka's headers are bytes from anybody; what is not text is shown as Python would, never refused."""
    return None if content is None else content.decode(errors="backslashreplace").replace("\0", "\\x00")


def _optional(attributes: Mapping[str, Any], name: str) -> str | None:
    value = attributes.get(name)
    return value if isinstance(value, str) else None


def _count(value: Any) -> int:
    text = str(value or 0)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _instant(timestamp: int) -> str | None:
    return _iso(timestamp * 1000) if timestamp >= 0 else None


def _iso(time: Micros) -> str:
    try:
        return times.iso(time)
    except OverflowError:
        raise Undecodable("the timestamp is beyond the year 9999") from None


def _micros(text: Any) -> Micros | None:
    try:
        return times.from_iso(text)
    except (TypeError, ValueError):
        return None
