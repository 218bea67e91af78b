"""Declare the types of inputs: each a frozen model of what YAML may say about it, with the check of a value.

A flow's author states a bound once, here, instead of in the first task; a value outside it starts nothing.

Rules
1. Unknown keys, unknown types (with the nearest right one) and bounds that no value can meet are errors when the flow is loaded.
2. A value is read, then checked against its bounds; bounds are inclusive. The messages are Kestra's.
3. A regular expression must match the whole text, in bounded time (bounded.py).
4. Of a SECRET, no message shows the value.

Called by: flow for the types, resolve for the checks.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, model_validator

from onbeat.core.durations import Duration
from onbeat.core.event import Json
from onbeat.core.inputs import readers
from onbeat.core.inputs.bounded import check_pattern, check_schema, matches, misfits
from onbeat.core.inputs.choices import ArrayInput, MultiselectInput, SelectInput
from onbeat.core.inputs.common import CommonInput, Render, shown
from onbeat.core.names import did_you_mean

MATCHED_LENGTH = 10_000

Pattern = Annotated[str, Field(max_length=1_000), AfterValidator(check_pattern)]


class StringInput(CommonInput):
    """Text; `validator` is a regular expression that matches the whole of it."""

    type: Literal["STRING", "SECRET"]
    validator: Pattern | None = None

    def check(self, typed: str, render: Render, inputs: Mapping[str, Json]) -> str:
        if self.validator is None:
            return typed
        if len(typed) > MATCHED_LENGTH:
            raise ValueError(f"it must have at most {MATCHED_LENGTH:,} characters to be matched by a pattern")
        if not matches(self.validator, typed):
            raise ValueError(f"it must match the pattern `{self.validator}`, but received {self.show(typed)}")
        return typed

    def show(self, value: Json) -> str:
        return "`********`" if self.type == "SECRET" else shown(value)


class PlainInput(CommonInput):
    """A type without bounds."""

    type: Literal["BOOLEAN", "BOOL", "YAML", "URI", "EMAIL"]


def _schema(value: object) -> object:
    """A JSON Schema as a map, or as JSON text of one."""
    if isinstance(value, str):
        value = readers.read_json(value)
    if not isinstance(value, dict):
        raise ValueError("write the JSON Schema as a map, or as JSON text")
    return check_schema(value)


class JsonInput(CommonInput):
    """Any JSON value (OBJECT: a map), as `jsonSchema` says."""

    type: Literal["JSON", "OBJECT"]
    json_schema: Annotated[dict[str, Any], BeforeValidator(_schema)] | None = Field(None, alias="jsonSchema")

    def check(self, typed: Json, render: Render, inputs: Mapping[str, Json]) -> Json:
        if self.json_schema is not None and (wrong := misfits(self.json_schema, typed)):
            raise ValueError(f"it does not fit its `jsonSchema`: {'; '.join(wrong)}")
        return typed


class FileInput(CommonInput):
    """A file in storage, given as its URI."""

    type: Literal["FILE"]
    extension: str = ".upl"
    allowed_file_extensions: tuple[str, ...] = Field((), alias="allowedFileExtensions")

    @property
    def suffix(self) -> str:
        """How the name of a file ends that has no name of its own: its `extension`, or the first one that is allowed."""
        suffix = next(iter(self.allowed_file_extensions), self.extension) if "extension" not in self.model_fields_set else self.extension
        return f".{suffix.removeprefix('.')}"

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


_AnyInput = (
    StringInput | IntInput | FloatInput | PlainInput | JsonInput | SelectInput | MultiselectInput | ArrayInput | FileInput
    | DateTimeInput | DateInput | TimeInput | DurationInput
)  # fmt: skip
TYPES = tuple(name for kind in get_args(_AnyInput) for name in get_args(kind.model_fields["type"].annotation))


_UNSUPPORTED = {
    "ION": "use JSON, or FILE for a file in Ion text",
    "FORM": "declare an input for each of its fields; ids with dots nest",
    "TABLE": "use JSON with a `jsonSchema`, or FILE",
}


def _known_type(value: object) -> object:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind is None:
        raise ValueError("an input is a map with `id` and `type`")
    if kind in _UNSUPPORTED:
        raise ValueError(f"`{kind}` is an input type of Kestra's that onbeat does not have; {_UNSUPPORTED[str(kind)]}")
    if kind not in TYPES:
        suggestion = did_you_mean(str(kind), TYPES) or f"; use one of {', '.join(TYPES)}"
        raise ValueError(f"`{kind}` is not an input type{suggestion}")
    return value


InputSpec = Annotated[_AnyInput, Field(discriminator="type"), BeforeValidator(_known_type)]
"""One declared input."""
