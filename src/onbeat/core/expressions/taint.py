"""Note what an evaluation makes of secrets: what `secret('X') | upper` gives is no text that anybody would look for.

Whoever evaluates puts a Taint into the scope, under TAINT. The function that gives a secret says so (`touch`); what the expression around
it then gives is noted, for whoever hides secrets.

Rules
1. What is noted is the value of the text or, of a text with several expressions, of those that touched a secret; constant text is not.
2. A kept value that holds a secret is opened for the one text that uses it, so that the others are not taken to hold it; what is in it
   beside the secret is not noted.
3. Nothing is noted where no secret is touched; true, false and null say too little to be hidden.

Called by: expression.py; the evaluator makes them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from onbeat.core.event import Json
from onbeat.core.refs import replace_refs

TAINT = "__taint__"


class Opened(NamedTuple):
    """A kept value that was opened. secret: the texts in it that are; None: all of it is."""

    value: Json
    secret: frozenset[str] | None = None


class Taint:
    """What came of secrets. opened: kept values, by their addresses. made: what was made of them, as text.

    always: all that is evaluated counts, but for the first `skipped` parts of a text. given: parts of the present text so far.
    """

    __slots__ = ("_plain", "always", "given", "made", "opened", "skipped", "touched")

    def __init__(
        self, opened: dict[str, Opened] | None = None, made: dict[str, None] | None = None, *, always: bool = False, skipped: int = 0
    ) -> None:
        self.opened = {} if opened is None else opened
        self.made = {} if made is None else made
        self.always = always
        self.touched = always
        self.skipped = skipped
        self.given = 0
        self._plain: set[str] = set()

    def touch(self) -> None:
        """A secret was used."""
        self.touched = True

    def begin(self) -> bool:
        """A text is evaluated now; whether the one around it has touched a secret."""
        before, self.touched = self.touched, self.always
        self.given = 0
        return before

    def note(self, value: Any) -> None:
        """This was made of a secret."""
        for text in texts_of(value):
            if text not in self._plain:
                self.made[text] = None

    def clear(self, names: Mapping[str, Any]) -> dict[str, Any]:
        """The names with what was opened in place; what is secret of that, and all that is made over them, counts as made of a secret."""
        taint = Taint(self.opened, self.made, always=True, skipped=self.given)
        values: dict[str, Json] = {}
        for uri, (value, secret) in self.opened.items():
            values[uri] = value
            for text in texts_of(value):
                if secret is None or text in secret:
                    self.made[text] = None
                else:
                    taint._plain.add(text)
        shown = {name: value if name.startswith("__") else replace_refs(value, values) for name, value in names.items()}
        return {**shown, TAINT: taint}


def texts_of(value: Any) -> Iterator[str]:
    """The texts and numbers in a value, keys too, as texts."""
    waiting = [value]
    while waiting:
        inside = waiting.pop()
        if isinstance(inside, Mapping):
            waiting += [*inside, *inside.values()]
        elif isinstance(inside, list | tuple):
            waiting += inside
        elif inside is not None and inside is not True and inside is not False and inside != "":
            yield str(inside)
