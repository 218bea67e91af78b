"""Run tasks again and again until a condition holds: `core.flow.LoopUntil` (old name `core.flow.WaitFor`).

The condition is looked at after each iteration, with the outputs of that iteration; `outputs.<id>.iterationCount` counts from 1. Between
iterations it waits for `checkFrequency.interval`. `maxIterations` and `maxDuration` end it, as a failure with `failOnMaxReached`.
Only the task runs of the last ten iterations are kept.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import Field, field_validator

from onbeat.core.durations import parse_duration
from onbeat.core.execution import Block
from onbeat.core.flow import Dynamic, FlowableSpec, Lane, Opening, Render, Tasks, TaskSpec
from onbeat.core.names import did_you_mean

NAMES = ("core.flow.LoopUntil", "core.flow.WaitFor")
_KEYS = ("maxIterations", "maxDuration", "interval")


class Frequency(NamedTuple):
    """How often, and how long, an iteration follows another."""

    interval: timedelta
    most: int | None
    longest: timedelta | None


class LoopUntil(FlowableSpec):
    """One lane with all the tasks, in each iteration anew."""

    condition: Dynamic
    tasks: Tasks
    fail_on_max_reached: bool = Field(False, alias="failOnMaxReached")
    check_frequency: dict[str, Dynamic] = Field(default_factory=dict, alias="checkFrequency")

    @field_validator("check_frequency")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        for key in value:
            if key not in _KEYS:
                raise ValueError(f"unknown key `{key}`{did_you_mean(key, _KEYS)}; there are {', '.join(_KEYS)}")
        return value

    @cached_property
    def undoable(self) -> bool:
        """Whether something in it says what undoes it."""
        waiting: list[TaskSpec] = [self]
        for task in waiting:  # grows meanwhile
            waiting.extend(inner for branch in task.branches() for inner in branch)
        return any(task.compensate for task in waiting[1:])

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.tasks
        yield from self._tails()

    def open(self, render: Render) -> Opening:
        return Opening(outputs={"iterationCount": 1}, round=1)

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.tasks, None, block.round - 1)


def frequency(rendered: Any) -> Frequency:
    """What `checkFrequency` says, rendered. Raises ValueError."""
    given = rendered if isinstance(rendered, dict) else {}
    interval, longest, most = given.get("interval"), given.get("maxDuration"), given.get("maxIterations")
    return Frequency(
        timedelta(minutes=1) if interval is None else parse_duration(str(interval)),
        None if most is None else int(most),
        None if longest is None else parse_duration(str(longest)),
    )
