"""Namespaces: those that hold something, those that somebody made, and those above them.

A namespace is there because a flow, a value, a file or a secret is in it. One that is made before that is a document with a description.

Rules
1. A namespace is listed for who may see what is in it; one above it only for who may see that one.
2. One that holds something is not removed by removing its description.

Called by: app.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.audit import row_of
from onbeat.api.filters import Condition, Op, page_of, read_conditions, sort_of
from onbeat.api.parameters import PageNumber, PageSize, sort_field
from onbeat.api.routing import Unprocessable, Within, allow, answer, callers_namespaces, node_of, route
from onbeat.api.shapes.base import Free, Paged
from onbeat.api.shapes.namespaces import Namespace
from onbeat.core.access import covers
from onbeat.core.names import NAMESPACE, lineage
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Refused
from onbeat.ports import Document, Work

_KIND = "namespace"
_SORTS = {"id": "id"}
_PAGING = ("page", "size", "sort", "existing")


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a namespace that somebody made."""

    description: str | None = None


class NamespaceQuery(BaseModel):
    """Which namespaces. Also `filters[q][EQUALS]=…` and `filters[namespace][…]=…`."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    q: str | None = Field(None, description="Text in the name.")
    existing: bool = Field(False, description="Only those that were made or hold something, not those above them.")
    sort: list[str] = sort_field(_SORTS)
    page: PageNumber = None
    size: PageSize = None


class NamespaceBody(BaseModel):
    """A namespace. What else Kestra's may have has no meaning here and must not be set."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(pattern=NAMESPACE, max_length=150, examples=["company.team"])
    description: str | None = Field(None, max_length=10_000)


