from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.number_filters import FILTERS

CASES = [
    ("abs", "-7 | abs", 7),
    ("abs", "-1.5 | abs", 1.5),
    ("abs", "'-2' | abs", 2),
    ("number", "'12' | number", 12),
    ("number", "'12.5' | number", 12.5),
    ("number", "' 12 ' | number", 12),
    ("number", "'0x1F' | number", 31),
    ("number", "'12L' | number", 12),
    ("number", "'1.5f' | number", 1.5),
    ("number", "'12' | number('DOUBLE')", 12.0),
    ("number", "'12' | number(type='INT')", 12),
    ("number", "'9223372036854775807' | number('LONG')", 9223372036854775807),
    ("number", "'123456789012345678901234567890.10' | number('BIGDECIMAL')", "123456789012345678901234567890.10"),
    ("number", "'123456789012345678901234567890' | number('BIGINTEGER')", "123456789012345678901234567890"),
    ("number", "12 | number", 12),
    ("number", "'5' | number >= 3", True),
    ("int", "'12.7' | int", 12),
    ("int", "'x' | int", 0),
    ("int", "null | int(default=5)", 5),
    ("int", "true | int", 1),
    ("float", "'1.5' | float", 1.5),
    ("float", "'x' | float", 0.0),
    ("round", "2.5 | round", 3.0),
    ("round", "2.345 | round(2)", 2.35),
    ("round", "2.1 | round(0, 'ceil')", 3.0),
    ("round", "-2.1 | round(method='floor')", -3.0),
    ("round", "7 | round", 7),
    ("round", "1e305 | round", 1e305),
    ("numberFormat", "3.141592 | numberFormat('#.##')", "3.14"),
    ("numberFormat", "1234567.891 | numberFormat('#,##0.00')", "1,234,567.89"),
    ("numberFormat", "0.5 | numberFormat('0%')", "50%"),
    ("numberFormat", "0.5 | numberFormat('#.##')", ".5"),
    ("numberFormat", "5 | numberFormat('000')", "005"),
    ("numberFormat", "5 | numberFormat('#.##')", "5"),
    ("numberFormat", "1234.5 | numberFormat", "1,234.5"),
    ("numberFormat", "-1.5 | numberFormat('$0.00')", "-$1.50"),
    ("numberFormat", "-1.5 | numberFormat('0.0;(#')", "(1.5"),
    ("numberFormat", "2.5 | numberFormat('0')", "2"),
    ("numberFormat", "-0.001 | numberFormat('0.00')", "0.00"),
    ("numberformat", "1.005 | numberformat('0.00')", "1.00"),
]


@pytest.mark.parametrize(("name", "text", "value"), CASES)
def test_filters_on_numbers(name: str, text: str, value: object) -> None:
    """Each filter does what its manual says, and gives the type it says."""
    assert f"| {name}" in text
    result = evaluate("{{ " + text + " }}", {})
    assert result == value
    assert type(result) is type(value)


def test_every_filter_on_numbers_is_tested_above() -> None:
    """A filter without an example is one that nobody knows."""
    assert set(FILTERS) == {case[0] for case in CASES}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("'x' | number", "not a number"),
        ("'1.5' | number('INT')", "not a whole number"),
        ("'1' | number('SHORT')", "takes INT, LONG"),
        ("[1] | number", "takes a text, not a list"),
        ("true | abs", "takes a number, not a boolean"),
        ("null | abs", "takes a number, not null"),
        ("1.5 | round(99)", "0 to 20 decimals"),
        ("1 | numberFormat('abc')", "a format like"),
        ("'nan' | number", "not a number"),
        ("'x' | number('BIGDECIMAL')", "not a number"),
        ("1e305 | numberFormat('0')", "too large"),
        ("'1e9999' | number('BIGDECIMAL')", "not a number"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """The filter is named, and what it takes."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", {})


@settings(deadline=None)
@given(st.decimals(-(10**12), 10**12, allow_nan=False, places=6))
def test_number_format_rounds_half_to_even(value: Decimal) -> None:
    """Java's default, exactly; written without groups it reads back as the same number."""
    text = evaluate("{{ x | numberFormat('0.00') }}", {"x": value})
    assert Decimal(text) == value.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
