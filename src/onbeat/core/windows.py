"""Say which window of time an instant is in: windows that are aligned to the day, and lengths that slide.

Several events count together only within a window, so its edges decide what starts. They are arithmetic on the event's own time and
on nothing else: the same events give the same windows after a restart, and when they are read late.

Rules
1. Every: windows of one length, side by side from midnight UTC on, shifted by `offset`; a day's last one ends with the day. Windows of
   days begin on a Monday when they are weeks.
2. Daily: once a day, from one time to another, at the offset the times are written with; the end may be on the next day.
3. Length: no edges; what is further apart than this does not count together.
4. An edge belongs to what begins at it.

Called by: correlation; upstream and conditions read windows from YAML.
"""

from datetime import time, timedelta
from typing import Annotated, Literal

import msgspec
from pydantic import BeforeValidator, Field, model_validator
from pydantic.alias_generators import to_camel

from onbeat.core.durations import Duration
from onbeat.core.event import Micros
from onbeat.core.frozen import Frozen

DAY: Micros = 86_400_000_000
_MONDAY: Micros = 4 * DAY
"""1970-01-05, the first Monday of the epoch."""


class Length(msgspec.Struct, frozen=True):
    """Within this of each other."""

    length: Micros


class Every(msgspec.Struct, frozen=True):
    """Windows of one length side by side."""

    length: Micros
    offset: Micros = 0


class Daily(msgspec.Struct, frozen=True):
    """Once a day. begin: since midnight, at `offset` from UTC."""

    begin: Micros
    length: Micros
    offset: Micros = 0


Fixed = Every | Daily
Window = Length | Every | Daily
Span = tuple[Micros, Micros]


def span(window: Fixed, at: Micros) -> Span | None:
    """The window that holds the instant; None between two windows."""
    start, end = next_span(window, at)
    return (start, end) if start <= at else None


def next_span(window: Fixed, at: Micros) -> Span:
    """The window that holds the instant, else the next one."""
    if isinstance(window, Daily):
        midnight = (at + window.offset) // DAY * DAY - window.offset
        starts = (midnight + days * DAY + window.begin for days in (-1, 0, 1))
        start = next(start for start in starts if at < start + window.length)
        return start, start + window.length
    if window.length >= DAY:
        start = (at - _MONDAY - window.offset) // window.length * window.length + _MONDAY + window.offset
        return start, start + window.length
    midnight = (at - window.offset) // DAY * DAY + window.offset
    start = midnight + (at - midnight) // window.length * window.length
    return start, min(start + window.length, midnight + DAY)


def micros(duration: timedelta) -> Micros:
    """A duration as instants count."""
    return duration // timedelta(microseconds=1)


# ---- as YAML says them ---------------------------------------------------------------------------------------------


def _clock(value: object) -> time:
    try:
        return time.fromisoformat(value)  # type: ignore[arg-type]  # anything else is the TypeError below
    except (TypeError, ValueError):
        raise ValueError("write a time of day with its offset, such as 09:00:00+01:00") from None


Clock = Annotated[time, BeforeValidator(_clock)]


def _daily(begin: time, end: time) -> Daily:
    """From one time to the other, at the first one's offset."""
    offset = micros(begin.utcoffset() or timedelta())
    theirs = end.utcoffset()
    shift = 0 if theirs is None else offset - micros(theirs)
    length = (_since_midnight(end) + shift - _since_midnight(begin)) % DAY or DAY
    return Daily(begin=_since_midnight(begin), length=length, offset=offset)


def _until(deadline: time) -> Daily:
    """From midnight to the time, where its offset holds."""
    return Daily(begin=0, length=_since_midnight(deadline) or DAY, offset=micros(deadline.utcoffset() or timedelta()))


def _since_midnight(clock: time) -> Micros:
    return micros(timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond))


_KEYS = {
    "DURATION_WINDOW": ("window", "window_advance"),
    "SLIDING_WINDOW": ("window", "window_advance"),
    "DAILY_TIME_DEADLINE": ("deadline",),
    "DAILY_TIME_WINDOW": ("start_time", "end_time"),
}
"""Which keys a `timeWindow` of each type has."""


