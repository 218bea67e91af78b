"""Event: its identity."""

from onbeat.core.event import Event, cloud_key


def test_a_cloud_events_key_is_its_source_and_id():
    """Whatever carried it; no two pairs give the same key, for a source cannot hold a line break."""
    assert cloud_key("/a", "1") == "/a\n1"
    assert len({cloud_key("/a", "b1"), cloud_key("/ab", "1"), cloud_key("/a", "b\n1")}) == 3


def test_events_are_values():
    """Equal when they say the same; only what came in from outside is set."""
    event = Event(id="1", source="s", type="t", time=0, key="k")

    assert event == Event(id="1", source="s", type="t", time=0, key="k")
    assert (event.data, event.variables, event.hops) == (None, {}, 0)
