"""Conditions about a moment: between two instants, between two times of the day.

Called by: logic, which reads conditions.
"""

from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from pydantic import field_validator, model_validator

from onbeat.core.conditions.condition import Dated, Facts, checked, read_moment, rendered
from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError

_DAY = timedelta(days=1)


def read_time(value: Json) -> time:
    """The time of an ISO 8601 text. Raises ExpressionError."""
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        raise ExpressionError(f"`{str(value)[:80]}` is not a time of day; write it as 16:00:00+02:00") from None


class _Between(Dated):
    after: str | None = None
    """It is later than this."""
    before: str | None = None
    """It is earlier than this."""

    @classmethod
    def read(cls, value: Json) -> Any:
        """One of the bounds."""
        raise NotImplementedError

    @field_validator("after", "before")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        return checked(value, cls.read)

    @model_validator(mode="after")
    def _bounded(self) -> "_Between":
        if self.after is None and self.before is None:
            raise ValueError("say `after`, `before` or both")
        return self

    def bounds(self, facts: Facts) -> tuple[Any, Any]:
        """Both bounds; None for one that is not there."""
        after, before = (None if bound is None else self.read(rendered(bound, facts)) for bound in (self.after, self.before))
        return after, before

    def saw(self, facts: Facts) -> str:
        said = [f"{word} {bound}" for word, bound in (("after", self.after), ("before", self.before)) if bound is not None]
        return f"{self.moment(facts).isoformat()} is not {' and '.join(said)}"


class DateTimeBetween(_Between):
    """The moment is after `after` and before `before`; one of the two is enough.

    ```yaml
    - type: core.condition.DateTimeBetween
      after: "2026-01-01T00:00:00Z"
      before: "2026-12-24T18:00:00+01:00"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("DateTimeBetween", "DateBetween")

    @classmethod
    def read(cls, value: Json) -> datetime:
        return read_moment(value)

    def holds(self, facts: Facts) -> bool:
        moment = self.moment(facts)
        after, before = self.bounds(facts)
        return (after is None or moment > after) and (before is None or moment < before)


class TimeBetween(_Between):
    """The time of day is after `after` and before `before`; with `after` later than `before` the night between them is meant.

    Times have an offset; one without takes that of the moment.

    ```yaml
    - type: core.condition.TimeBetween
      after: "16:00:00+02:00"
      before: "20:00:00+02:00"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("TimeBetween",)

    @classmethod
    def read(cls, value: Json) -> time:
        return read_time(value)

    def holds(self, facts: Facts) -> bool:
        moment = self.moment(facts)
        after, before = self.bounds(facts)
        if after is not None and before is not None:
            begin = _length(after) - _offset(after, moment)
            span = (_length(before) - _offset(before, moment) - begin) % _DAY
            return timedelta() < (_length(moment.time()) - _offset(moment.timetz(), moment) - begin) % _DAY < span
        if after is not None:
            return _local(moment, after) > _length(after)
        return _local(moment, before) < _length(before)


def _length(clock: time) -> timedelta:
    """How far a time is into its day."""
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)


def _offset(clock: time, moment: datetime) -> timedelta:
    """The time's own offset, else the moment's."""
    own = clock.utcoffset()
    return (moment.utcoffset() or timedelta()) if own is None else own


def _local(moment: datetime, bound: time) -> timedelta:
    """How far the moment is into its day where the bound's offset holds."""
    return _length((moment if bound.tzinfo is None else moment.astimezone(bound.tzinfo)).time())
