"""Look into values: keys first, never Python's attributes.

Jinja2 asks an object for attributes when it has no such key, which makes `{{ inputs.items }}` a method and is where its sandbox was
escaped from five times. Here the data is plain JSON: a map has its keys, a list its items, and each kind of value a short list of
methods (methods.py). There is no way to a Python attribute.

Rules
1. A map gives the value of the key, whatever the key is called; a number or boolean asks for the key of its text.
2. What null or a missing value is asked for is missing, so that `??` can give something else; so is what a missing key asks for.
3. What a value kept in storage is asked for raises NeedsOutside.

Called by: the code that the generator writes.
"""

import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from immutables import Map
from jinja2.runtime import LoopContext, Macro
from jinja2.utils import Namespace

from onbeat.core.expressions.budget import check_items, weight
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.methods import Method, method_of
from onbeat.core.expressions.missing import Missing, Unfound, missing, solid
from onbeat.core.expressions.texts import kind_of, to_text

_ABSENT = object()
_GETTERS: dict[str, Callable[[Any], Any]] = {"empty": operator.not_, "length": len, "size": len}
"""What a text or list is asked for without parentheses, as in Kestra: `name.length`, `list.size`."""
_LOOP_VARIABLES = frozenset(("index", "index0", "length", "first", "last", "revindex", "revindex0", "previtem", "nextitem", "cycle"))


class Loop(LoopContext):
    """The variable `loop`; its indexes begin at 0 and `revindex` ends at 0, as in Kestra."""

    @property
    def index(self) -> int:
        return self.index0

    @property
    def revindex(self) -> int:
        return self.length - self.index0 - 1

    @property
    def revindex0(self) -> int:
        return self.revindex


def attribute(value: Any, name: str, path: str) -> Any:
    """`value.name`."""
    kind = type(value)
    if kind is dict or kind is Map:
        found = value.get(name, _ABSENT)
        return missing(path, name, value) if found is _ABSENT else found
    if kind is Missing:
        return value.below(path)
    if isinstance(value, Mapping):
        return value[name] if name in value else missing(path, name, value)
    if isinstance(value, LoopContext):
        return getattr(value, name) if name in _LOOP_VARIABLES else missing(path, name, dict.fromkeys(_LOOP_VARIABLES))
    if isinstance(value, Namespace) and not name.startswith("_"):
        try:
            return getattr(value, name)
        except AttributeError:
            return missing(path, name, {})
    getter = _GETTERS.get(name)
    if isinstance(solid(value), str | list | tuple) and getter is not None:
        return getter(value)
    return missing(path, name, {})


def member(value: Any, name: str, path: str) -> Any:
    """`value.name`, where it is called."""
    if isinstance(value, str | list | tuple):
        method = method_of(value, name)
        return missing(path, name, {}) if method is None else partial(method, value)
    return attribute(value, name, path)


def in_order(value: Mapping[str, Any]) -> list[str]:
    """The keys of a map. A persistent one knows no order: its keys are sorted, so that every process sees the same."""
    return sorted(value) if type(value) is Map else list(value)


def item(value: Any, key: Any, path: str) -> Any:
    """`value[key]`."""
    if type(value) is Missing:
        return value.below(path)
    if type(key) is Missing:
        return key
    key = solid(key)
    if isinstance(value, Mapping):
        found = value.get(key if type(key) is str else _name(key), _ABSENT)
        return missing(path, _name(key), value) if found is _ABSENT else found
    if isinstance(solid(value), list | tuple | str):
        index = _index(key)
        if index is not None and -len(value) <= index < len(value):
            return value[index]
    return missing(path, _name(key), {})


def attempt(evaluate: Callable[[], Any]) -> Any:
    """What an operand that may have no value gives; missing when it uses a name that is not there."""
    try:
        return evaluate()
    except Unfound as unfound:
        return missing(unfound.path, unfound.key, unfound.known)


