from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from onbeat.core.expressions import ExpressionError, to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (1, "1"),
        (-(2**63), "-9223372036854775808"),
        (1.0, "1.0"),
        (1e300, "1e+300"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ([], "[]"),
        ({"a": [1, None, True, "é"]}, '{"a":[1,null,true,"é"]}'),
        (Map({"a": (1,)}), '{"a":[1]}'),
        ((), "[]"),
        (Decimal("1.10"), "1.10"),
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00+00:00"),
        ([Decimal("1.10"), 2**70], '["1.10","1180591620717411303424"]'),
        ({1: "a"}, '{"1":"a"}'),
    ],
)
def test_how_values_print(value: Any, text: str) -> None:
    """Scalars as in JSON but without quotes, maps and lists as compact JSON, null as nothing."""
    assert to_text(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), len, b"x", [float("nan")], {"a": "\ud800"}])
def test_what_has_no_text_is_refused(value: Any) -> None:
    """Nothing prints as `NaN` or as a Python object."""
    with pytest.raises(ExpressionError):
        to_text(value)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1))
def test_a_number_prints_the_same_alone_and_in_a_list(value: float) -> None:
    """And reads back as itself."""
    assert to_text([value]) == f"[{to_text(value)}]"
    assert orjson.loads(to_text(value)) == value
