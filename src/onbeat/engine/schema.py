"""Make the JSON Schema of flows or of stand-alone triggers, for editors and for CI, from the models that read them.

An editor that knows every type, key and value finds a mistake while it is typed. A schema that is written by hand is right on the day it
is written; this one is made when it is asked for, with the plugins of this installation.

Rules
1. What `onbeat check` takes, the schema takes, but for old forms that a model mends before it reads them; a misspelt key or type it
   refuses.
2. A task's keys follow from its type, whichever of its names is written: onbeat's, Kestra's long one, the older ones.
3. Where a flow has pluginDefaults, no option of a task is required: a default may give it.
4. All plugins are imported for it, once, when somebody asks.

Called by: the CLI prints it and writes it into a project; plugin_pages and the API show parts of it.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from pydantic import BaseModel

from onbeat.core import yaml12
from onbeat.core.conditions import KINDS
from onbeat.core.flow import Flow, TaskSpec
from onbeat.core.plan import FLOWABLES
from onbeat.core.trigger import TriggerSpec
from onbeat.core.type_names import long_types
from onbeat.engine.constructs import CONSTRUCTS
from onbeat.engine.schema_models import EXPRESSION, REF, Schema, dynamic, mark, marked, referred, resolved, schemas_of
from onbeat.ports import SourceOptions, TaskOptions
from onbeat.registry import RENAMED, Registry

What = Literal["flow", "trigger"]
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_CONDITION = "core.condition."
_EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
_LOOSE = "-with-defaults"
_Model = type[BaseModel]


@cache
def text(what: What) -> str:
    """A schema as JSON text."""
    return json.dumps(document(what), ensure_ascii=False, separators=(",", ":")) + "\n"


@cache
def document(what: What) -> Schema:
    """The schema of flows, or of triggers in files of their own."""
    registry = Registry()
    task_names, source_names = registry.names()
    outside = [each for point in entry_points(group="onbeat.plugins") for each in point.load().PROVIDES]
    tasks: dict[str, _Model] = {name: registry.task(name) for name in task_names}
    tasks |= {name: each for each in outside if issubclass(each, TaskOptions) for name in each.names}
    sources: dict[str, _Model] = {name: registry.source(name) for name in source_names}
    sources |= {name: each for each in outside if issubclass(each, SourceOptions) for name in each.names}
    parts = _Parts(tasks, sources)
    definitions = parts.definitions()
    if what == "flow":
        loose = {"anyOf": [{"required": ["pluginDefaults"]}, {"required": ["taskDefaults"]}]}
        root: Schema = {"if": loose, "then": {"$ref": f"{REF}flow{_LOOSE}"}, "else": {"$ref": f"{REF}flow"}}
    else:
        alone = [{"anyOf": [{"required": ["flow"]}, {"required": ["flows"]}]}]
        root = {"$ref": f"{REF}trigger", "allOf": alone}
    title = "A flow of onbeat" if what == "flow" else "A trigger of onbeat in a file of its own"
    made = {"$schema": DRAFT, "$id": f"urn:onbeat:schema:{what}", "title": title, "type": "object", **root}
    return {**made, "$defs": needed(made, definitions)}


class _Parts:
    """All definitions: each type of task, trigger and condition, and those that choose by type."""

    def __init__(self, tasks: Mapping[str, _Model], sources: Mapping[str, _Model]) -> None:
        self._tasks = tasks
        self._sources = sources
        flowables, conditions = dict.fromkeys(FLOWABLES.values()), dict.fromkeys(KINDS.values())
        plugins = [*dict.fromkeys([*tasks.values(), *sources.values()])]
        self._made, self._inner = schemas_of([Flow, TaskSpec, TriggerSpec, *flowables, *conditions, *plugins])
        self._common: dict[str, Schema] = {}
        for what, model in (("task", TaskSpec), ("trigger", TriggerSpec)):
            parts = {f"{what}.{key}": each for key, each in self._made[model]["properties"].items()}
            self._inner |= parts
            self._common[what] = {name.removeprefix(f"{what}."): {"$ref": REF + name} for name in parts}
        waiting = [name for plugin in plugins for name in referred(self._made[plugin])]
        while waiting:
            name = waiting.pop()
            if (first := self._inner[name]) != (then := dynamic(first)) and "x-dynamic" not in first:
                self._inner[name] = {**then, "x-dynamic": True}
                waiting.extend(referred(first))

    def definitions(self) -> dict[str, Schema]:
        """All of them by name; those of flows with defaults have a name of their own where anything differs."""
        inner = {name: {key: value for key, value in each.items() if key != "x-dynamic"} for name, each in self._inner.items()}
        holding = _holding_tasks(inner)
        found = {EXPRESSION: {"type": "string", "pattern": r"\{\{|\{%", "description": "An expression: {{ … }}"}}
        for suffix in ("", _LOOSE):
            made = {name: each for name, each in inner.items() if name in holding or not suffix}
            for what, kinds in (
                ("task", dict(self._task_kinds(suffix))),
                ("trigger", dict(self._trigger_kinds(suffix))),
                ("condition", dict(self._condition_kinds(suffix))),
            ):
                made |= {name: each for name, (_, each) in kinds.items()}
                made[what] = _by_type([(names, name) for name, (names, _) in kinds.items()], what)
            flow = self._made[Flow]
            triggers = {"description": flow["properties"]["triggers"]["description"], "type": "array", "items": mark("trigger")}
            made["flow"] = {**flow, "properties": {**flow["properties"], "triggers": triggers}}
            own = holding | (made.keys() - inner.keys())
            found |= {name + suffix if name in own else name: resolved(each, own, suffix) for name, each in made.items()}
        return found

    def _task_kinds(self, suffix: str) -> Iterator[tuple[str, tuple[list[str], Schema]]]:
        common = self._common["task"]
        for name, plugin in self._tasks.items():
            options = dynamic(self._made[plugin])
            yield name, (_names(name), _kind(plugin, options, {**options.get("properties", {}), **common}, ("id", "type"), suffix, name))
        for name, flowable in FLOWABLES.items():
            made = self._made[flowable]
            yield name, (_names(name), _kind(flowable, made, {**made["properties"], **common}, ("id", "type"), suffix, name))

    def _trigger_kinds(self, suffix: str) -> Iterator[tuple[str, tuple[list[str], Schema]]]:
        common = self._common["trigger"]
        for name, source in self._sources.items():
            options = dynamic(self._made[source])
            properties = {"key": {"description": "The key by which events are kept in order."}, **options.get("properties", {}), **common}
            made = _kind(source, options, properties, ("id", "type"), suffix, name)
            own = [each for each in made["required"] if each not in ("id", "type")]
            made["required"] = ["id", "type"]
            if own:  # `correlate` names topics, too
                made |= {"if": {"required": ["correlate"]}, "else": {"required": own}}
            yield name, (_names(name), made)

    def _condition_kinds(self, suffix: str) -> Iterator[tuple[str, tuple[list[str], Schema]]]:
        for name, condition in KINDS.items():
            made = self._made[condition]
            whole = _CONDITION + name
            yield whole, (_names(whole), _kind(condition, made, made["properties"], ("type",), suffix, whole))


def _holding_tasks(definitions: Mapping[str, Schema]) -> set[str]:
    """The names of the definitions with tasks, triggers or conditions in them, at any depth."""
    holding = {name for name, each in definitions.items() if marked(each)}
    while more := {name for name, each in definitions.items() if name not in holding and not holding.isdisjoint(referred(each))}:
        holding |= more
    return holding


def _kind(model: _Model, made: Schema, properties: Schema, always: Sequence[str], suffix: str, name: str) -> Schema:
    """The schema of one type, with what its docstring says and shows."""
    required = [*always, *(each for each in made.get("required", ()) if each not in always and not suffix)]
    whole: Schema = {"type": "object", "properties": {**properties, "type": {"type": "string"}}, "required": required}
    if "allOf" in made and not suffix:
        whole["allOf"] = made["allOf"]
    said, examples = _said(model, name)
    return {
        **({"description": said} if said else {}),
        **({"examples": examples} if examples else {}),
        **whole,
        "additionalProperties": False,
    }


def _by_type(kinds: Sequence[tuple[list[str], str]], what: str) -> Schema:
    """Chooses by `type`."""
    known = [name for names, _ in kinds for name in names]
    first: Schema = {"type": {"type": "string", "enum": known, "description": f"What kind of {what} it is."}}
    rules = [{"if": {"properties": {"type": {"enum": names}}, "required": ["type"]}, "then": {"$ref": REF + name}} for names, name in kinds]
    return {"type": "object", "properties": first, "required": ["type"], "allOf": rules}


def _names(name: str) -> list[str]:
    """The names of a type: onbeat's, Kestra's, and those it had before."""
    former = [old for old, present in RENAMED.items() if present == name]
    return list(dict.fromkeys([name, *(long for each in (name, *former) for long in long_types(each)), *former]))


def _said(model: _Model, name: str) -> tuple[str, list[Any]]:
    """What a type's documentation says, and its example of that type."""
    written = inspect.cleandoc(model.__doc__ or "")
    if issubclass(model, TaskSpec):
        written = CONSTRUCTS[name].strip() if name in CONSTRUCTS else inspect.cleandoc(inspect.getmodule(model).__doc__ or "")
    found: list[Any] = []
    for block in _EXAMPLE.findall(written):
        waiting: list[Any] = [yaml12.parse(block, name).data]
        while waiting and not found:
            value = waiting.pop(0)
            if isinstance(value, dict) and value.get("type") == name:
                found.append(value)
            waiting.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
    return _EXAMPLE.sub("", written).replace("Example:\n", "").partition("\n\n")[0].strip(), found


def needed(root: Schema, definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    """The definitions that are referred to, in order of name."""
    needed: set[str] = set()
    waiting = list(referred(root))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(referred(definitions[name]))
    return {name: definitions[name] for name in sorted(needed)}
