"""Hold the instants at which something is scheduled, and say which are due: one question for cron, fixed dates and plain intervals.

After an outage most schedulers run what was missed a thousand times, or never. Here what was missed is a stated policy.

Rules
1. Instants are whole seconds in UTC.
2. An interval's instants are its multiples since 1970-01-01T00:00:00Z: they depend on nothing but the interval, so a restart moves none.
3. Nothing is due twice: when the clock stepped back (last >= now), nothing is due; and nothing is due before a first evaluation.
4. Due by policy: ALL: every missed instant; LAST: the newest; NONE: none. What is at most 10 seconds late counts as on time under
   each. Older than `late_maximum`, or more than `cap`: dropped, the oldest first, and counted as missed (up to 10,000).

Called by: the schedule sources, backfill.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile
from typing import Literal, Protocol

from onbeat.core.schedule import Schedule, fires_after, fires_before
from onbeat.errors import UserError

ON_TIME = timedelta(seconds=10)
COUNTED = 10_000
SHORTEST = timedelta(seconds=1)

Policy = Literal["ALL", "LAST", "NONE"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Timetable(Protocol):
    """Instants in order."""

    def after(self, instant: datetime) -> Iterator[datetime]:
        """Those after it, the earliest first."""

    def before(self, instant: datetime) -> Iterator[datetime]:
        """Those before it, the latest first."""


@dataclass(frozen=True, slots=True)
class CronTable:
    """The instants of a cron expression in a zone."""

    schedule: Schedule

    def after(self, instant: datetime) -> Iterator[datetime]:
        return fires_after(self.schedule.cron, self.schedule.zone, instant)

    def before(self, instant: datetime) -> Iterator[datetime]:
        return fires_before(self.schedule.cron, self.schedule.zone, instant)


@dataclass(frozen=True, slots=True)
class IntervalTable:
    """The multiples of an interval of whole seconds."""

    interval: timedelta

    def after(self, instant: datetime) -> Iterator[datetime]:
        at = _EPOCH + ((instant - _EPOCH) // self.interval + 1) * self.interval
        while True:
            yield at
            at += self.interval

    def before(self, instant: datetime) -> Iterator[datetime]:
        at = _EPOCH - ((_EPOCH - instant) // self.interval + 1) * self.interval
        while True:
            yield at
            at -= self.interval


@dataclass(frozen=True, slots=True)
class DateTable:
    """Certain instants, sorted, each once."""

    dates: tuple[datetime, ...]

    def after(self, instant: datetime) -> Iterator[datetime]:
        return iter(self.dates[bisect_right(self.dates, instant) :])

    def before(self, instant: datetime) -> Iterator[datetime]:
        return reversed(self.dates[: bisect_left(self.dates, instant)])


@dataclass(frozen=True, slots=True)
class Due:
    """The instants to run now, oldest first, and how many are skipped for good."""

    instants: tuple[datetime, ...]
    missed: int


def dates_of(texts: Iterable[str], zone: tzinfo) -> DateTable:
    """The instants of ISO 8601 texts, to the second; one without an offset is on the wall in that zone. Raises UserError."""
    found = set()
    for text in texts:
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError):
            raise UserError(f"`{str(text)[:80]}` is not a date; write it as 2026-11-21T12:00:00Z") from None
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        found.add(aware.astimezone(UTC).replace(microsecond=0))
    return DateTable(tuple(sorted(found)))


def interval_of(interval: timedelta) -> IntervalTable:
    """The multiples of an interval. Raises UserError unless it is one or more whole seconds."""
    if interval < SHORTEST or interval.microseconds:
        raise UserError("an interval has one or more whole seconds; write it like `PT5M`")
    return IntervalTable(interval)


def between(table: Timetable, after: datetime, until: datetime, limit: int) -> Iterator[datetime]:
    """The instants after the first and up to the second one, oldest first, at most `limit`; computed as they are taken."""
    return islice(takewhile(lambda instant: instant <= until, table.after(after)), limit)


def due(table: Timetable, last: datetime | None, now: datetime, policy: Policy, late_maximum: timedelta | None, cap: int = 1_000) -> Due:
    """What is to run now, when everything up to `last` has been evaluated before (rules 3 and 4)."""
    if last is None or last >= now:
        return Due((), 0)
    backward = takewhile(lambda instant: instant > last, table.before(now + timedelta.resolution))
    passed: Sequence[datetime] = list(islice(backward, cap + COUNTED))
    eligible = [instant for instant in passed if late_maximum is None or now - instant <= late_maximum][:cap]
    on_time = [instant for instant in eligible if now - instant <= ON_TIME]
    chosen = {"ALL": eligible, "LAST": on_time or eligible[:1], "NONE": on_time}[policy]
    return Due(tuple(reversed(chosen)), min(len(passed) - len(chosen), COUNTED))
