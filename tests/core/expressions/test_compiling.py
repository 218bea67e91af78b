"""What is compiled is kept, also what cannot be compiled."""

import pytest

from onbeat.core.expressions import ExpressionError, compile_text, evaluate
from onbeat.core.expressions.expression import tags_of
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


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("a {{ b }} c {% d %} {{ e }}", [(2, "{{ b }}"), (12, "{% d %}"), (20, "{{ e }}")]),
        ("{{ {{ a }} }}", [(0, "{{ {{ a }}")]),
        ("{{ a {% b %}", [(5, "{% b %}")]),
        ("{% {{ a }}", [(3, "{{ a }}")]),
        ("{{{{ a", []),
        ("", []),
    ],
)
def test_tags_are_found(text: str, tags: list[tuple[int, str]]) -> None:
    """Each with where it begins; one that is not closed is none."""
    assert list(tags_of(text)) == tags


def test_tags_that_are_not_closed_cost_their_length() -> None:
    """Thirty thousand of them: looking for the end of each again would take seconds, and an error looks for them to quote one."""
    open_ones = "{{" * 30_000
    assert list(tags_of("{{ x }}" + open_ones + "{%" * 30_000)) == [(0, "{{ x }}")]
    with pytest.raises(ExpressionError, match="Unable to find `nope`"):
        evaluate("{{ nope }}{% raw %}" + open_ones + "{% endraw %}", {})
