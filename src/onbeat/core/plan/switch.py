"""Run the branch that a value names: `core.flow.Switch`, with `defaults` for a value that no case names."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from onbeat.core.execution import Block
from onbeat.core.expressions import to_text
from onbeat.core.flow import Dynamic, FlowableSpec, Lane, NoTasks, Opening, Render, Tasks, TaskSpec

NAMES = ("core.flow.Switch",)
_CASE = "case "
_DEFAULTS = "defaults"
"""What the journal says was chosen: a case with its name, so that one named `defaults` is no other, or the defaults."""


def _text_keys(cases: object) -> object:
    return {to_text(key): tasks for key, tasks in cases.items()} if isinstance(cases, dict) else cases


class Switch(FlowableSpec):
    """One lane with the tasks of the case. No case and no defaults: the run fails and says which cases there are."""

    value: Dynamic
    cases: Annotated[dict[str, Tasks], BeforeValidator(_text_keys)] = Field(default_factory=dict)
    defaults: NoTasks = ()

    @model_validator(mode="after")
    def _somewhere_to_go(self) -> "Switch":
        if not self.cases and not self.defaults:
            raise ValueError("there are no tasks, neither in `cases` nor in `defaults`")
        if "defaults" in self.model_fields_set and not self.defaults:
            raise ValueError("`defaults`: there must be at least one task")
        return self

    def branches(self) -> Iterator[tuple[TaskSpec, ...]]:
        yield from self.cases.values()
        yield self.defaults
        yield from self._tails()

    def open(self, render: Render) -> Opening:
        value = to_text(render("value"))
        outputs = {"value": value, "defaults": value not in self.cases}
        if value in self.cases:
            return Opening(choice=_CASE + value, outputs=outputs)
        if not self.defaults:
            raise ValueError(f"no case `{value}` and no `defaults`; the cases are: {', '.join(sorted(self.cases)) or 'none'}")
        return Opening(choice=_DEFAULTS, outputs=outputs)

    def lane(self, block: Block, lane: int) -> Lane:
        choice = block.choice or _DEFAULTS
        return Lane(self.defaults if choice == _DEFAULTS else self.cases[choice.removeprefix(_CASE)])
