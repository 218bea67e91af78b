"""What is compiled is kept, also what cannot be compiled."""

import pytest

from onbeat.core.expressions import ExpressionError, compile_text
from tests.core.test_cost import calls_of


def test_a_mistake_is_looked_at_once() -> None:
    """An alias, a loop, a list of tasks: the same wrong text a thousand times. Each error is one of its own, with line and column."""
    text = "{{ inputs.a }}\n{{ 1 + + | nope }}"
    found: list[ExpressionError] = []

    def compile_it() -> None:
        with pytest.raises(ExpressionError) as raised:
            compile_text(text)
        found.append(raised.value)

    first, again = calls_of(compile_it), calls_of(compile_it)
    assert again < first / 5
    assert found[0] is not found[1]
    assert [str(error) for error in found] == [str(found[0])] * 2
    assert {(error.line, error.column) for error in found} == {(2, found[0].column)}
