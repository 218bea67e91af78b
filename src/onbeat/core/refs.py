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
    if not any(is_mark(value) for value in values.values()):
        return values
    return {name: Ref(value[REF_KEY], value["size"]) if is_mark(value) else value for name, value in values.items()}


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
        elif isinstance(value, Map) or (isinstance(value, dict) and any(isinstance(item, Ref) for item in value.values())):
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
