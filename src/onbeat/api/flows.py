"""Flows: find them and look at them, their texts, tasks and revisions.

Called by: app.
"""

import asyncio
import re
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.filters import page_of, sort_of
from onbeat.api.flow_choice import SORTS, PageQuery, chosen_flows
from onbeat.api.flow_json import flow_answer, flow_json, shown, task_json
from onbeat.api.parameters import PageNumber, PageSize, one_of, sort_field
from onbeat.api.routing import Within, answer, callers_namespaces, node_of, route
from onbeat.api.shapes.base import Free, Paged
from onbeat.api.shapes.flows import FlowShape, FlowWithSource, Running, SourceFound
from onbeat.core.access import covers
from onbeat.core.names import did_you_mean
from onbeat.core.states import State
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.node import Node
from onbeat.errors import NotFound, UserError
from onbeat.ports import ExecutionFilter, StoredFlow

_PAGING = ("page", "size", "sort")
_MOST_REVISIONS = 100
"""In one answer, the newest ones."""
_MOST_MATCHES = 100
"""Of one flow's text that are shown."""
_SNIPPET = 200
"""Characters of a line that are shown."""
_HOLDING = (State.RUNNING, State.PAUSED, State.KILLING, State.RESTARTED, State.RETRYING)
"""The states of executions that take a place."""
_SCOPES = {"ALL": None, "TASKS": ("tasks", "errors", "finally", "afterExecution"), "TRIGGERS": ("triggers",), "INPUTS": ("inputs",)}


class RevisionQuery(BaseModel):
    """Which revision."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    revision: int | None = Field(None, ge=1, le=2**31, description="The served one unless told otherwise.")


class ShowQuery(RevisionQuery):
    """Which revision, and how."""

    source: bool = Field(False, description="With its text.")
    allow_deleted: bool = Field(False, description="Also one that is not served any more.")


class SourceQuery(BaseModel):
    """What is looked for in the texts of flows."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    q: str = Field("", max_length=1_000, examples=["core.log.Log"])
    namespace: str | None = Field(None, description="The namespace and those below it.")
    case_sensitive: bool = False
    whole_word: bool = False
    regex: bool = Field(False, description="Not taken: a pattern can keep a server busy for hours.", json_schema_extra={"enum": [False]})
    scope: Annotated[str, one_of(_SCOPES)] = Field("ALL", description="ALL; or in which part of a flow the line is to be.")
    sort: list[str] = sort_field(SORTS)
    page: PageNumber = None
    size: PageSize = None


def routes() -> list[BaseRoute]:
    """The routes; those of words come before those of namespaces."""
    read, many = Permission.READ, Within.LIST
    return [
        *route("/flows/search", search, read, within=many, answers=Paged[FlowShape]),
        *route("/flows/source", search_source, read, within=many, answers=Paged[SourceFound]),
        *route("/flows/distinct-namespaces", namespaces, read, within=many, answers=list[str]),
        *route("/flows/deprecated", deprecated, read, within=many, answers=list[Free]),
        *route("/concurrency-limit/search", limits, read, within=many, answers=Paged[Running]),
        *route("/flows/{namespace}", of_namespace, read, answers=list[FlowShape]),
        *route("/flows/{namespace}/{id}", show, read, answers=FlowWithSource),
        *route("/flows/{namespace}/{id}/revisions", revisions, read, answers=list[FlowWithSource]),
        *route("/flows/{namespace}/{id}/tasks/{task}", task, read, answers=Free),
    ]


