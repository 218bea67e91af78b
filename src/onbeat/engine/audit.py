"""Write down who changed what: the rows of the audit log, with nothing in them that is secret.

Rules
1. What is called like a secret (`password`, `token`, `authorization` …) is hidden, and so are the values of secrets, wherever they are.
2. A row is bounded: long texts are cut, long lists and deep values too.

Called by: the API's `audited`.
"""

import re
from collections.abc import Callable

from onbeat.core.event import Json, Micros
from onbeat.ports import Audit

MASK = "********"
_SECRET = re.compile(r"(?i).*(password|passwd|secret|token|api[-_]?key|authorization|cookie|credential|private[-_]?key|digest).*")
_LONGEST_TEXT = 20_000
_MOST_ITEMS = 1_000
_DEEPEST = 20


def audit_row(at: Micros, who: str, action: str, what: str, before: Json, after: Json, mask: Callable[[str], str]) -> Audit:
    """A row. action: `flow.update`; what: `flow:shop.order`; before, after: None where there was or is nothing. mask: hides secrets."""
    return Audit(at=at, who=who, action=action, what=mask(what), before=hidden(before, mask), after=hidden(after, mask))


def hidden(value: Json, mask: Callable[[str], str], depth: int = 0) -> Json:
    """A value as the audit log keeps it."""
    if isinstance(value, str):
        cut = value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}… ({len(value):,} characters)"
        return mask(cut)
    if depth == _DEEPEST and isinstance(value, dict | list):
        return "…"
    if isinstance(value, dict):
        return {
            mask(key[:_LONGEST_TEXT]): MASK if item is not None and _SECRET.fullmatch(key) else hidden(item, mask, depth + 1)
            for key, item in list(value.items())[:_MOST_ITEMS]
        }
    if isinstance(value, list):
        return [hidden(item, mask, depth + 1) for item in value[:_MOST_ITEMS]]
    return value
