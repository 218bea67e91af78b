"""Say what came in from outside, in CloudEvents' shape, with the key that makes it once.

An event's identity is what stops it from starting a flow twice, so it is fixed here, where the event is built, and not in the
database: a CloudEvent's is its source and id, whatever carried it; else the source's own position.

Called by: sources build them, `match` reads them, the stores keep them.
"""

from typing import Any

import msgspec

Json = Any
"""A plain JSON value: None, bool, int, float, str, list, dict with text keys. Never anything else (core/values.py)."""

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z: how instants are kept; at the edges they are ISO 8601 text."""

MAX_HOPS = 16
"""An event that came through more flows than this goes to the dead events: a loop of flows ends."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened outside.

    key: identity within its subscription, see above. data: the decoded payload. variables: what `trigger.*` shows in expressions
    (source-specific; Kestra's names). hops: how many of our own executions stand behind it.
    """

    id: str
    source: str
    type: str
    time: Micros
    key: str
    data: Json = None
    subject: str | None = None
    topic: str | None = None
    variables: dict[str, Json] = {}
    hops: int = 0
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


def cloud_key(source: str, id_: str) -> str:
    """The identity of a CloudEvent, whatever carried it. The separator cannot be in a URI reference."""
    return f"{source}\n{id_}"
