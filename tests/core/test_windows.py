"""Windows: which one an instant is in, and how YAML says them."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from onbeat.core.times import from_iso, iso
from onbeat.core.windows import DAY, Daily, Every, FlowWindow, Length, TimeWindow, micros, next_span, span

HOUR = 3_600_000_000
INSTANTS = st.integers(min_value=0, max_value=100 * 365 * DAY)


@given(at=INSTANTS, length=st.integers(min_value=1_000_000, max_value=20 * DAY), offset=st.integers(min_value=0, max_value=3 * DAY))
def test_every_instant_is_in_one_window_of_its_length(at: int, length: int, offset: int):
    """Side by side: the window holds it, the next begins where this one ends, and none is longer than it may be."""
    window = Every(length, offset)
    found = span(window, at)
    assert found is not None
    start, end = found
    assert start <= at < end
    assert end - start <= length
    assert span(window, start) == span(window, end - 1) == found
    after = span(window, end)
    assert after is not None
    assert after[0] == end
    assert span(window, start - 1) != found


@given(at=INSTANTS, begin=st.integers(0, DAY - 1), length=st.integers(1, DAY), offset=st.integers(-12 * HOUR, 14 * HOUR))
def test_a_daily_window_is_once_a_day(at: int, begin: int, length: int, offset: int):
    """It holds the instant or it is the next one; a day later it is the same, a day later; between two windows there is none."""
    window = Daily(begin, length, offset)
    start, end = next_span(window, at)
    assert end - start == length
    assert at < end
    assert end - at <= DAY + length
    assert next_span(window, at + DAY) == (start + DAY, end + DAY)
    assert span(window, at) == ((start, end) if start <= at else None)
    assert (start + offset - begin) % DAY == 0


@pytest.mark.parametrize(("length", "offset", "at", "start", "end"), [
    ("PT6H", "PT0S", "2026-11-21T13:00:00Z", "2026-11-21T12:00:00Z", "2026-11-21T18:00:00Z"),
    ("PT6H", "PT3H", "2026-11-21T13:00:00Z", "2026-11-21T09:00:00Z", "2026-11-21T15:00:00Z"),
    ("PT6H", "PT3H", "2026-11-21T02:00:00Z", "2026-11-20T21:00:00Z", "2026-11-21T03:00:00Z"),
    ("PT10M", "PT0S", "2026-11-21T13:09:59Z", "2026-11-21T13:00:00Z", "2026-11-21T13:10:00Z"),
    ("PT7H", "PT0S", "2026-11-21T23:00:00Z", "2026-11-21T21:00:00Z", "2026-11-22T00:00:00Z"),
    ("P1D", "PT0S", "2026-11-21T13:00:00Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
    ("P1D", "PT6H", "2026-11-21T05:00:00Z", "2026-11-20T06:00:00Z", "2026-11-21T06:00:00Z"),
    ("P7D", "PT0S", "2026-11-21T13:00:00Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
])  # fmt: skip
def test_windows_begin_at_midnight_and_weeks_on_mondays(length: str, offset: str, at: str, start: str, end: str):
    """Shifted by the offset; the last one of a day ends with it."""
    found = FlowWindow.model_validate({"every": length, "offset": offset}).meant
    assert isinstance(found, Every)
    edges = span(found, from_iso(at))
    assert edges is not None
    assert [iso(edge) for edge in edges] == [iso(from_iso(start)), iso(from_iso(end))]


@pytest.mark.parametrize(("said", "window"), [
    ({}, Every(DAY)),
    ({"fireOnce": True}, Every(DAY)),
    ({"every": "PT1H"}, Every(HOUR)),
    ({"every": "PT1H", "offset": "PT30M"}, Every(HOUR, HOUR // 2)),
    ({"lookback": "PT2H"}, Length(2 * HOUR)),
    ({"deadline": "09:00:00+01:00"}, Daily(0, 9 * HOUR, HOUR)),
    ({"deadline": "00:00"}, Daily(0, DAY)),
    ({"from": "06:00", "to": "12:00"}, Daily(6 * HOUR, 6 * HOUR)),
    ({"from": "22:00:00+02:00", "to": "06:00:00+02:00"}, Daily(22 * HOUR, 8 * HOUR, 2 * HOUR)),
    ({"from": "06:00:00+02:00", "to": "06:00:00Z"}, Daily(6 * HOUR, 2 * HOUR, 2 * HOUR)),
])  # fmt: skip
def test_a_flow_triggers_window(said: dict[str, Any], window: Any):
    """A deadline is from midnight on, where its offset holds; a later `from` than `to` is a night."""
    assert FlowWindow.model_validate(said).meant == window


@pytest.mark.parametrize(("said", "window"), [
    ({}, Every(DAY)),
    ({"type": "DURATION_WINDOW", "window": "PT6H", "windowAdvance": "PT3H"}, Every(6 * HOUR, 3 * HOUR)),
    ({"type": "SLIDING_WINDOW", "window": "PT1H"}, Length(HOUR)),
    ({"type": "SLIDING_WINDOW"}, Length(DAY)),
    ({"type": "DAILY_TIME_DEADLINE", "deadline": "09:00:00.00-02:00"}, Daily(0, 9 * HOUR, -2 * HOUR)),
    ({"type": "DAILY_TIME_WINDOW", "startTime": "06:00:00", "endTime": "09:00:00"}, Daily(6 * HOUR, 3 * HOUR)),
])  # fmt: skip
def test_the_time_window_of_preconditions(said: dict[str, Any], window: Any):
    """Kestra's four types."""
    assert TimeWindow.model_validate(said).meant == window


@pytest.mark.parametrize(("kind", "said", "why"), [
    (FlowWindow, {"from": "06:00"}, "`from` and `to` go together"),
    (FlowWindow, {"offset": "PT1H"}, "`offset` shifts windows of `every`"),
    (FlowWindow, {"every": "PT1H", "lookback": "PT1H"}, "write one of"),
    (FlowWindow, {"deadline": "noon"}, "write a time of day with its offset"),
    (FlowWindow, {"deadline": 9}, "write a time of day with its offset"),
    (FlowWindow, {"every": "PT0S"}, "greater than"),
    (TimeWindow, {"type": "DAILY_TIME_DEADLINE"}, "needs `deadline`"),
    (TimeWindow, {"type": "DAILY_TIME_WINDOW", "startTime": "06:00"}, "needs `startTime` and `endTime`"),
    (TimeWindow, {"type": "DAILY_TIME_DEADLINE", "deadline": "09:00:00Z", "window": "PT1H"}, "has no `window`; it has `deadline`"),
    (TimeWindow, {"type": "SLIDING_WINDOW", "deadline": "09:00:00Z"}, "has no `deadline`; it has `window` and `windowAdvance`"),
    (TimeWindow, {"window": "PT1H", "startTime": "09:00:00Z"}, "a DURATION_WINDOW has no `startTime`"),
])  # fmt: skip
def test_what_is_no_window_is_told(kind: Any, said: dict[str, Any], why: str):
    """When the file is read."""
    with pytest.raises(ValidationError, match=why):
        kind.model_validate(said)


def test_micros_are_exact():
    """No floating point between a duration and an instant."""
    assert micros(timedelta(days=100, microseconds=1)) == 100 * DAY + 1
