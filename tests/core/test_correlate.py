"""Correlate: what `correlate:` may say, what it means, and what a flow sees of it."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.correlate import CORRELATED, Correlate, composed, topic_fits, waits_for
from onbeat.core.correlation import Arrival, Fired, Group, Kept, arrive
from onbeat.core.event import Event
from tests.core.conditions.facts import facts

A, B = {"id": "a", "topic": "orders"}, {"id": "b", "topic": "payments", "when": "{{ trigger.data.ok }}"}


def correlate(**said: Any) -> Correlate:
    """As YAML has it."""
    return Correlate.model_validate({"window": "PT10S", **said})


def event(id_: str = "1", **more: Any) -> Event:
    """An event of a topic."""
    return Event(**{"id": id_, "source": "s", "type": "t", "time": 0, "key": id_, "topic": "orders", "variables": {"id": id_}, **more})


@pytest.mark.parametrize(("said", "kind", "least"), [
    ({"all": [A, B]}, "join", 2),
    ({"any": [A, B]}, "join", 1),
    ({"any": [A, B], "atLeast": 2}, "join", 2),
    ({"all": [A], "not": [B]}, "join", 1),
    ({"not": [A]}, "silence", 1),
    ({"count": 5}, "count", 1),
    ({"accumulate": 5}, "collect", 1),
    ({"accumulate": 5, "any": [A, B]}, "collect", 1),
    ({"once": "within"}, "within", 1),
    ({"once": "after"}, "after", 1),
    ({"once": "quiet"}, "quiet", 1),
])  # fmt: skip
def test_each_form_is_one_rule(said: dict[str, Any], kind: str, least: int):
    """With its window, and a group for each key when there is one."""
    rule = correlate(**said).meant.rule
    assert (rule.kind, rule.least, rule.keyed) == (kind, least, False)
    assert correlate(**said, key="{{ trigger.key }}").meant.rule.keyed


@pytest.mark.parametrize(("said", "why"), [
    ({}, "say what is waited for"),
    ({"all": [A], "count": 3}, "write one of `all` and `count`"),
    ({"accumulate": 3, "once": "after"}, "write one of"),
    ({"all": [A], "any": [B]}, "write `all` or `any`"),
    ({"count": 3, "not": [A]}, "`not` goes with `all` or `any`"),
    ({"any": [A], "atLeast": 2}, "`atLeast` says how many of `any`"),
    ({"all": [A], "atLeast": 1}, "`atLeast` says how many of `any`"),
    ({"all": [A, A]}, "`a` is the id of two events"),
    ({"all": [A], "not": [{**B, "id": "a"}]}, "`a` is the id of two events"),
    ({"count": 1}, "greater than or equal to 2"),
    ({"all": [A], "window": "PT0S"}, "greater than"),
    ({"once": "sometimes"}, "once"),
])  # fmt: skip
def test_what_means_nothing_is_told(said: dict[str, Any], why: str):
    """When the file is read."""
    with pytest.raises(ValidationError, match=why):
        correlate(**said)


def test_a_window_is_needed():
    """Nothing is kept for ever."""
    with pytest.raises(ValidationError, match="window"):
        Correlate.model_validate({"count": 3})


@pytest.mark.parametrize(("pattern", "topic", "fits"), [
    ("orders", "orders", True), ("orders", "order", False), ("a/+/c", "a/b/c", True), ("a/+/c", "a/b/d", False), ("a/+", "a", False),
    ("a/#", "a/b/c", True), ("#", "anything", True), ("a/+", "a/b/c", False), ("a", "a/b", False), ("orders.*", "orders.x", False),
])  # fmt: skip
def test_topics_are_compared_level_by_level(pattern: str, topic: str, fits: bool):
    """`+` and `#` as in MQTT."""
    assert topic_fits(pattern, topic) is fits


def test_a_term_is_of_its_topic_and_its_condition():
    """Both, where both are said; neither of them makes it any event."""
    a, b = correlate(all=[A, B]).terms
    paid = event(topic="payments")
    assert a.fits(facts(), event())
    assert not a.fits(facts(), paid)
    assert b.fits(facts(trigger={"data": {"ok": True}}), paid)
    assert not b.fits(facts(trigger={"data": {"ok": False}}), paid)
    assert not a.fits(facts(), event(topic=None))
    assert correlate(all=[{"id": "x"}]).terms[0].fits(facts(), event(topic=None))


def test_its_topics_are_those_of_its_terms():
    """Each once, in order."""
    assert correlate(all=[A, B], **{"not": [{"id": "c", "topic": "orders"}, {"id": "d"}]}).topics == ("orders", "payments")


def test_an_edited_correlation_has_another_signature():
    """What it keeps would mean something else."""
    same = [correlate(all=[A, B]).meant.signature for _ in range(2)]
    others = [correlate(all=[A]), correlate(all=[A, B], window="PT11S"), correlate(all=[A, B], key="{{ 1 }}"), correlate(any=[A, B])]
    assert same[0] == same[1]
    assert len({same[0], *(other.meant.signature for other in others)}) == 5


def fired(*ids: str, missed: bool = False) -> Fired:
    """A group that is complete."""
    kept = tuple(Kept(n + 1, n, event(id_, hops=n, correlation_id=f"c{id_}" if n else None), terms=(id_,)) for n, id_ in enumerate(ids))
    return Fired(key="k", start=0, end=5, count=len(ids), events=kept, by=ids[-1] if ids else None, missed=missed)


def test_what_a_flow_sees_of_all():
    """Each event by the id of its term, the last one's own variables, and the window."""
    shown = correlate(all=[{"id": "a"}, {"id": "b"}]).variables(fired("a", "b"))
    whole = composed("t", fired("a", "b"), shown)
    assert whole.variables == {
        "id": "b",
        "events": {"a": {"id": "a"}, "b": {"id": "b"}},
        "correlation": {"key": "k", "start": "1970-01-01T00:00:00.000000Z", "end": "1970-01-01T00:00:00.000005Z", "count": 2},
    }


