"""Wait for a person or for a time: `core.flow.Pause`.

The task run is PAUSED, and so is the execution once nothing else in it runs. With `pauseDuration` (old: `delay`) it goes on by
itself; with `timeout` it fails when nobody resumed it. `tasks` is Kestra's old form: they run after the resume.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import AliasChoices, Field

from onbeat.core.execution import Block
from onbeat.core.flow import Dynamic, FlowableSpec, Lane, NoTasks, Opening, Render, TaskSpec
from onbeat.core.inputs import Inputs

NAMES = ("core.flow.Pause",)


class Pause(FlowableSpec):
    """Opens its block when it is resumed; decide keeps it PAUSED until then."""

    pause_duration: Dynamic = Field(None, validation_alias=AliasChoices("pauseDuration", "delay"))
    on_resume: Inputs = Field((), alias="onResume")
    behavior: Literal["RESUME", "WARN", "FAIL", "CANCEL"] = "RESUME"
    tasks: NoTasks = ()

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.tasks
        yield from self._tails()

    def open(self, render: Render) -> Opening:
        return Opening(lanes=1 if self.tasks else 0)

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.tasks)
