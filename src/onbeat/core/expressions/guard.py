"""Wrap each filter, test and function of the language: what it may cost, which arguments it takes, and how it fails.

A filter is a few lines of Python; called with the wrong kind of value it raises whatever Python raises there, with the value in the
message. Wrapped here, it fails with a sentence that names the filter and never the value.

Rules
1. Reading the input and giving the result are paid from the budget.
2. Arguments are named as Kestra names them (`timeZone`); the Python function has them in its own style (`time_zone`).
3. A missing value fails and a value kept in storage is asked for, unless the filter is there to deal with them (`default`, `defined`).
"""

import inspect
import re
from collections.abc import Callable
from typing import Any

from onbeat.core.expressions.budget import check_items, check_text, weight, writing
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError, NeedsOutside, OutsideFailed
from onbeat.core.expressions.missing import Missing, Unfound, solid
from onbeat.core.expressions.texts import kind_of
from onbeat.core.refs import Ref

Function = Callable[..., Any]
"""Takes the context first, then the value (a filter or test) and the arguments."""

_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")
_PASSING = (ExpressionError, NeedsOutside, OutsideFailed, Unfound, RecursionError, MemoryError)


def filters(functions: dict[str, Function], *, lenient: bool = False, null: bool = True) -> dict[str, Function]:
    """The functions as filters by those names. lenient: they deal with missing values themselves. null: it stays null."""
    return {name: _on_value("filter", name, function, lenient, null) for name, function in functions.items()}


def predicates(functions: dict[str, Function], *, lenient: bool = False) -> dict[str, Function]:
    """The functions as tests by those names."""
    return {name: _on_value("test", name, function, lenient, null=False) for name, function in functions.items()}


def functions(functions: dict[str, Function]) -> dict[str, Function]:
    """The functions by those names."""
    return {name: _by_name(name, function) for name, function in functions.items()}


def _on_value(what: str, name: str, function: Function, lenient: bool, null: bool) -> Function:
    reads = what == "filter"

    def apply(context: Context, value: Any, /, *arguments: Any, **named: Any) -> Any:
        if not lenient:
            kind = type(value)
            if kind is Missing or kind is Ref:
                solid(value)
        if null and value is None:
            return None
        if reads and type(value) is not Missing:
            context.budget.spend(1 + weight(value))
        else:
            context.budget.spend(1 + (len(value) >> 7) if type(value) is str else 1)
        try:
            result = function(context, value, *map(solid, arguments), **{_snake(key): solid(given) for key, given in named.items()})
        except _PASSING:
            raise
        except Exception as error:
            raise ExpressionError(_why(what, name, function, (context, value, *arguments), named, value)) from error
        if type(result) is str and type(value) is not str:
            context.budget.spend(writing(result))
        _pay(context, result)
        return result

    return apply


def _by_name(name: str, function: Function) -> Function:
    def apply(context: Context, /, *arguments: Any, **named: Any) -> Any:
        context.budget.spend(1)
        for argument in arguments:
            context.budget.spend(weight(solid(argument)))
        try:
            result = function(context, *arguments, **{_snake(key): solid(given) for key, given in named.items()})
        except _PASSING:
            raise
        except Exception as error:
            raise ExpressionError(_why("function", name, function, (context, *arguments), named)) from error
        _pay(context, result)
        return result

    return apply


def _pay(context: Context, result: Any) -> None:
    kind = type(result)
    if kind is str:
        check_text(len(result))
    elif kind is list:
        check_items(len(result))
    context.budget.spend(weight(result))


def _why(what: str, name: str, function: Function, arguments: tuple[Any, ...], named: dict[str, Any], *value: Any) -> str:
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments, **{_snake(key): given for key, given in named.items()})
    except TypeError:
        wanted = list(signature.parameters.values())[1 + len(value) :]
        listed = ", ".join(_camel(parameter.name) + ("" if parameter.default is parameter.empty else "?") for parameter in wanted)
        return f"the {what} `{name}` takes ({listed})"
    if value:
        return f"the {what} `{name}` cannot work on {kind_of(value[0])} with these arguments"
    return f"the function `{name}` cannot work with these arguments"


def _snake(name: str) -> str:
    return _CAPITAL.sub(r"_\1", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