def section(context: Context, value: Any, start: Any, stop: Any, step: Any) -> Any:
    """`value[start:stop:step]`."""
    value = solid(value)
    if not isinstance(value, list | tuple | str):
        raise ExpressionError(f"takes a part of {kind_of(value)}; that needs a list or a text")
    for bound in (start, stop, step):
        if bound is not None and type(bound) is not int:
            raise ExpressionError("takes a part from or to something that is not a whole number")
    if step == 0:
        raise ExpressionError("takes a part in steps of 0")
    part = value[start:stop:step]
    context.budget.spend(len(part) if not isinstance(part, str) else len(part) >> 6)
    return part


def call(context: Context, function: Any, *arguments: Any, **named: Any) -> Any:
    """`function(arguments)` for a macro, a method of a value, or a method of the loop."""
    context.budget.spend(1)
    if isinstance(function, Macro):
        return function(*arguments, **named)
    if isinstance(function, partial):
        return _call_method(context, function.func, function.args[0], arguments, named)
    if type(function) is Missing and function.direct and isinstance(function.known, Mapping):
        method = method_of(function.known, function.key)
        if method is not None:
            return _call_method(context, method, function.known, arguments, named)
    if callable(function) and getattr(function, "__name__", "") == "cycle":
        return function(*arguments)
    raise ExpressionError(f"calls {kind_of(solid(function))}, which is not a function")


def each(context: Context, value: Any, weight: int, pairs: bool) -> list[Any]:
    """What a loop goes over: the items of a list, the entries of a map (`entry.key`, `entry.value`), nothing for null."""
    value = solid(value)
    if value is None:
        return []
    if isinstance(value, Mapping):
        items: list[Any] = [(key, value[key]) if pairs else {"key": key, "value": value[key]} for key in in_order(value)]
    elif isinstance(value, list | tuple):
        items = list(value)
    elif isinstance(value, str):
        raise ExpressionError("loops over a text; to read a list out of JSON text write `fromJson(…)`")
    else:
        raise ExpressionError(f"loops over {kind_of(value)}; that takes a list or a map")
    context.budget.spend(len(items) * weight)
    return items


def between(context: Context, start: Any, end: Any, increment: Any = 1) -> list[Any]:
    """`start..end`, both included: numbers, or two letters."""
    start, end, increment = solid(start), solid(end), solid(increment)
    letters = isinstance(start, str) and isinstance(end, str) and len(start) == len(end) == 1
    first, last = (ord(start), ord(end)) if letters else (_index(start), _index(end))
    if first is None or last is None or type(increment) is not int:
        raise ExpressionError("a range goes from a whole number to another, or from a letter to another")
    if increment == 0:
        raise ExpressionError("a range cannot go in steps of 0")
    numbers = range(first, last + (1 if increment > 0 else -1), increment)
    check_items(_length(numbers))
    context.budget.spend(len(numbers))
    return [chr(number) for number in numbers] if letters else list(numbers)


def mapping(pairs: tuple[tuple[Any, Any], ...]) -> dict[str, Any]:
    """`{key: value}`; keys become text."""
    return {key if type(key) is str else _name(key): value for key, value in pairs}


def _call_method(context: Context, method: Method, value: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    context.budget.spend(weight(value))
    result = method(context, value, *map(solid, arguments), **named)
    context.budget.spend(weight(result))
    return result


def _name(key: Any) -> str:
    """A key as the text that it is in a map."""
    if isinstance(key, Mapping | list | tuple):
        raise ExpressionError(f"a key is a text, a number or a boolean, not {kind_of(key)}")
    return to_text(key)


def _index(key: Any) -> int | None:
    if type(key) is int:
        return key
    if type(key) is str and len(key) < 10 and key.removeprefix("-").isdecimal():
        return int(key)
    return None


def _length(numbers: range) -> int:
    """How many; `len` fails on a range beyond 64 bits."""
    step = numbers.step
    span = (numbers.stop - numbers.start) if step > 0 else (numbers.start - numbers.stop)
    return max(0, -(-span // abs(step)))
