"""From an MQTT message to an event, or to a reason."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from onbeat.core.event import Event, cloud_key
from onbeat.core.values import normalise
from onbeat.plugins.mqtt.connection import Arrived
from onbeat.plugins.mqtt.message import CLOUD_EVENT, Undecodable, bus_event, decode, find_cloud_event, message_event, properties_of

NOW = 1_700_000_000_000_000
CLOUD = {"specversion": "1.0", "id": "7", "source": "/shop", "type": "shop.order", "time": "2026-01-02T03:04:05Z", "data": {"total": 3}}


def arrived(payload: bytes, *, content_type: str | None = None, user: list[tuple[str, str]] | None = None, **fields: Any) -> Arrived:
    """A message as it came."""
    properties = Properties(PacketTypes.PUBLISH)
    if content_type:
        properties.ContentType = content_type
    if user:
        properties.UserProperty = user
    return Arrived(
        **{"topic": "orders", "qos": 1, "retain": False, "dup": False, "mid": 9, "payload": payload, "properties": properties, **fields}
    )


def realtime(message: Arrived, serde: Any = "JSON") -> Event:
    return message_event(message, serde, source="mqtt://b:1883", key="k", now=NOW)


def bus(message: Arrived) -> Event:
    return bus_event(message, source="mqtt://b:1883", key="k", now=NOW)


@pytest.mark.parametrize(
    ("serde", "payload", "expected"),
    [
        ("JSON", b'{"a": 1.5}', {"a": 1.5}),
        ("JSON", b"12345678901234567890", "12345678901234567890"),
        ("JSON", b"", None),
        ("STRING", "grün".encode(), "grün"),
        ("STRING", b"", ""),
        ("BINARY", b"\xff\x00", "/wA="),
    ],
)
def test_a_payload_is_read_as_its_serde_says(serde: Any, payload: bytes, expected: object) -> None:
    """JSON is plain and exact, text is text, bytes are base64; an empty JSON payload is null."""
    assert decode(serde, payload) == expected


@pytest.mark.parametrize(
    ("serde", "payload", "cure"),
    [
        ("JSON", b"secret text", "serdeType: STRING"),
        ("JSON", b"\xff", "serdeType: BINARY"),
        ("JSON", b"[" * 100_000, "serdeType: STRING"),
        ("JSON", b"[" * 70 + b"]" * 70, "levels"),
        ("JSON", b'{"a": NaN}', "finite"),
        ("JSON", b'"\\ud800"', "surrogate"),
        ("STRING", b"\xff", "serdeType: BINARY"),
        ("STRING", b"a\0secret", "NUL"),
    ],
)
def test_a_payload_that_is_not_what_it_says_has_a_reason(serde: Any, payload: bytes, cure: str) -> None:
    """The reason names the cure and never shows the payload."""
    with pytest.raises(Undecodable) as refused:
        decode(serde, payload)
    assert cure in str(refused.value)
    assert "secret" not in str(refused.value)


@given(st.binary(max_size=200), st.sampled_from(["JSON", "STRING", "BINARY"]))
def test_any_bytes_are_plain_json_or_refused(payload: bytes, serde: Any) -> None:
    """Nothing else is raised: one poison message holds no other back."""
    try:
        value = decode(serde, payload)
    except Undecodable:
        return
    assert normalise(value) == value


def test_trigger_variables_have_kestras_names() -> None:
    """`trigger.*`: id, topic, qos, retain, properties, payload."""
    event = realtime(arrived(b'{"n": 1}', content_type="application/json", user=[("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")]))
    assert event.variables == {
        "id": 9,
        "topic": "orders",
        "qos": 1,
        "retain": False,
        "properties": {"contentType": "application/json", "userProperties": {"a": ["1", "3", "4"], "b": "2"}},
        "payload": {"n": 1},
    }
    assert (event.key, event.topic, event.data, event.source) == ("k", "orders", {"n": 1}, "mqtt://b:1883")


def test_all_properties_are_plain_json() -> None:
    """Correlation data is bytes in MQTT and base64 here; without MQTT 5 there are none."""
    message = arrived(b"{}")
    message.properties.CorrelationData = b"\xff"
    message.properties.MessageExpiryInterval = 60
    message.properties.ResponseTopic = "answers"
    assert properties_of(message) == {"correlationData": "/w==", "messageExpiryInterval": 60, "responseTopic": "answers"}
    assert properties_of(arrived(b"{}", properties=None)) == {}


@pytest.mark.parametrize("content_type", [CLOUD_EVENT, f"{CLOUD_EVENT}; charset=utf-8", None])
def test_a_structured_cloud_event_has_its_source_and_id_as_key(content_type: str | None) -> None:
    """By its content type, or in MQTT 3.1.1, which has none, by its four attributes."""
    event = realtime(arrived(json.dumps({**CLOUD, "subject": "s", "onbeathops": 2}).encode(), content_type=content_type))
    assert event.key == cloud_key("/shop", "7")
    assert (event.id, event.source, event.type, event.subject, event.hops, event.data) == ("7", "/shop", "shop.order", "s", 2, {"total": 3})
    assert event.time == 1_767_323_045_000_000
    assert event.variables["payload"]["specversion"] == "1.0"


@pytest.mark.parametrize(
    ("payload", "content_type", "data"),
    [
        (b'{"total": 3}', "application/json", {"total": 3}),
        (b"plain", "text/plain", "plain"),
        (b"plain", None, "plain"),
        (b"\xff", "application/octet-stream", "/w=="),
    ],
)
def test_a_binary_cloud_event_is_known_by_its_user_properties(payload: bytes, content_type: str | None, data: object) -> None:
    """Attributes are user properties, the payload is the data in its own type."""
    user = [("specversion", "1.0"), ("id", "7"), ("source", "/shop"), ("type", "t"), ("traceparent", "00-a-b-01"), ("correlationid", "c")]
    event = realtime(arrived(payload, content_type=content_type, user=user), "BINARY")
    assert (event.key, event.data, event.traceparent, event.correlation_id) == (cloud_key("/shop", "7"), data, "00-a-b-01", "c")


@pytest.mark.parametrize("missing", ["specversion", "id", "source", "type"])
def test_what_lacks_an_attribute_is_no_cloud_event(missing: str) -> None:
    """It is an ordinary message for a RealtimeTrigger; on the bus its publisher is told."""
    body = json.dumps({**CLOUD, missing: ""}).encode()
    assert find_cloud_event(arrived(body)) is None
    assert realtime(arrived(body, content_type=CLOUD_EVENT)).key == "k"
    with pytest.raises(Undecodable, match="said to be a CloudEvent"):
        bus(arrived(body, content_type=CLOUD_EVENT))


def test_headers_cannot_pass_for_attributes() -> None:
    """What says it is structured is read as structured, whatever user properties come with it."""
    user = [("specversion", "1.0"), ("id", "forged"), ("source", "/forged"), ("type", "t")]
    assert bus(arrived(json.dumps(CLOUD).encode(), content_type=CLOUD_EVENT, user=user)).id == "7"


def test_an_event_of_the_bus_has_the_buses_variables() -> None:
    """id, topic, key, data, time, headers: as on every bus."""
    event = bus(arrived(json.dumps({**CLOUD, "partitionkey": "line-1"}).encode(), content_type=CLOUD_EVENT, user=[("h", "1")]))
    assert event.variables == {
        "id": "7",
        "topic": "orders",
        "key": "line-1",
        "data": {"total": 3},
        "time": "2026-01-02T03:04:05.000000Z",
        "headers": {"h": "1"},
    }
    assert event.key == cloud_key("/shop", "7")


def test_an_event_that_names_no_source_is_once_in_its_topic() -> None:
    """`onbeat` is no identity: the same id on two topics is two events."""
    body = json.dumps({**CLOUD, "source": "onbeat"}).encode()
    assert bus(arrived(body)).key != bus(arrived(body, topic="others")).key


def test_any_json_is_the_data_of_an_event_of_the_bus() -> None:
    """Who publishes without onbeat need not know CloudEvents; its key is its delivery's."""
    event = bus(arrived(b'{"total": 3}'))
    assert (event.id, event.key, event.data, event.time) == ("k", "k", {"total": 3}, NOW)
    assert event.variables["key"] is None


@pytest.mark.parametrize(
    "attributes", [{"time": "yesterday"}, {"time": "2026-01-02T03:04:05"}, {"onbeathops": "-1"}, {"onbeathops": "9" * 5000}]
)
def test_a_wrong_attribute_is_no_wrong_event(attributes: dict[str, str]) -> None:
    """The time of arrival, and no hops, stand in for what cannot be read."""
    event = bus(arrived(json.dumps({**CLOUD, **attributes}).encode()))
    assert event.hops == 0
    assert event.time == NOW or "time" not in attributes
