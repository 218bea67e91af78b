from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.predicates import TESTS

SCOPE: dict[str, Any] = {"map": {"a": 1}, "list": [1, 2], "nothing": None, "text": "Text"}
CASES = [
    ("defined", "map", True),
    ("defined", "map.nope.x", False),
    ("defined", "nothing", False),
    ("undefined", "nope", True),
    ("null", "nothing", True),
    ("null", "text", False),
    ("none", "nothing", True),
    ("empty", "nothing", True),
    ("empty", "''", True),
    ("empty", "'  '", True),
    ("empty", "[]", True),
    ("empty", "{}", True),
    ("empty", "0", False),
    ("empty", "'a'", False),
    ("even", "2", True),
    ("even", "'3'", False),
    ("odd", "-3", True),
    ("odd", "2", False),
    ("divisibleby(3)", "9", True),
    ("iterable", "list", True),
    ("iterable", "text", False),
    ("iterable", "map", False),
    ("sequence", "list", True),
    ("map", "map", True),
    ("map", "list", False),
    ("mapping", "map", True),
    ("json", "'{\"a\": [1]}'", True),
    ("json", "'{a}'", False),
    ("json", "map", True),
    ("json", "list", True),
    ("json", "1", True),
    ("json", "nothing", False),
    ("json", "'value 1'", False),
    ("string", "text", True),
    ("string", "1", False),
    ("number", "1.5", True),
    ("number", "true", False),
    ("integer", "1", True),
    ("integer", "1.0", False),
    ("float", "1.0", True),
    ("boolean", "true", True),
    ("boolean", "1", False),
    ("true", "true", True),
    ("true", "1", False),
    ("false", "false", True),
    ("truthy", "'false'", False),
    ("lower", "'abc'", True),
    ("upper", "'abc'", False),
    ("eq('1')", "1", True),
    ("equalto('1')", "1", True),
    ("ne(2)", "1", True),
    ("lt(2)", "1", True),
    ("lessthan(1)", "1", False),
    ("le(1)", "1", True),
    ("gt(2)", "1", False),
    ("greaterthan(0)", "1", True),
    ("ge('1')", "1", True),
    ("in([1])", "1", True),
    ("containing(2)", "list", True),
]


@pytest.mark.parametrize(("test", "value", "answer"), CASES)
def test_tests(test: str, value: str, answer: bool) -> None:
    """Each test answers as its manual says, and `is not` the opposite."""
    assert evaluate("{{ " + f"{value} is {test}" + " }}", SCOPE) is answer
    assert evaluate("{{ " + f"{value} is not {test}" + " }}", SCOPE) is not answer


def test_every_test_is_tested_above() -> None:
    """A test without an example is one that nobody knows."""
    assert set(TESTS) == {case[0].partition("(")[0] for case in CASES}


@pytest.mark.parametrize(
    ("text", "reason"), [("'a' is even", "whole number"), ("1.5 is odd", "whole number"), ("nope is empty", "Unable to find")]
)
def test_what_a_test_cannot_be_asked_is_refused(text: str, reason: str) -> None:
    """A missing name is only asked whether it is defined."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", SCOPE)