class TimeWindow(Frozen):
    """`timeWindow` of preconditions and MultipleCondition: by default, days from midnight to midnight UTC."""

    type: Literal["DURATION_WINDOW", "SLIDING_WINDOW", "DAILY_TIME_DEADLINE", "DAILY_TIME_WINDOW"] = "DURATION_WINDOW"
    """Windows side by side, a length that slides, from midnight to a time of day, or from one time of day to another."""
    window: Duration = Field(timedelta(days=1), gt=timedelta())
    """How long it is."""
    window_advance: Duration = Field(timedelta(), alias="windowAdvance")
    """By how much windows that lie side by side are shifted from midnight UTC."""
    deadline: Clock | None = None
    """The time of day, with its offset, by which all must have come."""
    start_time: Clock | None = Field(None, alias="startTime")
    """The time of day, with its offset, from which on executions count."""
    end_time: Clock | None = Field(None, alias="endTime")
    """The time of day until which they count."""

    @model_validator(mode="after")
    def _complete(self) -> "TimeWindow":
        if self.type == "DAILY_TIME_DEADLINE" and self.deadline is None:
            raise ValueError("a DAILY_TIME_DEADLINE needs `deadline`")
        if self.type == "DAILY_TIME_WINDOW" and (self.start_time is None or self.end_time is None):
            raise ValueError("a DAILY_TIME_WINDOW needs `startTime` and `endTime`")
        strange = sorted(to_camel(key) for key in self.model_fields_set - {"type", *_KEYS[self.type]})
        if strange:
            known = " and ".join(f"`{to_camel(key)}`" for key in _KEYS[self.type])
            raise ValueError(f"a {self.type} has no `{strange[0]}`; it has {known}")
        return self

    @property
    def meant(self) -> Window:
        """The window it says."""
        if self.type == "DAILY_TIME_DEADLINE" and self.deadline is not None:
            return _until(self.deadline)
        if self.type == "DAILY_TIME_WINDOW" and self.start_time is not None and self.end_time is not None:
            return _daily(self.start_time, self.end_time)
        if self.type == "SLIDING_WINDOW":
            return Length(micros(self.window))
        return Every(micros(self.window), micros(self.window_advance))


class FlowWindow(Frozen):
    """`window` of a Flow trigger: a daily deadline, a part of the day, windows side by side, or a look back."""

    deadline: Clock | None = None
    """Executions count from midnight until this time of day, such as `09:00:00+01:00`."""
    begin: Clock | None = Field(None, alias="from")
    """They count from this time of day on, until `to`."""
    end: Clock | None = Field(None, alias="to")
    """They count until this time of day; an earlier one than `from` is on the next day."""
    every: Duration | None = Field(None, gt=timedelta())
    """Windows of this length, side by side from midnight UTC on; days when nothing is said."""
    offset: Duration | None = None
    """By how much windows of `every` are shifted."""
    lookback: Duration | None = Field(None, gt=timedelta())
    """They count together when they are less than this apart."""
    fire_once: bool = Field(False, alias="fireOnce")
    """Starts at most once in a window."""

    @model_validator(mode="after")
    def _one(self) -> "FlowWindow":
        if (self.begin is None) != (self.end is None):
            raise ValueError("`from` and `to` go together")
        if self.offset is not None and self.every is None:
            raise ValueError("`offset` shifts windows of `every`; say how long those are")
        if sum(part is not None for part in (self.deadline, self.begin, self.every, self.lookback)) > 1:
            raise ValueError("write one of `deadline`, `from` and `to`, `every`, `lookback`")
        return self

    @property
    def meant(self) -> Window:
        """The window it says; by default, days from midnight to midnight UTC."""
        if self.deadline is not None:
            return _until(self.deadline)
        if self.begin is not None and self.end is not None:
            return _daily(self.begin, self.end)
        if self.lookback is not None:
            return Length(micros(self.lookback))
        return Every(micros(self.every or timedelta(days=1)), micros(self.offset or timedelta()))
