"""Filters on numbers: reading them, rounding, and Java's number formats."""

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from decimal import Context as DecimalContext
from typing import Any

from onbeat.core.expressions import guard
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.operators import Number, to_number
from onbeat.core.expressions.texts import is_number, kind_of

_FORMAT = re.compile(r"(?P<whole>[#0,]*)(?:\.(?P<fraction>0*#*))?")
_SUFFIX = re.compile(r"[lLfFdD]$")
_DIGITS = 60
_FORMATTING = 8
"""Steps."""
_ROOM = DecimalContext(prec=400)


def absolute(context: Context, value: Any) -> Number:
    found = _number("abs", value)
    return -found if found < 0 else found


def number(context: Context, value: Any, type: str = "") -> Number:
    """The number that a text says: `INT`, `LONG`, `FLOAT`, `DOUBLE`, `BIGDECIMAL`, `BIGINTEGER`, or what it looks like."""
    text = str(value).strip() if is_number(value) else value
    if not isinstance(text, str):
        raise ExpressionError(f"the filter `number` takes a text, not {kind_of(value)}")
    kind = type.upper()
    if kind not in ("", "INT", "LONG", "FLOAT", "DOUBLE", "BIGDECIMAL", "BIGINTEGER"):
        raise ExpressionError("the filter `number` takes INT, LONG, FLOAT, DOUBLE, BIGDECIMAL or BIGINTEGER")
    found = _decimal(text) if kind == "BIGDECIMAL" else _read(text)
    whole = kind in ("INT", "LONG", "BIGINTEGER")
    if found is None or (whole and not isinstance(found, int)):
        raise ExpressionError(f"the filter `number` got a text that is not {'a whole' if whole else 'a'} number")
    return float(found) if kind in ("FLOAT", "DOUBLE") else found


def to_int(context: Context, value: Any, default: Any = 0) -> Any:
    """The whole part of a number; something else when there is none."""
    found = _loose(value)
    return default if found is None else int(found)


def to_float(context: Context, value: Any, default: Any = 0.0) -> Any:
    """The number as a float; something else when there is none."""
    found = _loose(value)
    return default if found is None else float(found)


def rounded(context: Context, value: Any, precision: int = 0, method: str = "common") -> Number:
    """Rounded to that many decimals: `common` (half away from zero), `ceil` or `floor`."""
    modes = {"common": ROUND_HALF_UP, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}
    if method not in modes or type(precision) is not int or not 0 <= precision <= 20:
        raise ExpressionError("the filter `round` takes 0 to 20 decimals and `common`, `ceil` or `floor`")
    exact = Decimal(str(_number("round", value)))
    if exact.adjusted() > 300:
        return float(exact)
    result = _quantized(exact, precision, modes[method])
    return float(result) if precision or isinstance(value, float) else int(result)


def number_format(context: Context, value: Any, format: str = "#,##0.###") -> str:
    """The number by a format of Java's DecimalFormat: `#.##`, `#,##0.00`, `0%`; half goes to the even neighbour."""
    context.budget.spend(_FORMATTING)
    exact = Decimal(str(_number("numberFormat", value)))
    positive, _, negative = format.partition(";")
    found = re.search(r"[#0,]+(?:\.[0#]*)?|\.[0#]+", positive)
    if found is None:
        raise ExpressionError("the filter `numberFormat` takes a format like `#,##0.00`")
    prefix, suffix = positive[: found.start()].replace("'", ""), positive[found.end() :].replace("'", "")
    if "%" in prefix + suffix:
        exact *= 100
    if exact.adjusted() > 300:
        raise ExpressionError("the filter `numberFormat` got a number that is too large")
    text = _digits(abs(exact), found[0])
    if exact < 0 and any(sign in "123456789" for sign in text):
        return f"{negative.partition('#')[0]}{text}{suffix}" if negative else f"-{prefix}{text}{suffix}"
    return f"{prefix}{text}{suffix}"


def _digits(exact: Decimal, pattern: str) -> str:
    parts = _FORMAT.fullmatch(pattern)
    if parts is None or len(pattern) > _DIGITS:
        raise ExpressionError("the filter `numberFormat` takes a format like `#,##0.00`")
    whole_format, fraction_format = parts["whole"], parts["fraction"] or ""
    whole, _, fraction = format(_quantized(exact, len(fraction_format), ROUND_HALF_EVEN), "f").partition(".")
    fraction = fraction.rstrip("0").ljust(fraction_format.count("0"), "0")
    whole = whole.lstrip("0").rjust(whole_format.count("0"), "0")
    if "," in whole_format:
        size = len(whole_format) - whole_format.rindex(",") - 1
        if size > 0:
            start = len(whole) % size
            whole = ",".join(filter(None, [whole[:start], *(whole[at : at + size] for at in range(start, len(whole), size))]))
    return (whole or ("" if fraction else "0")) + (f".{fraction}" if fraction else "")


def _quantized(exact: Decimal, decimals: int, mode: str) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=mode, context=_ROOM)


def _number(name: str, value: Any) -> Number:
    found = to_number(value) if isinstance(value, str) else value
    if not is_number(found):
        raise ExpressionError(f"the filter `{name}` takes a number, not {kind_of(value)}")
    return found


def _read(text: str) -> Number | None:
    plain = text.strip()
    if plain.lower().removeprefix("-").startswith("0x") and len(plain) < 20:
        return int(plain, 16)
    found = to_number(plain)
    return to_number(_SUFFIX.sub("", plain)) if found is None else found


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text.strip()) if len(text) <= 400 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and abs(found.adjusted()) < 1_000 else None


def _loose(value: Any) -> Number | None:
    if isinstance(value, bool):
        return int(value)
    found = to_number(value) if isinstance(value, str) else value
    return found if is_number(found) else None


FILTERS = {
    **guard.filters({"number": number, "numberFormat": number_format, "numberformat": number_format, "round": rounded}),
    **guard.filters({"abs": absolute, "int": to_int, "float": to_float}, null=False),
}
