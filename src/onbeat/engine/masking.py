"""Hide the values of secrets wherever they are shown, written or emitted.

A password that a task was given comes back in the error of the server that refused it, in its log, in its outputs. So every text that is
kept for people and everything that leaves goes through a mask.

Rules
1. A text without a secret is returned as it is, the same object; where forms overlap all that they cover is hidden.
2. A value that is too short to be looked for is hidden where it is all of a text, and only if it came from a secret (`exact`).
3. Lines are one text: a secret that begins in one and ends in the next is hidden in both.
4. What is masked can be written: lone surrogates are replaced.
5. A mask of an execution hides that execution's values in addition, and in no other: a caller's `1234` is no secret of everybody's.

Called by: secrets, evaluator, runner, sealing, the API and the daemon's log.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from onbeat.core.expressions import to_text
from onbeat.core.expressions.taint import Taint
from onbeat.engine.masking_forms import LEAST_TAIL, SHORTEST, Finder, forms

MASK = "********"
_MOST_CHAINED = 1_000
"""Lines that wait for the next one."""


class Mask:
    """Hides texts wherever they show up. values: what is hidden; exact: what is hidden where it is all there is; under: another mask's."""

    def __init__(self, values: Iterable[str] = (), exact: Iterable[str] = (), under: "Mask | None" = None) -> None:
        given = tuple(dict.fromkeys(values))
        self.exact: frozenset[str] = frozenset(exact) | (under.exact if under else frozenset())
        own = Finder(form for value in given for form in forms(value))
        self._finders: tuple[Finder, ...] = (*(under._finders if under else ()), *((own,) if own else ()))
        self._plain = all(finder.plain for finder in self._finders)

    def __bool__(self) -> bool:
        return bool(self._finders or self.exact)

    def also(self, values: Iterable[str], exact: Iterable[str] = ()) -> "Mask":
        """One that hides these too."""
        more, whole = tuple(values), tuple(exact)
        return Mask(more, whole, self) if more or whole else self

    def made(self, texts: Iterable[str]) -> "Mask":
        """One that hides these texts, which were made of secrets, too: those in which no secret is seen already. Short ones only where they
        are all there is."""
        fresh = [text for text in texts if len(text) < SHORTEST or not self.spans(text)]
        return self.also([text for text in fresh if len(text) >= SHORTEST], [text for text in fresh if len(text) < SHORTEST])

    def mask(self, text: str) -> str:
        """The text with every secret in it hidden."""
        if text in self.exact:
            return MASK
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        spans = self.spans(text)
        return _hidden(text, spans) if spans else text

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where in the text there are secrets, in order and apart from each other."""
        found: list[tuple[int, int]] = []
        for finder in self._finders:
            for form in finder.found(text):
                at = text.find(form)
                while at >= 0:
                    found.append((at, at + len(form)))
                    at = text.find(form, at + 1)
        if len(found) < 2:
            return found
        found.sort()
        apart = [found[0]]
        for start, end in found[1:]:
            if start < apart[-1][1]:
                apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
            else:
                apart.append((start, end))
        return apart

    def within(self, value: Any) -> bool:
        """Whether there is a secret anywhere in a value."""
        return self.mask_value(value) is not value

    def mask_value(self, value: Any) -> Any:
        """The value with the secrets in it hidden, map keys too; the same object when there are none."""
        if not self._finders and not self.exact:
            return value
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict | list | tuple):
            return value if self._surely_none(value) else self._masked(value)
        return self._masked(value)

    def tail(self, text: str, least: int = SHORTEST) -> int:
        """How many characters at its end, if at least so many, may be the beginning of a secret."""
        found = 0
        for finder in self._finders:
            found = max(found, finder.tail(text, least))
        return found

    def _surely_none(self, value: Any) -> bool:
        """Whether the JSON of the value shows that there is nothing in it."""
        if self.exact or not self._plain:
            return False
        try:
            text = orjson.dumps(value).decode()
        except TypeError:
            return False
        return all(not finder.found(text) for finder in self._finders)

    def _masked(self, value: Any) -> Any:
        match value:
            case str():
                return self.mask(value)
            case dict():
                masked = {self.mask(name): self._masked(item) for name, item in value.items()}
                same = masked.keys() == value.keys() and all(masked[name] is item for name, item in value.items())
                return value if same else masked
            case list() | tuple():
                items = [self._masked(item) for item in value]
                return value if all(one is other for one, other in zip(items, value, strict=True)) else items
            case bool() | None:
                return value
            case _:
                text = to_text(value) if isinstance(value, int | float) else ""
                return MASK if text and (text in self.exact or self.spans(text)) else value


_NOTHING = Mask()


class Hidden:
    """What must not be seen of one attempt: a mask that grows with what is made of secrets (`taint`)."""

    def __init__(self, base: Mask | None = None) -> None:
        self.taint = Taint()
        self._base = _NOTHING if base is None else base
        self._mask, self._size = self._base, 0

    def __call__(self) -> Mask:
        """The mask as it is now."""
        if len(self.taint.made) != self._size:
            self._size = len(self.taint.made)
            self._mask = self._base.made(self.taint.made)
        return self._mask


class LineMask:
    """Hides secrets in lines that come one after the other: rule 3. The lines of one log; each is given on as soon as it can be."""

    def __init__(self, mask: Callable[[], Mask]) -> None:
        self._mask = mask
        self._waiting: list[tuple[Any, str]] = []

    def feed(self, about: Any, line: str) -> Iterator[tuple[Any, str]]:
        """The lines that may be shown now. about: what belongs to the line."""
        mask = self._mask()
        if not self._waiting and (not mask or not mask.tail(line)):
            yield about, mask.mask(line)
            return
        self._waiting.append((about, line))
        text = "".join(text for _, text in self._waiting)
        keep = len(text) - mask.tail(text) if len(self._waiting) < _MOST_CHAINED else len(text)
        yield from self._take(mask, text, keep)

    def end(self) -> Iterator[tuple[Any, str]]:
        """What waits; nothing comes any more. The beginning of a secret that does not end is hidden, too."""
        if self._waiting:
            mask, text = self._mask(), "".join(text for _, text in self._waiting)
            yield from self._take(mask, text, len(text), mask.tail(text, LEAST_TAIL))

    def _take(self, mask: Mask, text: str, keep: int, tail: int = 0) -> Iterator[tuple[Any, str]]:
        """The first lines, up to the one that `keep` lies in. tail: characters at the end to be hidden."""
        spans, at = [*mask.spans(text), *([(len(text) - tail, len(text))] if tail else [])], 0
        while self._waiting and at + len(self._waiting[0][1]) <= keep:
            about, line = self._waiting.pop(0)
            end = at + len(line)
            yield about, _hidden(line, [(max(a, at) - at, min(b, end) - at) for a, b in spans if a < end and b > at])
            at = end


def _hidden(text: str, spans: list[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]])
