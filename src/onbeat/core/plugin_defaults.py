"""Fill tasks, triggers and what is inside them with the values that `pluginDefaults` gives for their types.

A broker's address or a retry policy is written once for a type and not in each task. It is filled in before anything is validated, so a
task is checked as it will run, and a value that is wrong is told where it stands: in `pluginDefaults`.

Rules
1. A type is named whole, or by how it begins; the more exact one wins. `io.kestra` means all types.
2. What a task says itself wins over the flow's defaults, and these over the server's. `forced` turns that round: the server's forced
   values win over the flow's, and both over the task's own. Maps are merged, lists are not.
3. Filled are tasks, triggers, the conditions of triggers and the `taskRunner` of tasks; never the data that a task is given.
4. A property that only tasks have (`retry`, `timeout` …) is given to tasks only, unless the type is named whole.
5. Malformed defaults fill nothing: the flow's model says what is wrong with them. What is filled in is bounded.

Called by: parse, for flows and stand-alone triggers; the daemon and the CLI read the server's.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from onbeat.core.event import Json
from onbeat.core.flow import PluginDefault, TaskSpec
from onbeat.core.type_names import short_type
from onbeat.core.yaml12 import MAX_NODES, Document
from onbeat.errors import InvalidFile, Problem, UserError

Path = tuple[str | int, ...]

KEYS = ("pluginDefaults", "taskDefaults")
_NAMES = ("id", "type")
_ALL = ("io.kestra", "io.kestra.plugin")
_INNER = ("taskRunner", "conditions", "condition")
_OF_TASKS = frozenset(
    name
    for field, info in TaskSpec.model_fields.items()
    if field not in ("id", "type", "description", "disabled")
    for name in (field, info.alias, *getattr(info.validation_alias, "choices", ()))
    if isinstance(name, str)
)


class _Default(NamedTuple):
    """One entry. place: the path of its values in the document; None: it is the server's."""

    type: str
    forced: bool
    values: Mapping[str, Json]
    place: Path | None

    def fits(self, type_: str) -> bool:
        return type_.startswith(self.type)


class Filled(Document):
    """A document with defaults in it: its data is whole, and what was filled in has the place it came from."""

    def __init__(self, document: Document, data: Json, origins: Mapping[Path, Path]) -> None:
        self.name = document.name
        self.data = data
        self._document = document
        self._origins = origins

    def position(self, path: Sequence[str | int]) -> tuple[int, int]:
        return self._document.position(self._origin(path))

    def key_position(self, path: Sequence[str | int]) -> tuple[int, int]:
        return self._document.key_position(self._origin(path))

    def _origin(self, path: Sequence[str | int]) -> Path:
        """The path in the file of what stands at this path."""
        path = tuple(path)
        for end in range(len(path), 0, -1):
            origin = self._origins.get(path[:end])
            if origin is not None:
                return origin + path[end:]
        return path


def server_defaults(entries: Sequence[Mapping[str, Any]]) -> tuple[PluginDefault, ...]:
    """The entries of the server's setting. Raises UserError."""
    try:
        return tuple(PluginDefault.model_validate(entry) for entry in entries)
    except ValidationError as wrong:
        said = "; ".join(f"`{'.'.join(map(str, each['loc']))}`: {each['msg']}" for each in wrong.errors(include_url=False))
        raise UserError(f"the setting plugin_defaults is a list of `{{type, forced, values}}`: {said}") from None


def fill(document: Document, tasks: Iterable[Path], triggers: Iterable[Path], server: Sequence[PluginDefault] = ()) -> Document:
    """The document with the defaults of the flow and of the server in it; the same one when there are none. Raises InvalidFile."""
    own = list(_own(document.data))
    defaults = [*(_Default(each.type, each.forced, each.values, None) for each in server), *own]
    if not defaults:
        return document
    places = [*((path, True) for path in tasks), *((path, False) for path in triggers)]
    data = copy.deepcopy(document.data)
    filling = _Filling(document, [each._replace(type="" if each.type in _ALL else short_type(each.type)) for each in defaults])
    for path, is_task in places:
        filling.fill(data, path, is_task)
    return Filled(document, data, filling.origins)


