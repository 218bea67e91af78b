"""Turn the text of a flow or trigger file into a Flow or TriggerSpec, or into all that is wrong with it.

A file with three mistakes is mended in one go when all three are told, each where it stands and in words of YAML; one at a time, and in
the words of a library, it takes an afternoon.

Rules
1. Every problem has its file, line and column, a sentence, and the nearest right name where one was meant.
2. One problem for each thing that is wrong: a mistake inside a task is not told of the list around it too.
3. No value of the file goes into a message but names: a secret may stand there.

Called by: engine/loader, the CLI's `check` and `run`.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from onbeat.core.conditions import Condition, kind_of
from onbeat.core.flow import DUPLICATE_TASK, Flow, PluginDefault, RunnableTask, TaskSpec
from onbeat.core.names import FLOW_ID, INPUT_ID, NAMESPACE, TASK_ID, did_you_mean
from onbeat.core.plan import FLOWABLES
from onbeat.core.plugin_defaults import fill
from onbeat.core.trigger import TriggerSpec
from onbeat.core.type_names import short_type
from onbeat.core.yaml12 import Document, parse
from onbeat.core.yaml_errors import YamlError
from onbeat.errors import InvalidFile, Problem

CONTEXT: dict[str, Any] = {"flowables": FLOWABLES}
"""What the models need to know to read a flow."""

Path = tuple[str | int, ...]

_LONG = 16
_NAMES = {
    FLOW_ID: "letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    NAMESPACE: "lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    TASK_ID: "letters, digits, `_` and `-`, beginning with a letter or digit",
    INPUT_ID: "letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
}
_WORDS = {
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a map",
    "model_type": "must be a map",
    "string_type": "must be text; put it in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
}
"""What the model's library says, in words of YAML."""


def parse_flow(text: str | bytes, name: str, defaults: Sequence[PluginDefault] = ()) -> tuple[Flow, Document]:
    """The flow of a file's text, and where everything stands in it. defaults: the server's own. Raises InvalidFile."""
    document = read_flow(text, name, defaults)
    return flow_of(document), document


def read_flow(text: str | bytes, name: str, defaults: Sequence[PluginDefault] = ()) -> Document:
    """The document of a flow's text, a map with all defaults in it; what is in it is not looked at yet. Raises InvalidFile."""
    document = load(text, name)
    if not isinstance(document.data, dict):
        raise InvalidFile([Problem(name, 1, 1, "a flow is a map with `id`, `namespace` and `tasks`")])
    return fill(document, (path for path, _ in _tasks(document.data, Flow)), _trigger_paths(document.data), defaults)


def flow_of(document: Document) -> Flow:
    """The flow of a document. Raises InvalidFile."""
    assert isinstance(document.data, dict)
    try:
        return Flow.model_validate(document.data, context=CONTEXT)
    except ValidationError as wrong:
        raise InvalidFile(problems(wrong, document, document.name, Flow)) from None


def plugin_options(document: Document) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """The tasks of plugins as the document has them, whatever else is wrong in it: where, of which type, with which options."""
    for path, _ in _tasks(document.data, Flow):
        task = _at(document.data, path)
        if _kind(task) is RunnableTask:
            yield path, short_type(task["type"]), {key: value for key, value in task.items() if key not in _OF_TASKS}


def repeated_ids(document: Document) -> Iterator[Problem]:
    """Tasks, triggers and outputs whose id was there before."""
    known: set[str] = set()
    for task, _ in _tasks(document.data, Flow):
        name = _at(document.data, (*task, "id"))
        if isinstance(name, str) and name in known:
            yield Problem(document.name, *document.position((*task, "id")), DUPLICATE_TASK.format(id=name))
        known.add(str(name))
    for key, what in (("triggers", "trigger"), ("outputs", "output")):
        seen: set[str] = set()
        items = _below(document.data, key)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            id_ = item.get("id") if isinstance(item, dict) else None
            if isinstance(id_, str) and id_ in seen:
                place = document.position((key, index, "id"))
                yield Problem(document.name, *place, f"{what} id `{id_}` is used more than once; ids are unique in the flow")
            seen.add(str(id_))


def parse_trigger(text: str | bytes, name: str, defaults: Sequence[PluginDefault] = ()) -> tuple[TriggerSpec, Document]:
    """The stand-alone trigger of a file's text. defaults: the server's. Raises InvalidFile."""
    document = load(text, name)
    if not isinstance(document.data, dict):
        raise InvalidFile([Problem(name, 1, 1, "a trigger is a map with `id`, `type` and `flow`")])
    document = fill(document, (), [()], defaults)
    try:
        trigger = TriggerSpec.model_validate(document.data)
    except ValidationError as wrong:
        raise InvalidFile(problems(wrong, document, name, TriggerSpec)) from None
    if not trigger.targets:
        raise InvalidFile([Problem(name, 1, 1, "a trigger in a file of its own says which flow it starts: `flow: {namespace: …, id: …}`")])
    return trigger, document


def load(text: str | bytes, name: str) -> Document:
    """The document of a text. Raises InvalidFile."""
    try:
        return parse(text, name)
    except YamlError as wrong:
        raise InvalidFile([wrong.problem]) from None


def problems(wrong: ValidationError, document: Document, name: str, root: type[BaseModel], base: Sequence[str | int] = ()) -> list[Problem]:
    """What a validation found, one for one, each with its place in the document. base: the path of the part that was validated."""
    return [
        _problem(error, document, name, root, tuple(base))
        for error in wrong.errors(include_url=False, include_input=False, include_context=True)
    ]


