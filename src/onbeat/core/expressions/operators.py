"""Work out operators on plain JSON values the way Kestra's flows expect.

Python's own operators would find `inputs.n == '3'` false, repeat a text by `*`, raise TypeErrors that show values, and fill the
memory: every operator of the language is a function here instead.

Rules
1. `==` between a number or boolean and a text compares their texts; a boolean is never equal to a number; null only to null.
2. `<` and its kin compare a number with a numeric text as numbers, two texts by their characters; null compares as false.
3. `+` joins when one side is a text, and lists; the other arithmetic takes numbers and numeric texts. `/` and `%` of two
   integers are an integer and its remainder, rounding towards zero, as in Kestra.
4. One rule of truth everywhere (if, `? :`, and, or, not, runIf): false, null, 0, blank text (of up to 1,000 characters), "false", "0",
   "-0", and empty maps and lists are false.
5. Nothing grows beyond the budget's bounds; a number stays finite.

Called by: the code that the generator writes; filters and tests for comparing.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from onbeat.core.expressions.budget import Budget, check_items, check_text, weight
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.missing import Missing, solid
from onbeat.core.expressions.texts import is_number, kind_of, plain_value, written
from onbeat.core.refs import Ref

Number = int | float | Decimal

_NUMERIC = re.compile(r"\s*[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?\s*", re.ASCII)
_FALSE = frozenset(("", "false", "0", "-0"))
_BITS = 4_096
_BLANKS = 1_000
"""A longer text is true whatever it is: looking through all of it each time would have to be paid for."""
_SCALARS = frozenset((str, int, float, bool, type(None)))


def truthy(value: Any) -> bool:
    """Whether the value counts as true."""
    if value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return len(value) > _BLANKS or value.strip() not in _FALSE
    if kind is Missing or kind is Ref:
        solid(value)
    return bool(value)


def nullish(value: Any) -> bool:
    """Whether `??` takes its right side."""
    return value is None or type(value) is Missing


def absent(value: Any) -> bool:
    """Whether `???` takes its right side."""
    return type(value) is Missing


def equal(context: Context, left: Any, right: Any) -> bool:
    """`left == right`."""
    kind, other = type(left), type(right)
    if kind is other and kind in _SCALARS:
        return bool(left == right)
    left, right = solid(left), solid(right)
    if left is None or right is None:
        return left is right
    if kind is str or other is str:
        return _equal_to_text(context, left, right)
    if is_number(left) and is_number(right):
        return bool(left == right)
    if kind is bool or other is bool:
        return left is right
    context.budget.spend(_size(left, context.budget) + _size(right, context.budget))
    return bool(plain_value(left) == plain_value(right))


def unequal(context: Context, left: Any, right: Any) -> bool:
    """`left != right`."""
    return not equal(context, left, right)


def less(context: Context, left: Any, right: Any) -> bool:
    """`left < right`."""
    pair = _comparable(left, right)
    return pair is not None and pair[0] < pair[1]


def less_or_equal(context: Context, left: Any, right: Any) -> bool:
    """`left <= right`."""
    pair = _comparable(left, right)
    return pair is not None and pair[0] <= pair[1]


def greater(context: Context, left: Any, right: Any) -> bool:
    """`left > right`."""
    pair = _comparable(left, right)
    return pair is not None and pair[0] > pair[1]


def greater_or_equal(context: Context, left: Any, right: Any) -> bool:
    """`left >= right`."""
    pair = _comparable(left, right)
    return pair is not None and pair[0] >= pair[1]


def contains(context: Context, container: Any, value: Any) -> bool:
    """`container contains value`: an item of a list, a key of a map, a part of a text; for a list on the right, all of it."""
    if isinstance(solid(value), list | tuple):
        return all(contains(context, container, item) for item in value)
    return _has(context, solid(container), value)


def within(context: Context, value: Any, container: Any) -> bool:
    """`value in container`."""
    return _has(context, solid(container), solid(value))


def is_in(context: Context, value: Any, container: Any) -> bool:
    """`value isIn container`: as `in`, and in a map also among the values."""
    container = solid(container)
    if isinstance(container, Mapping) and value is not None:
        return _has(context, container, value) or _has(context, list(container.values()), value)
    return within(context, value, container)


def concat(context: Context, values: tuple[Any, ...]) -> str:
    """`a ~ b`: their texts joined."""
    return join(context, [written(context, value) for value in values])


def join(context: Context, texts: list[str], separator: str = "") -> str:
    """The texts joined, within the bounds."""
    length = sum(map(len, texts)) + len(separator) * len(texts)
    check_text(length)
    context.budget.spend(1 + (length >> 6))
    return separator.join(texts)


def add(context: Context, left: Any, right: Any) -> Any:
    """`left + right`."""
    if type(left) is str or type(right) is str:
        return join(context, [written(context, left), written(context, right)])
    left, right = solid(left), solid(right)
    if isinstance(left, list | tuple):
        items = [*left, *right] if isinstance(right, list | tuple) else [*left, right]
        check_items(len(items))
        context.budget.spend(len(items))
        return items
    first, second = _numbers("+", left, right)
    return _finite(first + second)  # type: ignore[operator]  # _numbers gives two of one kind


def subtract(context: Context, left: Any, right: Any) -> Number:
    """`left - right`."""
    first, second = _numbers("-", left, right)
    return _finite(first - second)  # type: ignore[operator]  # as in add


def multiply(context: Context, left: Any, right: Any) -> Number:
    """`left * right`."""
    first, second = _numbers("*", left, right)
    return _finite(first * second)  # type: ignore[operator]  # as in add


def divide(context: Context, left: Any, right: Any) -> Number:
    """`left / right`; of two integers an integer, rounded towards zero."""
    first, second = _numbers("/", left, right)
    _refuse_zero(second)
    if type(first) is int and type(second) is int:
        quotient = abs(first) // abs(second)
        return quotient if (first < 0) == (second < 0) else -quotient
    return _finite(first / second)  # type: ignore[operator]  # as in add


def floor_divide(context: Context, left: Any, right: Any) -> Number:
    """`left // right`: Jinja2's, rounded down."""
    first, second = _numbers("//", left, right)
    _refuse_zero(second)
    return _finite(first // second)  # type: ignore[operator]  # as in add


def remainder(context: Context, left: Any, right: Any) -> Number:
    """`left % right`: what `/` leaves over; it has the sign of the left side."""
    first, second = _numbers("%", left, right)
    _refuse_zero(second)
    if type(first) is int and type(second) is int:
        rest = abs(first) % abs(second)
        return -rest if first < 0 else rest
    if isinstance(first, Decimal):
        return first % Decimal(second)
    return math.fmod(first, second)


def power(context: Context, left: Any, right: Any) -> Number:
    """`left ** right`."""
    first, second = _numbers("**", left, right)
    if type(first) is int and type(second) is int and second > 0 and first.bit_length() * second > _BITS:
        raise ExpressionError(f"gives a number of more than {_BITS:,} bits")
    if isinstance(first, Decimal):
        first, second = float(first), float(second)
    if first == 0 and second < 0:
        raise ExpressionError("divides by zero")
    try:
        result = first**second  # type: ignore[operator]  # as in add
    except OverflowError:
        raise ExpressionError("the result is not a finite number") from None
    if isinstance(result, complex):
        raise ExpressionError("has no real number as its result")
    return _finite(result)


def negate(context: Context, value: Any) -> Number:
    """`-value`."""
    return -_number("-", value)


def plus(context: Context, value: Any) -> Number:
    """`+value`."""
    return _number("+", value)


def to_number(text: str) -> Number | None:
    """The number a text says, or None."""
    if len(text) > 1_000 or _NUMERIC.fullmatch(text) is None:
        return None
    try:
        return int(text)
    except ValueError:
        return _finite(float(text))


def _equal_to_text(context: Context, left: Any, right: Any) -> bool:
    if isinstance(left, Mapping | list | tuple) or isinstance(right, Mapping | list | tuple):
        return False
    return written(context, left) == written(context, right)


def _comparable(left: Any, right: Any) -> tuple[Any, Any] | None:
    kind, other = type(left), type(right)
    if kind is str and other is str:
        return left, right
    left, right = solid(left), solid(right)
    if left is None or right is None:
        return None
    first = to_number(left) if kind is str else left
    second = to_number(right) if other is str else right
    if is_number(first) and is_number(second):
        return _numbers("<", first, second)
    raise ExpressionError(f"compares {kind_of(left)} with {kind_of(right)}")


def _has(context: Context, container: Any, value: Any) -> bool:
    if container is None:
        return False
    if isinstance(container, Mapping):
        return written(context, value) in container
    if type(container) is str:
        context.budget.spend(len(container) >> 8)
        return written(context, value) in container
    if not isinstance(container, list | tuple):
        raise ExpressionError(f"looks for something in {kind_of(container)}; that takes a list, a map or a text")
    context.budget.spend(len(container) >> 1)
    return any(equal(context, item, value) for item in container)


def _numbers(sign: str, left: Any, right: Any) -> tuple[Number, Number]:
    """Both sides as numbers of kinds that Python computes with."""
    first, second = _number(sign, left), _number(sign, right)
    if isinstance(first, Decimal) and isinstance(second, float):
        return first, Decimal(str(second))
    if isinstance(second, Decimal) and isinstance(first, float):
        return Decimal(str(first)), second
    return first, second


def _number(sign: str, value: Any) -> Number:
    kind = type(value)
    if kind is int or kind is float or kind is Decimal:
        return value  # type: ignore[no-any-return]
    value = solid(value)
    found = to_number(value) if kind is str else None
    if found is None:
        raise ExpressionError(f"computes `{sign}` with {kind_of(value)}, which is not a number")
    return found


def _finite(value: Any) -> Number:
    kind = type(value)
    if kind is float and not math.isfinite(value):
        raise ExpressionError("the result is not a finite number")
    if kind is int and value.bit_length() > _BITS:
        raise ExpressionError(f"gives a number of more than {_BITS:,} bits")
    return value  # type: ignore[no-any-return]  # what arithmetic on numbers gives


def _refuse_zero(value: Number) -> None:
    if value == 0:
        raise ExpressionError("divides by zero")


def _size(value: Any, budget: Budget) -> int:
    """How many values are inside, counted only as far as the budget goes."""
    waiting, size = [value], 0
    while waiting and size <= budget.left:
        inside = waiting.pop()
        size += 1
        if isinstance(inside, Mapping):
            waiting.extend(inside.values())
        elif isinstance(inside, list | tuple):
            waiting.extend(inside)
        else:
            size += weight(inside)
    return size
