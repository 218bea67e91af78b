import warnings

import pytest
from jinja2 import lexer as jinja

from onbeat.core.expressions import evaluate
from onbeat.core.expressions.environment import ENVIRONMENT
from onbeat.core.expressions.lexer import Lexer, Placed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"'a\nb'", "a\nb"),
        (r"'a\tb\r'", "a\tb\r"),
        (r"'it\'s'", "it's"),
        (r'"say \"x\""', 'say "x"'),
        (r"'a\\b'", "a\\b"),
        (r"'\d+\.\w'", r"\d+\.\w"),
        (r"'C:\dir'", r"C:\dir"),
        (r"'\u00e9'", "é"),
        ("'é'", "é"),
        ("'line\nend'", "line\nend"),
        ("'line\r\nend'", "line\r\nend"),
    ],
)
def test_escapes_in_quoted_texts(text: str, value: str) -> None:
    """Rule 2: the usual ones; any other backslash is itself, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert evaluate("{{ " + text + " }}", {}) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1_000", 1000),
        ("0x1f", 31),
        ("0b11", 3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("2.5E-1", 0.25),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_numbers(text: str, value: object) -> None:
    """As Jinja2 has them; what is beyond 64 bits comes out as its exact text."""
    assert evaluate("{{ " + text + " }}", {}) == value


@pytest.mark.parametrize("text", ["a\r\nb{{ 1 }}\rc\n\n", "\n\n.{{ 1 }}\n", ".\t{{ 1 }} \u2028\x1e\n"])
def test_text_outside_of_tags_is_exact(text: str) -> None:
    """Rule 3: line ends too, first and last ones as well."""
    assert evaluate(text, {}) == text.replace("{{ 1 }}", "1")


def test_white_space_is_trimmed_where_asked() -> None:
    """`{{-` and `-}}`, also before a carriage return."""
    assert evaluate("a \r\n{{- 1 -}}\r\n b", {}) == "a1b"


def test_tokens_know_where_they_begin() -> None:
    """Rule 4: what an error's column is taken from."""
    text = "ab {{ inputs.x ?? 'y' }}\n{% if z %}"
    tokens = [token for token in ENVIRONMENT.lexer.tokenize(text) if isinstance(token, Placed)]
    assert [text[token.offset :].startswith(str(token.value)) or token.type == "string" for token in tokens] == [True] * len(tokens)


def test_jinja2_has_what_the_lexer_changes() -> None:
    """Rules are replaced by the pattern they hold (semi-internal, pinned to 3.1): each replacement must have found its place."""
    rules = Lexer(ENVIRONMENT).rules
    for state in ("variable_begin", "block_begin"):
        assert any("\\?\\?\\?" in rule.pattern.pattern for rule in rules[state])
        assert not any(rule.pattern is jinja.operator_re for rule in rules[state])
    assert "verbatim" in rules["root"][0].pattern.pattern
    assert "endverbatim" in rules["raw_begin"][0].pattern.pattern
