"""Wait for a person or for a time: `core.flow.Pause`.

The task run is PAUSED, and so is the execution once nothing else in it runs. With `pauseDuration` (old: `delay`) it goes on by
itself; with `timeout` it fails when nobody resumed it. `onPause` is a task that runs just before, to tell somebody.
`tasks` is Kestra's old form: they run after the resume.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, Field

from onbeat.core.execution import Block
from onbeat.core.expressions import to_text
from onbeat.core.flow import AnyTask, Dynamic, FlowableSpec, Lane, NoTasks, Opening, Render, TaskSpec
from onbeat.core.inputs import Inputs

NAMES = ("core.flow.Pause",)
BEFORE, RESUMED = "onPause", "resumed"


class Behavior(StrEnum):
    """What becomes of a Pause whose duration is over."""

    RESUME = "RESUME"
    WARN = "WARN"
    FAIL = "FAIL"
    CANCEL = "CANCEL"


def behavior_of(value: object) -> Behavior:
    """The behavior that an expression gave. Raises ValueError."""
    try:
        return Behavior(to_text(value))
    except ValueError:
        raise ValueError(f"`behavior` must be {', '.join(list(Behavior)[:-1])} or {Behavior.CANCEL}, not `{to_text(value)[:50]}`") from None


def _behavior(value: str) -> str:
    return value if "{{" in value else behavior_of(value)


class Pause(FlowableSpec):
    """Opens its block when it is resumed; decide keeps it PAUSED until then."""

    pause_duration: Dynamic = Field(None, validation_alias=AliasChoices("pauseDuration", "delay"))
    on_resume: Inputs = Field((), alias="onResume")
    behavior: Annotated[str, AfterValidator(_behavior)] = "RESUME"
    on_pause: AnyTask | None = Field(None, alias="onPause")
    tasks: NoTasks = ()

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield self.before
        yield self.tasks
        yield from self._tails()

    @property
    def before(self) -> tuple[TaskSpec, ...]:
        """What runs just before it is PAUSED."""
        return (self.on_pause,) if self.on_pause is not None else ()

    def after(self, choice: str) -> tuple[TaskSpec, ...]:
        """What runs once it was resumed with that decision."""
        return self.tasks

    def open(self, render: Render) -> Opening:
        return Opening(lanes=1, choice=BEFORE)

    def resumed(self, choice: str = RESUMED) -> Opening:
        """How it goes on."""
        return Opening(lanes=1 if self.after(choice) else 0, choice=choice)

    def lane(self, block: Block, lane: int) -> Lane:
        return Lane(self.before if block.choice == BEFORE else self.after(block.choice or RESUMED))

    def given(self, inputs: dict[str, Any], by: str | None, at: str) -> dict[str, Any]:
        """Its outputs once somebody resumed it."""
        return {"onResume": inputs, "resumed": {"by": by, "on": at, "to": "RUNNING"}}