async def search(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """Flows that are served, by name."""
    found = await chosen_flows(request, _PAGING)
    order = sort_of(query.sort, SORTS)
    if order is not None:
        found.sort(key=lambda loaded: getattr(loaded.flow, order[0]), reverse=order[1])
    page = page_of(query.size, query.page).of(found)
    return flow_answer({"results": await shown(node_of(request), page), "total": len(found)})


async def of_namespace(request: Request) -> Response:
    """The flows of a namespace, without those below it."""
    node, namespace = node_of(request), request.path_params["namespace"]
    return flow_answer(await shown(node, [loaded for loaded in node.catalog.served() if loaded.flow.namespace == namespace]))


async def show(request: Request, query: Annotated[ShowQuery, Query()]) -> Response:
    """One flow."""
    stored, path, served = await stored_flow(request, query.revision, deleted=query.allow_deleted)
    return flow_answer(await asyncio.to_thread(flow_json, stored, path, source=query.source, deleted=not served))


async def stored_flow(request: Request, revision: int | None = None, *, deleted: bool = False) -> tuple[StoredFlow, str | None, bool]:
    """The revision that a path means, its file, and whether the flow is served. Raises NotFound with the nearest name."""
    node, namespace, id_ = node_of(request), request.path_params["namespace"], request.path_params["id"]
    loaded = node.catalog.find(namespace, id_)
    if loaded is None and not deleted:
        name = f"{namespace}.{id_}"
        raise NotFound(f"there is no flow {name}{did_you_mean(name, await visible_names(request, node))}")
    wanted = loaded.flow.revision if loaded is not None and revision is None else revision
    stored = await node.store.flow(namespace, id_, wanted)
    if stored is None:
        raise NotFound(f"there is no {'' if wanted is None else f'revision {wanted} of '}flow {namespace}.{id_}")
    return stored, None if loaded is None else loaded.path, loaded is not None


async def visible_names(request: Request, node: Node) -> list[str]:
    """`namespace.id` of the flows that the caller may see."""
    allowed = await callers_namespaces(request)
    flows = [loaded.flow for loaded in node.catalog.served()]
    return [flow.name for flow in flows if allowed is None or any(covers(outer, flow.namespace) for outer in allowed)]


async def revisions(request: Request) -> Response:
    """The revisions of a flow with their texts, the oldest first; of many the newest hundred. Those of a flow that was deleted, too."""
    node, namespace, id_ = node_of(request), request.path_params["namespace"], request.path_params["id"]
    loaded = node.catalog.find(namespace, id_)
    numbers = (await node.store.flow_revisions(namespace, id_))[:_MOST_REVISIONS]
    if not numbers:
        raise NotFound(f"there is no flow {namespace}.{id_}")
    kept = [await node.store.flow(namespace, id_, number) for number in reversed(numbers)]
    path = None if loaded is None else loaded.path
    return flow_answer(
        await asyncio.to_thread(
            lambda: [flow_json(stored, path, source=True, deleted=loaded is None) for stored in kept if stored is not None]
        )
    )


async def task(request: Request, query: Annotated[RevisionQuery, Query()]) -> Response:
    """One task of a flow, at any depth, as its text has it."""
    stored, _, _ = await stored_flow(request, query.revision)
    wanted = request.path_params["task"]
    found = await asyncio.to_thread(task_json, stored, wanted)
    if found is None:
        raise NotFound(f"there is no task `{wanted[:100]}` in flow {stored.namespace}.{stored.id}")
    return flow_answer(found)


async def namespaces(request: Request, q: str = "") -> Response:
    """The namespaces that have flows; `q`: text in them."""
    return answer(sorted({loaded.flow.namespace for loaded in await chosen_flows(request, ("q",)) if q.lower() in loaded.flow.namespace}))


async def deprecated(request: Request) -> Response:
    """What of the flows is to be written otherwise soon: nothing, every name that Kestra had is taken."""
    await callers_namespaces(request)
    return answer([])


async def limits(request: Request) -> Response:
    """The flows that bound how many of their executions run at once."""
    node = node_of(request)
    found = [loaded.flow for loaded in await chosen_flows(request, _PAGING) if loaded.flow.concurrency is not None]
    results = [
        {
            "tenantId": "main",
            "namespace": flow.namespace,
            "flowId": flow.id,
            "running": await node.queries.count(ExecutionFilter(namespace=flow.namespace, flow=flow.id, states=_HOLDING), None),
            "limit": flow.concurrency.limit,
            "behavior": flow.concurrency.behavior,
        }
        for flow in found
        if flow.concurrency is not None
    ]
    return answer({"results": results, "total": len(results)})


# ---- in the texts ------------------------------------------------------------------------------------------------


async def search_source(request: Request, query: Annotated[SourceQuery, Query()]) -> Response:
    """Where a text stands in the texts of flows."""
    if query.regex:
        raise UserError("`regex=true` is not taken: a pattern can keep a server busy for hours; look for a part of the text")
    if query.scope.upper() not in _SCOPES:
        raise UserError(f"`scope` is one of {', '.join(_SCOPES)}")
    others = ("q", "caseSensitive", "wholeWord", "regex", "scope", *_PAGING)
    node, wanted = node_of(request), _wanted(query)
    found: list[tuple[LoadedFlow, list[dict[str, object]]]] = []
    for loaded in await chosen_flows(request, others):
        stored = await node.store.flow(loaded.flow.namespace, loaded.flow.id, loaded.flow.revision)
        if stored is not None:
            matches = await asyncio.to_thread(_matches, stored.source, wanted, _SCOPES[query.scope.upper()])
            if matches:
                found.append((loaded, matches))
    order = sort_of(query.sort, SORTS)
    if order is not None:
        found.sort(key=lambda each: getattr(each[0].flow, order[0]), reverse=order[1])
    page = page_of(query.size, query.page).of(found)
    models = await shown(node, [loaded for loaded, _ in page])
    results = [
        {
            "model": model,
            "fragments": [str(match.pop("fragment")) for match in matches],
            "namespace": model["namespace"],
            "id": model["id"],
            "editable": True,
            "matches": matches,
        }
        for model, (_, matches) in zip(models, page, strict=True)
    ]
    return flow_answer({"results": results, "total": len(found)})


def _wanted(query: SourceQuery) -> re.Pattern[str]:
    text = re.escape(query.q)
    return re.compile(rf"(?<!\w){text}(?!\w)" if query.whole_word else text, 0 if query.case_sensitive else re.IGNORECASE)


def _matches(source: str, wanted: re.Pattern[str], within: tuple[str, ...] | None) -> list[dict[str, object]]:
    """Line, column and the line itself of each place; the first one of each line."""
    found: list[dict[str, object]] = []
    key = ""
    for number, line in enumerate(source.split("\n"), 1):
        if line[:1].strip(" \t#-") and ":" in line:
            key = line.partition(":")[0].strip("\"' ")
        match = wanted.search(line)
        if match is None or (within is not None and key not in within):
            continue
        begin, end = match.span()
        start = max(0, begin - _SNIPPET // 2)
        marked = f"{line[start:begin]}[mark]{line[begin:end]}[/mark]{line[end : end + _SNIPPET // 2]}"
        found.append({"line": number, "column": begin + 1, "snippet": line[start : start + _SNIPPET], "fragment": marked})
        if len(found) == _MOST_MATCHES:
            break
    return found
