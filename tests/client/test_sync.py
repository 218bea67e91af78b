"""The client for threads is the one for asyncio without waiting: written by a rule, and up to date.

Written by hand, the two would differ soon. `python -m tests.client.test_sync` writes it anew.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "onbeat" / "client"
MODULES = sorted(path.name for path in (PACKAGE / "aio").glob("*.py") if path.name not in ("wire.py", "__init__.py"))
HEAD = "# Made from onbeat/client/aio/{name} by `python -m tests.client.test_sync`: edit that one.\n"
RULES = [
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncGenerator\[(.+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsync([A-Z])", r"\1"),
    (r"__a(enter|exit)__", r"__\1__"),
    (r"\baclosing\b", "closing"),
    (r"\bonbeat\.client\.aio\b", "onbeat.client.sync"),
]


def written(name: str) -> str:
    """A module of the client for threads."""
    text = (PACKAGE / "aio" / name).read_text("utf-8")
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    for command in (["check", "--fix-only", "--select", "I"], ["format"]):
        asked = [sys.executable, "-m", "ruff", *command, "--quiet", "--no-cache", "--stdin-filename", str(PACKAGE / "sync" / name), "-"]
        text = subprocess.run(asked, input=text, capture_output=True, text=True, check=True).stdout
    return HEAD.format(name=name) + text


@pytest.mark.parametrize("name", MODULES)
def test_it_is_what_the_rule_makes(name: str):
    """Stale: run `python -m tests.client.test_sync`."""
    assert (PACKAGE / "sync" / name).read_text("utf-8") == written(name)


def test_nothing_else_is_there():
    """But for the wire, which differs, and what makes it a package."""
    assert sorted(path.name for path in (PACKAGE / "sync").glob("*.py")) == sorted([*MODULES, "__init__.py", "wire.py"])


def test_nothing_of_asyncio_is_left():
    """A word that the rule does not know would be found by the first who uses it."""
    assert not [
        name for name in MODULES if re.search(r"(?i)async|await|aiter|anext|aio", written(name).removeprefix(HEAD.format(name=name)))
    ]


if __name__ == "__main__":
    for name in MODULES:
        (PACKAGE / "sync" / name).write_text(written(name), "utf-8")
