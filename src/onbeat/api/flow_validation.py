"""Flows: say what is wrong with texts that are not saved yet, as an editor does while they are written.

Rules
1. All that is wrong is told, each with line and column; nothing is kept, nothing of a text is evaluated.
2. What is right and can hardly be meant is a warning; whose revision is told of is a matter of who asks.

Called by: app.
"""

import asyncio
import json
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission, caller_of
from onbeat.api.flow_changes import TEXTS, YAML, texts_of, unprocessable
from onbeat.api.parameters import one_of
from onbeat.api.routing import Within, answer, body_of, callers_namespaces, node_of, route
from onbeat.api.shapes.flows import Expression, Validity
from onbeat.core.names import did_you_mean
from onbeat.core.parse import load
from onbeat.core.review import broken_expressions, calls
from onbeat.core.type_names import long_type
from onbeat.engine.checking import check_flow
from onbeat.engine.flow_files import problem_sentences
from onbeat.engine.node import Node
from onbeat.errors import InvalidFile, UserError

_AROUND: dict[str, Any] = {"id": "validated", "namespace": "validated"}
"""The flow that a task or trigger is looked at in."""
_NOTHING = {"id": "nothing", "type": "core.debug.Return"}

_ANYTHING: dict[str, Any] = {YAML: {}, "application/json": {}}
"""Any body: that it is no flow is the answer."""


class SectionQuery(BaseModel):
    """What the body is."""

    section: Annotated[str, one_of(("TASKS", "TRIGGERS"))] = "TASKS"


class TaskQuery(BaseModel):
    """Where the expression is to be."""

    task_id: str | None = Field(None, alias="taskId", description="In this task, which does not see its own outputs.")


def routes() -> list[BaseRoute]:
    """The routes."""
    read, many = Permission.READ, Within.LIST
    return [
        *route("/flows/validate", validate, read, ("POST",), within=many, answers=list[Validity], takes=_ANYTHING, bodyless=True),
        *route("/flows/validate/task", validate_task, read, ("POST",), within=many, answers=Validity, takes=_ANYTHING, bodyless=True),
        *route("/flows/expressions", expressions, read, ("POST",), within=many, answers=list[Expression], takes=TEXTS),
        *route("/flows/validate/trigger", validate_trigger, read, ("POST",), within=many, answers=Validity, takes=_ANYTHING, bodyless=True),
    ]


async def validate(request: Request) -> Response:
    """What is wrong with each flow of a text; its documents are separated by `---`."""
    await callers_namespaces(request)
    node, caller = node_of(request), await caller_of(request)
    found = []
    for index, source in enumerate(await texts_of(request) or [""]):
        told = await asyncio.to_thread(_validity, node, source)
        namespace, flow = told["namespace"], told["flow"]
        if namespace is not None and flow is not None and caller.may(Permission.READ, namespace):
            loaded = node.catalog.find(namespace, flow)
            named = told.pop("revision")
            told["outdated"] = loaded is not None and named is not None and named < loaded.flow.revision
        told.pop("revision", None)
        found.append({"index": index, **told})
    return answer(found)


async def validate_task(request: Request, query: Annotated[SectionQuery, Query()]) -> Response:
    """What is wrong with one task, or with one trigger."""
    await callers_namespaces(request)
    if query.section.upper() not in ("TASKS", "TRIGGERS"):
        raise UserError("`section` is TASKS or TRIGGERS")
    return answer(await _part(request, query.section.upper()))


async def validate_trigger(request: Request) -> Response:
    """What is wrong with one trigger."""
    await callers_namespaces(request)
    return answer(await _part(request, "TRIGGERS"))


async def expressions(request: Request, query: Annotated[TaskQuery, Query()]) -> Response:
    """What expressions in a text of a flow can name: inputs, variables, labels, outputs of its tasks, its triggers' ids."""
    await callers_namespaces(request)
    sources = await texts_of(request)
    if len(sources) != 1:
        raise UserError(f"the text has {len(sources)} flows; send one")
    try:
        flow = await node_of(request).flow_files.check(sources[0])
    except InvalidFile as wrong:
        raise unprocessable(wrong) from None
    if query.task_id is not None and query.task_id not in flow.by_id:
        raise UserError(f"there is no task `{query.task_id[:100]}` in the text{did_you_mean(query.task_id, flow.by_id)}")
    found: list[tuple[str, str, str | None]] = [("inputs", spec.id, spec.type) for spec in flow.inputs]
    found += [("vars", name, None) for name in flow.variables]
    found += [("labels", name, "STRING") for name in flow.labels]
    found += [("outputs", task.id, long_type(task.type)) for task in flow.all_tasks() if task.id != query.task_id]
    return answer([{"expression": _expression(root, name), "type": type_} for root, name, type_ in found])


def _expression(root: str, name: str) -> str:
    plain = all(part.isidentifier() for part in name.split("."))
    return f"{{{{ {root}.{name} }}}}" if plain and (root != "labels" or "." not in name) else f"{{{{ {root}['{name}'] }}}}"


async def _part(request: Request, section: str) -> dict[str, Any]:
    """A task or trigger, in a flow around it; where things stand there is of no use to anybody."""
    text = await body_of(request)
    told: dict[str, Any] = {"index": 0, "outdated": False, "deprecationPaths": [], "warnings": [], "infos": []}
    try:
        part = (await asyncio.to_thread(load, text, "part")).data
        around = {**_AROUND, "tasks": [part]} if section == "TASKS" else {**_AROUND, "tasks": [_NOTHING], "triggers": [part]}
        whole = await asyncio.to_thread(json.dumps, around)
        await asyncio.to_thread(check_flow, whole, "part", node_of(request).registry)
    except InvalidFile as wrong:
        told["constraints"] = "\n".join(problem.message.replace(f"`{section.lower()}.0.", "`") for problem in wrong.problems)
    return told


def _validity(node: Node, source: str) -> dict[str, Any]:
    """What is wrong with a text; and the revision that it names."""
    told: dict[str, Any] = {"namespace": None, "flow": None, "revision": None}
    told |= {"outdated": False, "deprecationPaths": [], "warnings": [], "infos": []}
    try:
        told |= _named(source)
        flow, document = check_flow(source, "flow", node.registry)
    except InvalidFile as wrong:
        told["constraints"] = "\n".join(problem_sentences(wrong))
        return told
    told["warnings"] = [f"{each.line}:{each.column}: {each.message}" for each in broken_expressions(document)[1]]
    told["infos"] = [f"task `{call.task}` starts flow {call.target}" for call in calls(flow)]
    return told


def _named(source: str) -> dict[str, Any]:
    """What a text calls itself, whatever else is wrong with it. Raises InvalidFile."""
    data = load(source, "flow").data
    if not isinstance(data, dict):
        return {}
    namespace, flow, revision = data.get("namespace"), data.get("id"), data.get("revision")
    return {
        "namespace": namespace if isinstance(namespace, str) else None,
        "flow": flow if isinstance(flow, str) else None,
        "revision": revision if isinstance(revision, int) else None,
    }
