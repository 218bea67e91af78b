"""Read YAML 1.2 as plain data, and remember where everything stands.

PyYAML reads YAML 1.1, where `on:` is True, `12:30` is 750, a second `tasks:` silently wins and a date is an object; 60 kB of `[` end
the process with SIGSEGV, and 300 bytes of aliases become gigabytes. So only libyaml's stream of events is used: nothing is built that
was not counted first, and nothing recurses on the input.

Rules
1. Only true, false, null, integers (`010` is ten, 0o and 0x are read) and decimals are not text: `on`, `no`, `12:30`, dates are text.
2. A key is text as it is written: `1:` is "1", `on:` is "on". A list or map as a key, and an empty key, are refused.
3. Duplicate keys, tags, cycles, NUL, lone surrogates, NaN, infinity and integers of more than 500 digits are refused.
4. Anchors, aliases and `<<` are taken within limits; an alias is a copy, so that no two places of the data are one object.
5. Depth, nodes with aliases expanded, aliases and size are limited, and are counted before anything of that size is built.
6. Everything wrong is a YamlError: line and column from 1, and a sentence with the cure.
7. Every value, and every key, has a position; where a path ends too early, the nearest value around it.

Called by: the loader for flows, triggers and settings; inputs of type YAML; the filters that read YAML.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, NoReturn

import yaml

from onbeat.core.event import Json
from onbeat.core.yaml_errors import YamlError, explain, key_cure, line_and_column

MAX_BYTES = 1_048_576
MAX_DEPTH = 320
"""Tasks inside of tasks are two deep each: a hundred and fifty levels of them are taken, and no walk through them ends in a recursion."""
MAX_NODES = 200_000
MAX_ALIASES = 1_000
MAX_COPIED = 10_000
"""Values that aliases bring: a few lines could mean as many as the longest file, and all of them would be looked at."""
MAX_DIGITS = 500
_MAX_DIRECTIVES = 100

_TAG = "tag:yaml.org,2002:"
_CONSTANTS: dict[str, Json] = {"": None, "~": None, **dict.fromkeys(("null", "Null", "NULL"))}
_CONSTANTS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TAGGED: dict[str, tuple[type, ...]] = {
    _TAG + "int": (int,),
    _TAG + "float": (float, int),
    _TAG + "bool": (bool,),
    _TAG + "null": (type(None),),
}
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class Document:
    """One YAML document: its data as plain JSON, and where each part of it stands."""

    def __init__(self, name: str, root: "_Node") -> None:
        self.name = name
        self.data: Json = root.value
        self._root = root

    def position(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column, from 1, of the value at the path, or of the nearest value around it that exists."""
        node = self._root
        for step in path:
            inner = node.child(step)
            if inner is None:
                break
            node = inner
        return node.place

    def key_position(self, path: Sequence[str | int]) -> tuple[int, int]:
        """Line and column, from 1, of the key of the value at the path; of the value where it has no key; else as `position`."""
        key: tuple[int, int] | None = None
        node = self._root
        for step in path:
            inner = node.child(step)
            if inner is None:
                return node.place
            key = node.keys.get(step) if isinstance(step, str) else None
            node = inner
        return key or node.place


def parse(text: str | bytes, name: str) -> Document:
    """The one document of the text; data is None when there is none. Raises YamlError."""
    documents = parse_all(text, name)
    if len(documents) > 1:
        raise YamlError(name, *documents[1].position(()), "this is a second document; keep one in a file and remove the `---`")
    return documents[0] if documents else Document(name, _Node(None, (1, 1), 1, 1))


def parse_all(text: str | bytes, name: str) -> list[Document]:
    """The documents of the text, between `---`; those without content are left out. Raises YamlError."""
    return list(_Reader(name, _checked_text(text, name)).documents())


class _Node(NamedTuple):
    """A value, its place, the number of values in it and their depth, and for what is inside: places of keys, and nodes."""

    value: Json
    place: tuple[int, int]
    size: int
    depth: int
    keys: Mapping[str, tuple[int, int]] = MappingProxyType({})
    inner: "dict[str, _Node] | list[_Node] | None" = None

    def child(self, step: str | int) -> "_Node | None":
        """The node at one step down; None when there is none."""
        if isinstance(step, str):
            return self.inner.get(step) if isinstance(self.inner, dict) else None
        return self.inner[step] if isinstance(self.inner, list) and 0 <= step < len(self.inner) else None


