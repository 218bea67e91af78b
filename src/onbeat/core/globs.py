"""Choose paths by patterns as Kestra writes them.

Python's own globs differ from Kestra's in what `**` and a bare name mean, so a flow would take other files here than there.

Rules
1. `*` and `?` stay within a folder, `**` crosses folders, `[ab]` and `{a,b}` choose; `\\` takes away a meaning.
2. A pattern that begins with a letter or digit is found in any folder: `query.sql` and `sql/*.sql` are, too.
3. `glob:` and `regex:` before a pattern say what it is; it is then taken as it is written.

Called by: whoever lets a flow choose files.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from onbeat.errors import UserError

_LONGEST = 1_000
_GLOB, _REGEX = "glob:", "regex:"
_ANYWHERE = re.compile(r"[A-Za-z0-9_]")


def chooser(include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Callable[[str], bool]:
    """Whether a relative path fits one of `include` (any, when there is none) and none of `exclude`. Raises UserError."""
    wanted, unwanted = [compiled(each) for each in include], [compiled(each) for each in exclude]

    def fits(path: str) -> bool:
        return (not wanted or any(_found(each, path) for each in wanted)) and not any(_found(each, path) for each in unwanted)

    return fits


def _found(pattern: re.Pattern[str], path: str) -> bool:
    """Kestra's paths begin with `/`, and patterns are written for both."""
    return pattern.fullmatch(path) is not None or pattern.fullmatch("/" + path) is not None


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern. Raises UserError."""
    if len(pattern) > _LONGEST:
        raise UserError(f"a pattern of files has more than {_LONGEST:,} characters")
    try:
        if pattern.startswith(_REGEX):
            return re.compile(pattern.removeprefix(_REGEX))
        if pattern.startswith(_GLOB):
            return re.compile(_translated(pattern.removeprefix(_GLOB)), re.DOTALL)
        anywhere = "**/" if _ANYWHERE.match(pattern) else ""
        return re.compile(_translated(anywhere + pattern), re.DOTALL)
    except re.error as wrong:
        raise UserError(f"`{pattern[:100]}` is not a pattern of files: {wrong}") from None


def _translated(glob: str) -> str:
    parts: list[str] = []
    at, braces = 0, 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "*":
            stars = at
            while at < len(glob) and glob[at] == "*":
                at += 1
            parts.append(".*" if at > stars else "[^/]*")
        elif char == "?":
            parts.append("[^/]")
        elif char == "[" and (end := glob.find("]", at + 1)) > 0:
            inside = glob[at:end].replace("\\", "\\\\").replace("[", "\\[")
            parts.append("(?!/)[" + ("^" + inside[1:] if inside[0] in "!^" else inside) + "]")
            at = end + 1
        elif char == "{" and "}" in glob[at:]:
            parts.append("(?:")
            braces += 1
        elif char == "}" and braces:
            parts.append(")")
            braces -= 1
        elif char == "," and braces:
            parts.append("|")
        elif char == "\\" and at < len(glob):
            parts.append(re.escape(glob[at]))
            at += 1
        else:
            parts.append(re.escape(char))
    return "".join(parts)
