"""List the methods that values have in expressions, under their Java and their Python names.

Kestra's flows call Java's methods (`inputs.name.toUpperCase()`), Jinja2's users Python's (`name.upper()`). Each is one of our
functions on plain data; there is no way to any other method.

Called by: lookups, when a value is asked for something that is not a key.
"""

from collections.abc import Callable, Mapping
from typing import Any

from onbeat.core.expressions.budget import check_text
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.operators import contains, equal
from onbeat.core.expressions.texts import written

Method = Callable[..., Any]


def method_of(value: Any, name: str) -> Method | None:
    """The method of that name for a value of that kind; it takes the context, the value and its arguments."""
    if isinstance(value, Mapping):
        return _MAP.get(name)
    if isinstance(value, str):
        return _TEXT.get(name)
    return _LIST.get(name) if isinstance(value, list | tuple) else None


def _size(context: Context, value: Any) -> int:
    return len(value)


def _empty(context: Context, value: Any) -> bool:
    return not value


def _keys(context: Context, value: Mapping[str, Any]) -> list[str]:
    return list(value)


def _values(context: Context, value: Mapping[str, Any]) -> list[Any]:
    return list(value.values())


def _items(context: Context, value: Mapping[str, Any]) -> list[list[Any]]:
    return [[key, found] for key, found in value.items()]


def _entries(context: Context, value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": found} for key, found in value.items()]


def _get(context: Context, value: Any, key: Any, default: Any = None) -> Any:
    if isinstance(value, Mapping):
        return value.get(written(context, key), default)
    return value[key] if type(key) is int and -len(value) <= key < len(value) else default


def _has_key(context: Context, value: Mapping[str, Any], key: Any) -> bool:
    return written(context, key) in value


def _index_of(context: Context, value: Any, wanted: Any) -> int:
    if isinstance(value, str):
        return value.find(written(context, wanted))
    context.budget.spend(len(value))
    return next((index for index, item in enumerate(value) if equal(context, item, wanted)), -1)


def _count(context: Context, value: Any, wanted: Any) -> int:
    if isinstance(value, str):
        return value.count(written(context, wanted))
    context.budget.spend(len(value))
    return sum(equal(context, item, wanted) for item in value)


def _upper(context: Context, value: str) -> str:
    return value.upper()


def _lower(context: Context, value: str) -> str:
    return value.lower()


def _title(context: Context, value: str) -> str:
    return value.title()


def _capitalize(context: Context, value: str) -> str:
    return value.capitalize()


def _strip(context: Context, value: str, characters: str | None = None) -> str:
    return value.strip(characters)


def _strip_left(context: Context, value: str, characters: str | None = None) -> str:
    return value.lstrip(characters)


def _strip_right(context: Context, value: str, characters: str | None = None) -> str:
    return value.rstrip(characters)


def _starts(context: Context, value: str, start: Any) -> bool:
    return value.startswith(written(context, start))


def _ends(context: Context, value: str, end: Any) -> bool:
    return value.endswith(written(context, end))


def _split(context: Context, value: str, separator: str | None = None, limit: int = -1) -> list[str]:
    parts = value.split(separator, limit)
    context.budget.spend(len(parts))
    return parts


def _replace(context: Context, value: str, old: Any, new: Any) -> str:
    return replaced(value, written(context, old), written(context, new))


def _substring(context: Context, value: str, start: int, end: int | None = None) -> str:
    if type(start) is not int or start < 0 or (end is not None and (type(end) is not int or end < start)):
        raise ExpressionError("takes a part of a text that is not inside of it")
    return value[start:end]


def _equals(context: Context, value: Any, other: Any) -> bool:
    return equal(context, value, other)


def _equals_ignoring_case(context: Context, value: str, other: Any) -> bool:
    return value.casefold() == written(context, other).casefold()


def _is_digit(context: Context, value: str) -> bool:
    return value.isdigit()


def _text(context: Context, value: Any) -> str:
    return written(context, value)


def replaced(value: str, old: str, new: str) -> str:
    """The text with all of `old` replaced, refused before it is built when it would be too long."""
    if len(new) > len(old):
        check_text(len(value) + value.count(old) * (len(new) - len(old)))
    return value.replace(old, new)


_MAP: dict[str, Method] = {
    "containsKey": _has_key,
    "entrySet": _entries,
    "get": _get,
    "getOrDefault": _get,
    "isEmpty": _empty,
    "items": _items,
    "keySet": _keys,
    "keys": _keys,
    "size": _size,
    "toString": _text,
    "values": _values,
}
_LIST: dict[str, Method] = {
    "contains": contains,
    "count": _count,
    "get": _get,
    "index": _index_of,
    "indexOf": _index_of,
    "isEmpty": _empty,
    "size": _size,
    "toString": _text,
}
_TEXT: dict[str, Method] = {
    "capitalize": _capitalize,
    "contains": contains,
    "count": _count,
    "endsWith": _ends,
    "endswith": _ends,
    "equals": _equals,
    "equalsIgnoreCase": _equals_ignoring_case,
    "find": _index_of,
    "indexOf": _index_of,
    "isBlank": lambda context, value: not value.strip(),
    "isEmpty": _empty,
    "isdigit": _is_digit,
    "length": _size,
    "lower": _lower,
    "lstrip": _strip_left,
    "replace": _replace,
    "rstrip": _strip_right,
    "split": _split,
    "startsWith": _starts,
    "startswith": _starts,
    "strip": _strip,
    "substring": _substring,
    "title": _title,
    "toLowerCase": _lower,
    "toString": _text,
    "toUpperCase": _upper,
    "trim": _strip,
    "upper": _upper,
}
