"""Stand for a value that is kept once in storage because it is too large for a row.

In rows a kept value is the map {"onbeat:ref": address, "size": bytes} in the place of an input, an output or a trigger variable. For
expressions it is a Ref: touching one asks the shell to bring it first. Data that looks like such a map by itself is always kept in
storage (engine/payloads), so nobody can make us read an address by sending one.

Called by: context and evolve open them, engine/payloads makes them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from immutables import Map

from onbeat.core.event import Json

REF_KEY = "onbeat:ref"
SECRET = "secret:"
"""How the address of a kept value begins that is the encrypted value itself (sealed.py)."""
_NESTED = ("outputs", "onResume", "inputs")
"""Outputs that hold what others gave: an execution's outputs, a person's answers. What is secret in them is kept one by one."""
AROUND = "@around"
"""What the shell is asked for when the outputs before a loop are large: it keeps them, and answers with where they are."""
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
    for name in _NESTED:
        inside = values.get(name)
        if type(inside) is dict and any(_is_secret(value) for value in inside.values()):
            values = {**values, name: {key: _ref(value) if _is_secret(value) else value for key, value in inside.items()}}
    if not any(is_mark(value) for value in values.values()):
        return values
    return {name: _ref(value) if is_mark(value) else value for name, value in values.items()}


def _ref(marked: Any) -> Ref:
    return Ref(marked[REF_KEY], marked["size"])


def _is_secret(value: Any) -> bool:
    """Whether it stands for a value that is in its address, encrypted: what only looks so opens nothing, and no address is read."""
    return type(value) is dict and isinstance(value.get(REF_KEY), str) and value[REF_KEY].startswith(SECRET) and "size" in value


def holds(value: Any) -> bool:
    """Whether there is a Ref anywhere in the maps of a value."""
    if type(value) is dict:
        return any(holds(item) for item in value.values())
    return type(value) is Ref


class Kept(msgspec.Struct, frozen=True):
    """Where in a tree of outputs a kept value stands."""

    path: tuple[str, ...]
    ref: Ref


def taken_apart(tree: Mapping[str, Any]) -> tuple[dict[str, Json], tuple[Kept, ...]]:
    """A tree of outputs (task, loop values, names) as plain JSON without what is kept in storage, and where that stands."""
    kept: list[Kept] = []
    return _plain(tree, (), kept), tuple(kept)


def _plain(tree: Mapping[str, Any], path: tuple[str, ...], kept: list[Kept]) -> dict[str, Json]:
    plain: dict[str, Json] = {}
    for name, value in tree.items():
        if isinstance(value, Ref):
            kept.append(Kept((*path, name), value))
        elif isinstance(value, Map) or holds(value):
            plain[name] = _plain(value, (*path, name), kept)
        else:
            plain[name] = value
    return plain


def put_together(plain: dict[str, Json], kept: Iterable[Kept]) -> dict[str, Any]:
    """The tree that was taken apart; what was not kept is shared with `plain`."""
    tree: dict[str, Any] = plain
    for each in kept:
        tree = _put(tree, each.path, each.ref)
    return tree


def _put(tree: Mapping[str, Any], path: tuple[str, ...], ref: Ref) -> dict[str, Any]:
    if len(path) == 1:
        return {**tree, path[0]: ref}
    return {**tree, path[0]: _put(tree.get(path[0]) or {}, path[1:], ref)}


def replace_refs(value: Any, found: Mapping[str, Json]) -> Any:
    """The scope's value with the Refs that were brought replaced by their values."""
    if isinstance(value, Ref):
        return found.get(value.uri, value)
    if isinstance(value, Map | dict):
        return {name: replace_refs(item, found) for name, item in value.items()}
    if isinstance(value, list):
        return [replace_refs(item, found) for item in value]
    return value