@pytest.mark.parametrize("said", [{"count": 2}, {"accumulate": 2}])
def test_what_a_flow_sees_of_many(said: dict[str, Any]):
    """A list, in order of arrival."""
    assert correlate(**said).variables(fired("a", "b"))["events"] == [{"id": "a"}, {"id": "b"}]


def test_once_has_no_list():
    """Only how many there were."""
    assert "events" not in correlate(once="after").variables(fired("a"))


def test_what_stands_behind_the_events_goes_on():
    """The most hops, the first correlation, the last cause; an identity of its own."""
    whole = composed("ns.flow.t", fired("a", "b", "c"), {})
    assert (whole.hops, whole.correlation_id, whole.causation_id, whole.type) == (2, "cb", "c", CORRELATED)
    assert (whole.key, whole.subject) == ("correlated:k:c", "ns.flow.t")
    silent = composed("t", fired(), {"x": 1})
    assert (silent.variables, silent.key, silent.hops) == ({"x": 1}, "window:k:1970-01-01T00:00:00.000000Z", 0)


@pytest.mark.parametrize(("said", "arrivals", "sentence"), [
    ({"all": [A, B]}, ["a"], "it waits for b on `payments` when `{{ trigger.data.ok }}` until 1970-01-01T00:00:10.000000Z"),
    ({"any": [A, B, {"id": "c"}], "atLeast": 2}, ["c"], "it waits for 1 of a on `orders`, and b on"),
    ({"all": [A], "not": [B]}, ["a"], "it fires unless there is b on `payments`"),
    ({"count": 3}, ["x"], "it has 1 of 3 events until"),
    ({"accumulate": 3}, ["x"], "it has 1 of 3 events, and starts with what it has then until"),
    ({"not": [A]}, ["a"], "it fires unless there is a on `orders` until"),
    ({"once": "after"}, ["x"], "it fires for 1 event(s) at 1970-01-01T00:00:10.000000Z"),
    ({"once": "within"}, ["x"], "it has fired, and takes no more until 1970-01-01T00:00:10.000000Z"),
])  # fmt: skip
def test_what_it_still_waits_for_is_a_sentence(said: dict[str, Any], arrivals: list[str], sentence: str):
    """With the time until which it waits."""
    meant = correlate(**said).meant
    group: Group | None = None
    for term in arrivals:
        group, _ = arrive(meant.rule, group, Arrival(event(term), 0, term, (term,)))
    assert group is not None
    assert waits_for(meant, group).startswith(sentence)
