"""Fill a text's `%s`, `%05d`, `%,.2f` as Java's String.format does: the filter `format`.

Python's own `%` would take `%1000000000d`, and make a text of a gigabyte of it.

Rules
1. `%s %S %d %x %X %o %f %e %b %c %n %%` are known, with `-`, `0`, `+`, `,` and blank, a width, a precision, and `2$` for the second
   argument.
2. Widths and precisions have at most two digits.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from decimal import Context as DecimalContext
from typing import Any

from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.operators import join, to_number
from onbeat.core.expressions.texts import is_number, kind_of, written

_HOLE = re.compile(
    r"%(?:(?P<place>[1-9][0-9]?)\$)?(?P<flags>[-+ 0,]*)(?P<width>[1-9][0-9]?)?(?:\.(?P<precision>[0-9]{1,2}))?(?P<kind>.|$)", re.DOTALL
)
_ROOM = DecimalContext(prec=420)
_KINDS = frozenset("sSdxXofeEbBcn%")


def format_text(context: Context, pattern: str, arguments: tuple[Any, ...]) -> str:
    """The pattern with its holes filled."""
    parts: list[str] = []
    end = used = 0
    for hole in _HOLE.finditer(pattern):
        parts.append(pattern[end : hole.start()])
        end = hole.end()
        kind = hole["kind"]
        if kind not in _KINDS:
            raise ExpressionError("the filter `format` takes a text with `%s`, `%d`, `%x`, `%f`, `%e`, `%b`, `%c`, `%n` or `%%` in it")
        if kind in "n%":
            parts.append("\n" if kind == "n" else _padded(hole, "%"))
            continue
        if hole["place"] is None:
            used += 1
        place = int(hole["place"] or used)
        if place > len(arguments):
            raise ExpressionError(f"the filter `format` has no argument number {place}")
        parts.append(_filled(context, hole, arguments[place - 1]))
    return join(context, [*parts, pattern[end:]])


def _filled(context: Context, hole: re.Match[str], value: Any) -> str:
    kind, precision = hole["kind"], hole["precision"]
    if kind in "dxXo":
        return _padded(hole, _integer(hole, _number(value, whole=True)))
    if kind in "feE" and value is not None:
        return _padded(hole, _real(hole, Decimal(str(_number(value, whole=False))), int(precision) if precision else 6))
    text = written(context, value is True if kind in "bB" and value in (None, False, True) else True if kind in "bB" else value)
    if kind == "c":
        text = chr(value) if type(value) is int and 0 < value < 0xD800 else text[:1]
    if value is None and kind in "sSfeEc":
        text = "null"
    text = text if precision is None else text[: int(precision)]
    return _padded(hole, text.upper() if kind in "SB" else text)


def _integer(hole: re.Match[str], number: int) -> str:
    if hole["kind"] != "d":
        return format(number if number >= 0 else number + (1 << (32 if number >= -(2**31) else 64)), hole["kind"])
    return _signed(hole, f"{abs(number):{',' if ',' in hole['flags'] else ''}d}", number < 0)


def _real(hole: re.Match[str], number: Decimal, precision: int) -> str:
    if hole["kind"] in "eE":
        mantissa, _, exponent = f"{abs(number):.{precision}e}".partition("e")
        text = f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}"
        return _signed(hole, text.upper() if hole["kind"] == "E" else text, number < 0)
    if number.adjusted() > 300:
        raise ExpressionError("the filter `format` got a number that is too large")
    exact = abs(number).quantize(Decimal(1).scaleb(-precision), rounding=ROUND_HALF_UP, context=_ROOM)
    return _signed(hole, f"{exact:{',' if ',' in hole['flags'] else ''}f}", number < 0)


def _signed(hole: re.Match[str], digits: str, negative: bool) -> str:
    flags = hole["flags"]
    sign = "-" if negative else "+" if "+" in flags else " " if " " in flags else ""
    width = int(hole["width"] or 0)
    return sign + digits.zfill(width - len(sign)) if "0" in flags else sign + digits


def _padded(hole: re.Match[str], text: str) -> str:
    width = int(hole["width"] or 0)
    return text.ljust(width) if "-" in hole["flags"] else text.rjust(width)


def _number(value: Any, *, whole: bool) -> Any:
    found = to_number(value) if isinstance(value, str) else value
    if not is_number(found) or (whole and type(found) is not int):
        raise ExpressionError(f"the filter `format` takes a{' whole' if whole else ''} number there, not {kind_of(value)}")
    return found
