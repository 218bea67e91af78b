"""Read and write Amazon Ion's text form, in which Kestra keeps rows: JSON with comments, symbols, timestamps and types of its own.

Flows read such files by `fromIon(read(…))`. What Ion has and JSON has not becomes the nearest plain thing; the binary form is not read.

Rules
1. Symbols and timestamps are read as texts, decimals as numbers where that is exact, blobs as base64, S-expressions as lists.
2. Annotations are dropped, any `null.type` is null, `nan` and infinities are refused.
3. A text may hold many values, one after another: rows.
4. What is written is one line, as ion-java writes it: `{name:"Ada",'first line':1,share:1.5e0}`.

Called by: the function `fromIon`, the filter `toIon`.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NoReturn

from onbeat.core.expressions.errors import ExpressionError

DEPTH = 64

_SPACE = re.compile(r"(?:\s++|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+")
_TIMESTAMP = re.compile(
    r"[0-9]{4}(?:T|-[0-9]{2}(?:T|-[0-9]{2}(?:T(?:[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?)?))"
    r"(?![A-Za-z0-9_$.:+-])"
)
_NUMBER = re.compile(
    r"-?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|(?:0|[1-9](?:_?[0-9]){0,400})(?:\.(?:[0-9](?:_?[0-9]){0,400})?)?(?:[eEdD][+-]?[0-9]{1,5})?)"
    r"(?![A-Za-z0-9_$.-])"
)
_SYMBOL = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*+")
_STRING = re.compile(r'"((?:[^"\\\n]++|\\[\s\S])*+)"')
_LONG = re.compile(r"'''((?:[^'\\]++|\\[\s\S]|'(?!''))*+)'''")
_QUOTED = re.compile(r"'((?:[^'\\\n]++|\\[\s\S])*+)'")
_BLOB = re.compile(r"\{\{([A-Za-z0-9+/=\s]*+)\}\}")
_OPERATOR = re.compile(r"[!#%&*+\-./;<=>?@^`|~]+")
_ESCAPE = re.compile(r"""\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r?\n)|([0abtnfrv"'?/\\]))""")
_ESCAPED = {"0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "v": "\v"}
_NAMES = {"null": None, "true": True, "false": False}
_REFUSED = re.compile(r"nan(?![A-Za-z0-9_$])|[+-]inf(?![A-Za-z0-9_$])")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_WORDS = frozenset(("null", "true", "false", "nan"))
_WRITTEN = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_TO_WRITE = re.compile(r'["\\\x00-\x1f\x7f]')


def read_ion(text: str) -> Iterator[Any]:
    """The values of the Ion text, one after another."""
    reader = _Reader(text)
    while not reader.at_end():
        if text.startswith("$ion_1_0", reader.at) and not text.startswith("::", reader.at + 8):
            reader.at += 8
            continue
        yield reader.value(0)


class _Reader:
    """Reads a text from one place on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def at_end(self) -> bool:
        """Whether nothing but white space is left."""
        self._skip()
        return self.at >= len(self.text)

    def value(self, depth: int, operators: bool = False) -> Any:
        """The next value. operators: inside an S-expression they are symbols."""
        while True:
            self._skip()
            here = self.at
            found = self._one(depth, operators)
            if isinstance(found, _Symbol):
                self._skip()
                if self.text.startswith("::", self.at):
                    self.at += 2
                    continue
                name = found.name
                return _NAMES.get(name, name) if found.bare else name
            if self.at == here:
                self._fail()
            return found

    def _one(self, depth: int, operators: bool) -> Any:
        if depth > DEPTH:
            raise ExpressionError(f"the Ion text is nested more than {DEPTH} levels deep")
        sign = self.text[self.at : self.at + 1]
        if sign == "{":
            return self._blob() if self.text.startswith("{{", self.at) else self._struct(depth)
        if sign == "[":
            return self._items(depth, "]")
        if sign == "(":
            return self._items(depth, ")")
        if sign == '"':
            return _unescaped(self._take(_STRING)[1])
        if sign == "'":
            if self.text.startswith("'''", self.at):
                return self._long()
            return _Symbol(_unescaped(self._take(_QUOTED)[1]), bare=False)
        if _REFUSED.match(self.text, self.at):
            raise ExpressionError("the Ion text holds a number that is not finite")
        for pattern, read in ((_TIMESTAMP, _as_text), (_NUMBER, _as_number)):
            found = pattern.match(self.text, self.at)
            if found is not None:
                self.at = found.end()
                return read(found[0])
        if operators and _OPERATOR.match(self.text, self.at):
            return _Symbol(self._take(_OPERATOR)[0], bare=False)
        name = self._take(_SYMBOL)[0]
        if name == "null" and self.text.startswith(".", self.at):
            self.at += 1
            self._take(_SYMBOL)
        return _Symbol(name, bare=True)

    def _struct(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while not self._ends("}"):
            name = self._name()
            self._skip()
            self._expect(":")
            found[name] = self.value(depth + 1)
            self._next("}")
        return found

    def _name(self) -> str:
        self._skip()
        if self.text.startswith("'''", self.at):
            return self._long()
        if self.text.startswith('"', self.at):
            return _unescaped(self._take(_STRING)[1])
        if self.text.startswith("'", self.at):
            return _unescaped(self._take(_QUOTED)[1])
        return self._take(_SYMBOL)[0]

    def _items(self, depth: int, end: str) -> list[Any]:
        self.at += 1
        found: list[Any] = []
        while not self._ends(end):
            found.append(self.value(depth + 1, operators=end == ")"))
            if end == "]":
                self._next(end)
        return found

    def _long(self) -> str:
        """Long strings, one after another, are one."""
        parts = []
        while self.text.startswith("'''", self.at):
            parts.append(_unescaped(self._take(_LONG)[1]))
            self._skip()
        return "".join(parts)

    def _blob(self) -> str:
        found = _BLOB.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
            return "".join(found[1].split())
        self.at += 2
        self._skip()
        clob = self._long() if self.text.startswith("'''", self.at) else _unescaped(self._take(_STRING)[1])
        self._skip()
        self._expect("}}")
        return clob

    def _next(self, end: str) -> None:
        """After a value: a comma, or the end."""
        self._skip()
        if not self.text.startswith(end, self.at):
            self._expect(",")

    def _ends(self, end: str) -> bool:
        self._skip()
        if self.text.startswith(end, self.at):
            self.at += len(end)
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self.text.startswith(sign, self.at):
            self._fail()
        self.at += len(sign)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self.at)
        if found is None:
            self._fail()
        self.at = found.end()
        return found

    def _skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        if found is not None:
            self.at = found.end()

    def _fail(self) -> NoReturn:
        line = self.text.count("\n", 0, self.at) + 1
        raise ExpressionError(f"the text is not Ion, see its line {line}, column {self.at - self.text.rfind(chr(10), 0, self.at)}")


class _Symbol:
    """A symbol, until it is known whether it annotates a value. bare: written without quotes, so that `null` is null."""

    def __init__(self, name: str, *, bare: bool) -> None:
        self.name = name
        self.bare = bare


def _as_text(found: str) -> str:
    return found


def _as_number(found: str) -> Any:
    plain = found.replace("_", "").lower()
    if "x" in plain or "b" in plain:
        return int(plain, 0)
    if "e" in plain:
        return float(plain)
    if "." not in plain and "d" not in plain:
        return int(plain)
    exact = Decimal(plain.replace("d", "e"))
    near = float(exact)
    return near if Decimal(str(near)) == exact else exact


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(found: re.Match[str]) -> str:
    for group in (1, 2, 3):
        if found[group] is not None:
            code = int(found[group], 16)
            if code > 0x10FFFF:
                raise ExpressionError("the Ion text has an escape that is no character")
            return chr(code)
    if found[4] is not None:
        return ""
    return _ESCAPED.get(found[5], found[5])


def write_ion(value: Any) -> str:
    """The plain value as Ion text."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _write(value: Any, parts: list[str]) -> None:
    if value is None:
        parts.append("null")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, str):
        parts.append('"' + _TO_WRITE.sub(_escaped, value) + '"')
    elif isinstance(value, float):
        text = repr(value)
        parts.append(text if "e" in text else f"{text}e0")
    elif isinstance(value, Mapping):
        parts.append("{")
        for index, (key, item) in enumerate(value.items()):
            parts.append(f"{',' if index else ''}{_name(key)}:")
            _write(item, parts)
        parts.append("}")
    elif isinstance(value, list):
        parts.append("[")
        for index, item in enumerate(value):
            if index:
                parts.append(",")
            _write(item, parts)
        parts.append("]")
    else:
        parts.append(str(value))


def _name(key: str) -> str:
    if _PLAIN_NAME.fullmatch(key) and key not in _WORDS:
        return key
    return "'" + _TO_WRITE.sub(_escaped, key).replace('\\"', '"').replace("'", "\\'") + "'"


def _escaped(found: re.Match[str]) -> str:
    return _WRITTEN.get(found[0]) or f"\\x{ord(found[0]):02x}"
