"""Tell what plugins there are, and what each can do: the catalogue and the pages that editors show, made from the schema.

Rules
1. Every type that a flow may name is in it, by Kestra's name and by ours; its page says what its docstring and its fields say.
2. All is read from the schema of flows: what a page shows is what is taken.

Called by: the API's plugins.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from onbeat.core.names import did_you_mean
from onbeat.core.type_names import long_type, short_type
from onbeat.engine.schema import DRAFT, What, document, needed
from onbeat.engine.schema_models import REF, Schema
from onbeat.errors import NotFound
from onbeat.registry import RENAMED

_WHAT = {"task": "tasks", "trigger": "triggers", "condition": "conditions"}
_KESTRA = "io.kestra.plugin."
_OURS = "io.onbeat."


class Element(NamedTuple):
    """A type. name: as onbeat writes it; what: task, trigger or condition."""

    name: str
    what: str
    description: str

    @property
    def subgroup(self) -> str:
        """What it belongs to: `io.kestra.plugin.core.log`."""
        long = long_type(self.name)
        return (long if long.startswith(_KESTRA) else _OURS + long).rpartition(".")[0]

    @property
    def group(self) -> str:
        """What that belongs to: `io.kestra.plugin.core`."""
        prefix = _KESTRA if self.subgroup.startswith(_KESTRA) else _OURS
        return prefix + self.subgroup.removeprefix(prefix).partition(".")[0]

    def as_json(self) -> dict[str, Any]:
        """It in a list."""
        return {
            "cls": long_type(self.name),
            "title": self.name.rpartition(".")[2],
            "description": self.description.partition("\n")[0],
            "deprecated": False,
        }


@cache
def elements() -> tuple[Element, ...]:
    """All types, by name. Imports every plugin the first time: not for the loop."""
    definitions: dict[str, Schema] = document("flow")["$defs"]
    found: dict[str, Element] = {}
    for what in _WHAT:
        for rule in definitions[what]["allOf"]:
            name = rule["then"]["$ref"].removeprefix(REF)
            found[name] = Element(name, what, definitions[name].get("description", ""))
    return tuple(found[name] for name in sorted(found))


def catalogue(*, by_subgroup: bool = False) -> list[dict[str, Any]]:
    """The plugins, as Kestra's catalogue: by their groups, and by the groups within those too if asked for."""
    known = elements()
    found = [_plugin(group, None, [each for each in known if each.group == group]) for group in sorted({each.group for each in known})]
    if by_subgroup:
        places = sorted({(each.group, each.subgroup) for each in known if each.subgroup != each.group})
        found += [_plugin(group, sub, [each for each in known if each.subgroup == sub]) for group, sub in places]
    return found


def page(name: str) -> dict[str, Any]:
    """What a type can do: markdown, and the schema of its properties. Raises NotFound with the nearest name."""
    known = {each.name: each for each in elements()}
    short = short_type(name)
    element = known.get(RENAMED.get(short, short))
    if element is None:
        raise NotFound(f"there is no type `{name[:200]}`{did_you_mean(short, known)}")
    definitions: dict[str, Schema] = document("flow")["$defs"]
    made = definitions[element.name]
    parts = needed(made, definitions)
    properties = {**made, "title": element.name, "$examples": [{"full": True, "code": each} for each in made.get("examples", ())]}
    return {
        "markdown": _markdown(long_type(element.name), made, parts),
        "schema": {"properties": properties, "outputs": {}, "definitions": parts},
    }


def input_types() -> list[dict[str, str]]:
    """The types of inputs."""
    return [{"type": type_, "cls": f"{_OURS}inputs.{name}"} for type_, name in sorted(_inputs().items())]


def input_page(type_: str) -> dict[str, Any]:
    """What an input of a type may have. Raises NotFound with the nearest name."""
    known = _inputs()
    if type_.upper() not in known:
        raise NotFound(f"there is no input type `{type_[:100]}`{did_you_mean(type_.upper(), known)}")
    definitions: dict[str, Schema] = document("flow")["$defs"]
    made = definitions[known[type_.upper()]]
    parts = needed(made, definitions)
    return {"markdown": _markdown(type_.upper(), made, parts), "schema": {"properties": made, "outputs": None, "definitions": parts}}


def schema_of(what: str, *, many: bool = False) -> Schema:
    """The JSON Schema of flows, tasks or triggers. many: of a list of them. Raises NotFound."""
    known: dict[str, What] = {"flow": "flow", "task": "flow", "trigger": "flow"}
    if what.lower() not in known:
        raise NotFound(f"there is no schema of `{what[:60]}`; there are {', '.join(known)}")
    whole = document("flow")
    if what.lower() == "flow":
        root = {key: value for key, value in whole.items() if key not in ("$defs", "$schema", "$id")}
    else:
        root = {"$ref": REF + what.lower()}
    made = {"type": "array", "items": root} if many else root
    return {"$schema": DRAFT, **made, "$defs": needed(root, whole["$defs"])}


@cache
def _inputs() -> dict[str, str]:
    """The types of inputs, and the definition of each."""
    definitions: dict[str, Schema] = document("flow")["$defs"]
    found: dict[str, str] = {}
    for name, each in definitions.items():
        if name.endswith("Input"):
            given = each["properties"]["type"]
            for type_ in _choices(given):
                found[type_] = name
    return found


def _choices(schema: Schema) -> Iterable[str]:
    """The texts that a schema names."""
    if "const" in schema:
        yield schema["const"]
    yield from schema.get("enum", ())
    for each in schema.get("anyOf", ()):
        yield from _choices(each)


def _plugin(group: str, subgroup: str | None, known: Iterable[Element]) -> dict[str, Any]:
    lists: dict[str, list[dict[str, Any]]] = {name: [] for name in _WHAT.values()}
    for each in known:
        lists[_WHAT[each.what]].append(each.as_json())
    title = (subgroup or group).rpartition(".")[2]
    return {"name": title, "title": title, "group": group, "subGroup": subgroup, **lists}


def _markdown(name: str, made: Schema, definitions: Mapping[str, Schema]) -> str:
    """A page for people."""
    required = made.get("required", ())
    lines = [f"# {name}", "", str(made.get("description", "")), "", "## Properties", ""]
    for key, given in made.get("properties", {}).items():
        reference = given.get("$ref", "").removeprefix(REF)
        shown = definitions.get(reference, given)
        said = str(shown.get("description", "")).replace("\n", " ")
        default = f" Default: `{shown['default']}`." if shown.get("default") not in (None, "", [], {}) else ""
        lines.append(f"- `{key}`{' (required)' if key in required else ''}{': ' if said else ''}{said}{default}")
    return "\n".join(lines) + "\n"
