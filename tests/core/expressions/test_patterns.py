import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.expressions import ExpressionError
from onbeat.core.expressions.budget import Budget
from onbeat.core.expressions.patterns import compile_pattern, substitute


class FakeContext:
    """Only what patterns need of a context."""

    def __init__(self) -> None:
        self.budget = Budget()


@pytest.fixture
def context() -> Any:
    return FakeContext()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"[^a-z0-9]+", "x" * 50_000),
        (r"\s+", " " * 50_000),
        (r"^\s+|\s+$", " x " * 100),
        (r"(\d{4})-(\d{2})-(\d{2})", "2024-01-02 " * 1_000),
        (r"https?://[^/]+/(.*)", "https://example.org/a/b"),
        (r"(.*)-(.*)", "a-b" * 500),
        (r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", "10.0.0.1 " * 100),
        (r"foo|bar|baz", "foo bar baz " * 1_000),
        (r"(?i)order[-_ ]?(\w+)", "Order_17"),
        (r"(?<=a)b(?!c)", "abab" * 100),
        (r"(?P<year>\d+)", "2024"),
        (r"([a-z]{2}){3}", "abcdef" * 100),
    ],
)
def test_ordinary_patterns_are_taken(context: Any, pattern: str, text: str) -> None:
    """What people write in flows works."""
    assert compile_pattern(context, pattern, text).search(text) is not None or "x" * 9 in text


@pytest.mark.parametrize(
    ("pattern", "text", "reason"),
    [
        (r"(a+)+$", "a", "itself repeats"),
        (r"(a*)*", "a", "itself repeats"),
        (r"(a?){30}", "a" * 30, "too long"),
        (r"([a-z]+\s?)+x", "a", "itself repeats"),
        (r"(a|aa)+", "a", "repeats a choice"),
        (r"(?:(?:a|ab)c)*", "a", "repeats a choice"),
        (r"(.)\1", "aa", "refers back"),
        (r"(a)?(?(1)b|c)", "ab", "refers back"),
        (r".*.*.*x", "a" * 1_000, "too long"),
        (r"a?" * 30 + "a" * 30, "a" * 30, "too long"),
        (r"(a|ab)" * 30 + "x", "ab" * 30, "too long"),
        (r"\s+$", " " * 20_000, "too long"),
        (r"(", "a", "not right"),
        (r"[[a]]", "a", "a set inside of a set"),
        (r"a{99999999999}", "a", "not right"),
        (r"a" * 501, "a", "more than 500"),
    ],
)
def test_patterns_that_could_hang_are_refused(context: Any, pattern: str, text: str, reason: str) -> None:
    """Rules 1 and 2: by the pattern, or by the pattern and the length of the text."""
    with pytest.raises(ExpressionError, match=reason):
        compile_pattern(context, pattern, text)


def test_the_replacement_is_javas(context: Any) -> None:
    """Rule 3: `$1` and `${name}` are groups, a backslash makes the next sign itself."""
    assert substitute(context, r"(\w)(\d)", r"$2$1\$", "a1 b2") == "1a$ 2b$"
    assert substitute(context, r"(?P<x>a)", "<${x}>", "a") == "<a>"
    assert substitute(context, r"(a)|(b)", "[$2]", "ab") == "[][b]"
    assert substitute(context, r"", "-", "ab") == "-a-b-"


@pytest.mark.timeout(60)
@settings(deadline=None)
@given(st.text(st.sampled_from("ab1 -.+*?()[]|^$\\d{},2"), max_size=12), st.text(st.sampled_from("ab1 -"), max_size=40))
def test_what_is_taken_is_quick_and_what_python_finds(pattern: str, text: str) -> None:
    """Any pattern is refused, or gives what Python's gives; one that hangs runs into the time-out."""
    context: Any = FakeContext()
    try:
        found = compile_pattern(context, pattern, text).search(text)
    except ExpressionError:
        return
    assert (found is None) == (re.search(pattern, text) is None)
