"""Print values inside text: scalars as in JSON, maps and lists as compact JSON, null as nothing."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn, TypeGuard

import orjson

from onbeat.core.expressions.budget import ITEMS, writing
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.missing import solid
from onbeat.core.values import normalise
from onbeat.errors import UserError


def to_text(value: Any) -> str:
    """How a value prints inside text."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return str(value)
    if value is None:
        return ""
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return number_text(value)
    if kind is dict or kind is list:
        return to_json(value)
    plain = plain_value(value)
    return to_json(plain) if type(plain) in (dict, list) else to_text(plain)


def written(context: Context, value: Any) -> str:
    """How a value prints inside text, paid for: a map or list is looked through whole."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    text = to_text(value)
    if kind is not int:
        context.budget.spend(writing(text))
    return text


def number_text(value: float) -> str:
    """A float as JSON writes it, so that it prints the same alone and inside a list."""
    if not math.isfinite(value):
        raise ExpressionError("the result is not a finite number")
    return orjson.dumps(value).decode()


def to_json(value: Any) -> str:
    """The value as compact JSON text."""
    return orjson.dumps(plain_value(value)).decode()


def plain_value(value: Any) -> Any:
    """The value as plain JSON, in this package's errors: a missing value inside fails, one kept in storage is asked for."""
    kind = type(value)
    if kind is str and value.isascii() and "\0" not in value:
        return value
    try:
        return normalise(value, _not_json, ITEMS * 2)
    except UserError as error:
        raise error if isinstance(error, ExpressionError) else ExpressionError(f"the result is not JSON: {error}") from None


def kind_of(value: Any) -> str:
    """The kind of a value in the words of an error message; never the value itself."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, Mapping):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    return "a number" if is_number(value) else "something that is not JSON"


def is_number(value: Any) -> TypeGuard[int | float | Decimal]:
    """Whether it is a number; a boolean is none."""
    return type(value) in _NUMBERS


_NUMBERS = frozenset((int, float, Decimal))


def _not_json(value: object) -> NoReturn:
    raise ExpressionError(f"the result holds {kind_of(solid(value))}, which cannot be written")
