"""Turn the text of a flow or trigger file into a Flow or TriggerSpec, or into all that is wrong with it.

Every problem has its file, line and column, a sentence, and the nearest right name where one was meant: all at once, not one a run.

Called by: engine/loader, the CLI's `check` and `run`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from onbeat.core.flow import Flow, RunnableTask, TaskSpec, short_type
from onbeat.core.names import did_you_mean
from onbeat.core.plan import FLOWABLES
from onbeat.core.trigger import TriggerSpec
from onbeat.core.yaml12 import Document, parse
from onbeat.core.yaml_errors import YamlError
from onbeat.errors import InvalidFile, Problem

CONTEXT: dict[str, Any] = {"flowables": FLOWABLES}
"""What the models need to know to read a flow."""


def parse_flow(text: str | bytes, name: str) -> tuple[Flow, Document]:
    """The flow of a file's text, and where everything stands in it. Raises InvalidFile."""
    document = load(text, name)
    if not isinstance(document.data, dict):
        raise InvalidFile([Problem(name, 1, 1, "a flow is a map with `id`, `namespace` and `tasks`")])
    try:
        return Flow.model_validate(document.data, context=CONTEXT), document
    except ValidationError as wrong:
        raise InvalidFile(problems(wrong, document, name, Flow)) from None


def parse_trigger(text: str | bytes, name: str) -> tuple[TriggerSpec, Document]:
    """The stand-alone trigger of a file's text. Raises InvalidFile."""
    document = load(text, name)
    if not isinstance(document.data, dict):
        raise InvalidFile([Problem(name, 1, 1, "a trigger is a map with `id`, `type` and `flow`")])
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
    """What a validation found, each with its place in the document. base: the path of the part that was validated."""
    found = []
    for error in wrong.errors(include_url=False, include_input=False, include_context=True):
        path = [*base, *(part for part in error["loc"])]
        path = _real_path(document.data, path)
        kind = error["type"]
        if kind == "extra_forbidden":
            line, column = document.key_position(path)
            model = _model_at(document.data, root, path[len(base) : -1]) if not base else root
            message = f"unknown key `{path[-1]}`{did_you_mean(str(path[-1]), _keys(model))}"
        elif kind == "missing":
            line, column = document.position(path[:-1])
            message = f"`{path[-1]}` is missing{_inside(path[:-1])}"
        else:
            line, column = document.position(path)
            where = ".".join(str(part) for part in path)
            text = error["msg"].removeprefix("Value error, ")
            message = f"`{where}`: {text}" if where else text
        found.append(Problem(name, line, column, message))
    return found


def _inside(path: Sequence[str | int]) -> str:
    return f" in `{'.'.join(str(part) for part in path)}`" if path else ""


def _real_path(data: Any, path: Sequence[str | int]) -> list[str | int]:
    """The path without what pydantic adds to it (names of union members and functions)."""
    real: list[str | int] = []
    at = data
    for index, part in enumerate(path):
        last = index == len(path) - 1
        if isinstance(at, dict) and (part in at or last):
            real.append(part)
            at = at.get(part)
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            real.append(part)
            at = at[part]
        elif last and not isinstance(at, dict | list) and isinstance(part, str) and part.isidentifier() and not real:
            real.append(part)
    return real


def _model_at(data: Any, root: type[BaseModel], path: Iterable[str | int]) -> type[BaseModel]:
    """The model that reads the map at the path: the nearest task around it, else the root."""
    model: type[BaseModel] = root
    at: Any = data
    for part in path:
        at = _below(at, part)
        if isinstance(at, dict) and "type" in at and root is Flow and "id" in at:
            model = FLOWABLES.get(short_type(str(at["type"])), RunnableTask)
    return model


def _below(at: Any, part: str | int) -> Any:
    """What stands under a key or index; None when nothing does."""
    if isinstance(at, dict):
        return at.get(part)
    if isinstance(at, list) and isinstance(part, int) and part < len(at):
        return at[part]
    return None


def _keys(model: type[BaseModel]) -> list[str]:
    """The YAML keys a model knows."""
    keys = []
    for field, info in model.model_fields.items():
        alias = info.validation_alias or info.alias
        if isinstance(alias, str):
            keys.append(alias)
        elif alias is not None:
            keys.extend(str(choice) for choice in getattr(alias, "choices", ()))
        else:
            keys.append(field)
    return keys


def task_paths(flow: Flow, document: Document) -> dict[str, tuple[str | int, ...]]:
    """Where each task stands in its document: task id -> path."""
    paths: dict[str, tuple[str | int, ...]] = {}
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), document.data)]
    ids = flow.by_id
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            id_ = value.get("id")
            if "type" in value and isinstance(id_, str) and id_ in ids and id_ not in paths and _is_task(path):
                paths[id_] = path
            waiting.extend(((*path, key), item) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend(((*path, index), item) for index, item in enumerate(value))
    return paths


def _is_task(path: Sequence[str | int]) -> bool:
    return bool(path) and path[0] in ("tasks", "errors", "finally")


def is_flowable(task: TaskSpec) -> bool:
    """Whether the core itself runs the task."""
    return not isinstance(task, RunnableTask)
