"""Expression: the condition that is an expression."""

from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError
from tests.core.conditions.facts import condition, facts


@pytest.mark.parametrize(("expression", "holds"), [
    ("{{ trigger.body.hello == 'world' }}", True),
    ("{{ trigger.body.hello == 'webhook' }}", False),
    ("true", True), (True, True), ("false", False), (False, False), ("0", False), ("", False), ("{{ null }}", False),
])  # fmt: skip
def test_true_is_what_is_not_false_zero_or_empty(expression: Any, holds: bool):
    """As `when` counts it."""
    assert condition("Expression", expression=expression).holds(facts(trigger={"body": {"hello": "world"}})) is holds


def test_what_cannot_be_evaluated_raises():
    """The event becomes a dead event."""
    with pytest.raises(ExpressionError, match=r"trigger\.nowhere"):
        condition("Expression", expression="{{ trigger.nowhere }}").holds(facts())


def test_it_says_what_it_gave_and_over_what():
    """Expression, value, data."""
    said = condition("Expression", expression="{{ trigger.n > 5 }}").saw(facts(trigger={"n": 3}))
    assert said == '`{{ trigger.n > 5 }}` is false with {"n":3}'
