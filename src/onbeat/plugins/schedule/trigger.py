"""Say what a schedule's YAML may hold, and which instants it means.

Rules
1. What never fires, or is no cron expression, zone, interval or date, is refused when the file is loaded, with the cure.
2. All schedules share one sleeper.

Called by: the registry; intake runs it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from onbeat.core.durations import Duration, format_duration
from onbeat.core.schedule import load_zone, parse_schedule
from onbeat.core.times import from_datetime, iso
from onbeat.core.timetable import CronTable, Timetable, dates_of, interval_of
from onbeat.errors import UserError
from onbeat.plugins.schedule import agenda
from onbeat.ports import Listener, SourceContext, SourceOptions


class Timed(SourceOptions):
    """What all schedules have."""

    listens_disabled: ClassVar[bool] = True

    timezone: str = "UTC"
    late_maximum: Duration | None = Field(None, alias="lateMaximumDelay")
    """A time that is missed by more than this is skipped."""
    recover: Literal["ALL", "LAST", "NONE"] | None = Field(None, alias="recoverMissedSchedules")
    """Which of the times run that were missed while the daemon was down, or an execution was running; by default what the server's setting
    `recover_missed_schedules` says."""
    allow_concurrent: bool = Field(False, alias="allowConcurrent")
    """Start although an execution that this trigger started before is running. Otherwise the time counts as missed until that one has
    ended."""

    @model_validator(mode="after")
    def _fires(self) -> "Timed":
        try:
            load_zone(self.timezone)
            self.read()
        except UserError as error:
            raise ValueError(str(error)) from None
        return self

    @cached_property
    def table(self) -> Timetable:
        """Its instants."""
        return self.read()

    @property
    def signature(self) -> str:
        """What makes it another schedule when it is edited."""
        raise NotImplementedError

    def read(self) -> Timetable:
        """Its instants. Raises UserError."""
        raise NotImplementedError

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """All schedules share one sleeper."""
        return Schedule.names[0]

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Fire until cancelled."""
        await agenda.serve(context, triggers)


class Schedule(Timed):
    """Starts at the times of a cron expression: five fields (`minute hour day-of-month month day-of-week`), six with `withSeconds`
    (seconds first), or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. Or at an `interval`, counted from 1970-01-01 UTC.

    `trigger.date`, `trigger.next` and `trigger.previous` are the scheduled times, with the zone's offset; where the trigger has conditions,
    next and previous are times at which they hold. Where clocks go forward, a time that does not exist runs at the first one that does;
    where they go back, it runs once, at the first.

    Example:

    ```yaml
    triggers:
      - id: every_morning
        type: core.trigger.Schedule
        cron: 30 7 * * MON-FRI
        timezone: Europe/Berlin
        recoverMissedSchedules: LAST
        inputs:
          day: "{{ trigger.date | date('yyyy-MM-dd') }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.trigger.Schedule",)

    cron: str | None = None
    with_seconds: bool = Field(False, alias="withSeconds")
    """The cron expression begins with a field for seconds."""
    interval: Duration | None = None
    """In place of `cron`: start each time this has gone by."""

    def read(self) -> Timetable:
        """Its instants. Raises UserError."""
        if (self.cron is None) == (self.interval is None):
            raise UserError("write `cron`, or `interval` in its place")
        if self.cron is not None:
            return CronTable(parse_schedule(self.cron, self.timezone, self.with_seconds))
        assert self.interval is not None
        return interval_of(self.interval)

    @property
    def signature(self) -> str:
        """The zone and the expression, or the interval."""
        table = self.table
        if isinstance(table, CronTable):
            return f"{self.timezone} {table.schedule.cron.expression}"
        assert self.interval is not None
        return format_duration(self.interval)


class ScheduleOnDates(Timed):
    """Starts on certain dates: ISO 8601, to the second; one without an offset is in `timezone`.

    `trigger.date` is the date; `trigger.next` and `trigger.previous` are its neighbours in the list, or null.

    Example:

    ```yaml
    triggers:
      - id: opening_days
        type: core.trigger.ScheduleOnDates
        timezone: Europe/Berlin
        dates:
          - 2030-03-01T08:00:00
          - 2030-09-01T08:00:00+02:00
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.trigger.ScheduleOnDates",)

    dates: tuple[str, ...]

    def read(self) -> Timetable:
        """Its instants. Raises UserError."""
        return dates_of(self.dates, load_zone(self.timezone))

    @property
    def signature(self) -> str:
        """The dates, as instants."""
        dates = dates_of(self.dates, load_zone(self.timezone)).dates
        return ",".join(iso(from_datetime(instant)) for instant in dates)
