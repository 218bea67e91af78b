"""What a test may say."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.times import from_iso
from onbeat.testing.clock import START
from onbeat.testing.model import KINDS, Arrival, Assertion, Case, Given, Suite, instant

HOUR = 3_600_000_000


def wrong(model: Any, **facts: Any) -> str:
    """Why it is refused."""
    with pytest.raises(ValidationError) as raised:
        model.model_validate(facts)
    return str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_of_one_kind(kind: str):
    """And says what such an event has."""
    assert Arrival.model_validate({kind: "a"}).kind == kind
    other = next(one for one in KINDS if one != kind)
    assert f"it says `{min(kind, other)}` and `{max(kind, other)}`" in wrong(Arrival, **{kind: "a", other: "b"})
    stray = "qos" if kind != "mqtt" else "body"
    value = 1 if kind != "mqtt" else "x"
    assert f"`{stray}` is nothing that a `{kind}` event has" in wrong(Arrival, **{kind: "a", stray: value})


def test_an_event_of_no_kind_is_refused():
    """With the kinds that there are."""
    assert "an event says one of `topic`, `webhook`" in wrong(Arrival, data=1)


def test_a_moment_is_a_time_after_the_start_or_an_instant():
    """Anything else is refused with what to write."""
    assert instant(timedelta(hours=1), START) == START + HOUR
    assert Arrival.model_validate({"topic": "a", "at": "PT1H"}).at == timedelta(hours=1)
    assert Arrival.model_validate({"topic": "a", "at": "2026-01-01T01:00:00Z"}).at == START + HOUR
    assert "write" in wrong(Arrival, topic="a", at=5)
    assert "no fixed length" in wrong(Arrival, topic="a", at="P1M")
    assert wrong(Arrival, topic="a", at="soon")


def test_the_clock_is_an_instant():
    """A case has no time before its start."""
    assert Given(clock="2030-01-01T00:00:00Z").clock == from_iso("2030-01-01T00:00:00Z")  # type: ignore[arg-type]  # as YAML has it
    assert "write an instant" in wrong(Given, clock="PT1H")


def test_a_case_says_more_than_its_file():
    """Its own word counts; maps are merged."""
    file = Suite.model_validate(
        {"flow": "a.yaml", "kv": {"a": 1, "b": 1}, "clock": "2030-01-01T00:00:00Z", "enable": ["x"], "tests": [{"id": "a"}]}
    )
    case = Case.model_validate({"id": "a", "kv": {"b": 2}, "enable": ["y"]})
    given = case.over(file)
    assert (given.kv, given.enable, given.clock) == ({"a": 1, "b": 2}, ("x", "y"), file.clock)
    own = Case.model_validate({"id": "a", "clock": "2031-01-01T00:00:00Z"})
    assert own.over(file).clock == own.clock


def test_a_case_is_started_once():
    """By inputs or by events."""
    assert "started by `inputs` or by `events`, not both" in wrong(Case, id="a", inputs={}, event={"topic": "t"})
    assert len(Case.model_validate({"id": "a", "event": {"topic": "t"}}).events) == 1
    assert len(Case.model_validate({"id": "a", "resume": [{}, {}]}).resume) == 2


@pytest.mark.parametrize("name", ["", "two words", "a:b", "a/b", "a[1]", "x" * 101])
def test_a_cases_id_can_be_typed(name: str):
    """It is chosen by `file::id`."""
    assert "a test's id has no" in wrong(Case, id=name)


def test_an_assertion_has_a_value_and_operators():
    """A text alone is to hold."""
    assert Assertion.model_validate("{{ outputs.a > 1 }}").operators == {}
    both = Assertion.model_validate({"value": "a", "equalTo": 1, "equalsTo": 1, "description": "d"})
    assert (both.operators, both.description) == ({"equalTo": 1, "equalsTo": 1}, "d")
    assert "eqalTo" in wrong(Assertion, value="a", eqalTo=1)
