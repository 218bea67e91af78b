"""Check a flow or a trigger whole: its models, the options of its plugins, its expressions.

A file is mended in one go when all that is wrong with it is told: also what a plugin finds in a task of a flow that has another mistake.

Rules
1. All problems are told at once, each with its place; one thing that is wrong is one problem.
2. What an expression will give is not known yet and not complained of; a key that its plugin does not have is, whatever its value.
3. A flow whose own task starts it is refused: it would never end.

Called by: loader; the CLI's check and run; flow tests.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from onbeat.core.event import Json
from onbeat.core.flow import Flow
from onbeat.core.parse import flow_of, parse_trigger, plugin_options, read_flow, repeated_ids, task_paths
from onbeat.core.parse import problems as explain_problems
from onbeat.core.review import broken_expressions, calls, dashed_names
from onbeat.core.trigger import TriggerSpec
from onbeat.core.yaml12 import Document
from onbeat.errors import InvalidFile, Problem, UserError
from onbeat.registry import Registry

_TEXT = "{{"


def check_flow(text: str | bytes, name: str, registry: Registry) -> tuple[Flow, Document]:
    """The flow of a text with every task's and trigger's options checked by its plugin. Raises InvalidFile with all problems."""
    document = read_flow(text, name, registry.defaults)
    found: list[Problem] = []
    flow: Flow | None = None
    try:
        flow = flow_of(document)
        found += _calls_of_itself(flow, document)
        found += dashed_names(flow, document)
    except InvalidFile as wrong:
        found += wrong.problems
    triggers = document.data.get("triggers") if flow is None else flow.triggers
    for path, type_, options in plugin_options(document):
        found += _check_options(options, path, type_, registry.task, document, name)
    for index, raw in enumerate(triggers if isinstance(triggers, list | tuple) else ()):
        found += _check_trigger(raw, ("triggers", index), document, name, registry) if isinstance(raw, dict) else []
    found += [problem for problem in repeated_ids(document) if problem not in found]
    found += broken_expressions(document)[0]
    if found or flow is None:
        raise InvalidFile(found)
    return flow, document


def _calls_of_itself(flow: Flow, document: Document) -> Iterator[Problem]:
    paths = task_paths(flow, document)
    for call in calls(flow):
        if call.target == flow.name and call.task in paths:
            place = document.position(paths[call.task])
            yield Problem(document.name, *place, f"task `{call.task}` starts its own flow {flow.name}, which would never end")


def check_trigger(text: str | bytes, name: str, registry: Registry) -> tuple[TriggerSpec, Document]:
    """The stand-alone trigger of a text, its source's settings checked. Raises InvalidFile with all problems."""
    spec, document = parse_trigger(text, name, registry.defaults)
    found = _check_options(own_settings(spec, registry), (), spec.type, registry.source, document, name)
    found += broken_expressions(document)[0]
    if found:
        raise InvalidFile(found)
    return spec, document


def _check_trigger(raw: Mapping[str, Any], path: tuple[str | int, ...], document: Document, name: str, registry: Registry) -> list[Problem]:
    try:
        spec = TriggerSpec.model_validate(raw)
    except ValidationError as wrong:
        return explain_problems(wrong, document, name, TriggerSpec, path)
    return _check_options(own_settings(spec, registry), path, spec.type, registry.source, document, name)


def _check_options(
    options: Mapping[str, Json],
    path: tuple[str | int, ...],
    type_: str,
    find: Callable[[str], type[Any]],
    document: Document,
    name: str,
) -> list[Problem]:
    """What a plugin's model finds wrong; what an expression will give is not known yet and not complained of."""
    try:
        kind = find(type_)
    except UserError as unknown:
        line, column = document.position((*path, "type"))
        return [Problem(name, line, column, str(unknown))]
    try:
        kind.model_validate(options)
    except ValidationError as wrong:
        dynamic = [
            error["loc"]
            for error in wrong.errors(include_url=False)
            if error["type"] != "extra_forbidden" and _is_dynamic(options, error["loc"])
        ]
        return [
            problem
            for problem, error in zip(explain_problems(wrong, document, name, kind, path), wrong.errors(include_url=False), strict=True)
            if error["loc"] not in dynamic
        ]
    return []


def _is_dynamic(options: Json, where: Sequence[str | int]) -> bool:
    at = options
    for part in where:
        if isinstance(at, str) and _TEXT in at:
            return True
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            break
    return isinstance(at, str) and _TEXT in at


def own_settings(spec: TriggerSpec, registry: Registry) -> dict[str, Json]:
    """The source's settings of a trigger. `key` is the ordering key unless the source has a setting of that name."""
    settings = spec.settings
    try:
        fields = registry.source(spec.type).model_fields
    except UserError:
        return settings
    known = {*fields, *(field.alias for field in fields.values() if field.alias)}
    return settings if "key" in known else {key: value for key, value in settings.items() if key != "key"}
