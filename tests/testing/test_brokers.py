"""Records and messages as their triggers read them; the whole way is in test_arrivals.py."""

from typing import Any

import pytest

from onbeat.core.trigger import TriggerSpec
from onbeat.engine.intake import LoadedTrigger
from onbeat.registry import Registry
from onbeat.testing.brokers import read
from onbeat.testing.clock import START
from onbeat.testing.model import Arrival


def trigger(type_: str, **options: Any) -> LoadedTrigger:
    """A trigger of that type."""
    return LoadedTrigger(TriggerSpec(id="it", type=type_), Registry().source(type_).model_validate(options))


@pytest.mark.parametrize(
    ("deserializer", "value", "seen"),
    [("JSON", {"a": [1]}, {"a": [1]}), ("STRING", "text", "text"), ("JSON", None, None), ("JSON", "5", 5), ("BINARY", "ab", "YWI=")],
)
def test_a_value_is_what_the_deserializer_reads(deserializer: str, value: Any, seen: Any):
    """Rule 1."""
    heard = trigger("kafka.RealtimeTrigger", topic="t", valueDeserializer=deserializer)
    arrival = Arrival.model_validate({"kafka": "t", "key": 7, "value": value, "headers": {"h": 1}, "partition": 2, "offset": 9})
    ((_, event),) = read(arrival, [heard], START, START, 0)
    assert not isinstance(event, str)
    expected = {"value": seen, "key": "7", "topic": "t", "partition": 2, "offset": 9, "headers": [{"key": "h", "value": "1"}]}
    assert {name: event.variables[name] for name in expected} == expected
    assert event.variables["timestamp"] == "2026-01-01T00:00:00.000000Z"


def test_what_cannot_be_decoded_is_told_with_the_reason():
    """Rule 2."""
    heard = [
        trigger("kafka.RealtimeTrigger", topic="t", valueDeserializer="LONG"),
        trigger("mqtt.RealtimeTrigger", server="mqtt://b", topic="#"),
    ]
    assert [why for _, why in read(Arrival.model_validate({"kafka": "t", "value": "x"}), heard, START, START, 0)] == [
        "the value is not a LONG: it has 1 bytes, not 8"
    ]
    assert [why for _, why in read(Arrival.model_validate({"mqtt": "a/b", "payload": "x"}), heard, START, START, 0)] == [
        "the payload is not JSON; for plain text set `serdeType: STRING`"
    ]


def test_only_who_listens_is_asked():
    """By topic, pattern, filter and share group."""
    kafka = trigger("kafka.RealtimeTrigger", topicPattern="ord.*")
    mqtt = trigger("mqtt.RealtimeTrigger", server="mqtt://b", topic="$share/group/a/+")
    sent = [({"kafka": "orders"}, 1), ({"kafka": "other"}, 0), ({"mqtt": "a/b", "payload": 1}, 1), ({"mqtt": "a/b/c", "payload": 1}, 0)]
    for arrival, count in sent:
        assert len(read(Arrival.model_validate(arrival), [kafka, mqtt], 0, START, 0)) == count


def test_two_records_are_two():
    """Unless they say that they are one: each has a place of its own."""
    heard = trigger("kafka.RealtimeTrigger", topic="t")
    keys = [read(Arrival.model_validate({"kafka": "t", "value": "a"}), [heard], START, START, count)[0][1] for count in (0, 1, 1)]
    assert len({event.key for event in keys if not isinstance(event, str)}) == 2
