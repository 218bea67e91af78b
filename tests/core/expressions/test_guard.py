from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.environment import FILTERS, FUNCTIONS, TESTS


@pytest.mark.parametrize("name", sorted(name for name in FILTERS if not name.startswith(" ")))
@pytest.mark.parametrize("value", [None, True, 7, 1.5, "text", "12", [], [1, "a", None], {}, {"k": [1]}])
def test_no_filter_fails_but_with_an_error_of_ours(name: str, value: Any) -> None:
    """Any value through any filter, without arguments and with wrong ones: a result or a sentence that does not show the value."""
    for arguments in ("", "(1)", "('x')", "(null, null)", "({'a': 'b'}, true)", "(nope=1)", "([], [], [], [])"):
        try:
            evaluate("{{ x | " + name + arguments + " }}", {"x": value, "__outside__": {"jq": lambda program, data: [data]}})
        except ExpressionError as error:
            assert "`" in str(error)  # noqa: PT017  both outcomes are right


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_function_fails_but_with_an_error_of_ours(name: str) -> None:
    """Any arguments to any function."""
    for arguments in ("()", "(1)", "('x', 'y')", "(null, null, null)", "([1], {})", "(nope=1)", "({'a': 'b'}, true, 1.5, 'x', [])"):
        try:
            evaluate("{{ " + name + arguments + " }}", {"envs": {}, "__outside__": {name: lambda *values, **named: None}})
        except ExpressionError as error:
            assert "`" in str(error)  # noqa: PT017  both outcomes are right


@pytest.mark.parametrize("name", sorted(TESTS))
def test_no_test_fails_but_with_an_error_of_ours(name: str) -> None:
    """Any value to any test."""
    for value in (None, True, 7, "text", [1], {"a": 1}):
        for arguments in ("", "(1)", "('x')", "(null, 2)", "([1])"):
            try:
                assert evaluate("{{ x is " + name + arguments + " }}", {"x": value}) in (True, False)
            except ExpressionError as error:
                assert "`" in str(error)  # noqa: PT017  both outcomes are right


def test_arguments_have_kestras_names() -> None:
    """Rule 2: `timeZone`, as in its manual; and the message lists them so."""
    assert evaluate("{{ '2024-01-01T00:00:00Z' | date(timeZone='+01:00', format='HH') }}", {}) == "01"
    with pytest.raises(ExpressionError, match=r"the filter `slice` takes \(fromIndex\?, toIndex\?\)"):
        evaluate("{{ 'a' | slice(1, 2, 3) }}", {})
