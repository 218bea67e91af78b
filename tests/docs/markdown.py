"""Read Markdown as far as the checks of docs/ need: links, headings, code blocks.

Called by: test_docs.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str


def blocks(page: Path, language: str | None = None) -> Iterator[Block]:
    """The fenced blocks of a page. language: only of that one."""
    text = page.read_text()
    for found in _FENCE.finditer(text):
        if language is None or found[1] == language:
            yield Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> Iterator[str]:
    """Where the links of a page lead."""
    return (found[1] for found in _LINK.finditer(prose(page)))


def anchors(page: Path) -> set[str]:
    """The names by which the headings of a page are linked, as GitHub makes them."""
    names: set[str] = set()
    for found in _HEADING.finditer(prose(page)):
        slug = re.sub(r"[^\w\- ]", "", found[1].lower()).replace(" ", "-")
        name, number = slug, 0
        while name in names:
            number += 1
            name = f"{slug}-{number}"
        names.add(name)
    return names
