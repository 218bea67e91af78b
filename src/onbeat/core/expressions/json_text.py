"""Read JSON texts inside expressions: integers beyond 64 bits become their exact text, as everywhere.

Called by: the functions `fromJson` and `json`, the filter `jq`.
"""

import re
from typing import Any

import orjson

from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.texts import plain_value

_MANY_DIGITS = re.compile(r"[0-9]{19}")
_TEXT_OR_INTEGER = re.compile(r'("(?:[^"\\]++|\\.)*+"?)|(-?[0-9]++)(?![.eE])')
"""A text that does not end is taken up to its end all the same: trying again behind each quote in it would take for ever."""


def read_json(text: str) -> Any:
    """The value that the JSON text says."""
    if _MANY_DIGITS.search(text):
        text = _TEXT_OR_INTEGER.sub(_quoted, text)
    try:
        return plain_value(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise ExpressionError(f"the text is not JSON, see its line {error.lineno}, column {error.colno}") from None


def _quoted(found: re.Match[str]) -> str:
    """An integer beyond 64 bits as a text; anything else as it is."""
    digits = found[2]
    if digits is None or len(digits) < 19 or len(digits) > 4_000 or -(2**63) <= int(digits) < 2**63:
        return found[0]
    return f'"{digits}"'