def _problem(error: Any, document: Document, name: str, root: type[BaseModel], base: Path) -> Problem:
    path = _real_path(document.data, (*base, *error["loc"]))
    match error["type"]:
        case "extra_forbidden":
            place = document.key_position(path)
            message = _unknown(document.data, root, base, path)
        case "missing":
            place = document.position(path[:-1])
            message = f"`{path[-1]}` is missing" + (f" in `{_dotted(path[:-1])}`" if path[:-1] else "")
        case "duplicate_task":
            same = [where for where, id_ in _tasks(document.data, Flow) if id_ == error["ctx"]["id"]]
            place = document.position((*same[1], "id"))
            message = error["msg"]
        case _:
            place = document.position(path)
            at = _at(document.data, path)
            said = "has no value; write one, or take the key out" if at is None and path else _in_words(error)
            message = f"`{_dotted(path)}`: {said}" if path else said
    return Problem(name, *place, message)


def _dotted(path: Path) -> str:
    """A path for people: the middle of a very long one is left out."""
    parts = [str(part) for part in path]
    return ".".join(parts if len(parts) <= _LONG else [*parts[:3], "…", *parts[-5:]])


def _in_words(error: Any) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "string_pattern_mismatch" if context["pattern"] in _NAMES:
            return f"use {_NAMES[context['pattern']]}"
        case "string_too_long":
            return f"use at most {context['max_length']} characters"
        case "greater_than_equal":
            return f"must be {context['ge']} or more"
        case "literal_error" | "enum":
            return f"must be {context['expected']}"
        case "union_tag_invalid":
            return f"{context['discriminator'].replace(chr(39), '`')} must be one of {context['expected_tags']}"
        case "union_tag_not_found":
            return f"{context['discriminator'].replace(chr(39), '`')} is missing"
        case kind:
            return _WORDS.get(kind) or str(error["msg"]).removeprefix("Value error, ")


def _unknown(data: Any, root: type[BaseModel], base: Path, path: Path) -> str:
    """What to say of a key that its map does not have."""
    key = str(path[-1])
    at = _at(data, base)
    known = [name for model in _models_at(at, root, path[len(base) : -1]) for names in _names(model).values() for name in names]
    if key in known:
        return f"`{key}` is another name of a key that is here too; write one of them"
    return f"unknown key `{key}`{did_you_mean(key, known)}"


def _real_path(data: Any, path: Path) -> Path:
    """The path without what pydantic adds to it: names of union members and functions."""
    real: list[str | int] = []
    at = data
    for index, part in enumerate(path):
        if isinstance(at, dict) and (part in at or index == len(path) - 1):
            real.append(part)
            at = at.get(part)
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            real.append(part)
            at = at[part]
    return tuple(real)


def _models_at(at: Any, root: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """The models that may read what is at the path."""
    models = [root]
    for part in path:
        at = _below(at, part)
        inner = [found for model in models for found in _inside(model, part)]
        models = inner or models
        if TaskSpec in models and isinstance(at, dict) and isinstance(at.get("type"), str):
            models = [_kind(at)]
        elif Condition in models and isinstance(at, dict) and isinstance(at.get("type"), str):
            models = [kind_of(at["type"]) or Condition]
    return models


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = _below(data, part)
    return data


def _below(at: Any, part: str | int) -> Any:
    """What stands under a key or index; None when nothing does."""
    if isinstance(at, dict):
        return at.get(part)
    return at[part] if isinstance(at, list) and isinstance(part, int) and part < len(at) else None


def _kind(task: dict[str, Any]) -> type[TaskSpec]:
    """The model that reads a task."""
    return FLOWABLES.get(short_type(str(task.get("type", ""))), RunnableTask)


def _inside(model: type[BaseModel], key: str | int) -> tuple[type[BaseModel], ...]:
    """The models in a field's type."""
    if key == "compensate" and issubclass(model, TaskSpec):
        return (TaskSpec,)  # tasks inside of the model that makes tasks: its type says Any
    return _kinds(model).get(key, ())


@cache
def _kinds(model: type[BaseModel]) -> dict[str | int, tuple[type[BaseModel], ...]]:
    """The models in the type of each YAML key of a model: worked out once, for a file asks of each of its keys."""
    found: dict[str | int, tuple[type[BaseModel], ...]] = {}
    for field, names in _names(model).items():
        for key in names:
            found.setdefault(key, tuple(_models_in(model.model_fields[field].annotation)))
    return found


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _names(model: type[BaseModel]) -> dict[str, list[str]]:
    """The YAML keys of each field of a model."""
    return {field: _keys(field, info) for field, info in model.model_fields.items()}


def _keys(field: str, info: FieldInfo) -> list[str]:
    alias = info.validation_alias or info.alias or field
    return [alias] if isinstance(alias, str) else [str(choice) for choice in getattr(alias, "choices", ())]


def _trigger_paths(data: dict[str, Any]) -> list[Path]:
    """Where the triggers of a flow stand."""
    triggers = data.get("triggers")
    return [("triggers", index) for index in range(len(triggers))] if isinstance(triggers, list) else []


_OF_TASKS = {key for names in _names(TaskSpec).values() for key in names} | TaskSpec.model_fields.keys()
"""The keys that every task has; the others are its plugin's."""


def task_paths(flow: Flow, document: Document) -> dict[str, Path]:
    """Where each task stands in its document: task id -> path."""
    return {id_: path for path, id_ in _tasks(document.data, Flow) if id_ in flow.by_id}


def _tasks(value: Any, *models: type[BaseModel], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The tasks inside a value, in the order of the document, with their ids. models: what may read the value."""
    if TaskSpec in models and isinstance(value, dict) and isinstance(value.get("type"), str):
        yield path, str(value.get("id"))
        models = (_kind(value),)
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        within = isinstance(value, dict) and TaskSpec not in models
        inner = [found for model in models for found in _inside(model, key)] if within else models
        if inner:
            yield from _tasks(item, *inner, path=(*path, key))
