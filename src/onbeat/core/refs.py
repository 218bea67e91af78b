"""Stand for a value that is kept once in storage because it is too large for a row.

In rows a kept value is the map {"onbeat:ref": address, "size": bytes} in the place of an input, an output or a trigger variable. For
expressions it is a Ref: touching one asks the shell to bring it first. Data that looks like such a map by itself is always kept in
storage (engine/payloads), so nobody can make us read an address by sending one.

Called by: context and evolve open them, engine/payloads makes them.
"""

from typing import Any

import msgspec

from onbeat.core.event import Json

REF_KEY = "onbeat:ref"
INLINE_LIMIT = 65_536
"""Bytes of JSON up to which inputs, outputs and payloads live in rows; larger ones are kept in storage."""


class Ref(msgspec.Struct, frozen=True):
    """A value kept in storage: `uri` says where, `size` is its length in bytes as JSON."""

    uri: str
    size: int


def is_mark(value: Json) -> bool:
    """Whether a value of a row stands for a kept one."""
    return isinstance(value, dict) and REF_KEY in value


def mark(ref: Ref) -> dict[str, Json]:
    """What stands in the row."""
    return {REF_KEY: ref.uri, "size": ref.size}


def opened(values: dict[str, Json]) -> dict[str, Any]:
    """The values of a row as expressions see them: kept ones are Refs."""
    if not any(is_mark(value) for value in values.values()):
        return values
    return {name: Ref(value[REF_KEY], value["size"]) if is_mark(value) else value for name, value in values.items()}
