"""Read the short form of a schedule on a flow, `schedule: {type: cron, value: "0 12 * * *"}`, as the trigger that it stands for.

Rules
1. It is a trigger of type `core.trigger.Schedule` with the id `schedule`: everything that holds for triggers holds for it.
2. What is wrong with it is told where it stands.

Called by: flow, when it is read.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onbeat.core.durations import parse_duration
from onbeat.core.schedule import parse_schedule
from onbeat.core.timetable import interval_of
from onbeat.errors import UserError

ID = "schedule"


class ShortSchedule(BaseModel):
    """When the flow starts: `type: cron` with an expression of five fields (six: the first is seconds), or `type: interval` with a
    duration such as `PT5M`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["cron", "interval"]
    value: str
    timezone: str = "UTC"
    inputs: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fires(self) -> "ShortSchedule":
        try:
            if self.type == "cron":
                parse_schedule(self.value, self.timezone, _has_seconds(self.value))
            else:
                interval_of(parse_duration(self.value))
        except UserError as wrong:
            raise ValueError(str(wrong)) from None
        return self


def with_trigger(data: object) -> object:
    """The flow as its file has it, with the trigger that its short form stands for. Raises ValueError when there is one of that id."""
    short = data.get("schedule") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(short, dict) or not isinstance(short.get("value"), str):
        return data
    trigger = {"id": ID, "type": "core.trigger.Schedule", **{key: short[key] for key in ("timezone", "inputs") if key in short}}
    if short.get("type") == "interval":
        trigger["interval"] = short["value"]
    else:
        trigger |= {"cron": short["value"], "withSeconds": _has_seconds(short["value"])}
    given = data.get("triggers") or ()
    if not isinstance(given, list | tuple) or trigger in given:
        return data
    if any(isinstance(each, dict) and each.get("id") == ID for each in given):
        raise ValueError("a trigger of the flow has the id `schedule`, which is the one of `schedule:`; give it another")
    return {**data, "triggers": [*given, trigger]}


def _has_seconds(cron: str) -> bool:
    return len(cron.split()) == 6
