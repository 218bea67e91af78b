"""Say in the document which parameters of a query and which headers a handler reads itself.

Where a handler answers two kinds of request, or is too hot for a model, the framework does not know what it reads: the document would
have less than the route takes, and what is misspelt would be taken for nothing.

Rules
1. What is declared is held to it before the handler is called (scalars.py): given once, numbers in digits, flags true or false.

Called by: the route modules, as `reads=` of routing.route.
"""

import re
from typing import Any

from starlette.requests import Request

from onbeat.core.states import State
from onbeat.engine.once import LONGEST
from onbeat.errors import UserError

Read = dict[str, Any]
_LARGEST = 2**31
_DIGITS = re.compile("[0-9]{1,10}")
FLAG: Read = {"type": "boolean", "default": False}
NUMBER: Read = {"type": "integer", "minimum": 1, "maximum": _LARGEST}
TEXT: Read = {"type": "string"}
INSTANT: Read = {"type": "string", "anyOf": [{"format": "date-time"}, {"maxLength": 0}]}
POSITION: Read = {"type": "string", "pattern": "^[0-9]{0,18}$"}
DURATION: Read = {"type": "string", "pattern": "^(P[0-9]{1,4}[WD]|P([0-9]{1,4}D)?T([0-9]{1,5}[HMS]|[0-9]{1,4}H[0-9]{1,4}M))?$"}
LABELS: Read = {"type": "array", "items": {"type": "string", "pattern": r"^[^:]+:[\s\S]+$"}, "default": []}


def query(name: str, looks: Read, about: str, *, required: bool = False) -> Read:
    """A parameter of the query."""
    return {"name": name, "in": "query", "required": required, "description": about, "schema": looks}


def header(name: str, looks: Read, about: str) -> Read:
    """A header."""
    return {"name": name, "in": "header", "required": False, "description": about, "schema": looks}


def only(value: str) -> Read:
    """A text that can have one value here, and is taken for the sake of Kestra's clients."""
    return {"type": "string", "enum": [value]}


REVISION = query("revision", NUMBER, "Of the flow; the served one unless told otherwise.")
STATE = {"type": "string", "enum": [*State]}
BREAKPOINTS = query("breakpoints", {"type": "string", "maxLength": 0}, "Must be empty: there are none here.")
ONCE = header(
    "Idempotency-Key",
    {"type": "string", "pattern": f"^[!-~]{{1,{LONGEST}}}$"},
    "The same key with the same request is the same start, however often it is sent.",
)
TRACE = header("traceparent", TEXT, "The trace that this belongs to (W3C Trace Context).")


def revision_in(request: Request) -> int | None:
    """The revision that a query names. Raises UserError."""
    given = request.query_params.get("revision")
    if not given:
        return None
    if _DIGITS.fullmatch(given) is None or not 1 <= int(given) <= _LARGEST:
        raise UserError(f"revision `{given[:40]}` is none: they are numbers from 1")
    return int(given)
