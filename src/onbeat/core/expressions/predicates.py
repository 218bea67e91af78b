"""Tests: what comes after `is`. Kestra's and Pebble's, and the most used of Jinja2's."""

from collections.abc import Mapping
from typing import Any

import orjson

from onbeat.core.expressions import guard
from onbeat.core.expressions.budget import writing
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.missing import Missing
from onbeat.core.expressions.operators import (
    contains,
    equal,
    greater,
    greater_or_equal,
    less,
    less_or_equal,
    to_number,
    truthy,
    unequal,
    within,
)
from onbeat.core.expressions.texts import is_number, kind_of


def is_defined(context: Context, value: Any) -> bool:
    """Neither missing nor null, as in Kestra."""
    return value is not None and type(value) is not Missing


def is_undefined(context: Context, value: Any) -> bool:
    return not is_defined(context, value)


def is_null(context: Context, value: Any) -> bool:
    return value is None


def is_empty(context: Context, value: Any) -> bool:
    """Null, blank text, or a map or list with nothing in it."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, Mapping | list | tuple) and not value)


def is_even(context: Context, value: Any) -> bool:
    return _whole("even", value) % 2 == 0


def is_odd(context: Context, value: Any) -> bool:
    return _whole("odd", value) % 2 == 1


def is_divisible(context: Context, value: Any, by: int) -> bool:
    return _whole("divisibleby", value) % by == 0


def is_iterable(context: Context, value: Any) -> bool:
    """A list."""
    return isinstance(value, list | tuple)


def is_map(context: Context, value: Any) -> bool:
    return isinstance(value, Mapping)


def is_json(context: Context, value: Any) -> bool:
    """A text that is JSON, or a value that it could be read from: maps, lists, numbers and booleans."""
    if not isinstance(value, str):
        return value is not None
    context.budget.spend(writing(value))
    try:
        orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    return True


def is_string(context: Context, value: Any) -> bool:
    return isinstance(value, str)


def is_numeric(context: Context, value: Any) -> bool:
    return is_number(value)


def is_integer(context: Context, value: Any) -> bool:
    return type(value) is int


def is_float(context: Context, value: Any) -> bool:
    return type(value) is float


def is_boolean(context: Context, value: Any) -> bool:
    return isinstance(value, bool)


def is_true(context: Context, value: Any) -> bool:
    return value is True


def is_false(context: Context, value: Any) -> bool:
    return value is False


def is_truthy(context: Context, value: Any) -> bool:
    return truthy(value)


def is_lower(context: Context, value: Any) -> bool:
    return isinstance(value, str) and value.islower()


def is_upper(context: Context, value: Any) -> bool:
    return isinstance(value, str) and value.isupper()


def _whole(name: str, value: Any) -> int:
    number = to_number(value) if isinstance(value, str) else value
    if type(number) is not int:
        raise ExpressionError(f"the test `{name}` takes a whole number, not {kind_of(value)}")
    return number


TESTS = {
    **guard.predicates(
        {
            "boolean": is_boolean,
            "containing": contains,
            "divisibleby": is_divisible,
            "empty": is_empty,
            "eq": equal,
            "equalto": equal,
            "even": is_even,
            "false": is_false,
            "float": is_float,
            "ge": greater_or_equal,
            "greaterthan": greater,
            "gt": greater,
            "in": within,
            "integer": is_integer,
            "iterable": is_iterable,
            "json": is_json,
            "le": less_or_equal,
            "lessthan": less,
            "lower": is_lower,
            "lt": less,
            "map": is_map,
            "mapping": is_map,
            "ne": unequal,
            "none": is_null,
            "null": is_null,
            "number": is_numeric,
            "odd": is_odd,
            "sequence": is_iterable,
            "string": is_string,
            "true": is_true,
            "upper": is_upper,
        }
    ),
    "truthy": is_truthy,
    **guard.predicates({"defined": is_defined, "undefined": is_undefined}, lenient=True),
}
