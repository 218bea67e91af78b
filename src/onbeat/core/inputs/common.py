"""Say what every declared input has, and how a value of it is read, checked and shown.

Called by: kinds and choices, which add what a type has of its own; resolve.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from onbeat.core.event import Json
from onbeat.core.inputs import readers
from onbeat.core.names import INPUT_ID, TASK_ID_LENGTH
from onbeat.errors import UserError

Render = Callable[[Json, Mapping[str, Json]], Json]
"""Renders the expressions in a value; the mapping is `{"inputs": …}`, what is resolved so far."""

_SHOWN_LENGTH = 80


def shown(value: Json) -> str:
    """The value as messages show it: in backquotes, shortened."""
    text = "null" if value is None else readers.read_string(value)
    return f"`{text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + '…'}`"


def rendered_part(part: str, value: Json, render: Render, inputs: Mapping[str, Json]) -> Json:
    """A part of a declaration, rendered. Raises ValueError that names the part when the expression is wrong."""
    try:
        return render(value, {"inputs": inputs})
    except UserError as error:
        raise ValueError(f"its `{part}` cannot be rendered: {error}") from None


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DependsOn(Frozen):
    """Which inputs are asked for first, and when this one is asked for at all."""

    inputs: tuple[str, ...] = ()
    condition: str | bool | None = Field(None, validation_alias=AliasChoices("condition", "when"))


class CommonInput(Frozen):
    """What every input has. `prefill` is only for forms: the engine never uses it."""

    id: str = Field(validation_alias=AliasChoices("id", "name"), pattern=INPUT_ID, max_length=TASK_ID_LENGTH)
    type: str
    description: str | None = None
    display_name: str | None = Field(None, alias="displayName", max_length=64)
    required: bool = True
    defaults: Any = None
    prefill: Any = None
    depends_on: DependsOn | None = Field(None, alias="dependsOn")
    """It is asked for only when this holds of the inputs before it."""

    def accept(self, value: Json, render: Render, inputs: Mapping[str, Json]) -> Json:
        """The typed value as plain JSON. Raises ValueError with the reason."""
        form = readers.FORMS[self.type]
        try:
            typed = form.read(value)
        except ValueError as error:
            raise ValueError(f"Expected `{self.type}` but received {self.show(value)}" + (f"; {error}" if str(error) else "")) from None
        return form.write(self.check(typed, render, inputs))

    def check(self, typed: Any, render: Render, inputs: Mapping[str, Json]) -> Any:
        """The value, when it is within the bounds. Raises ValueError with the reason."""
        return typed

    def missing(self, render: Render, inputs: Mapping[str, Json]) -> Json:
        """The value when none was given and there is no default."""
        return None

    def is_empty(self, value: Json) -> bool:
        """Whether a given value is none: null, and an empty form field for all that is not text."""
        return value is None or (value == "" and self.type not in ("STRING", "SECRET"))

    def show(self, value: Json) -> str:
        """The value in a message."""
        return shown(value)
