"""Say when a cron expression fires, in a zone, across changes of the clock.

Twice a year most schedulers skip a nightly job or run it twice. cronsim matches wall times without a zone; which instants they are is
decided here, because its own zone handling loses times where clocks move by half an hour.

Rules
1. A wall time that does not exist (clocks go forward) fires once, at the first instant that does; one that exists twice, at the first.
2. Where the minute or hour field begins with `*`, time is what elapses: every instant whose wall time matches fires.
3. Instants are whole seconds in UTC, strictly after (or before) the one asked from; `until` is included.
4. What is refused names the field, its value and the cure; an expression that never fires is refused too.

Called by: timetable, and the API's preview of coming runs. Zone data is the one file read here, once, by zoneinfo.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import islice, takewhile
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError

from onbeat.core.names import did_you_mean
from onbeat.core.times import named_zone
from onbeat.errors import UserError

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = (
    ("second", 59, "use 0-59"),
    ("minute", 59, "use 0-59"),
    ("hour", 23, "use 0-23"),
    ("day-of-month", 31, "use 1-31, `L` for the last day, or `LW` for the last weekday"),
    ("month", 12, "use 1-12 or JAN-DEC"),
    ("day-of-week", 7, "use 0-7 (0 and 7 are Sunday) or SUN-SAT; `5L` is the last Friday, `5#2` the second"),
)
_LONGEST = 256
_CHECKED_FROM = datetime(2000, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_WIDEST_OVERLAP = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Cron:
    """A checked expression; `elapsed` says whether it counts time that elapses (rule 2) or wall times (rule 1)."""

    expression: str
    elapsed: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """An expression in a zone."""

    cron: Cron
    zone: str


def parse_schedule(text: str, zone: str = "UTC", with_seconds: bool = False) -> Schedule:
    """The schedule, when both the expression and the zone are right. Raises UserError."""
    load_zone(zone)
    return Schedule(parse_cron(text, with_seconds), zone)


def parse_cron(text: str, with_seconds: bool = False) -> Cron:
    """The expression: five fields, or six with the seconds first, or an alias like `@daily`. Raises UserError."""
    shown = text.strip()[:_LONGEST]
    if len(text) > _LONGEST:
        raise UserError(f"the cron expression has more than {_LONGEST} characters; split it into several triggers")
    if shown.startswith("@"):
        if shown.lower() not in _ALIASES:
            raise UserError(f"`{shown}` is not a cron alias{did_you_mean(shown, _ALIASES) or '; use one of ' + ', '.join(_ALIASES)}")
        return parse_cron(_ALIASES[shown.lower()])
    fields = shown.upper().split()
    _check_count(shown, fields, with_seconds)
    for number in (-3, -1):
        fields[number] = "*" if fields[number] == "?" else fields[number]
    for (name, highest, cure), value in zip(_FIELDS[-len(fields) :], fields, strict=True):
        _check_field(shown, name, highest, cure, value)
    expression = re.sub(r"\b([0-9]+)-\1/[0-9]+", r"\1", " ".join(fields))  # cronsim would take 5-5/10 for 5/10
    minute, hour = fields[-5], fields[-4]
    try:
        if next(CronSim(expression, _CHECKED_FROM), None) is None:
            raise UserError(f"cron `{shown}` never fires; check its day and month")
    except CronSimError:
        raise UserError(f"cron `{shown}` never fires: no such day in its months; check its day-of-month") from None
    return Cron(expression, elapsed=minute.startswith("*") or hour.startswith("*"))


def load_zone(name: str) -> tzinfo:
    """The zone: a name like `Europe/Berlin`, or an offset like `+02:00`. Raises UserError."""
    offset = re.fullmatch(r"([-+])([01][0-9]):([0-5][0-9])", name)
    if offset:
        sign, hours, minutes = offset.groups()
        return timezone(int(f"{sign}1") * timedelta(hours=int(hours), minutes=int(minutes)))
    try:
        return UTC if name in ("UTC", "Z") else named_zone(name)
    except (KeyError, ValueError, OSError):
        suggestion = did_you_mean(name, sorted(available_timezones())) or "; write it like `Europe/Berlin`"
        raise UserError(f"`{name[:80]}` is not a time zone{suggestion}") from None


def next_fire(cron: Cron, zone: str, after: datetime) -> datetime:
    """The first instant after the given one at which it fires."""
    return next(fires_after(cron, zone, after))


def previous_fire(cron: Cron, zone: str, before: datetime) -> datetime:
    """The last instant before the given one at which it fires."""
    return next(fires_before(cron, zone, before))


def fires_between(cron: Cron, zone: str, after: datetime, until: datetime, limit: int) -> Iterator[datetime]:
    """The instants after the first and up to the second one, oldest first, at most `limit`; computed as they are taken."""
    return islice(takewhile(lambda instant: instant <= until, fires_after(cron, zone, after)), limit)


def _check_count(text: str, fields: list[str], with_seconds: bool) -> None:
    expected = 6 if with_seconds else 5
    if len(fields) == expected:
        return
    cures = {
        (6, False): "set `withSeconds: true` when the first field is seconds",
        (5, True): f"put the seconds first, like `0 {text}`",
        (7, True): "years are not taken; leave the last field out",
        (7, False): "years are not taken; leave the last field out, and set `withSeconds: true` for the first",
    }
    layout = "second minute hour day-of-month month day-of-week" if with_seconds else "minute hour day-of-month month day-of-week"
    cure = cures.get((len(fields), with_seconds), f"write `{layout}`")
    raise UserError(f"cron `{text}` has {len(fields)} fields, not {expected}; {cure}")


def _check_field(text: str, name: str, highest: int, cure: str, value: str) -> None:
    """Refuse what cronsim refuses, and steps that are longer than the field: `*/90` minutes would silently be once an hour."""
    fields = ["0", "*", "*", "*", "*", "*"]
    fields[[field[0] for field in _FIELDS].index(name)] = value
    try:
        CronSim(" ".join(fields), _CHECKED_FROM)
    except CronSimError:
        backward = re.fullmatch(r"([0-9]+)-([0-9]+)", value)
        if backward and int(backward[2]) < int(backward[1]) <= highest:
            low = 1 if name in ("day-of-month", "month") else 0
            cure = f"a range goes up; write `{backward[1]}-{6 if name == 'day-of-week' else highest},{low}-{backward[2]}`"
        raise UserError(f"cron `{text}`: `{value}` does not fit the {name} field; {cure}") from None
    for step in re.findall(r"/([0-9]+)", value):
        if int(step) > highest:
            raise UserError(f"cron `{text}`: `{value}` steps over the whole {name} field; use a step of at most {highest}")


def fires_after(cron: Cron, zone: str, after: datetime) -> Iterator[datetime]:
    """The instants after it, the earliest first."""
    place = load_zone(zone)
    return (_elapsed if cron.elapsed else _on_the_wall)(cron.expression, place, after.astimezone(UTC))


def fires_before(cron: Cron, zone: str, before: datetime) -> Iterator[datetime]:
    """The instants before it, the latest first."""
    place = load_zone(zone)
    return (_elapsed_backward if cron.elapsed else _on_the_wall_backward)(cron.expression, place, before.astimezone(UTC))


def _on_the_wall(expression: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    walls = CronSim(expression, _moved(after, _offset(after, zone)))
    while True:
        instant = _first_instant(next(walls), zone)
        if instant > after:
            yield instant
            after = instant


def _on_the_wall_backward(expression: str, zone: tzinfo, before: datetime) -> Iterator[datetime]:
    local = before.astimezone(zone)
    repeated = _WIDEST_OVERLAP if local.fold else timedelta()  # wall times later than this one may have been before it
    walls = CronSim(expression, local.replace(tzinfo=None, fold=0) + repeated, reverse=True)
    while True:
        instant = _first_instant(next(walls), zone)
        if instant < before:
            yield instant
            before = instant


def _elapsed(expression: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """Stretch by stretch of constant offset: within one, a wall time is one instant."""
    offset = _offset(after, zone)
    walls = CronSim(expression, _moved(after, offset))
    while True:
        instant = (next(walls) - offset).replace(tzinfo=UTC)
        change = _next_change(zone, after, instant)
        if change is None:
            yield instant
            after = instant
        else:
            after, offset = change, _offset(change, zone)
            walls = CronSim(expression, _moved(change - _SECOND, offset))


def _elapsed_backward(expression: str, zone: tzinfo, before: datetime) -> Iterator[datetime]:
    last = (before - timedelta.resolution).replace(microsecond=0)
    offset = _offset(last, zone)
    walls = CronSim(expression, _moved(last + _SECOND, offset), reverse=True)
    while True:
        instant = (next(walls) - offset).replace(tzinfo=UTC)
        change = _last_change(zone, instant, last)
        if change is None:
            yield instant
            last = instant
        else:
            last = change - _SECOND
            offset = _offset(last, zone)
            walls = CronSim(expression, _moved(change, offset), reverse=True)


def _first_instant(wall: datetime, zone: tzinfo) -> datetime:
    """The first instant that shows this wall time; where the clock jumps over it, the instant of the jump."""
    early, late = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return early if early <= late else _change_between(zone, late, early)


def _next_change(zone: tzinfo, start: datetime, end: datetime) -> datetime | None:
    """The first instant after `start`, up to `end`, at which the zone's offset is another; None when there is none."""
    known, offset = start, _offset(start, zone)
    while known < end:
        ahead = min(known + _DAY, end)
        if _offset(ahead, zone) != offset:
            return _change_between(zone, known, ahead)
        known = ahead
    return None


def _last_change(zone: tzinfo, start: datetime, end: datetime) -> datetime | None:
    """The last instant after `start`, up to `end`, at which the zone's offset became that of `end`; None when there is none."""
    known, offset = end, _offset(end, zone)
    while known > start:
        behind = max(known - _DAY, start)
        if _offset(behind, zone) != offset:
            return _change_between(zone, behind, known)
        known = behind
    return None


def _change_between(zone: tzinfo, low: datetime, high: datetime) -> datetime:
    """The first second after `low`, up to `high`, that has the offset of `high`."""
    low, offset = low.replace(microsecond=0), _offset(high, zone)
    seconds = -((low - high) // _SECOND)
    return low + bisect_left(range(seconds), True, lo=1, key=lambda second: _offset(low + second * _SECOND, zone) == offset) * _SECOND


def _offset(instant: datetime, zone: tzinfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _moved(instant: datetime, offset: timedelta) -> datetime:
    """The wall time at an instant, as cronsim takes it: without a zone."""
    return (instant + offset).replace(tzinfo=None)
