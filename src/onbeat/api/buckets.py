"""Divide a stretch of time for a chart: into minutes, hours, days, weeks or months, as many as can be looked at.

Called by: metrics, stats, dashboards.
"""

from collections.abc import Iterator
from datetime import timedelta

from onbeat.core.event import Micros
from onbeat.core.times import from_datetime, to_datetime
from onbeat.errors import UserError
from onbeat.ports.search import SIZES, WEEK_SHIFT, Bucket

DAY: Micros = 86_400_000_000
_HOUR = DAY // 24
MOST = 2_000
"""Buckets of one chart."""


def fitting(start: Micros, end: Micros) -> Bucket:
    """The bucket that Kestra takes for a stretch of that length."""
    length = end - start
    if length > 365 * DAY:
        return "month"
    if length > 180 * DAY:
        return "week"
    if length > DAY:
        return "day"
    return "hour" if length > 6 * _HOUR else "minute"


def buckets(start: Micros, end: Micros, by: Bucket, offset: Micros = 0) -> list[Micros]:
    """Where the buckets begin that a stretch [start, end) touches. offset: of the time zone. Raises UserError for too many."""
    found: list[Micros] = []
    for at in _starts(start, by, offset):
        if at >= end:
            return found
        if len(found) == MOST:
            raise UserError(f"that is more than {MOST} {by}s; choose a shorter time or longer steps")
        found.append(at)
    return found


def _starts(start: Micros, by: Bucket, offset: Micros) -> Iterator[Micros]:
    if by == "month":
        moment = to_datetime(start + offset).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        while moment.year < 9_999:
            yield from_datetime(moment) - offset
            moment = (moment + timedelta(days=31)).replace(day=1)
        return
    moved, size = offset + (WEEK_SHIFT if by == "week" else 0), SIZES[by]
    at = (start + moved) // size * size - moved
    while True:
        yield at
        at += size
