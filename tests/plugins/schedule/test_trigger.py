"""What a schedule's YAML may hold."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from onbeat.plugins.schedule import PROVIDES, Schedule, ScheduleOnDates

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"cron": "61 * * * *"}, "minute"),
        ({"cron": "* * * * *", "timezone": "Europe/Berlim"}, "Europe/Berlin"),
        ({"cron": "* * *"}, "fields"),
        ({}, "write `cron`, or `interval`"),
        ({"cron": "@hourly", "interval": "PT1H"}, "write `cron`, or `interval`"),
        ({"interval": "PT0.5S"}, "whole seconds"),
    ],
)
def test_a_wrong_schedule_is_refused_when_it_is_loaded(options: dict[str, Any], cure: str) -> None:
    """The message says what is wrong and the cure, before anything runs."""
    with pytest.raises(ValidationError, match=cure):
        Schedule(**options)


@pytest.mark.parametrize("options", [{"dates": ["soon"]}, {"dates": [], "timezone": "Mars"}, {}])
def test_wrong_dates_are_refused_when_they_are_loaded(options: dict[str, Any]) -> None:
    """A date that is none, a zone that is none, and no dates at all."""
    with pytest.raises(ValidationError):
        ScheduleOnDates(**options)


@pytest.mark.parametrize("kind", PROVIDES)
def test_the_example_of_the_page_is_a_schedule(kind: Any) -> None:
    """What the documentation shows can be loaded."""
    (page,) = re.findall(r"```yaml\n(.*?)```", kind.__doc__ or "", re.DOTALL)
    (example,) = yaml.load(page, yaml.BaseLoader)["triggers"]
    assert (example["type"],) == kind.names
    kind.model_validate({name: value for name, value in example.items() if name not in ("id", "type", "inputs")})


def test_kestras_options_are_taken() -> None:
    """By their names."""
    kestra = {"cron": "0 0 * * * *", "withSeconds": True, "lateMaximumDelay": "PT1H", "recoverMissedSchedules": "NONE"}
    options = Schedule.model_validate({**kestra, "allowConcurrent": True})
    assert options.late_maximum == timedelta(hours=1)
    assert Schedule.model_validate({"cron": "@daily"}).recover is None
    ScheduleOnDates.model_validate({"dates": ["2026-11-21T12:00:00Z"], "recoverMissedSchedules": "LAST", "timezone": "UTC"})


def test_what_makes_it_another_schedule_is_when_it_fires() -> None:
    """The zone, the expression, the interval, the dates; not how a date is written, nor a policy."""
    assert Schedule(cron="0 * * * *").signature == Schedule(cron="0  * * * *", recover="NONE").signature
    assert Schedule(cron="0 * * * *").signature != Schedule(cron="0 * * * *", timezone="Europe/Berlin").signature
    assert Schedule(interval="PT60M").signature == Schedule(interval="PT1H").signature != Schedule(interval="PT2H").signature
    dates = [ScheduleOnDates(dates=tuple(texts)) for texts in (["2026-01-01T01:00:00+01:00"], ["2026-01-01T00:00:00Z"], [])]
    assert dates[0].signature == dates[1].signature != dates[2].signature


def test_every_kind_shares_one_sleeper() -> None:
    """One subscription for all, of either type."""
    both = (Schedule(cron="@daily"), Schedule(interval="PT5M"), ScheduleOnDates(dates=("2026-01-01",)))
    assert {each.subscription("t", {}) for each in both} == {"core.trigger.Schedule"}


def test_an_interval_and_dates_have_their_instants() -> None:
    """As timetable has them."""
    assert next(Schedule(interval="PT5M").table.after(NOW)) == NOW + timedelta(minutes=5)
    assert list(ScheduleOnDates(dates=("2026-06-02T00:00:00",), timezone="Europe/Berlin").table.after(NOW)) == [
        datetime(2026, 6, 1, 22, tzinfo=UTC)
    ]
