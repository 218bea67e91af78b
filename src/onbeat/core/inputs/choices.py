"""Declare the inputs that are chosen from values, and those that are lists: SELECT, MULTISELECT, ARRAY.

Rules
1. What is chosen is one of the values, unless `allowCustomValue`; `expression` gives them when the flow starts.
2. The values of a list are each read as `itemType`; a list holds no SECRET.

Called by: kinds.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from onbeat.core.event import Json
from onbeat.core.inputs import readers
from onbeat.core.inputs.common import CommonInput, Frozen, Render, rendered_part, shown


class Option(Frozen):
    """A value to choose, and what a form shows for it."""

    value: str
    """What is chosen."""
    label: str | None = None
    """What a form shows for it."""


def _item_type(value: object) -> object:
    if value == "SECRET":
        raise ValueError("a list cannot hold SECRET values, for they are kept encrypted one by one; use an input of its own for each")
    return value


ItemType = Annotated[
    Literal["STRING", "INT", "FLOAT", "BOOLEAN", "BOOL", "DATETIME", "DATE", "TIME", "DURATION", "JSON", "YAML", "URI", "EMAIL", "FILE"],
    BeforeValidator(_item_type),
]


def _as_text(value: object) -> object:
    return readers.read_string(value) if isinstance(value, bool | int | float) else value


Choice = Annotated[str | Option, BeforeValidator(_as_text)]
Choices = Annotated[tuple[Choice, ...], Field(min_length=1)]


def _offered(values: Sequence[str | Option] | None, expression: str | None, render: Render, inputs: Mapping[str, Json]) -> list[str]:
    """The texts that may be chosen."""
    if values is not None:
        return [choice.value if isinstance(choice, Option) else choice for choice in values]
    rendered = rendered_part("expression", expression, render, inputs)
    try:
        return [readers.read_string(item) for item in readers.read_list(rendered)]
    except ValueError:
        raise ValueError(f"its `expression` must give a list, but gave {shown(rendered)}") from None


class SelectInput(CommonInput):
    """One of the values; `expression` gives them when the flow starts. ENUM is the old name."""

    type: Literal["SELECT", "ENUM"]
    values: Choices | None = None
    expression: str | None = None
    allow_custom_value: bool = Field(False, alias="allowCustomValue")
    is_radio: bool = Field(False, alias="isRadio")
    auto_select_first: bool = Field(False, alias="autoSelectFirst")

    @model_validator(mode="after")
    def _has_values(self) -> "SelectInput":
        _one_of({"values": self.values, "expression": self.expression})
        return self

    def check(self, typed: str, render: Render, inputs: Mapping[str, Json]) -> str:
        if not self.allow_custom_value:
            _chosen([typed], typed, _offered(self.values, self.expression, render, inputs))
        return typed

    def missing(self, render: Render, inputs: Mapping[str, Json]) -> Json:
        return next(iter(_offered(self.values, self.expression, render, inputs)), None) if self.auto_select_first else None


class MultiselectInput(CommonInput):
    """Any of the values, as a list."""

    type: Literal["MULTISELECT"]
    values: Choices | None = Field(None, validation_alias=AliasChoices("values", "options"))
    expression: str | None = None
    item_type: ItemType = Field("STRING", alias="itemType")
    allow_custom_value: bool = Field(False, alias="allowCustomValue")
    auto_select_first: bool = Field(False, alias="autoSelectFirst")

    @model_validator(mode="after")
    def _has_values(self) -> "MultiselectInput":
        _one_of({"values": self.values, "expression": self.expression})
        return self

    def check(self, typed: list[Json], render: Render, inputs: Mapping[str, Json]) -> list[Json]:
        if not self.allow_custom_value:
            _chosen([readers.read_string(item) for item in typed], typed, _offered(self.values, self.expression, render, inputs))
        return _items(typed, self.item_type)

    def missing(self, render: Render, inputs: Mapping[str, Json]) -> Json:
        return _items(_offered(self.values, self.expression, render, inputs)[:1], self.item_type) if self.auto_select_first else None


class ArrayInput(CommonInput):
    """A list of values of one type."""

    type: Literal["ARRAY"]
    item_type: ItemType = Field(alias="itemType")

    def check(self, typed: list[Json], render: Render, inputs: Mapping[str, Json]) -> list[Json]:
        return _items(typed, self.item_type)


def _one_of(given: Mapping[str, object]) -> None:
    if sum(value is not None for value in given.values()) != 1:
        raise ValueError(f"write one of {' and '.join(f'`{name}`' for name in given)}")


def _chosen(texts: list[str], value: Json, offered: list[str]) -> None:
    if not set(texts) <= set(offered):
        raise ValueError(f"it must match the values `[{', '.join(offered)}]`, but received {shown(value)}")


def _items(values: list[Json], item_type: str) -> list[Json]:
    form = readers.FORMS[item_type]
    items = []
    for value in values:
        try:
            items.append(form.write(form.read(value)))
        except ValueError as error:
            cure = f"; {error}" if str(error) else ""
            raise ValueError(f"Unable to parse array element as `{item_type}` on {shown(value)}{cure}") from None
    return items
