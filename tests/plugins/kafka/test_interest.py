"""Who wants a record, and how it is read for them."""

from typing import Any

from aiokafka import ConsumerRecord

from onbeat.plugins.kafka import EventTrigger, RealtimeTrigger
from onbeat.plugins.kafka.interest import Interests
from onbeat.plugins.kafka.position import Cursor
from onbeat.ports import Listener
from tests.plugins.source_suite import listen

CURSOR = Cursor(0, "cluster", "id")


def trigger(**options: Any) -> RealtimeTrigger:
    """A trigger with these options."""
    return RealtimeTrigger.model_validate(options)


def record(value: bytes | None, offset: int = 0, topic: str = "a", partition: int = 0) -> ConsumerRecord:
    """A record as aiokafka gives it."""
    return ConsumerRecord(topic, partition, offset, 0, 0, None, value, 0, -1, -1, ())


def test_a_record_is_decoded_once_for_all_who_read_alike():
    """Three triggers, two ways of reading: two events with one key."""
    interests = Interests(listen(trigger(topic="a"), trigger(topic="a", valueDeserializer="JSON"), trigger(topic="a")))
    got = list(interests.receive(CURSOR, "a", 0, [record(b"1")]))
    assert [(one.event.data, one.triggers) for one in got if one.event] == [("1", {"t0", "t2"}), (1, {"t1"})]
    assert len({one.key for one in got}) == 1


def test_what_one_cannot_decode_another_can():
    """A dead event for the one, an event for the other."""
    interests = Interests(listen(trigger(topic="a"), trigger(topic="a", valueDeserializer="JSON")))
    text, json = interests.receive(CURSOR, "a", 3, [record(b"{", offset=5)])
    assert text.event is not None
    assert text.triggers == {"t0"}
    assert (json.raw, json.triggers, json.key) == (b"{", {"t1"}, "cluster/a/id/3/5")
    assert json.reason == "a/3 offset 5: the value is not JSON: Expecting property name enclosed in double quotes at line 1 column 2"


def test_all_of_a_subscription_are_not_named_one_by_one():
    """None means all: the engine need not look."""
    (one,) = Interests(listen(trigger(topic="a"))).receive(CURSOR, "a", 0, [record(b"x")])
    assert one.triggers is None


def test_partitions_and_disabled_triggers_are_left_out():
    """Nothing is emitted for nobody."""
    disabled = Listener(trigger="off", options=trigger(topic="a"), disabled=True)
    interests = Interests([*listen(trigger(topic="a", partitions=[1])), disabled])
    assert list(interests.receive(CURSOR, "a", 0, [record(b"x")])) == []
    assert [one.triggers for one in interests.receive(CURSOR, "a", 1, [record(b"x")])] == [{"t0"}]


def test_names_and_patterns_select_topics():
    """Patterns match whole names; a name is wanted whether a pattern matches it or not."""
    interests = Interests(listen(trigger(topic=["x"], topicPattern="a.*"), EventTrigger(topic="y")))
    assert interests.select(["a1", "ba", "x", "y", "z"]) == {"a1", "x", "y"}
    assert interests.topics.keys() == {"x", "y"}
    assert interests.patterns.keys() == {"a.*"}


def test_the_same_listeners_are_noticed_without_comparing_their_settings():
    """It is asked before every poll."""
    listeners = listen(trigger(topic="a"), trigger(topic="b"))
    interests = Interests(listeners)
    assert interests.is_of(list(listeners))
    assert not interests.is_of(listeners[:1])
    assert not interests.is_of(listen(trigger(topic="a"), trigger(topic="b")))
    assert interests.wants_as(Interests(listen(trigger(topic="b"), trigger(topic="a"), trigger(topic="a"))))
    assert not interests.wants_as(Interests(listeners[:1]))
