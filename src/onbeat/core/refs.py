"""Stand for a value that is kept once in storage because it is too large for a row."""

import msgspec

REF_KEY = "onbeat:ref"
"""The only key of the JSON object by which a kept value is written in rows."""

INLINE_LIMIT = 65_536
"""Bytes of JSON up to which inputs, outputs and payloads live in rows; larger ones are kept in storage (design.md rule 5)."""


class Ref(msgspec.Struct, frozen=True):
    """A value kept in storage: `uri` says where, `size` is its length in bytes as JSON."""

    uri: str
    size: int
