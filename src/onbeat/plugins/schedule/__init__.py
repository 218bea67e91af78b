"""Start flows at their times: of a cron expression, at an interval, or on certain dates.

    triggers:
      - id: every_morning
        type: core.trigger.Schedule
        cron: 30 7 * * MON-FRI
        timezone: Europe/Berlin

See the docstrings of the classes below for every option, agenda.py for how each instant runs once.
"""

from onbeat.plugins.schedule.trigger import Schedule, ScheduleOnDates

PROVIDES = (Schedule, ScheduleOnDates)

__all__ = ["PROVIDES", "Schedule", "ScheduleOnDates"]
