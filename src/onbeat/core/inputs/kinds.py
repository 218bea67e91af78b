"""Declare the types of inputs: each a frozen model of what YAML may say about it, with the check of a value.

A flow's author states a bound once, here, instead of in the first task; a value outside it starts nothing.

Rules
1. Unknown keys, unknown types (with the nearest right one) and bounds that no value can meet are errors when the flow is loaded.
2. A value is read, then checked against its bounds; bounds are inclusive. The messages are Kestra's.
3. A regular expression must match the whole text. The text is at most 10,000 characters long, because Python's engine cannot be
   stopped: a pattern like `(a+)+$` is the author's to avoid.
4. Of a SECRET, no message shows the value.

Called by: flow for the types, resolve for the checks.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from onbeat.core.durations import Duration
from onbeat.core.event import Json
from onbeat.core.inputs import readers
from onbeat.core.names import INPUT_ID, TASK_ID_LENGTH, did_you_mean
from onbeat.errors import UserError

Render = Callable[[Json, Mapping[str, Json]], Json]
"""Renders the expressions in a value; the mapping is `{"inputs": …}`, what is resolved so far."""

MATCHED_LENGTH = 10_000
_SHOWN_LENGTH = 80

ItemType = Literal[
    "STRING", "INT", "FLOAT", "BOOLEAN", "BOOL", "DATETIME", "DATE", "TIME", "DURATION", "JSON", "YAML", "URI", "EMAIL", "FILE", "SECRET"
]


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


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DependsOn(_Frozen):
    """Which inputs are asked for first, and when this one is asked for at all."""

    inputs: tuple[str, ...] = ()
    condition: str | bool | None = Field(None, validation_alias=AliasChoices("condition", "when"))


class CommonInput(_Frozen):
    """What every input has. `prefill` is only for forms: the engine never uses it."""

    id: str = Field(validation_alias=AliasChoices("id", "name"), pattern=INPUT_ID, max_length=TASK_ID_LENGTH)
    type: str
    description: str | None = None
    display_name: str | None = Field(None, alias="displayName", max_length=64)
    required: bool = True
    defaults: Any = None
    prefill: Any = None
    depends_on: DependsOn | None = Field(None, alias="dependsOn")

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


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"`{text}` is not a regular expression that Python reads: {error}") from None
    return text


Pattern = Annotated[str, Field(max_length=1_000), AfterValidator(_pattern)]


class StringInput(CommonInput):
    """Text; `validator` is a regular expression that matches the whole of it."""

    type: Literal["STRING", "SECRET"]
    validator: Pattern | None = None

    def check(self, typed: str, render: Render, inputs: Mapping[str, Json]) -> str:
        if self.validator is None:
            return typed
        if len(typed) > MATCHED_LENGTH:
            raise ValueError(f"it must have at most {MATCHED_LENGTH:,} characters to be matched by a pattern")
        if not re.fullmatch(self.validator, typed):
            raise ValueError(f"it must match the pattern `{self.validator}`, but received {self.show(typed)}")
        return typed

    def show(self, value: Json) -> str:
        return "`********`" if self.type == "SECRET" else shown(value)


class PlainInput(CommonInput):
    """A type without bounds."""

    type: Literal["BOOLEAN", "BOOL", "JSON", "YAML", "URI", "EMAIL"]


class FileInput(CommonInput):
    """A file in storage, given as its URI."""

    type: Literal["FILE"]
    extension: str = ".upl"
    allowed_file_extensions: tuple[str, ...] = Field((), alias="allowedFileExtensions")

    def check(self, typed: str, render: Render, inputs: Mapping[str, Json]) -> str:
        allowed = self.allowed_file_extensions
        if allowed and not typed.lower().endswith(tuple(f".{suffix.removeprefix('.')}".lower() for suffix in allowed)):
            raise ValueError(f"it must have one of the file extensions `[{', '.join(allowed)}]`, but received {shown(typed)}")
        return typed


def _between(value: Any, low: Any, high: Any, words: tuple[str, str], write: Callable[[Any], Json]) -> Any:
    for limit, outside, word in ((low, low is not None and value < low, words[0]), (high, high is not None and value > high, words[1])):
        if outside:
            raise ValueError(f"{word} {shown(write(limit))}, but received {shown(write(value))}")
    return value


def _in_order(low: Any, high: Any, names: tuple[str, str]) -> None:
    if low is not None and high is not None and low > high:
        raise ValueError(f"`{names[0]}` is beyond `{names[1]}`, so no value is right; swap them")


class _MinMax(CommonInput):
    min: Any = None
    max: Any = None

    @model_validator(mode="after")
    def _possible(self) -> "_MinMax":
        _in_order(self.min, self.max, ("min", "max"))
        return self

    def check(self, typed: Any, render: Render, inputs: Mapping[str, Json]) -> Any:
        it = "It" if self.type == "DURATION" else "it"
        words = (f"{it} must be more than", f"{it} must be less than")
        return _between(typed, self.min, self.max, words, readers.FORMS[self.type].write)


class IntInput(_MinMax):
    """An integer between min and max."""

    type: Literal["INT"]
    min: int | None = None
    max: int | None = None


class FloatInput(_MinMax):
    """A number between min and max."""

    type: Literal["FLOAT"]
    min: float | None = None
    max: float | None = None


class DurationInput(_MinMax):
    """A length of time between min and max."""

    type: Literal["DURATION"]
    min: Duration | None = None
    max: Duration | None = None


class _AfterBefore(CommonInput):
    after: Any = None
    before: Any = None

    @model_validator(mode="after")
    def _possible(self) -> "_AfterBefore":
        _in_order(self.after, self.before, ("after", "before"))
        return self

    def check(self, typed: Any, render: Render, inputs: Mapping[str, Json]) -> Any:
        return _between(typed, self.after, self.before, ("it must be after", "it must be before"), readers.FORMS[self.type].write)


_Instant = Annotated[datetime, BeforeValidator(readers.read_datetime), PlainSerializer(readers.write_datetime, return_type=str)]
_Day = Annotated[date, BeforeValidator(readers.read_date), PlainSerializer(date.isoformat, return_type=str)]
_Time = Annotated[time, BeforeValidator(readers.read_time), PlainSerializer(readers.write_time, return_type=str)]


class DateTimeInput(_AfterBefore):
    """An instant between after and before."""

    type: Literal["DATETIME"]
    after: _Instant | None = None
    before: _Instant | None = None


class DateInput(_AfterBefore):
    """A day between after and before."""

    type: Literal["DATE"]
    after: _Day | None = None
    before: _Day | None = None


class TimeInput(_AfterBefore):
    """A time of day between after and before."""

    type: Literal["TIME"]
    after: _Time | None = None
    before: _Time | None = None


class Option(_Frozen):
    """A value to choose, and what a form shows for it."""

    value: str
    label: str | None = None


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
            received = "`********`" if item_type == "SECRET" else shown(value)
            raise ValueError(
                f"Unable to parse array element as `{item_type}` on {received}" + (f"; {error}" if str(error) else "")
            ) from None
    return items


_AnyInput = (
    StringInput | IntInput | FloatInput | PlainInput | SelectInput | MultiselectInput | ArrayInput | FileInput
    | DateTimeInput | DateInput | TimeInput | DurationInput
)  # fmt: skip
TYPES = tuple(name for kind in get_args(_AnyInput) for name in get_args(kind.model_fields["type"].annotation))


def _known_type(value: object) -> object:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind is None:
        raise ValueError("an input is a map with `id` and `type`")
    if kind not in TYPES:
        suggestion = did_you_mean(str(kind), TYPES) or f"; use one of {', '.join(TYPES)}"
        raise ValueError(f"`{kind}` is not an input type{suggestion}")
    return value


InputSpec = Annotated[_AnyInput, Field(discriminator="type"), BeforeValidator(_known_type)]
"""One declared input."""
