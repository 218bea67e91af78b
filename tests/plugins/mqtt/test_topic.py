"""Topic filters: what matches, what covers, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.plugins.mqtt import topic

LEVEL = st.sampled_from(["a", "b", "", "$SYS"])
TOPICS = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)
FILTERS = st.builds(
    lambda levels, rest: "/".join([*levels, *rest]),
    st.lists(st.one_of(LEVEL, st.just("+")), max_size=3),
    st.sampled_from([[], ["#"]]),
).filter(bool)


@pytest.mark.parametrize(
    ("filter_", "text", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("+/b", "a/b", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "ab", False),
        ("#", "a/b", True),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("+", "/a", False),
        ("/+", "/a", True),
        ("$share/g/a/+", "a/b", True),
        ("$share/g/#", "$SYS/a", False),
    ],
)
def test_a_topic_matches_as_the_broker_says(filter_: str, text: str, expected: bool) -> None:
    """`+` is one level, `#` the rest and the level above; neither at the start matches `$`."""
    assert topic.matches(filter_, text) is expected


@given(FILTERS, FILTERS, TOPICS)
def test_what_a_covered_filter_matches_its_cover_matches(wide: str, narrow: str, text: str) -> None:
    """Covering is no guess: a message for the narrow filter is one for the wide filter."""
    if topic.covers(wide, narrow) and topic.matches(narrow, text):
        assert topic.matches(wide, text)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("#", "a/+/b", True),
        ("a/#", "a", True),
        ("a/#", "a/#", True),
        ("a/+", "a/b", True),
        ("a/+", "a/#", False),
        ("a/b", "a/+", False),
        ("+/b", "a/+", False),
        ("#", "$SYS/#", False),
        ("a/#", "$share/g/a/b", False),
        ("$share/g/#", "a", False),
    ],
)
def test_a_filter_covers_another(wide: str, narrow: str, expected: bool) -> None:
    """The wide one serves both; a shared one neither covers nor is covered."""
    assert topic.covers(wide, narrow) is expected


@given(FILTERS)
def test_what_a_broker_takes_is_taken(filter_: str) -> None:
    """A right filter is returned as it is, also shared."""
    assert topic.check_filter(filter_) == filter_
    assert topic.check_filter(f"$share/group/{filter_}") == f"$share/group/{filter_}"


@pytest.mark.parametrize(
    ("filter_", "cure"),
    [
        ("", "not empty"),
        ("a\0b", "no NUL"),
        ("a/#/b", "stands at the end"),
        ("a/b#", "stand alone"),
        ("a+/b", "stand alone"),
        ("$share/g", "$share/GROUP/TOPIC"),
        ("$share//a", "$share/GROUP/TOPIC"),
        ("$share/g/", "$share/GROUP/TOPIC"),
        ("$share/+/a", "$share/GROUP/TOPIC"),
        ("a" * 70_000, "at most 65535 bytes"),
    ],
)
def test_a_wrong_filter_is_refused_with_its_cure(filter_: str, cure: str) -> None:
    """The message says what to write and is short however long the filter is."""
    with pytest.raises(ValueError, match=r".*") as refused:
        topic.check_filter(filter_)
    assert cure in str(refused.value)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize("text", ["a/+", "#", "", "a\0"])
def test_a_topic_to_publish_to_is_no_filter(text: str) -> None:
    """Wildcards, nothing and NUL are refused before the broker closes the connection over them."""
    with pytest.raises(ValueError, match="topic"):
        topic.check_topic(text)


def test_an_identifier_is_the_same_in_every_process() -> None:
    """The broker keeps it with waiting messages, so it may not depend on the run."""
    assert topic.identifier("plant/+/temperature") == topic.identifier("plant/+/temperature")
    assert topic.identifier("a") == 183_510_534
    assert 1 <= topic.identifier("b") <= 268_435_455
