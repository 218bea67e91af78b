"""What several triggers want of one connection."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from onbeat.plugins.mqtt import RealtimeTrigger, topic
from onbeat.plugins.mqtt.wish import Wish, merge, qualities


def trigger(*topics: str, **options: Any) -> RealtimeTrigger:
    return RealtimeTrigger.model_validate({"topic": list(topics), **options})


def test_the_most_that_is_wanted_of_a_filter_is_subscribed() -> None:
    """Nobody loses by sharing."""
    triggers = [trigger("a", qos=0, retained="ignore"), trigger("a", qos=1, retained="all"), trigger("a", qos=0)]
    assert merge(triggers, apart=True) == {"a": Wish(1, "all")}


def test_qos_2_is_wished_for_as_1() -> None:
    """So that no message is answered before we have it."""
    assert qualities(merge([trigger("a", qos=2), trigger("b", qos=0)], apart=True)) == {"a": 1, "b": 0}


def test_a_covered_filter_is_left_out_where_copies_cannot_be_told_apart() -> None:
    """The wide one carries its quality; a shared subscription stays its own."""
    triggers = [trigger("a/b", "a/#", qos=0), trigger("a/+", qos=1), trigger("b", "$share/g/a/b")]
    assert qualities(merge(triggers, apart=False)) == {"a/#": 1, "b": 1, "$share/g/a/b": 1}
    assert set(merge(triggers, apart=True)) == {"a/b", "a/#", "a/+", "b", "$share/g/a/b"}


FILTERS = st.sampled_from(["a", "a/b", "a/+", "a/#", "#", "+/b", "+/+", "b/#", "$SYS/#"])


@given(st.lists(FILTERS, min_size=1, max_size=6), st.sampled_from(["a", "a/b", "b/c", "c/b", "$SYS/x", "a/b/c"]))
def test_what_is_left_serves_everybody(filters: list[str], text: str) -> None:
    """A topic that any of the filters matches is matched by one that is subscribed."""
    left = merge([trigger(*filters)], apart=False)
    assert any(topic.matches(each, text) for each in filters) == any(topic.matches(each, text) for each in left)
    assert not any(one != other and topic.covers(one, other) for one in left for other in left)
