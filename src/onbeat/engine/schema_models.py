"""Make JSON Schemas of the models that read YAML: with every name a key may have, and every form a value may have.

The models say what a value is once it was read; a file may write it in other ways, and may have an expression in its place.

Rules
1. A key has all its names, each with the sentence that stands under the field, or in words; what is required may bear any of them.
2. What is read by a function before it is validated may have other forms than the model's; those are let through, unknown keys are not.
3. An option of a plugin may be an expression, at any depth; a property of the flow may not, unless its model says so.

Called by: schema.
"""

import ast
import inspect
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, cast

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from onbeat.engine.words import said_of, without_links

Schema = dict[str, Any]
REF = "#/$defs/"
EXPRESSION = "expression"
_MARK = "x-onbeat"
_SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
_LOWER: Schema = {"type": "string", "pattern": "^[a-z_]+$"}
"""A choice in lower case, which is taken, too."""
_LABELS: Schema = {
    "anyOf": [
        {"type": "object", "additionalProperties": _SCALAR},
        {"type": "array", "items": {"type": "object", "properties": {"key": _SCALAR, "value": _SCALAR}, "required": ["key"]}},
        {"type": "string"},
    ]
}
_READ_BY: Mapping[str, Schema] = {
    "parse_task": {_MARK: "task"},
    "_any_task": {_MARK: "task"},
    "read_condition": {_MARK: "condition"},
    "_labels": _LABELS,
    "_read": _LABELS,
    "to_text": {},
    "_text_of_one": {},
    "_schema": {},
}
"""What a value may be that one of these functions reads."""
_EXACT = ("_text_keys", "_known_type", "_item_type", "_validate")
"""Functions that only word the refusal: what the model says is what may be written."""

_SAID = ("description", "default")
"""What a schema says of its value, beside what the value may be."""
_NULLS = "_null_is_left_out"
"""The function that takes keys away that are null and may be left out."""


class _Generator(GenerateJsonSchema):
    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        name = getattr(schema["function"]["function"], "__name__", "")
        if name in _READ_BY:
            return dict(_READ_BY[name])
        inner = self.generate_inner(schema["schema"])
        if name in _EXACT or _is_model(schema["schema"]):
            return inner
        return {"anyOf": [inner, _LOWER if "enum" in inner else _SCALAR]}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        properties, owner = made.get("properties", {}), cast("type[BaseModel]", schema["cls"])
        docstrings, before = _docstrings(owner), set(_functions_before(schema["schema"]))
        for name, field in owner.model_fields.items():
            first, *others = keys_of(name, field)
            if first not in properties:
                continue
            said = field.description or docstrings.get(name) or said_of(owner, name, first)
            if said:
                properties[first]["description"] = without_links(said)
            for other in others:
                properties[other] = {"description": f"Another name of `{first}`.", **_without(properties[first], *_SAID)}
            if before - {_NULLS}:  # the model mends values before it reads them
                properties[first] = _or(properties[first], _SCALAR)
            elif before and not field.is_required():
                properties[first] = _or(properties[first], {"type": "null"})
            if others and first in made.get("required", ()):
                made["required"] = [each for each in made["required"] if each != first]
                made.setdefault("allOf", []).append({"anyOf": [{"required": [each]} for each in (first, *others)]})
        return made


def _or(schema: Schema, other: Schema) -> Schema:
    """What is the one or the other; what is said of the one stays with both."""
    said: Schema = {key: schema[key] for key in _SAID if key in schema}
    return {**said, "anyOf": [_without(schema, *_SAID), other]}


def schemas_of(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], Schema], dict[str, Schema]]:
    """The schema of each model, and the definitions that they refer to."""
    wanted = list(models)
    found, whole = models_json_schema(
        [(model, "validation") for model in wanted], by_alias=True, ref_template=REF + "{model}", schema_generator=_Generator
    )
    definitions = {name: _tidy(each) for name, each in whole.get("$defs", {}).items()}
    return {model: definitions[found[model, "validation"]["$ref"].removeprefix(REF)] for model in wanted}, definitions


def _functions_before(schema: Any) -> Iterator[str]:
    """The names of the functions that look at a model's values before it does."""
    while "schema" in schema and schema["type"].startswith("function-"):
        if schema["type"] == "function-before":
            yield getattr(schema["function"]["function"], "__name__", "")
        schema = schema["schema"]


def _is_model(schema: Any) -> bool:
    """Whether it is a model, with functions around it or not."""
    while "schema" in schema and schema["type"].startswith("function-"):
        schema = schema["schema"]
    return schema["type"] in ("model", "model-fields")


def keys_of(name: str, field: FieldInfo) -> list[str]:
    """The names that a field has in YAML, the first one first."""
    alias = field.validation_alias if field.validation_alias is not None else field.alias
    if isinstance(alias, AliasChoices):
        return [str(each) for each in alias.choices]
    return [str(alias) if alias is not None else name]


def dynamic(schema: Schema) -> Schema:
    """A plugin's schema whose values may be expressions."""
    made = dict(schema)
    for key in ("properties", "$defs"):
        if key in made:
            made[key] = {name: _or_expression(value) for name, value in made[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _or_expression(made[key])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in made:
            made[key] = [dynamic(each) for each in made[key]]
    return made


def _or_expression(schema: Schema) -> Schema:
    if not _without(schema, *_SAID, "title"):
        return schema
    return _or(dynamic(schema), {"$ref": REF + EXPRESSION})


def referred(schema: Any) -> Iterable[str]:
    """The names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(REF)
        for value in schema.values():
            yield from referred(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from referred(value)


def resolved(schema: Any, own: Collection[str], suffix: str) -> Any:
    """The schema with references for what stands for tasks and such; those to definitions in `own` get the suffix."""
    if isinstance(schema, dict):
        if _MARK in schema:
            schema = {**_without(schema, _MARK), "$ref": REF + schema[_MARK]}
        found = {key: resolved(value, own, suffix) for key, value in schema.items()}
        if isinstance(found.get("$ref"), str) and found["$ref"].removeprefix(REF) in own:
            found["$ref"] += suffix
        return found
    return [resolved(value, own, suffix) for value in schema] if isinstance(schema, list) else schema


def marked(schema: Any) -> bool:
    """Whether something in it stands for tasks and such."""
    if isinstance(schema, dict):
        return _MARK in schema or any(map(marked, schema.values()))
    return isinstance(schema, list) and any(map(marked, schema))


def mark(what: str) -> Schema:
    """What stands for a task or a condition until `resolved`."""
    return {_MARK: what}


def _tidy(schema: Any) -> Any:
    """Without what helps nobody: titles made of names, and `discriminator`, which is no JSON Schema."""
    if isinstance(schema, dict):
        inner = {key: value for key, value in schema.items() if key != "discriminator" and not (key == "title" and isinstance(value, str))}
        return {key: _tidy(value) for key, value in inner.items()}
    return [_tidy(value) for value in schema] if isinstance(schema, list) else schema


def _without(schema: Mapping[str, Any], *keys: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in keys}


@cache
def _docstrings(owner: type[BaseModel]) -> dict[str, str]:
    """The sentences under the fields of a class and of those it is made from."""
    found: dict[str, str] = {}
    for each in owner.__mro__:
        if issubclass(each, BaseModel) and each is not BaseModel:
            found = {**_own_docstrings(each), **found}
    return found


@cache
def _own_docstrings(owner: type[BaseModel]) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, after in zip(body.body, body.body[1:], strict=False):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = inspect.cleandoc(said)
            case _:
                pass
    return found