def _own(data: Json) -> Iterator[_Default]:
    """The flow's own defaults, as far as they are what they should be."""
    if not isinstance(data, dict):
        return
    for key in KEYS:
        entries = data.get(key)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and isinstance(entry.get("type"), str) and isinstance(entry.get("values"), dict):
                yield _Default(entry["type"], entry.get("forced") is True, entry["values"], (key, index, "values"))


class _Filling:
    """Fills one document. origins: for each value, where in the file it stands when that is not where it is now."""

    def __init__(self, document: Document, defaults: Sequence[_Default]) -> None:
        self._document = document
        exact = sorted(defaults, key=lambda each: -len(each.type))
        self._weak = [each for each in exact if not each.forced and each.place is not None]
        self._weak += [each for each in exact if not each.forced and each.place is None]
        self._forced = [each for each in exact if each.forced and each.place is None]
        self._forced += [each for each in exact if each.forced and each.place is not None]
        self._room = MAX_NODES
        self.origins: dict[Path, Path] = {}

    def fill(self, data: Any, path: Path, is_task: bool) -> None:
        """Fill the plugin at a path, then those inside it."""
        around = data
        for part in path[:-1]:
            around = around[part]
        plugin = around[path[-1]] if path else around
        if not isinstance(plugin, dict):
            return
        if isinstance(plugin.get("type"), str):
            filled = self._filled(plugin, path, is_task)
            if path:
                around[path[-1]] = filled
            else:
                plugin.update(filled)
            plugin = filled
        for key in _INNER:
            inner = plugin.get(key)
            for place in inner if isinstance(inner, dict) and "type" not in inner else ():
                self.fill(data, (*path, key, place), is_task=False)
            for index in range(len(inner)) if isinstance(inner, list) else ():
                self.fill(data, (*path, key, index), is_task=False)
            if isinstance(inner, dict) and "type" in inner:
                self.fill(data, (*path, key), is_task=False)

    def _filled(self, plugin: dict[str, Any], path: Path, is_task: bool) -> dict[str, Any]:
        """The plugin's map with all that fits it: what comes first wins."""
        type_ = short_type(plugin["type"])
        result: dict[str, Any] = {}
        for each in self._forced:
            self._add(result, each, type_, path, is_task)
        self._merge(result, plugin, path, path)
        for each in self._weak:
            self._add(result, each, type_, path, is_task)
        return result

    def _add(self, result: dict[str, Any], default: _Default, type_: str, path: Path, is_task: bool) -> None:
        if default.fits(type_):
            common = is_task or default.type == type_
            values = {key: value for key, value in default.values.items() if key not in _NAMES and (common or key not in _OF_TASKS)}
            self._spend(values, default)
            self._merge(result, values, path, default.place)

    def _merge(self, result: dict[str, Any], values: Mapping[str, Any], path: Path, place: Path | None) -> None:
        """Add what is not there yet; `place` is where the values stand, None: not in this file."""
        for key, value in values.items():
            here, there = (*path, key), path if place is None else (*place, key)
            if key not in result:
                result[key] = copy.deepcopy(value)
                self.origins[here] = there
            elif isinstance(result[key], dict) and isinstance(value, dict):
                self._merge(result[key], value, here, None if place is None else there)

    def _spend(self, values: Json, default: _Default) -> None:
        """Refuse to blow a small file up."""
        waiting: list[Json] = [values]
        while waiting:
            value = waiting.pop()
            self._room -= 1
            waiting.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
        if self._room < 0:
            line, column = self._document.position(default.place or ())
            said = f"the defaults make more than {MAX_NODES:,} values of this file; give them to fewer tasks"
            raise InvalidFile([Problem(self._document.name, line, column, said)])
