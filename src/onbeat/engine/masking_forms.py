"""Write a secret in every way it may show up in, and find any of thousands of such texts in another at little cost.

A password comes back percent-encoded in an address, base64 in a header, escaped in JSON, cut in lines. And each log line, answer and
event is searched: a pattern of ten thousand alternatives would be tried at each character.

Rules
1. A secret's forms: plain, escaped as JSON (once and twice) and as Python does, percent-encoded, hex in both cases, base64 in either
   alphabet wherever it begins in what was encoded.
2. Of a secret with several lines each longer line is one, too, and of one that is JSON each longer text in it.
3. Fewer than SHORTEST characters would hide half of every text: they have no forms.
4. Where nothing is found a text is looked at once, in steps of several bytes at a time.

Called by: masking.
"""

import base64
import json
import sys
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 4
_LINE = 8
_LEAST_CODE = 5
"""Characters that base64 must have kept of a secret, to be looked for."""
_FEW = 12
"""Forms up to which each is simply looked for."""
_GLANCE = 3
"""Characters at the end of a text by which most are seen not to end in the beginning of a secret."""
LEAST_TAIL = 8
"""Characters of a secret's beginning at the end of a log that are too many to be there by chance."""


def forms(value: str) -> Iterator[str]:
    """The texts as which a secret may show up."""
    lines = [line for line in value.splitlines() if len(line) >= _LINE] if "\n" in value else []
    for part in (value, *lines, *_inside(value)):
        if len(part) >= SHORTEST:
            yield from _written(part)


def _written(part: str) -> Iterator[str]:
    yield part
    for escaped in (json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
        yield json.dumps(escaped)[1:-1]
    yield repr(part)[1:-1]
    data = part.encode("utf-8", "replace")
    yield data.hex()
    yield data.hex().upper()
    for coded in (quote(part, safe="", errors="replace"), quote(part, errors="replace"), quote_plus(part, errors="replace")):
        yield coded
        yield _lower_codes(coded)
    for before in range(3):
        yield from _base64(data, before)


def _base64(data: bytes, before: int) -> Iterator[str]:
    """What of it is in base64 whatever stands around it, when so many bytes stand before it in its first group of three."""
    text = base64.b64encode(bytes(before) + data).decode()
    start = (0, 2, 3)[before]
    code = text[start : (before + len(data)) * 8 // 6]
    if len(code) >= _LEAST_CODE:
        yield code
        yield code.replace("+", "-").replace("/", "_")


def _lower_codes(text: str) -> str:
    """`%2F` as `%2f`."""
    first, *others = text.split("%")
    return "%".join([first, *(other[:2].lower() + other[2:] for other in others)])


def _inside(value: str) -> Iterator[str]:
    """The longer texts in a secret that is JSON: what is taken out of it is secret, too."""
    if not value.lstrip().startswith(("{", "[")):
        return
    try:
        waiting = [json.loads(value)]
    except (ValueError, RecursionError):
        return
    while waiting:
        found = waiting.pop()
        if isinstance(found, str) and len(found) >= _LINE:
            yield found
        elif isinstance(found, dict | list):
            waiting.extend(found.values() if isinstance(found, dict) else found)


class Finder:
    """Finds texts in a text. plain: none of them changes when it is written as JSON."""

    def __init__(self, texts: Iterable[str]) -> None:
        wanted = sorted(set(texts))
        long = [text for text in wanted if len(text.encode()) >= 16]
        middle = [text for text in wanted if 8 <= len(text.encode()) < 16]
        short = [text for text in wanted if len(text.encode()) < 8]
        self._few: list[str] = []
        self._grams: list[_Grams] = []
        for group, width, shifts in ((long, 8, 1), (middle, 4, 1), (short, 4, 4)):
            if len(group) <= _FEW:
                self._few += group
            else:
                self._grams.append(_Grams(group, width, shifts))
        self._heads: dict[str, list[str]] = {}
        for text in wanted:
            self._heads.setdefault(text[:SHORTEST], []).append(text)
        self._begins = frozenset(text[:size] for text in wanted for size in range(1, SHORTEST))
        self._inside = frozenset(text[at : at + _GLANCE] for text in wanted for at in range(len(text) - _GLANCE))
        self._longest = max(map(len, wanted), default=0)
        self.plain = all(json.dumps(text, ensure_ascii=False)[1:-1] == text for text in wanted)

    def __bool__(self) -> bool:
        return bool(self._heads)

    def found(self, text: str) -> list[str]:
        """Those that are in the text."""
        hits = [each for each in self._few if each in text]
        if self._grams:
            data = memoryview(text.encode("utf-8", "replace"))
            for grams in self._grams:
                hits += [each for each in grams.candidates(data) if each in text]
        return hits

    def tail(self, text: str, least: int = SHORTEST) -> int:
        """How many characters at the end of a text are the beginning of one of them: of those that may go on in the next text."""
        if least >= _GLANCE and text[-_GLANCE:] not in self._inside:
            return 0
        for at in range(max(0, len(text) - self._longest + 1), len(text) - max(least, SHORTEST) + 1):
            for each in self._heads.get(text[at : at + SHORTEST], ()):
                if each.startswith(text[at:]) and len(each) > len(text) - at:
                    return len(text) - at
        for size in range(SHORTEST - 1, least - 1, -1):
            if text[-size:] in self._begins and len(text) >= size:
                return size
        return 0


class _Grams:
    """Finds which of many texts may be in one: by numbers of `width` bytes, taken in steps of as many.

    Each text holds, wherever it lies, one number that lies on a step: all its first ones are known. shifts: in how many shifted rows the
    numbers are taken; for texts that are too short to hold one in each row.
    """

    def __init__(self, texts: Iterable[str], width: int, shifts: int) -> None:
        known: dict[int, list[str]] = {}
        for text in texts:
            data = text.encode()
            for at in range(width if shifts == 1 else 1):
                known.setdefault(int.from_bytes(data[at : at + width], sys.byteorder), []).append(text)
        self._known = known
        self._numbers = frozenset(known)
        self._width, self._shifts = width, shifts
        self._kind = "Q" if width == 8 else "I"

    def candidates(self, data: memoryview) -> list[str]:
        """Those that may be in the text."""
        found: dict[str, None] = {}
        for shift in range(self._shifts):
            row = data[shift : shift + (len(data) - shift) // self._width * self._width].cast(self._kind)  # type: ignore[call-overload]  # a name of a format
            if not self._numbers.isdisjoint(row):
                for number in self._numbers.intersection(row):
                    found.update(dict.fromkeys(self._known[number]))
        return list(found)
