"""Compare what was expected with what came: plain values, maps of which only the named keys count, and operators.

A test that names a whole answer breaks with every key that is added to it; so a map is compared by the keys it names, at every depth,
and `equalTo` says that it is all. What differs is told where it differs, not as two long texts to be compared by eye.

Rules
1. A map whose keys are all operators is operators; any other map names keys; lists are compared one by one.
2. true is not 1, and "1" is not 1; in `assertions`, where Kestra compares texts, a number or boolean equals its text.
3. What is not there is told apart from null.

Called by: verdict.py.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from onbeat.core.event import Json
from onbeat.core.expressions import to_text

Path = tuple[str | int, ...]
_SHOWN = 160
_DIFF_LINES = 40


class Failure(NamedTuple):
    """What was not as expected. path: where the test says so."""

    path: Path
    message: str


class _Missing:
    """Stands for what is not there."""

    def __repr__(self) -> str:
        return "nothing"


MISSING: Any = _Missing()


def shown(value: Any) -> str:
    """A value for a message: JSON, cut where it grows too long."""
    if value is MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def equal(actual: Any, expected: Any, loose: bool = False) -> bool:
    """Whether two plain values are the same. loose: a number or boolean equals its text."""
    if isinstance(actual, bool) != isinstance(expected, bool) or isinstance(actual, str) != isinstance(expected, str):
        scalars = all(isinstance(value, str | bool | int | float) for value in (actual, expected))
        return loose and scalars and to_text(actual) == to_text(expected)
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(equal(actual[key], expected[key], loose) for key in actual)
    if isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(equal(*both, loose) for both in zip(actual, expected, strict=True))
    return actual is not MISSING and bool(actual == expected)


def _contains(actual: Any, part: Any, loose: bool) -> bool:
    if isinstance(actual, str):
        return to_text(part) in actual
    if isinstance(actual, list) and any(equal(item, part, loose) for item in actual):
        return True
    if isinstance(actual, dict) and part in actual:
        return True
    return loose and actual is not MISSING and to_text(part) in to_text(actual)


def _number(value: Any) -> float | None:
    try:
        return None if value is None or value is MISSING or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _compared(holds: Callable[[float, float], bool]) -> "Operator":
    def check(actual: Any, expected: Any, loose: bool) -> bool:
        left, right = _number(actual), _number(expected)
        return left is not None and right is not None and holds(left, right)

    return check


def _empty(actual: Any) -> bool:
    return actual is None or actual is MISSING


Operator = Callable[[Any, Any, bool], bool]
OPERATORS: Mapping[str, Operator] = {
    "equalTo": equal,
    "notEqualTo": lambda actual, expected, loose: not equal(actual, expected, loose),
    "contains": _contains,
    "notContains": lambda actual, expected, loose: not _contains(actual, expected, loose),
    "startsWith": lambda actual, expected, loose: isinstance(actual, str) and actual.startswith(to_text(expected)),
    "endsWith": lambda actual, expected, loose: isinstance(actual, str) and actual.endswith(to_text(expected)),
    "matches": lambda actual, expected, loose: isinstance(actual, str) and re.search(expected, actual) is not None,
    "greaterThan": _compared(lambda left, right: left > right),
    "greaterThanOrEqualTo": _compared(lambda left, right: left >= right),
    "lessThan": _compared(lambda left, right: left < right),
    "lessThanOrEqualTo": _compared(lambda left, right: left <= right),
    "in": lambda actual, expected, loose: any(equal(actual, one, loose) for one in expected),
    "notIn": lambda actual, expected, loose: not any(equal(actual, one, loose) for one in expected),
    "hasSize": lambda actual, expected, loose: isinstance(actual, str | list | dict) and len(actual) == expected,
    "isNull": lambda actual, expected, loose: _empty(actual) is expected,
    "isNotNull": lambda actual, expected, loose: _empty(actual) is not expected,
}
"""What may be asked of a value, by name: Kestra's, and a few more."""
ALIASES: Mapping[str, str] = {"equalsTo": "equalTo", "notEqualsTo": "notEqualTo"}
_WORDS: Mapping[str, str] = {
    "equalTo": "be",
    "notEqualTo": "not be",
    "contains": "contain",
    "notContains": "not contain",
    "startsWith": "start with",
    "endsWith": "end with",
    "matches": "match",
    "greaterThan": "be greater than",
    "greaterThanOrEqualTo": "be at least",
    "lessThan": "be less than",
    "lessThanOrEqualTo": "be at most",
    "in": "be one of",
    "notIn": "be none of",
    "hasSize": "have size",
}


def operators_of(expected: Any) -> dict[str, Json] | None:
    """The operators that a value is; None when it is a value."""
    if not isinstance(expected, dict) or not expected or not all(ALIASES.get(key, key) in OPERATORS for key in expected):
        return None
    return expected


def compare(actual: Any, expected: Any, path: Path, what: str, loose: bool = False) -> Iterator[Failure]:
    """What differs. what: how the value is named in a message."""
    operators = operators_of(expected)
    if operators is not None:
        for name, operand in operators.items():
            yield from check(name, actual, operand, (*path, name), what, loose)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            yield from compare(actual.get(key, MISSING), value, (*path, key), f"{what}.{key}", loose)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (have, want) in enumerate(zip(actual, expected, strict=True)):
            yield from compare(have, want, (*path, index), f"{what}[{index}]", loose)
    elif not equal(actual, expected, loose):
        yield Failure(path, f"{what}: expected {shown(expected)}, got {shown(actual)}{_difference(actual, expected)}")


def check(name: str, actual: Any, operand: Any, path: Path, what: str, loose: bool = False) -> Iterator[Failure]:
    """Whether one operator holds."""
    name = ALIASES.get(name, name)
    try:
        holds = OPERATORS[name](actual, operand, loose)
    except (TypeError, re.error) as wrong:
        yield Failure(path, f"{what}: `{name}` cannot be asked of {shown(operand)}: {wrong}")
        return
    if holds:
        return
    if name in ("isNull", "isNotNull"):
        wanted = "null" if operand is (name == "isNull") else "something"
        yield Failure(path, f"{what}: expected {wanted}, got {shown(actual)}")
    else:
        differs = _difference(actual, operand) if name == "equalTo" else ""
        yield Failure(path, f"{what}: expected it to {_WORDS[name]} {shown(operand)}, got {shown(actual)}{differs}")


def _difference(actual: Any, expected: Any) -> str:
    """Line by line, where two values are too large to be compared by eye."""
    if isinstance(actual, str) and isinstance(expected, str):
        left, right = expected.splitlines(), actual.splitlines()
    elif isinstance(actual, dict | list) and isinstance(expected, dict | list):
        left, right = (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).splitlines() for value in (expected, actual))
    else:
        return ""
    if len(left) < 2 and len(right) < 2:
        return ""
    lines = list(difflib.unified_diff(left, right, "expected", "got", lineterm="", n=1))[:_DIFF_LINES]
    return "".join(f"\n    {line}" for line in lines)
