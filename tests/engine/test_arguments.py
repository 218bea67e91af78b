"""Arguments of functions that are answered outside of an expression."""

import pytest

from onbeat.core.expressions import ExpressionError
from onbeat.engine.arguments import bound, text_of


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), {"a": None, "b": None}),
        ((1,), {"a": 1, "b": None}),
        ((1, 2), {"a": 1, "b": 2}),
        ((1, {"b": 2}), {"a": 1, "b": 2}),
        (({"a": 1, "b": 2},), {"a": 1, "b": 2}),
    ],
)
def test_arguments_are_bound_by_place_and_by_name(arguments: tuple[object, ...], expected: dict[str, object]) -> None:
    """Named ones are a map at the end; what was not given is null."""
    assert bound("f", arguments, "a", "b") == expected


@pytest.mark.parametrize("arguments", [(1, 2, 3), (1, {"c": 2})])
def test_others_are_refused(arguments: tuple[object, ...]) -> None:
    """With the names that the function takes."""
    with pytest.raises(ExpressionError, match="the function `f` takes `a`, `b`"):
        bound("f", arguments, "a", "b")


def test_an_argument_may_have_to_be_a_text() -> None:
    """And says its name when it is none."""
    assert text_of("f", "a", "x") == "x"
    with pytest.raises(ExpressionError, match="the function `f` takes a text as `a`"):
        text_of("f", "a", 5)
