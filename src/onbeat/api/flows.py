"""Flows: what is served, and how it is."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.routing import Within, answer, callers_namespaces, node_of, route
from onbeat.core.access import covers
from onbeat.engine.catalog import LoadedFlow


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/flows/search", search, Permission.READ, within=Within.LIST),
        *route("/flows/{namespace}/{id}", show, Permission.READ),
    ]


def flow_json(loaded: LoadedFlow) -> dict[str, Any]:
    """A flow in a list."""
    flow = loaded.flow
    return {
        "id": flow.id,
        "namespace": flow.namespace,
        "revision": flow.revision,
        "description": flow.description,
        "disabled": flow.disabled,
        "labels": [{"key": key, "value": value} for key, value in flow.labels.items()],
        "inputs": [{"id": spec.id, "type": spec.type, "required": spec.required} for spec in flow.inputs],
        "triggers": [{"id": str(raw.get("id")), "type": str(raw.get("type"))} for raw in flow.triggers],
        "file": loaded.path,
    }


async def search(request: Request) -> Response:
    """The served flows by name; `q` is part of one, `namespace` a whole one."""
    query, allowed = request.query_params, await callers_namespaces(request)
    found = [
        flow_json(loaded)
        for loaded in node_of(request).catalog.served()
        if query.get("q", "").lower() in loaded.flow.name.lower()
        and query.get("namespace") in (None, loaded.flow.namespace)
        and (allowed is None or any(covers(outer, loaded.flow.namespace) for outer in allowed))
    ]
    return answer({"results": found, "total": len(found)})


async def show(request: Request) -> Response:
    """One flow; `source=true` with its text, `revision` another revision."""
    node, query = node_of(request), request.query_params
    revision = query.get("revision")
    loaded = await node.find_flow(
        request.path_params["namespace"], request.path_params["id"], int(revision) if revision and revision.isdigit() else None
    )
    content = flow_json(loaded)
    if query.get("source") == "true":
        stored = await node.store.flow(loaded.flow.namespace, loaded.flow.id, loaded.flow.revision)
        content["source"] = stored.source if stored else None
    return answer(content)
