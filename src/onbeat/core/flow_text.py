"""Edit the text of flows without touching what is not meant: comments, order and quotes stay as somebody wrote them.

A flow that is written anew from its data has lost its comments. So a text is cut and changed where it must be, and what comes out is
read again: it must say what was meant, or nothing is changed.

Rules
1. A text with several documents is cut at its `---` and nowhere else; a piece without content belongs to the document after it.
2. `disabled` is changed in its line, or added in one; everything else stays byte for byte.
3. A difference between two texts is bounded, in time and in length, whatever they are.

Called by: engine/flow_files, the API's changes of flows.
"""

import re
from collections.abc import Iterator
from difflib import unified_diff

from onbeat.core.yaml12 import parse
from onbeat.core.yaml_errors import YamlError

_MARK = re.compile(r"^---(?=[ \t\r\n]|$)[ \t]*\r?\n?", re.MULTILINE)
_NOTHING = re.compile(r"(?:[ \t]*(?:#[^\n]*)?(?:\r?\n|$))*")
_TOKEN = re.compile(r"[^\s#,}]+")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MOST_LINES = 400
"""Of each side of a difference: comparing costs the product of both."""
_LONGEST_LINE = 500


def documents(text: str) -> list[str]:
    """The documents of a text, each as it is written there; one that is the only one is the whole text."""
    pieces: list[str] = []
    before = ""
    for piece in _MARK.split(text):
        if _NOTHING.fullmatch(piece) is not None:
            before += piece
        else:
            pieces.append(before + piece)
            before = ""
    return pieces if len(pieces) > 1 or _MARK.search(text) is None else [text] if pieces else []


def with_disabled(text: str, disabled: bool) -> str | None:
    """The text with `disabled` as said; the text itself where it is so already, None where it cannot be changed in one place."""
    try:
        document = parse(text, "flow")
    except YamlError:
        return None
    data = document.data
    if not isinstance(data, dict):
        return None
    if data.get("disabled", False) is disabled:
        return text
    wanted = {**data, "disabled": disabled}
    word = "true" if disabled else "false"
    lines = _LINE.findall(text)
    present = document.position(("disabled",)) if "disabled" in data else None
    for changed in _tries(lines, present, document.position(("namespace",))[0], word):
        try:
            if parse(changed, "flow").data == wanted:
                return changed
        except YamlError:
            continue
    return None


def _tries(lines: list[str], present: tuple[int, int] | None, namespace: int, word: str) -> Iterator[str]:
    """Where the key may be changed or added, the best place first."""
    if present is not None:
        row, column = present[0] - 1, present[1] - 1
        line = lines[row]
        found = _TOKEN.match(line, column)
        if found is not None:
            yield "".join([*lines[:row], line[:column], word, line[found.end() :], *lines[row + 1 :]])
        return
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    above = lines[:namespace]
    if above and above[-1].endswith("\n"):
        yield "".join([*above, f"disabled: {word}{end}", *lines[namespace:]])
    whole = "".join(lines)
    yield f"{whole}{'' if whole.endswith(chr(10)) else end}disabled: {word}{end}"
    yield whole.replace("{", "{" + f"disabled: {word}, ", 1)


def difference(before: str, after: str, name: str = "flow") -> str:
    """What makes the one text the other, as `diff -u` writes it; cut where it is long."""
    old, new = (text.splitlines() for text in (before, after))
    start = _common(old, new)
    tail = _common(old[start:][::-1], new[start:][::-1])
    first = max(0, start - 3)
    last = max(0, tail - 3)
    left, right = old[first : len(old) - last], new[first : len(new) - last]
    cut = max(len(left), len(right)) > _MOST_LINES
    found = list(unified_diff(left[:_MOST_LINES], right[:_MOST_LINES], f"{name} (now)", f"{name} (yours)", lineterm=""))
    if not found and before != after:
        found = ["only line ends differ"]
    shown = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in found]
    return "\n".join([*shown, "… and more" if cut else ""]).rstrip("\n")


def _common(one: list[str], other: list[str]) -> int:
    """How many lines both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
