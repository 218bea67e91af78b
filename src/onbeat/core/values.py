"""Turn any Python value into plain JSON, or refuse it naming the place.

What memory holds must equal what a reload gives: a value that changes when it is written (a datetime, a tuple, a large integer, NaN)
makes a decision before a crash differ from the one after it. So values are made plain once, where they enter.

Rules
1. A datetime becomes ISO 8601 text with its offset; one without an offset is refused. Dates, times and durations become ISO 8601 text.
2. A Decimal, and an integer beyond 64 bits, becomes its exact decimal text; NaN and infinities are refused.
3. Keys are text; numbers and booleans as keys become their JSON text, and two keys that become one are refused.
4. Lone surrogates, NUL, bytes, more than 64 levels, too many values and anything that is not JSON are refused; the message names
   the path, never the value.
5. What is plain already is returned as it is, not copied: nobody changes a value that is shared.

Called by: expressions for what they give, events and inputs on entry, task outputs before they are written.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from immutables import Map

from onbeat.core.durations import format_duration
from onbeat.errors import UserError

DEPTH = 64
SMALLEST, LARGEST = -(2**63), 2**63 - 1
_SHOWN = 200
_BITS = 13_000
"""About 3,900 digits: Python refuses to write integers of more than 4,300, so do we, with a sentence."""

LIMIT = 5_000_000
"""Values inside of one value. What looks small can be large: a list that holds the same list twice, which holds …"""

Other = Callable[[object], Any]
"""Asked for values that are not JSON: gives something plain or raises."""


class _Walk:
    """What is left to look at in one value, and whom to ask for what is not JSON."""

    __slots__ = ("left", "limit", "other")

    def __init__(self, other: Other | None, limit: int) -> None:
        self.other = other
        self.left = self.limit = limit

    def enter(self, size: int, depth: int) -> None:
        """Count a map or list of that size."""
        self.left -= size
        if self.left < 0:
            raise _Wrong(f"holds more than {self.limit:,} values")
        if depth >= DEPTH:
            raise _Wrong(f"is nested more than {DEPTH} levels deep")


class _Wrong(Exception):
    """Carries the path up while the stack unwinds, so that a good value pays nothing for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str | int] = []


def normalise(value: object, other: Other | None = None, limit: int = LIMIT) -> Any:
    """The value as plain JSON: dict, list, str, int, float, bool or None. Raises UserError that names the path of what is not."""
    try:
        return _plain(value, 0, _Walk(other, limit))
    except _Wrong as wrong:
        raise UserError(f"{_place(wrong.path)} {wrong.reason}") from None


def _plain(value: Any, depth: int, walk: _Walk) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() and "\0" not in value else _text(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if SMALLEST <= value <= LARGEST else _digits(value)
    if kind is float:
        if math.isfinite(value):
            return value
        raise _Wrong("is not a finite number")
    if kind is dict:
        return _map(value, depth, walk)
    if kind is list:
        return _list(value, depth, walk)
    return _foreign(value, depth, walk)


def _map(value: dict[Any, Any], depth: int, walk: _Walk) -> dict[str, Any]:
    walk.enter(len(value), depth)
    result = value
    for key, item in value.items():
        if type(key) is not str:
            return _map_with_keys(value, depth, walk)
        if not key.isascii() or "\0" in key:
            _text(key)
        kind = type(item)
        if kind is str and item.isascii() and "\0" not in item:
            continue
        try:
            plain = _plain(item, depth + 1, walk)
        except _Wrong as wrong:
            wrong.path.append(key)
            raise
        if plain is not item:
            if result is value:
                result = dict(value)
            result[key] = plain
    return result


def _map_with_keys(value: Mapping[Any, Any], depth: int, walk: _Walk) -> dict[str, Any]:
    walk.enter(len(value), depth)
    result: dict[str, Any] = {}
    for key, item in value.items():
        text = _key(key)
        if text in result:
            raise _Wrong(f"has two keys that are both written `{_shown(text)}`")
        try:
            result[text] = _plain(item, depth + 1, walk)
        except _Wrong as wrong:
            wrong.path.append(text)
            raise
    return result


def _list(value: list[Any] | tuple[Any, ...], depth: int, walk: _Walk) -> list[Any]:
    walk.enter(len(value), depth)
    result: list[Any] | None = None if type(value) is list else list(value)
    for index, item in enumerate(value):
        try:
            plain = _plain(item, depth + 1, walk)
        except _Wrong as wrong:
            wrong.path.append(index)
            raise
        if plain is not item:
            if result is None:
                result = list(value)
            result[index] = plain
    return value if result is None else result  # type: ignore[return-value]  # a tuple was copied above


def _foreign(value: Any, depth: int, walk: _Walk) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value, depth, walk)
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, Map):
        return _map_with_keys(dict(sorted(value.items())), depth, walk)  # it knows no order: every process must see the same
    if isinstance(value, Mapping):
        return _map_with_keys(value, depth, walk)
    if isinstance(value, list | tuple):
        return _list(tuple(value), depth, walk)
    if isinstance(value, int):
        return _plain(int(value), depth, walk)
    if isinstance(value, float):
        return _plain(float(value), depth, walk)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise _Wrong("is a time without an offset; give it a time zone")
        return value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return format_duration(value)
    if walk.other is not None:
        return walk.other(value)
    if isinstance(value, bytes | bytearray | memoryview):
        raise _Wrong("is bytes; write them to storage and keep the URI, or encode them as base64 text")
    raise _Wrong(f"is not JSON but a Python `{type(value).__name__}`")


def _decimal(value: Decimal) -> str:
    """The exact decimal text: without an exponent as long as that stays readable."""
    if not value.is_finite():
        raise _Wrong("is not a finite number")
    return format(value, "f") if abs(value.adjusted()) <= 64 else str(value)


def _digits(value: int) -> str:
    if value.bit_length() > _BITS:
        raise _Wrong("is an integer of more than 3,900 digits")
    return str(value)


def _text(value: str) -> str:
    if "\0" in value:
        raise _Wrong("holds the character NUL, which no store can keep")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Wrong("holds half of a surrogate pair, which is not text") from None
    return value


def _key(key: object) -> str:
    if isinstance(key, str):
        return _text(str(key))
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int | float | Decimal):
        return str(_plain(key, 0, _Walk(None, 0)))
    raise _Wrong(f"has a key that is not text but a Python `{type(key).__name__}`")


def _shown(key: str) -> str:
    return key if len(key) <= 40 else key[:40] + "…"


def _place(path: list[str | int]) -> str:
    if not path:
        return "the value"
    parts = [f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in reversed(path)]
    shown = "".join(parts).lstrip(".")
    return f"`{shown}`" if len(shown) <= _SHOWN else f"`{shown[:_SHOWN]}…`"
