"""A record becomes an event, or says why it cannot."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.event import cloud_key
from onbeat.core.times import from_iso
from onbeat.plugins.kafka.record import DECODERS, Place, Raw, Undecodable, read_bus_record, read_record
from onbeat.ports import Record

PLACE = Place("cluster", "orders", "topicid", 3, 17)
ENVELOPE = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/shop",
    "type": "shop.order",
    "subject": "o-9",
    "time": "2026-01-02T03:04:05Z",
    "onbeathops": 2,
    "correlationid": "c",
    "causationid": "k",
    "traceparent": "00-aa-bb-01",
}


HEADER_NAMES = st.sampled_from(["content-type", "ce_id", "ce_source", "ce_type", "x"])


def raw(value: bytes | None, key: bytes | None = b"k", headers: Any = (), timestamp: int = 1000) -> Raw:
    """A record at PLACE."""
    return Raw(PLACE, key, value, list(headers), timestamp)


def binary(**attributes: str) -> list[tuple[str, bytes]]:
    """The headers of a CloudEvent in binary form."""
    given = {**{name: str(value) for name, value in ENVELOPE.items()}, **attributes}
    return [(f"ce_{name}", value.encode()) for name, value in given.items()]


def test_kestra_s_names_are_what_a_flow_sees():
    """Rule 3: key, value, headers as a list, topic, partition, timestamp as ISO text, offset."""
    event = read_record(raw(b"text", headers=[("a", b"1"), ("a", b"2"), ("b", None)]), "STRING", "STRING")
    assert event.variables == {
        "key": "k",
        "value": "text",
        "headers": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}, {"key": "b", "value": None}],
        "topic": "orders",
        "partition": 3,
        "timestamp": "1970-01-01T00:00:01.000000Z",
        "offset": 17,
    }
    assert (event.data, event.topic, event.time, event.type) == ("text", "orders", 1_000_000, "io.onbeat.kafka.record")


def test_a_plain_record_is_known_by_its_place():
    """Rule 2: cluster, topic, incarnation, partition and offset; each of them tells records apart."""
    key = read_record(raw(b"x"), "STRING", "STRING").key
    assert key == "cluster/orders/topicid/3/17"
    for place in (
        Place("other", "orders", "topicid", 3, 17),
        Place("cluster", "orders", "made-again", 3, 17),
        Place("cluster", "orders", "topicid", 4, 17),
        Place("cluster", "orders", "topicid", 3, 18),
    ):
        assert read_record(Raw(place, None, b"x", [], 0), "STRING", "STRING").key != key


def test_a_binary_cloudevent_is_known_by_source_and_id():
    """Rule 1: the attributes come from the headers, the data is the value as it is decoded."""
    event = read_record(raw(b'{"n": 1}', headers=binary()), "STRING", "JSON")
    assert event.key == cloud_key("/shop", "e-1")
    assert (event.id, event.source, event.type, event.subject) == ("e-1", "/shop", "shop.order", "o-9")
    assert event.time == from_iso("2026-01-02T03:04:05Z")
    assert (event.hops, event.correlation_id, event.causation_id, event.traceparent) == (2, "c", "k", "00-aa-bb-01")
    assert event.data == {"n": 1}


@pytest.mark.parametrize("read", [read_bus_record, lambda record: read_record(record, "STRING", "STRING")])
def test_an_event_without_a_publisher_s_source_is_one_of_its_topic(read):
    """Rule 1: `onbeat` names nobody; the same id on two topics is two events, as on the embedded bus."""
    headers = binary(source="onbeat")
    assert read(raw(b"1", headers=headers)).key == cloud_key("orders", "e-1")
    assert Record(topic="orders", id="e-1", data=1, time=0).identity == cloud_key("orders", "e-1")


def test_a_trace_goes_on_from_a_plain_header():
    """W3C's header on any record; the CloudEvent's own attribute wins."""
    header = ("traceparent", b"00-cc-dd-01")
    assert read_record(raw(b"x", headers=[header]), "STRING", "STRING").traceparent == "00-cc-dd-01"
    assert read_record(raw(b"x", headers=[header, *binary()]), "STRING", "STRING").traceparent == "00-aa-bb-01"


@pytest.mark.parametrize("kind", ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8"])
def test_a_structured_cloudevent_has_the_same_identity(kind):
    """Rule 1: the same event in the other form is the same event; its data is what the envelope holds."""
    body = json.dumps({**ENVELOPE, "data": {"n": 1}}).encode()
    event = read_record(raw(body, headers=[("Content-Type", kind.encode())]), "STRING", "JSON")
    assert event.key == cloud_key("/shop", "e-1")
    assert event.data == {"n": 1}
    assert event.hops == 2
    assert event.variables["value"]["data"] == {"n": 1}


def test_data_base64_stays_base64_text():
    """Values are plain JSON: bytes inside an envelope stay the text they came as; what is not base64 is refused."""
    body = json.dumps({**ENVELOPE, "data_base64": "AAE="}).encode()
    headers = [("content-type", b"application/cloudevents+json")]
    assert read_bus_record(raw(body, headers=headers)).data == "AAE="
    with pytest.raises(Undecodable, match="data_base64 is not base64"):
        read_bus_record(raw(body.replace(b"AAE=", b"A"), headers=headers))


@pytest.mark.parametrize("missing", ["id", "source", "type"])
def test_a_cloudevent_without_its_attributes_is_refused(missing):
    """Half a CloudEvent has no identity."""
    with pytest.raises(Undecodable, match=f"the CloudEvent has no {missing}"):
        read_record(raw(b"x", headers=binary(**{missing: ""})), "STRING", "STRING")


@pytest.mark.parametrize("body", [b"[]", b"1", b"null"])
def test_an_envelope_that_is_no_object_is_refused(body):
    """It says it is a CloudEvent; it must be one."""
    with pytest.raises(Undecodable, match="is not a JSON object"):
        read_bus_record(raw(body, headers=[("content-type", b"application/cloudevents+json")]))


def test_an_envelope_of_nothing_is_refused():
    """A tombstone that claims to be a CloudEvent."""
    with pytest.raises(Undecodable, match="CloudEvent"):
        read_bus_record(raw(None, headers=[("content-type", b"application/cloudevents+json")]))


def test_hops_from_outside_are_a_small_number_or_none():
    """The header is anybody's text."""
    for text, hops in (("3", 3), ("-1", 0), ("x", 0), ("9" * 50, 0), ("²", 0)):
        assert read_record(raw(b"x", headers=binary(onbeathops=text)), "STRING", "STRING").hops == hops


