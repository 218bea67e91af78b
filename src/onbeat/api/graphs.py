"""Graphs: a flow drawn, and which flows start which.

Called by: app; execution graphs use the same drawing.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission, caller_of
from onbeat.api.flow_changes import TEXTS, texts_of, unprocessable
from onbeat.api.flows import RevisionQuery, stored_flow
from onbeat.api.routing import Unprocessable, Within, answer, callers_namespaces, node_of, route
from onbeat.api.shapes.graphs import FlowGraph, FlowTopologyGraph
from onbeat.api.subflow_graphs import SAID, started_flow, with_subflows
from onbeat.core.graph import Inner, flow_graph
from onbeat.core.topology import Dependency, Name, dependencies, reached
from onbeat.errors import InvalidFile

_TENANT = "main"


class GraphQuery(RevisionQuery):
    """Which revision, and how it is drawn."""

    subflows: list[str] = Field([], description=SAID)


class DependencyQuery(BaseModel):
    """Which dependencies."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    destination_only: bool = Field(False, description="Only what is started, not what starts it.")
    expand_all: bool = Field(False, description="And what those start, and so on.")


def routes() -> list[BaseRoute]:
    """The routes."""
    read = Permission.READ
    return [
        *route("/flows/graph", source_graph, read, ("POST",), within=Within.LIST, answers=FlowGraph, takes=TEXTS),
        *route("/flows/{namespace}/{id}/graph", graph, read, answers=FlowGraph),
        *route("/flows/{namespace}/{id}/dependencies", flow_dependencies, read, answers=FlowTopologyGraph),
        *route("/namespaces/{namespace}/dependencies", namespace_dependencies, read, answers=FlowTopologyGraph),
    ]


async def graph(request: Request, query: Annotated[GraphQuery, Query()]) -> Response:
    """A flow as a graph of its tasks."""
    stored, _, _ = await stored_flow(request, query.revision)
    loaded = await node_of(request).catalog.revision(stored.namespace, stored.id, stored.revision)

    async def find(_: str, task: Mapping[str, Any]) -> Inner | None:
        flow = await started_flow(request, task)
        return None if flow is None else Inner(flow)

    return answer((await with_subflows(partial(flow_graph, loaded.flow, None), query.subflows, find)).as_json())


async def source_graph(request: Request) -> Response:
    """A text of a flow as a graph, without saving it."""
    await callers_namespaces(request)
    found = await texts_of(request)
    if len(found) != 1:
        raise Unprocessable(f"the text has {len(found)} flows; send one")
    try:
        flow = await node_of(request).flow_files.check(found[0])
    except InvalidFile as wrong:
        raise unprocessable(wrong) from None
    return answer((await asyncio.to_thread(flow_graph, flow)).as_json())


async def flow_dependencies(request: Request, query: Annotated[DependencyQuery, Query()]) -> Response:
    """The flows that a flow starts, and those that start it."""
    stored, _, _ = await stored_flow(request)
    return answer(await _topology(request, {Name(stored.namespace, stored.id)}, query))


async def namespace_dependencies(request: Request, query: Annotated[DependencyQuery, Query()]) -> Response:
    """Which flows of a namespace start which, and others."""
    namespace = request.path_params["namespace"]
    served = node_of(request).catalog.served()
    names = {Name(loaded.flow.namespace, loaded.flow.id) for loaded in served if loaded.flow.namespace == namespace}
    return answer(await _topology(request, names, query))


async def _topology(request: Request, names: Collection[Name], query: DependencyQuery) -> dict[str, Any]:
    """What concerns these flows, of what the caller may see."""
    caller = await caller_of(request)
    flows = [loaded.flow for loaded in node_of(request).catalog.served() if caller.may(Permission.READ, loaded.flow.namespace)]

    def drawn() -> dict[str, Any]:
        known = [each for each in dependencies(flows) if caller.may(Permission.READ, each.target.namespace)]
        return topology_json(names, reached(known, names, onwards=query.destination_only, whole=query.expand_all))

    return await asyncio.to_thread(drawn)


def topology_json(names: Iterable[Name], found: Iterable[Dependency]) -> dict[str, Any]:
    """Kestra's FlowTopologyGraph."""
    edges = [{"source": _uid(each.source), "target": _uid(each.target), "relation": each.relation} for each in found]
    nodes = {*names, *(name for each in found for name in (each.source, each.target))}
    return {"nodes": [{"uid": _uid(name), "namespace": name.namespace, "id": name.id} for name in sorted(nodes)], "edges": edges}


def _uid(name: Name) -> str:
    return f"{_TENANT}_{name.namespace}_{name.id}"
