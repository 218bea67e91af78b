"""Turn an execution into bytes and back, so that a long journal need not be folded from its first row.

The journal is the truth; a snapshot is only a shortcut, which is why it may be thrown away at any time: one whose shape is not that
of the present code is not read, and the journal is folded instead.

Rules
1. What is read equals what was written, persistent maps and references to kept values included.
2. A snapshot of another shape is none.
3. A snapshot is due when the journal has grown since the last by more than SHORT rows, and by more than the execution holds (task runs,
   values of loops): short executions never have one, and writing them costs a long one no more than its journal does. A long one has one
   more at its end: opening it is then reading that, and no journal.

Called by: the stores.
"""

from functools import cache
from hashlib import blake2b
from typing import Any

import msgspec
from immutables import Map

from onbeat.core.execution import Attempt, Awaited, Block, Execution, Fan, Head, Order, Scope, TaskRun, Trigger, Verdict
from onbeat.core.refs import Kept, Ref, holds

SHORT = 64
LONG = 500
"""Task runs from which on an execution that ended has a snapshot as well."""
_MAP, _REF = 1, 2


def _shape() -> str:
    """A fingerprint of all that a snapshot holds: the fields of each type and how they are written."""
    fields = [f"{kind.__name__}.{name}: {kind.__annotations__[name]}" for kind in _KINDS for name in kind.__struct_fields__]
    return blake2b("\n".join(fields).encode(), digest_size=8).hexdigest()


_KINDS: tuple[type[msgspec.Struct], ...] = (
    *(Execution, TaskRun, Attempt, Awaited, Block, Order, Fan),
    *(Head, Scope, Trigger, Verdict, Kept, Ref),
)
FORMAT = _shape()


def _written(value: Any) -> Any:
    if isinstance(value, Map):
        return msgspec.msgpack.Ext(_MAP, _encoder.encode([(key, _marked(item)) for key, item in value.items()]))
    raise TypeError(f"{type(value).__name__} in an execution: it holds plain JSON and maps only")


def _marked(value: Any) -> Any:
    """A Ref among a task's outputs, as something that is not taken for a map when it is read."""
    if type(value) is Ref:
        return msgspec.msgpack.Ext(_REF, _encoder.encode(value))
    if type(value) is dict and holds(value):
        return {key: _marked(item) for key, item in value.items()}
    return value


class _Packed(msgspec.Struct, frozen=True):
    """A map as it came: it is decoded when its type is known, at once as that type."""

    data: bytes


def _extended(code: int, data: memoryview) -> Any:
    if code == _REF:
        return _refs.decode(data)
    if code == _MAP:
        return _Packed(bytes(data))
    raise ValueError(f"extension {code} in a snapshot")


def _plain(code: int, data: memoryview) -> Any:
    """What has no type of its own: maps in maps as well."""
    return Map(_untyped.decode(data)) if code == _MAP else _extended(code, data)


def _typed(kind: Any, value: Any) -> Any:
    """The map of a field, its values of the field's type."""
    return Map(_items(kind.__args__[1]).decode(value.data))


@cache
def _items(of: Any) -> msgspec.msgpack.Decoder[Any]:
    if isinstance(of, type) and issubclass(of, msgspec.Struct):
        return msgspec.msgpack.Decoder(list[tuple[Any, of]], dec_hook=_typed, ext_hook=_extended)
    return _untyped


_untyped: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(ext_hook=_plain)
_encoder = msgspec.msgpack.Encoder(enc_hook=_written)
_refs = msgspec.msgpack.Decoder(Ref)
_decoder = msgspec.msgpack.Decoder(Execution, dec_hook=_typed, ext_hook=_extended)


def is_due(execution: Execution, last: int) -> bool:
    """Whether a snapshot is worth writing; `last`: the version of the last one, 0 when there is none."""
    grown = execution.version - last
    if execution.ended:  # a long one is looked at more often than it is restarted
        return len(execution.runs) > LONG and grown > SHORT
    return grown > max(SHORT, len(execution.runs)) and grown > _size(execution)


def _size(execution: Execution) -> int:
    """How many task runs, values of loops and results of their iterations it holds."""
    blocks = execution.blocks.values()
    return len(execution.runs) + sum(len(block.values) + (0 if block.fan is None else len(block.fan.results)) for block in blocks)


def to_record(execution: Execution) -> bytes:
    """The execution as bytes."""
    return _encoder.encode(execution)


def from_record(record: bytes, shape: str) -> Execution | None:
    """The execution of a snapshot; None when it was written in another shape."""
    return _decoder.decode(record) if shape == FORMAT else None