def test_the_bus_shows_id_topic_key_data_time_and_own_headers():
    """Rule 3: the CloudEvent's attributes are not headers of the event."""
    headers = [*binary(), ("content-type", b"application/json"), ("tenant", b"acme")]
    event = read_bus_record(raw(b'{"n": 1}', headers=headers))
    assert event.variables == {
        "id": "e-1",
        "topic": "orders",
        "key": "k",
        "data": {"n": 1},
        "time": "2026-01-02T03:04:05.000000Z",
        "headers": {"tenant": "acme"},
    }


def test_a_foreign_record_on_the_bus_is_an_event_too():
    """Anybody may write to a topic of the bus; without an id its place is its id."""
    event = read_bus_record(raw(b"[1]", key=None))
    assert event.id == PLACE.key
    assert event.variables["key"] is None
    assert event.data == [1]


@pytest.mark.parametrize(
    ("name", "data", "value"),
    [
        ("STRING", "größe".encode(), "größe"),
        ("JSON", b'{"a": [1, null]}', {"a": [1, None]}),
        ("JSON", b"123456789012345678901", "123456789012345678901"),
        ("INTEGER", struct.pack(">i", -2), -2),
        ("LONG", struct.pack(">q", 2**40), 2**40),
        ("SHORT", struct.pack(">h", 7), 7),
        ("FLOAT", struct.pack(">f", 0.5), 0.5),
        ("DOUBLE", struct.pack(">d", 1e300), 1e300),
        ("UUID", b"01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"),
        ("BYTE_ARRAY", b"\x00\xff", "AP8="),
        ("VOID", b"anything", None),
    ],
)
def test_kestra_s_deserializers(name, data, value):
    """Each name decodes as Java's serializer of that name encodes; large integers stay exact as text."""
    assert read_record(raw(data), "STRING", name).data == value


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("STRING", b"\xff", "the value is not UTF-8"),
        ("STRING", b"a\0b", "the value holds a NUL"),
        ("JSON", b'{"a":', "the value is not JSON: Expecting value at line 1 column 6"),
        ("JSON", b"NaN", "NaN is not a JSON number"),
        ("JSON", b'"\\ud800"', "the value is not JSON"),
        ("JSON", b"[" * 100_000, "nested too deeply"),
        ("JSON", b"9" * 5000, "the value is not JSON"),
        ("INTEGER", b"123", "it has 3 bytes, not 4"),
        ("DOUBLE", struct.pack(">d", float("inf")), "is not a DOUBLE that JSON can hold"),
        ("UUID", b"no", "the value is not a UUID"),
    ],
)
def test_what_cannot_be_decoded_says_why(name, data, reason):
    """Rule 4."""
    with pytest.raises(Undecodable, match=reason.replace("(", r"\(")):
        read_record(raw(data), "STRING", name)


def test_a_reason_does_not_hold_the_payload():
    """Rule 4: reasons go to logs and lists; secrets may be in a payload."""
    with pytest.raises(Undecodable) as caught:
        read_record(raw(b'{"password": "hunter2" "x"}'), "STRING", "JSON")
    assert "hunter2" not in str(caught.value)


def test_a_key_that_cannot_be_decoded_is_said_to_be_the_key():
    """One reads the right side of the record."""
    with pytest.raises(Undecodable, match="the key is not UTF-8"):
        read_record(raw(b"x", key=b"\xff"), "STRING", "STRING")


def test_a_timestamp_beyond_the_calendar_is_refused_and_none_is_none():
    """Kafka's -1 means no timestamp; anything up to 2**63 may be claimed."""
    assert read_record(raw(b"x", timestamp=-1), "STRING", "STRING").variables["timestamp"] is None
    with pytest.raises(Undecodable, match="year 9999"):
        read_record(raw(b"x", timestamp=2**62), "STRING", "STRING")


@given(
    value=st.none() | st.binary(max_size=60),
    key=st.none() | st.binary(max_size=20),
    headers=st.lists(
        st.tuples(st.sampled_from(["content-type", "ce_id", "ce_source", "ce_type", "x"]), st.none() | st.binary(max_size=20))
    ),
    timestamp=st.integers(-1, 2**62),
    decoder=st.sampled_from(sorted(DECODERS)),
)
def test_any_bytes_become_an_event_or_a_reason(value, key, headers, timestamp, decoder):
    """Nothing a stranger sends raises anything but Undecodable, and what becomes an event is plain JSON."""
    for read in (lambda record: read_record(record, decoder, decoder), read_bus_record):
        try:
            event = read(raw(value, key, headers, timestamp))
        except Undecodable:
            continue
        json.dumps([event.data, event.variables], allow_nan=False).encode()
