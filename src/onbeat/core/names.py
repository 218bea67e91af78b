"""Say what a name may look like, and which right name a wrong one was meant to be.

A refusal that only says "unknown" sends people to the documentation; one that names the nearest right word is fixed in seconds.

Rules
1. The patterns are Kestra's, anchored at both ends, so that a Kestra flow's names are names here.
2. The nearest name is found whatever its case, and nothing is suggested when nothing is near.
3. A check returns the name it was given or raises a UserError that says what to write.

Called by: flow, trigger and inputs for the patterns; the loader, the CLI and the API for the suggestions.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from onbeat.errors import UserError

FLOW_ID = r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$"
NAMESPACE = r"^[a-z0-9][a-z0-9._-]*$"
TASK_ID = r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$"
INPUT_ID = r"^[a-zA-Z0-9][.a-zA-Z0-9_-]*$"

FLOW_ID_LENGTH = 100
NAMESPACE_LENGTH = 150
TASK_ID_LENGTH = 256

_COMPARED = 100
"""Characters of a word that are compared: the cost of comparing grows with the square of the length."""
_CUTOFF = 0.6


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like the word, whatever the case; None when none is near."""
    return _nearest(word[:_COMPARED], tuple(choices))


@lru_cache(maxsize=1_024)
def _nearest(word: str, choices: tuple[str, ...]) -> str | None:
    """Remembered: a mistake that a file makes in a hundred places is compared once."""
    folded: dict[str, str] = {}
    for choice in choices:
        folded.setdefault(choice.casefold()[:_COMPARED], choice)
    found = get_close_matches(word.casefold()[:_COMPARED], folded, n=1, cutoff=_CUTOFF)
    return folded[found[0]] if found else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The end of an error message: "; did you mean `tasks`?", or nothing when no choice is near."""
    found = nearest(word, choices)
    return f"; did you mean `{found}`?" if found is not None else ""


def check_flow_id(name: str) -> str:
    """The name, if it can be a flow's id."""
    return _check("flow id", name, FLOW_ID, FLOW_ID_LENGTH, "letters, digits, `.`, `_` and `-`, beginning with a letter or digit")


def check_namespace(name: str) -> str:
    """The name, if it can be a namespace."""
    return _check(
        "namespace", name, NAMESPACE, NAMESPACE_LENGTH, "lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
    )


def lineage(namespace: str) -> list[str]:
    """The namespace and those above it, the nearest first: `a.b`, `a`."""
    parts = namespace.split(".")
    return [".".join(parts[:size]) for size in range(len(parts), 0, -1)]


def check_task_id(name: str) -> str:
    """The name, if it can be a task's or a trigger's id."""
    return _check("task id", name, TASK_ID, TASK_ID_LENGTH, "letters, digits, `_` and `-`, beginning with a letter or digit")


def check_input_id(name: str) -> str:
    """The name, if it can be an input's id; dots nest."""
    return _check("input id", name, INPUT_ID, TASK_ID_LENGTH, "letters, digits, `.`, `_` and `-`, beginning with a letter or digit")


def _check(kind: str, name: str, pattern: str, length: int, cure: str) -> str:
    if len(name) > length:
        raise UserError(f"the {kind} `{name[:40]}…` has {len(name)} characters; use at most {length}")
    if re.fullmatch(pattern, name) is None or name.endswith("\n"):
        raise UserError(f"`{name}` is not a {kind}; use {cure}")
    return name
