"""Read what a pydantic model says of itself: each YAML key with its type, its default and its sentence.

A table that is written by hand is right on the day it is written. Here it is read off the model that validates the YAML.

Rules
1. A key is shown as YAML has it; a model inside a model is shown by dotted keys.
2. The sentence is the docstring under the field; where the source has none, engine.words has it.

Called by: pages.py.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, get_args

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from onbeat.core.conditions import Condition
from onbeat.core.flow import Check, Concurrency, OutputSpec, PluginDefault, Retry, Sla, TaskSpec
from onbeat.core.inputs import InputSpec
from onbeat.core.inputs.choices import Option
from onbeat.core.short_schedule import ShortSchedule
from onbeat.core.trigger import FlowRef
from onbeat.engine.words import said_of, where


class Row(NamedTuple):
    """One key. default: as YAML would have it; None: it is required, empty: nothing."""

    key: str
    type: str
    default: str | None
    text: str


def rows(model: type[BaseModel], without: frozenset[str] = frozenset()) -> list[Row]:
    """The keys of a model, the required ones first. without: keys that are told of elsewhere."""
    return sorted(_rows(model, "", without), key=lambda row: row.default is not None or "." in row.key)


def table(model: type[BaseModel], without: frozenset[str] = frozenset()) -> str:
    """The keys as a Markdown table."""
    lines = ["| Key | Type | Default | |", "|---|---|---|---|"]
    for row in rows(model, without):
        default = "required" if row.default is None else f"`{row.default}`" if row.default else ""
        lines.append(f"| `{row.key}` | {row.type} | {default} | {row.text} |")
    return "\n".join(lines) if len(lines) > 2 else "It has no keys of its own."


def _rows(model: type[BaseModel], above: str, without: frozenset[str] = frozenset()) -> Iterator[Row]:
    schema = model.model_json_schema(by_alias=True)
    parts = schema.get("$defs", {})
    for name, field in model.model_fields.items():
        key = key_of(name, field)
        if key in without:
            continue
        inner = [part for part in _models(field.annotation) if not issubclass(part, TaskSpec) and part not in _AS_A_WHOLE]
        if inner:
            for part in inner:
                yield from _rows(part, f"{above}{key}.")
            continue
        described = schema["properties"].get(key) or schema["properties"][_serialised(name, field)]
        default = None if field.is_required() else _default(described)
        yield Row(above + key, _type(described, parts), default, _sentence(model, name, key, field))


_AS_A_WHOLE = frozenset(
    {
        *(Retry, Concurrency, OutputSpec, Sla, Check, PluginDefault, ShortSchedule, FlowRef, Option, Condition),
        *(get_args(get_args(InputSpec)[0])),
    }
)
"""Models that are shown in a table of their own, or by a sentence."""


def key_of(name: str, field: FieldInfo) -> str:
    """A field's key in YAML."""
    alias = field.validation_alias if field.validation_alias is not None else field.alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return str(alias) if alias is not None else name


def _serialised(name: str, field: FieldInfo) -> str:
    return field.serialization_alias or field.alias or name


def _models(annotation: Any) -> Iterator[type[Any]]:
    """The models in an annotation."""
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def _type(schema: dict[str, Any], parts: dict[str, Any]) -> str:
    """The type in words."""
    if "anyOf" in schema or "oneOf" in schema:
        found = [word for word in dict.fromkeys(_type(part, parts) for part in schema.get("anyOf") or schema["oneOf"]) if word != "null"]
        return "any" if not found or len(found) >= _MANY else " or ".join(found)
    if "enum" in schema:
        return ", ".join(f"`{_yaml(each)}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{_yaml(schema['const'])}`"
    if "$ref" in schema:
        part = parts[schema["$ref"].rpartition("/")[2]]
        return _type(part, parts)
    kind = schema.get("type")
    if kind == "array":
        inside = _type(schema["items"], parts) if schema.get("items") else "any"
        return f"list of {inside}" if inside not in ("any", "map") else "list"
    if kind == "object":
        inside = schema.get("additionalProperties")
        word = _type(inside, parts) if isinstance(inside, dict) and inside else "any"
        return "map" if word == "any" else f"map of {word}"
    if kind == "string":
        return {"duration": "duration", "date-time": "date and time"}.get(schema.get("format", ""), "text")
    return {"integer": "integer", "number": "number", "boolean": "true or false", "null": "null", None: "any"}[kind]


_MANY = 5
"""A key that takes so many types takes any value, an expression above all."""


def _default(schema: dict[str, Any]) -> str:
    value = schema.get("default")
    if value is None or value in ([], {}, ()):
        return ""
    return _yaml(sorted(value) if schema.get("uniqueItems") else value)


def _yaml(value: Any) -> str:
    if isinstance(value, str):
        return value if value.strip("*") and value == value.strip() else json.dumps(value)
    return json.dumps(value)


def _sentence(model: type[BaseModel], name: str, key: str, field: FieldInfo) -> str:
    """What is said of a field: a description, the docstring under it, or engine.words. Raises LookupError when nobody says anything."""
    owner = next(each for each in model.__mro__ if name in vars(each).get("__annotations__", {}))
    said = field.description or docstrings(owner).get(name)
    written = said_of(model, name, key)
    place = f"{where(owner)}.{key}"
    if said and written:
        raise LookupError(f"{place} is described in the source: take it out of src/onbeat/engine/words.py")
    if not said and written is None:
        raise LookupError(f"nobody says what {place} is: write a docstring under the field, or a sentence into src/onbeat/engine/words.py")
    return " ".join((said or written or "").split()).replace("|", "\\|")


@cache
def docstrings(owner: type[Any]) -> dict[str, str]:
    """The docstrings under the fields of a class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for field, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            value = after.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[field.target.id] = inspect.cleandoc(value.value)
    return found
