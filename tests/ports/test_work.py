"""What is written together: an event of the bus has one identity, whoever asks."""

from onbeat.core.event import cloud_key
from onbeat.ports import Record


def test_a_records_identity_is_its_sources_or_its_topics() -> None:
    """A publisher that names its source owns the id; otherwise it is unique on the topic."""
    ours = Record(topic="orders", id="1", data={}, time=0)
    assert ours.identity == cloud_key("orders", "1")
    assert Record(topic="orders", id="1", data={}, time=0, source="shop").identity == cloud_key("shop", "1")
    assert Record(topic="other", id="1", data={}, time=0, source="shop").identity == cloud_key("shop", "1")


def test_a_record_as_triggers_see_it() -> None:
    """`trigger.*` has id, topic, key, data, time and headers; hops and correlation go along."""
    event = Record(topic="t", id="1", data={"a": 1}, time=0, key="k", headers={"h": "v"}, hops=3, correlation_id="c").as_event()
    assert event.variables == {
        "id": "1",
        "topic": "t",
        "key": "k",
        "data": {"a": 1},
        "time": "1970-01-01T00:00:00.000000Z",
        "headers": {"h": "v"},
    }
    assert (event.key, event.hops, event.correlation_id, event.topic) == (cloud_key("t", "1"), 3, "c", "t")
