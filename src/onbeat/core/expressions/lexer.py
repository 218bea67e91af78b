"""Cut a text with expressions into tokens: Jinja2's lexer with Kestra's operators, tags and strings.

Jinja2 knows no `?`, `??`, `???` and `..`, no `verbatim` and `elseif`, reads `'\\d'` in a text with a warning, and does not say in
which column a token is; flows written for Kestra need the former, people who mistype need the latter.

Rules
1. `{% verbatim %}` is `{% raw %}`, `{% elseif %}` is `{% elif %}`.
2. In a quoted text `\\n`, `\\t`, `\\r`, `\\\\`, `\\'`, `\\"` and `\\uXXXX` are escapes; any other backslash is itself, as patterns need it.
3. What is outside of tags comes out exactly as it is, line ends included.
4. Every token knows where it begins.

Called by: the parser, through the environment. Touches Jinja2's `Lexer.rules`, `tokeniter` and `wrap` (pinned to 3.1).
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import lexer as jinja
from jinja2.exceptions import TemplateSyntaxError

TOKENS = 6_000
"""Tokens of one text: what parsing and compiling may cost."""

_OPERATORS = {"???": "absent", "??": "coalesce", "?": "question", "..": "range"}
_OPERATOR = re.compile(r"\?\?\?|\?\?|\?|\.\.|" + jinja.operator_re.pattern)
_INTEGER = re.compile(rf"(?:{jinja.integer_re.pattern})(?:l\b)?", jinja.integer_re.flags)
"""`10l` is Java's way to write a long integer."""
_ESCAPE = re.compile(r"""\\(?:u([0-9a-fA-F]{4})|([ntr\\'"]))""")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_CARRIAGE = "\x1e"
"""Stands for a carriage return while Jinja2, which would drop it, has the text: white space to its patterns, but not a line end."""


class Placed(jinja.Token):
    """A token that knows at which character it begins."""

    offset: int


class Lexer(jinja.Lexer):
    """The lexer of expressions."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        for state, rules in self.rules.items():
            self.rules[state] = [self._adapt(state, rule) for rule in rules]

    def tokenize(self, source: str, name: str | None = None, filename: str | None = None, state: str | None = None) -> jinja.TokenStream:
        """The tokens of that text."""
        carriage = "" if _CARRIAGE in source else _CARRIAGE
        if carriage:
            source = source.replace("\r", carriage)
        return jinja.TokenStream(self._place(source, self.tokeniter(source, name, filename, state), carriage), name, filename)

    def _adapt(self, state: str, rule: Any) -> Any:
        if rule.pattern is jinja.operator_re:
            return rule._replace(pattern=_OPERATOR)
        if rule.pattern is jinja.integer_re:
            return rule._replace(pattern=_INTEGER)
        pattern = rule.pattern.pattern
        for word, words in ((r"\s*raw\s*", r"\s*(?:raw|verbatim)\s*"), (r"\s*endraw\s*", r"\s*(?:endraw|endverbatim)\s*")):
            pattern = pattern.replace(word, words)
        return rule if pattern == rule.pattern.pattern else rule._replace(pattern=re.compile(pattern, rule.pattern.flags))

    def _place(self, source: str, stream: Iterable[tuple[int, str, str]], carriage: str) -> Iterator[Placed]:
        cursor, before = 0, ""
        for count, (line, kind, text) in enumerate(stream):
            if count > TOKENS:
                raise TemplateSyntaxError("the text has too many expressions; split it", line)
            found = source.find(text, cursor)
            if found >= 0:
                cursor = found + len(text)
            if carriage and kind in ("data", "string"):
                text = text.replace(carriage, "\r")
            for token in self._read(line, kind, text, before):
                placed = Placed(*token)
                placed.offset = max(found, 0)
                before = token.type
                yield placed

    def _read(self, line: int, kind: str, text: str, before: str) -> Iterable[jinja.Token]:
        if kind == "operator" and text in _OPERATORS:
            return (jinja.Token(line, _OPERATORS[text], text),)
        if kind == "string":
            return (jinja.Token(line, kind, _unescape(text[1:-1])),)
        if kind == "name" and text == "elseif" and before == "block_begin":
            return (jinja.Token(line, kind, "elif"),)
        if kind == "data":
            return (jinja.Token(line, kind, text),)
        if kind in ("integer", "float"):
            return (jinja.Token(line, kind, _number(line, text)),)  # type: ignore[arg-type]  # Jinja2 puts numbers there, too
        return self.wrap([(line, kind, text)])


def _number(line: int, text: str) -> int | float:
    if len(text) > 400:
        raise TemplateSyntaxError("the number is too long", line)
    plain = text.replace("_", "").rstrip("lL")
    if not any(sign in plain for sign in ".eE") or plain[:2] in ("0x", "0X"):
        return int(plain, 0)
    value = float(plain)
    if not math.isfinite(value):
        raise TemplateSyntaxError("the number is too large", line)
    return value


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(found: re.Match[str]) -> str:
    if found[1] is not None:
        return chr(int(found[1], 16))
    return _ESCAPED.get(found[2], found[2])