class Wanted(BaseModel):
    """Which names are looked for."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    q: str | None = None
    ids: list[str] | None = Field(None, description="Also these, if they are there.")
    existing_only: StrictBool = False


def routes() -> list[BaseRoute]:
    """The routes."""
    read, write, many = Permission.READ, Permission.WRITE, Within.LIST
    return [
        *route("/namespaces/search", search, read, within=many, answers=Paged[Namespace]),
        *route("/namespaces/autocomplete", autocomplete, read, ("POST",), within=many, answers=list[str]),
        *route("/namespaces", create, write, ("POST",), within=Within.OBJECT, answers=Namespace),
        *route("/namespaces/{namespace}", show, read, answers=Namespace),
        *route("/namespaces/{namespace}", update, write, ("PUT",), answers=Namespace),
        *route("/namespaces/{namespace}", delete, write, ("DELETE",), status=204),
        *route("/namespaces/{namespace}/inherited-variables", inherited_variables, read, answers=Free),
        *route("/namespaces/{namespace}/inherited-plugindefaults", inherited_defaults, read, answers=list[Free]),
    ]


async def search(request: Request, query: Annotated[NamespaceQuery, Query()]) -> Response:
    """Namespaces, by name."""
    conditions = read_conditions(request.query_params, ("q", "namespace", "id"), flat=("q",), others=_PAGING)
    found = await _visible(request)
    names = [name for name in sorted(found) if all(_holds(condition, name) for condition in conditions)]
    if query.existing:
        names = [name for name in names if not found[name]["disabled"]]
    order = sort_of(query.sort, _SORTS)
    if order is not None and order[1]:
        names.reverse()
    return answer({"results": [found[name] for name in page_of(query.size, query.page).of(names)], "total": len(names)})


async def autocomplete(request: Request, wanted: Wanted) -> Response:
    """The names of namespaces, for one that is being written."""
    found = await _visible(request)
    asked = (wanted.q or "").lower()
    names = [name for name in sorted(found) if asked in name and not (wanted.existing_only and found[name]["disabled"])]
    return answer([*names, *(name for name in dict.fromkeys(wanted.ids or ()) if name in found and name not in names)])


async def show(request: Request) -> Response:
    """One namespace."""
    return answer(await _need(request))


async def create(request: Request, body: NamespaceBody) -> Response:
    """Make a namespace before anything is in it."""
    _only_known(body)
    await allow(request, body.id, f"there is no namespace {body.id}")
    if await node_of(request).queries.document(_KIND, body.id) is not None:
        raise Unprocessable(f"there is a namespace {body.id} already; update it")
    await _keep(request, "namespace.create", body.id, None, Kept(body.description))
    return answer(_shown(body.id, body.description, bare=False))


async def update(request: Request, body: NamespaceBody) -> Response:
    """Give a namespace another description."""
    _only_known(body)
    before = await _need(request)
    if body.id != before["id"]:
        raise Unprocessable(f"the body is of namespace {body.id}, not of {before['id']}")
    await _keep(request, "namespace.update", body.id, {"description": before["description"]}, Kept(body.description))
    return answer(_shown(body.id, body.description, bare=False))


async def delete(request: Request) -> Response:
    """Remove a namespace in which there is nothing."""
    node, namespace = node_of(request), request.path_params["namespace"]
    before = await _need(request)
    flows = {loaded.flow.namespace for loaded in node.catalog.served()}
    if namespace in {*flows, *await node.files.namespaces(), *node.secrets.namespaces()} or await node.values.entries(namespace):
        raise Refused(f"there are flows, values, files or secrets in namespace {namespace}; delete them first")
    await _keep(request, "namespace.delete", namespace, {"description": before["description"]}, None)
    return Response(status_code=204)


async def inherited_variables(request: Request) -> Response:
    """The variables of the namespaces above: there are none, flows have their own, and values are in the KV store."""
    return answer({})


async def inherited_defaults(request: Request) -> Response:
    """The plugin defaults of the namespaces above: there are none, flows have their own, and the server has some in its settings."""
    return answer([])


async def _visible(request: Request) -> Mapping[str, dict[str, Any]]:
    """The namespaces that the caller may see, by name."""
    allowed = await callers_namespaces(request)
    made, holding = await _made(node_of(request)), await _holding(node_of(request))
    names = {above for name in {*made, *holding} for above in lineage(name)}
    seen = [name for name in names if allowed is None or any(covers(outer, name) for outer in allowed)]
    return {name: _shown(name, made[name].description if name in made else None, bare=name not in {*made, *holding}) for name in seen}


async def _need(request: Request) -> dict[str, Any]:
    """The namespace of the path. Raises NotFound."""
    namespace = request.path_params["namespace"]
    found = (await _visible(request)).get(namespace)
    if found is None:
        raise NotFound(f"there is no namespace {namespace[:150]}")
    return found


async def _made(node: Node) -> dict[str, Kept]:
    return {each.id: msgspec.convert(each.value, Kept) for each in await node.queries.documents(_KIND)}


async def _holding(node: Node) -> set[str]:
    """The namespaces in which there is something."""
    flows = {loaded.flow.namespace for loaded in node.catalog.served()}
    return {*flows, *await node.values.namespaces(), *await node.files.namespaces(), *node.secrets.namespaces()}


async def _keep(request: Request, action: str, namespace: str, before: Any, kept: Kept | None) -> None:
    after = None if kept is None else {"description": kept.description}
    row = await row_of(request, action, f"namespace:{namespace}", before, after)
    await node_of(request).store.write(Work(documents=(Document(_KIND, namespace, after),), audit=(row,)))


def _holds(condition: Condition, name: str) -> bool:
    if condition.field == "q":
        within = condition.op in (Op.EQUALS, Op.CONTAINS)
        if not within and condition.op not in (Op.NOT_EQUALS, Op.NOT_CONTAINS):
            raise condition.refused((Op.EQUALS, Op.NOT_EQUALS))
        return Condition("q", Op.CONTAINS, condition.values).holds(name) is within
    return condition.holds(name)


def _only_known(body: NamespaceBody) -> None:
    """Raises Unprocessable for what is set and has no meaning here."""
    for name, value in (body.model_extra or {}).items():
        if value and name not in ("deleted", "disabled"):
            raise Unprocessable(f"`{name[:60]}` of a namespace has no meaning here; there are `id` and `description`")


def _shown(name: str, description: str | None, *, bare: bool) -> dict[str, Any]:
    return {"id": name, "description": description, "deleted": False, "disabled": bare}
