import pytest

from onbeat.core.expressions import ExpressionError, NeedsOutside, compile_text, evaluate
from onbeat.core.expressions.outside import ABSENT, FUNCTIONS, OUTSIDE_NAMES


@pytest.mark.parametrize("name", sorted(OUTSIDE_NAMES))
def test_functions_from_outside_are_known_by_name(name: str) -> None:
    """Rule 1: each is asked of the caller, with its arguments as plain JSON; what is at hand is used."""
    scope = {"inputs": {"x": 5}}
    with pytest.raises(NeedsOutside) as raised:
        evaluate("{{ " + name + "(inputs, 'a', named=1) }}", scope)
    assert (raised.value.name, raised.value.arguments) == (name, ({"x": 5}, "a", {"named": 1}))
    assert evaluate("{{ " + name + "(1) }}", {"__outside__": {name: lambda number: (number, {"k": 2})}}) == [1, {"k": 2}]
    assert compile_text("{{ " + name + "(1) }}").reaches == {name}


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_what_is_not_available_says_so(name: str) -> None:
    """Rule 2: with what to do instead; only where it is called."""
    with pytest.raises(ExpressionError, match=f"the function `{name}` is not available: "):
        evaluate("{{ " + name + "(1, a=2) }}", {})
    assert evaluate("{{ true ? 'fine' : " + name + "() }}", {}) == "fine"


def test_all_of_them_are_functions() -> None:
    """No other, and none of them twice."""
    assert set(FUNCTIONS) == OUTSIDE_NAMES | set(ABSENT)
    assert not OUTSIDE_NAMES & set(ABSENT)


def test_what_such_a_function_raises_comes_out_unchanged() -> None:
    """The caller's own errors are the caller's."""

    def fail(key: str) -> str:
        raise LookupError(key)

    with pytest.raises(LookupError, match="abc"):
        evaluate("{{ secret('abc') }}", {"__outside__": {"secret": fail}})
