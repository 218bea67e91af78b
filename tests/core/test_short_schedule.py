"""The short form of a schedule on a flow."""

import pytest

from onbeat.core.flow import Flow
from onbeat.core.parse import parse_flow
from onbeat.core.short_schedule import with_trigger
from onbeat.errors import InvalidFile
from onbeat.plugins.schedule import Schedule

FLOW = "id: f\nnamespace: n\ntasks: [{id: a, type: core.log.Log, message: x}]\n"


def read(text: str) -> Flow:
    """The flow with this added."""
    return parse_flow(FLOW + text, "f.yaml")[0]


@pytest.mark.parametrize(
    ("short", "options"),
    [
        ('{type: cron, value: "0 12 * * *"}', {"cron": "0 12 * * *", "withSeconds": False}),
        (
            '{type: cron, value: "*/5 0 12 * * *", timezone: Europe/Berlin}',
            {"cron": "*/5 0 12 * * *", "withSeconds": True, "timezone": "Europe/Berlin"},
        ),
        ("{type: interval, value: PT5M, inputs: {a: 1}}", {"interval": "PT5M", "inputs": {"a": 1}}),
    ],
)
def test_it_is_a_schedule_trigger(short: str, options: dict[str, object]) -> None:
    """With the id `schedule`, after the flow's other triggers; and its settings are right."""
    flow = read(f"triggers: [{{id: other, type: core.trigger.Webhook, key: k}}]\nschedule: {short}\n")
    assert flow.triggers[1:] == ({"id": "schedule", "type": "core.trigger.Schedule", **options},)
    Schedule.model_validate({name: value for name, value in options.items() if name != "inputs"})


@pytest.mark.parametrize(
    ("short", "line", "message"),
    [
        ('{type: cron, value: "61 * * * *"}', 4, "minute"),
        ('{type: cron, value: "* * * * *", timezone: Berlin}', 4, "Berlin"),
        ("{type: interval, value: 5 minutes}", 4, "PT"),
        ("{type: interval, value: PT0S}", 4, "whole seconds"),
        ("{type: weekly, value: monday}", 4, "cron"),
        ('{value: "0 12 * * *"}', 4, "`type` is missing"),
        ("{type: cron}", 4, "`value` is missing"),
        ('{type: cron, value: "0 12 * * *", zone: UTC}', 4, "unknown key `zone`"),
        ("noon", 4, "map"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(short: str, line: int, message: str) -> None:
    """In the words of the short form, not of the trigger it becomes."""
    with pytest.raises(InvalidFile) as wrong:
        read(f"schedule: {short}\n")
    (problem,) = wrong.value.problems
    assert problem.line == line
    assert message in problem.message


def test_its_id_is_taken() -> None:
    """A trigger called `schedule` beside it would be another of the same name."""
    with pytest.raises(InvalidFile, match="give it another"):
        read('schedule: {type: cron, value: "@daily"}\ntriggers: [{id: schedule, type: core.trigger.Webhook, key: k}]\n')


def test_reading_it_again_changes_nothing() -> None:
    """A flow that has its trigger already is as it was, and so is what is no flow."""
    once = with_trigger({"schedule": {"type": "cron", "value": "@daily"}})
    assert with_trigger(once) == once
    assert with_trigger("text") == "text"
    assert with_trigger({"schedule": None}) == {"schedule": None}
