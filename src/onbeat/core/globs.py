"""Match paths against patterns, as Kestra's flows write them for files.

Python's own patterns know no alternatives, and the usual translation to one regular expression takes for ever on `*a*a*a*b`. Here a path
is matched name by name, so the time is bounded by the lengths of both.

Rules
1. `*`, `?` and `[…]` stay within a name; `**` is any number of folders, none too; `{a,b}` is either.
2. `**` beside other signs in a name means that name in any folder: `out/**.csv` is `out/**/*.csv`.
3. Names are compared as they are: case counts, and a name may begin with a dot.

Called by: engine/workspace for `outputFiles` and caches.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from onbeat.errors import UserError

MOST = 200
"""Alternatives of all patterns together."""
LONGEST = 1_000
_DEEP = None
"""Stands for `**` among the names of a pattern."""
_SIGNS = re.compile(r"[*?\[{]")

_Names = tuple[re.Pattern[str] | None, ...]


def is_pattern(text: str) -> bool:
    """Whether it may match more than the one path that it spells."""
    return _SIGNS.search(text) is not None


class Globs:
    """Several patterns: a path fits when it fits one of them."""

    __slots__ = ("_patterns",)

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [_names(each) for pattern in patterns for each in _alternatives(pattern)]
        if len(self._patterns) > MOST:
            raise UserError(f"the patterns have more than {MOST} alternatives; write fewer")

    def __call__(self, path: str) -> bool:
        """Whether the path, relative and with `/`, fits."""
        parts = path.split("/")
        return any(_fits(names, parts) for names in self._patterns)


def _fits(names: _Names, parts: Sequence[str]) -> bool:
    """Whether the names of a pattern are those of the path; each pair is looked at once."""
    reached = {0}
    for name in names:
        if name is _DEEP:
            reached = set(range(min(reached), len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and name.match(parts[at])}
        if not reached:
            return False
    return len(parts) in reached


def _names(pattern: str) -> _Names:
    found: list[re.Pattern[str] | None] = []
    names = pattern.removeprefix("./").split("/")
    for at, name in enumerate(names):
        if "**" in name:
            found.append(_DEEP)
            name = re.sub(r"\*\*+", "*", name)
            if name == "*" and at < len(names) - 1:
                continue
        found.append(re.compile(translate(name)))
    return tuple(found)


def _alternatives(pattern: str) -> list[str]:
    """The pattern without braces, once for each way to choose. Raises UserError when there are too many."""
    if len(pattern) > LONGEST:
        raise UserError(f"a pattern has at most {LONGEST} characters")
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        text = waiting.pop()
        opened = text.find("{")
        closed = _closing(text, opened) if opened >= 0 else -1
        if closed < 0:
            done.append(text)
        else:
            waiting.extend(text[:opened] + choice + text[closed + 1 :] for choice in reversed(_choices(text[opened + 1 : closed])))
        if len(done) + len(waiting) > MOST:
            raise UserError(f"the pattern `{pattern[:100]}` has more than {MOST} alternatives; write fewer")
    return done


def _closing(text: str, opened: int) -> int:
    """Where the brace that opens there closes; -1 when it does not."""
    depth = 0
    for at in range(opened, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return at
    return -1


def _choices(body: str) -> list[str]:
    """The parts between the commas that are in no inner brace."""
    parts, depth = [""], 0
    for sign in body:
        depth += (sign == "{") - (sign == "}")
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
