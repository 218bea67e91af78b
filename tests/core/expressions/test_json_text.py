import pytest

from onbeat.core.expressions import ExpressionError
from onbeat.core.expressions.json_text import read_json


def test_large_integers_stay_exact() -> None:
    """An integer beyond 64 bits becomes its exact text; texts and decimals stay what they are."""
    assert read_json(
        '{"n": 18446744073709551616, "t": "18446744073709551616", "f": 18446744073709551616.5, "m": -9223372036854775808}'
    ) == {
        "n": "18446744073709551616",
        "t": "18446744073709551616",
        "f": 18446744073709551616.5,
        "m": -9223372036854775808,
    }


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nan", "1 2", '"', "'a'"])
def test_what_is_not_json_is_refused(text: str) -> None:
    """With its line and column, and without the text."""
    with pytest.raises(ExpressionError, match=r"the text is not JSON, see its line \d+, column \d+$"):
        read_json(text)


def test_a_text_that_does_not_end_costs_its_length() -> None:
    """Each quote in it could begin a text, each of which reaches to the end: looked at once, not once for each."""
    with pytest.raises(ExpressionError, match="not JSON"):
        read_json('"' + '\\"' * 400_000 + "1" * 19)