@dataclass(slots=True)
class _Open:
    """A list or map whose end was not reached yet."""

    place: tuple[int, int]
    anchor: str | None
    items: list[_Node] | None
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    entries: dict[str, _Node] = field(default_factory=dict)
    key: str = ""
    after_key: bool = False
    merge: tuple[_Node, ...] | None = None
    merge_next: bool = False

    def wants_key(self) -> bool:
        return self.items is None and not self.after_key

    def close(self) -> _Node:
        """The finished node. What `<<` brings comes last, and never over a key of the map's own or of an earlier map of the merge."""
        if self.items is not None:
            inner = self.items
            return _Node([n.value for n in inner], self.place, 1 + sum(n.size for n in inner), 1 + _deepest(inner), inner=inner)
        for source in self.merge or ():
            for key, node in source.inner.items() if isinstance(source.inner, dict) else ():
                if key not in self.entries:
                    self.entries[key] = node._replace(value=source.value[key])
                    self.keys[key] = source.keys[key]
        nodes = self.entries.values()
        value = {key: node.value for key, node in self.entries.items()}
        return _Node(value, self.place, 1 + sum(n.size for n in nodes), 1 + _deepest(nodes), self.keys, self.entries)


class _Reader:
    """Builds documents from libyaml's events, counting before building."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._nodes = 0
        self._aliases = 0
        self._copied = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, _Node | None] = {}  # None: the anchor's list or map is still open
        self._root: _Node | None = None

    def documents(self) -> Iterator[Document]:
        """The documents that have content."""
        try:
            for event in yaml.parse(self._text, Loader=yaml.CSafeLoader):
                match event:
                    case yaml.ScalarEvent():
                        self._scalar(event)
                    case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                        self._start(event)
                    case yaml.CollectionEndEvent():
                        done = self._open.pop()
                        self._add(done.close(), done.anchor)
                    case yaml.AliasEvent():
                        self._alias(event)
                    case yaml.DocumentStartEvent():
                        self._root = None
                        self._anchors.clear()
                    case yaml.DocumentEndEvent() if self._root is not None:
                        yield Document(self._name, self._root)
        except yaml.YAMLError as error:
            self._refuse(*explain(error, self._text))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        place = _place(event)
        value: str = event.value
        plain = event.tag is None and event.style in ("", None)
        if "\0" in value:
            self._refuse(place, "NUL (`\\0`) cannot be stored; remove it")
        if self._open and self._open[-1].wants_key():
            self._key(event, value, plain, place)
            return
        if not self._open and plain and not value:
            return  # a document without content
        self._count(1, place)
        resolved = self._resolve(value, place) if plain else self._tagged(event, value, place)
        self._add(_Node(resolved, place, 1, 0), event.anchor)

    def _resolve(self, value: str, place: tuple[int, int]) -> Json:
        """The value of a plain scalar by YAML 1.2's core schema."""
        if value in _CONSTANTS:
            return _CONSTANTS[value]
        if value[0] not in "+-.0123456789":
            return value
        if _INTEGER.fullmatch(value):
            if len(value) > MAX_DIGITS:
                self._refuse(place, f"an integer has at most {MAX_DIGITS} digits; quote it to keep it as text")
            return int(value, 0) if value[1:2] in ("o", "x") else int(value)
        if _FLOAT.fullmatch(value):
            number = float(value)
            if math.isinf(number):
                self._refuse(place, f"`{value[:40]}` is too large for a number; quote it to keep it as text")
            return number
        if _NOT_JSON.fullmatch(value):
            self._refuse(place, f"`{value}` is not a value that JSON can hold; quote it to keep it as text")
        return value

    def _tagged(self, event: yaml.ScalarEvent, value: str, place: tuple[int, int]) -> Json:
        """The value of a quoted or tagged scalar; of the tags only the core schema's are known."""
        tag = event.tag
        if tag is None or tag in ("!", _TAG + "str"):
            return value
        kinds = _TAGGED.get(tag)
        if kinds is None:
            self._refuse_tag(tag, place)
        resolved = self._resolve(value, place)
        if type(resolved) not in kinds:
            self._refuse(place, f"the value is not what its tag `!!{tag.removeprefix(_TAG)}` says; remove the tag")
        return float(resolved) if kinds is _TAGGED[_TAG + "float"] else resolved

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        place = _place(event)
        is_map = isinstance(event, yaml.MappingStartEvent)
        if self._open and self._open[-1].wants_key():
            self._refuse(place, key_cure(self._text, event.start_mark.index if event.start_mark else 0))
        if event.tag not in (None, "!", _TAG + ("map" if is_map else "seq")):
            self._refuse_tag(event.tag, place)
        self._count(1, place)
        self._limit_depth(1, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(_Open(place, event.anchor, None if is_map else []))

    def _alias(self, event: yaml.AliasEvent) -> None:
        place, anchor = _place(event), event.anchor or ""
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._refuse(place, f"there are more than {MAX_ALIASES:,} aliases; write the values out")
        if anchor not in self._anchors:
            self._refuse(place, f"there is no anchor `&{anchor}` above; a value that begins with `*` must be quoted")
        node = self._anchors[anchor]
        if node is None:
            self._refuse(place, f"`*{anchor}` stands inside `&{anchor}` itself; data cannot contain itself")
        self._count(node.size, place)
        self._copied += node.size
        if self._copied > MAX_COPIED:
            self._refuse(place, f"aliases bring more than {MAX_COPIED:,} values; use them for smaller ones")
        self._limit_depth(node.depth, place)
        if self._open and self._open[-1].wants_key():
            if not isinstance(node.value, str):
                self._refuse(place, "a key must be text; write it out")
            self._set_key(node.value, place)
            return
        self._add(node._replace(value=_copy(node.value), place=place), None)

    def _key(self, event: yaml.ScalarEvent, value: str, plain: bool, place: tuple[int, int]) -> None:
        """Take a scalar as the key of the innermost map."""
        if event.tag not in (None, "!", _TAG + "str"):
            self._refuse_tag(event.tag, place)
        if plain and not value:
            self._refuse(place, "a key is missing before this `:`; write one, or quote the value")
        self._count(1, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Node(value, place, 1, 0)
        if plain and value == "<<":
            if self._open[-1].merge is not None:
                self._refuse(place, "duplicate key `<<`; merge several maps with `<<: [*first, *second]`")
            self._open[-1].merge_next = self._open[-1].after_key = True
        else:
            self._set_key(value, place)

    def _set_key(self, key: str, place: tuple[int, int]) -> None:
        top = self._open[-1]
        if key in top.keys:
            self._refuse(place, f"duplicate key `{key[:80]}` (first at line {top.keys[key][0]}); keep one of them")
        top.keys[key] = place
        top.key, top.after_key = key, True

    def _add(self, node: _Node, anchor: str | None) -> None:
        """Put a finished node where it belongs."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        top.after_key = False
        if top.items is not None:
            top.items.append(node)
        elif top.merge_next:
            top.merge, top.merge_next = self._merged(node), False
        else:
            top.entries[top.key] = node

    def _merged(self, node: _Node) -> tuple[_Node, ...]:
        sources = tuple(node.inner) if isinstance(node.inner, list) else (node,)
        if not all(isinstance(source.value, dict) for source in sources):
            self._refuse(node.place, "`<<` merges maps; write `<<: *anchor` or `<<: [*first, *second]`")
        return sources

    def _count(self, nodes: int, place: tuple[int, int]) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse(place, f"there are more than {MAX_NODES:,} values, with aliases written out; split the file")

    def _limit_depth(self, levels: int, place: tuple[int, int]) -> None:
        if len(self._open) + levels > MAX_DEPTH:
            self._refuse(place, f"the data is nested more than {MAX_DEPTH} deep; flatten it")

    def _refuse_tag(self, tag: str | None, place: tuple[int, int]) -> NoReturn:
        shown = (tag or "").replace(_TAG, "!!")[:80]
        self._refuse(place, f"the tag `{shown}` is not taken; remove it, or quote a value that begins with `!`")

    def _refuse(self, place: tuple[int, int], sentence: str) -> NoReturn:
        raise YamlError(self._name, *place, sentence) from None


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _deepest(nodes: Iterable[_Node]) -> int:
    return max((node.depth for node in nodes), default=0)


def _copy(value: Json) -> Json:
    """A copy of plain data; its depth was limited before."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _checked_text(text: str | bytes, name: str) -> str:
    """The text, when it is UTF-8, not too large, and only of characters that YAML has."""
    _limit_bytes(len(text), name)
    if isinstance(text, str):
        checked = text
    else:
        try:
            checked = text.decode()
        except UnicodeDecodeError as error:
            place = line_and_column(text[: error.start].decode(), error.start)
            raise YamlError(name, *place, "this is not UTF-8; save the file as UTF-8") from None
    checked = checked.removeprefix("\ufeff")
    bad = _UNPRINTABLE.search(checked)
    if bad:
        place = line_and_column(checked, bad.start())
        raise YamlError(name, *place, f"the character U+{ord(bad[0]):04X} cannot stand in YAML; remove it")
    _limit_bytes(len(checked.encode()), name)
    if checked.count("%TAG") > _MAX_DIRECTIVES:  # libyaml compares each with all before it
        raise YamlError(name, 1, 1, "there are too many `%TAG` lines; remove them, tags are not taken")
    return checked


def _limit_bytes(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise YamlError(name, 1, 1, f"the file is larger than {MAX_BYTES:,} bytes; split it, or keep the data in a file that a task reads")
