"""Work out the filter `jq`: programs that are paths here, all others by asking the shell.

jq is a language of its own: `def f: f; f` never ends, `[range(1e9)]` fills the memory, `env` shows the environment, and its C library
holds the interpreter while it works. So no program of it runs in this process. But nine of ten are paths like `.items[0].name`, for
which another process would cost a hundred times what they do; these few steps are Python, exact and within the budget.

Rules
1. The result is a list of all that the program gives, as in Kestra; a text is read as JSON first; null stays null.
2. A path is `.name`, `."name"`, `["name"]`, `[3]`, `[1:3]`, `[]`, each with or without `?`, and such paths joined by `|`.
3. Any other program raises NeedsOutside("jq", program, value): see engine/outside_jq.py.

Called by: environment.py puts the filter among the others.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from onbeat.core.expressions import guard
from onbeat.core.expressions.budget import check_items, writing
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.json_text import read_json
from onbeat.core.expressions.lookups import in_order
from onbeat.core.expressions.missing import solid
from onbeat.core.expressions.outside import reach_outside
from onbeat.core.expressions.texts import kind_of

LONGEST = 10_000
"""Characters of a program."""

_STEP = re.compile(
    r"""\s*(?: \.(?P<name>[A-Za-z_][A-Za-z0-9_]*)
          | \."(?P<quoted>[^"\\]*)"
          | \.?\[\s*(?: "(?P<key>[^"\\]*)" | (?P<index>-?[0-9]{1,9}) | (?P<start>-?[0-9]{0,9})\s*:\s*(?P<stop>-?[0-9]{0,9}) )?\s*\]
          )(?P<maybe>\??)(?!\?)""",
    re.VERBOSE,
)
_WHOLE = re.compile(r"\s*\.\s*")

_ALL = object()


class _Step(NamedTuple):
    """One step of a path: what it looks for (a key, an index, a part, or all), and whether it may fail."""

    key: Any
    maybe: bool


def jq(context: Context, value: Any, expression: Any) -> list[Any]:
    """All that the jq program gives for the value, as a list."""
    if not isinstance(expression, str) or len(expression) > LONGEST:
        raise ExpressionError(f"the filter `jq` takes a program, a text of at most {LONGEST:,} characters")
    if isinstance(value, str):
        context.budget.spend(writing(value))
        value = read_json(value)
    steps = _path(expression)
    if steps is None:
        found: list[Any] = _ask(context, expression, value)
        return found
    found = [value]
    for step in steps:
        found = _take(context, found, step)
    return found


def _take(context: Context, values: list[Any], step: _Step) -> list[Any]:
    """What the step gives for each of the values."""
    found: list[Any] = []
    for value in values:
        try:
            if step.key is _ALL:
                found += _items(context, value)
            else:
                found.append(_look(context, value, step.key))
        except _Wrong as wrong:
            if not step.maybe:
                raise ExpressionError(f"the filter `jq` {wrong}") from None
    check_items(len(found))
    context.budget.spend(1 + len(found))
    return found


class _Wrong(Exception):
    """A step that the value cannot take; `?` forgives it."""


def _items(context: Context, value: Any) -> list[Any]:
    value = solid(value)
    if isinstance(value, Mapping):
        return [value[key] for key in in_order(value)]
    if isinstance(value, list | tuple):
        return list(value)
    raise _Wrong(f"cannot go over {kind_of(value)}; `[]` takes a list or a map")


def _look(context: Context, value: Any, key: Any) -> Any:
    value = solid(value)
    if value is None:
        return None
    if isinstance(key, str) and isinstance(value, Mapping):
        return value.get(key)
    if isinstance(key, int) and isinstance(value, list | tuple):
        return value[key] if -len(value) <= key < len(value) else None
    if isinstance(key, slice) and isinstance(value, list | tuple | str):
        part = value[key]
        context.budget.spend(len(part) if not isinstance(part, str) else len(part) >> 6)
        return part
    what = {str: "a name", int: "an index"}.get(type(key), "a part")
    raise _Wrong(f"cannot look for {what} in {kind_of(value)}")


@lru_cache(maxsize=512)
def _path(program: str) -> tuple[_Step, ...] | None:
    """The steps of a program that is a path, or None."""
    steps: list[_Step] = []
    for term in program.split("|"):  # a name with `|` in it is cut, and left to jq
        found = _WHOLE.fullmatch(term)
        if found is not None:
            continue
        if not term.lstrip().startswith("."):
            return None
        position, end = 0, len(term.rstrip())
        while position < end:
            part = _STEP.match(term, position)
            if part is None:
                return None
            key = _key_of(part)
            if key is None:
                return None
            steps.append(_Step(key, bool(part["maybe"])))
            position = part.end()
    return tuple(steps)


def _key_of(part: re.Match[str]) -> Any:
    name = part["name"] if part["name"] is not None else part["quoted"] if part["quoted"] is not None else part["key"]
    if name is not None:
        return name
    if part["index"] is not None:
        return int(part["index"])
    if part["start"] is None:
        return _ALL
    if not part["start"] and not part["stop"]:
        return None
    bounds = [None if bound == "" else _bound(bound) for bound in (part["start"], part["stop"])]
    return None if "-" in bounds else slice(*bounds)


def _bound(text: str) -> int | str:
    return text if text == "-" else int(text)


_ask: Callable[..., Any] = reach_outside("jq")
FILTERS = guard.filters({"jq": jq})
