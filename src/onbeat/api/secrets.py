"""The secrets that onbeat keeps for namespaces: set, list and remove them. A value goes in and never comes out.

Called by: app.
"""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.filters import Op, page_of, read_conditions
from onbeat.api.parameters import PageNumber, PageSize
from onbeat.api.routing import Within, answer, callers_namespaces, node_of, route
from onbeat.api.shapes.secrets import Rotated, SecretMeta, Secrets
from onbeat.core.access import covers
from onbeat.core.event import Micros
from onbeat.core.names import check_namespace
from onbeat.core.times import iso
from onbeat.engine.secrets_kept import LARGEST
from onbeat.engine.values import KEY, KEY_LENGTH
from onbeat.errors import NotFound, UserError

Named = tuple[str, str | None, Micros]


class NewSecret(BaseModel):
    """A secret to keep. key: as the path has it."""

    key: str | None = Field(None, min_length=1)
    value: str = Field(min_length=1, max_length=LARGEST, examples=["ghp_…"])
    description: str | None = None
    tags: list[Any] = Field([], description="Kestra's; not kept.")


class NamedSecret(NewSecret):
    """A secret to keep, with its name."""

    key: str = Field(min_length=1, json_schema_extra={"pattern": KEY, "maxLength": KEY_LENGTH}, examples=["GITHUB_TOKEN"])


class Described(BaseModel):
    """What a secret is for."""

    key: str | None = None
    description: str | None = None
    tags: list[Any] = []


def routes() -> list[BaseRoute]:
    """The routes."""
    one = "/namespaces/{namespace}/secrets/{key}"
    return [
        *route("/secrets", everywhere, Permission.READ, within=Within.LIST, answers=Secrets),
        *route("/namespaces/{namespace}/secrets", entries, Permission.READ, answers=Secrets),
        *route("/namespaces/{namespace}/secrets", put_named, Permission.WRITE, ("PUT",), answers=list[SecretMeta]),
        *route(one, put, Permission.WRITE, ("PUT",), answers=list[SecretMeta]),
        *route(one, describe, Permission.WRITE, ("PATCH",), answers=list[SecretMeta]),
        *route(one, delete, Permission.WRITE, ("DELETE",), status=204),
        *route("/namespaces/{namespace}/inherited-secrets", inherited, Permission.READ, answers=dict[str, list[str]]),
        *route("/secrets/rotate", rotate, Permission.ADMIN, ("POST",), answers=Rotated),
    ]


async def everywhere(
    request: Request,
    size: PageSize = None,
    page: PageNumber = None,
    q: Annotated[str, Query(description="What is in a key.")] = "",
    namespace: Annotated[str, Query(description="With those below it.")] = "",
) -> Response:
    """The keys of all namespaces, by namespace and name. Also `filters[q|namespace][OPERATION]=value`."""
    fields = ("q", "namespace")
    conditions = read_conditions(request.query_params, fields, flat=fields, others=("size", "page", "sort"))
    allowed, kept, asked = await callers_namespaces(request), node_of(request).secrets, page_of(size, page)
    found = [
        meta(namespace, each)
        for namespace in sorted(kept.namespaces())
        if allowed is None or any(covers(outer, namespace) for outer in allowed)
        for each in kept.names(namespace)
    ]
    for condition in conditions:
        if condition.op not in (Op.EQUALS, Op.CONTAINS, Op.PREFIX):
            raise UserError(f"secrets are not found by {condition.op}; use EQUALS")
        wanted = condition.values[0]
        if condition.field == "q":
            found = [each for each in found if wanted.lower() in each["key"].lower()]
        else:
            found = [each for each in found if covers(wanted, each["namespace"])]
    return answer({"readOnly": False, "results": found[asked.offset : asked.offset + asked.size], "total": len(found)})


async def entries(request: Request, q: Annotated[str, Query(description="What is in the key.")] = "") -> Response:
    """The keys of a namespace, by name."""
    namespace = check_namespace(request.path_params["namespace"])
    found = [meta(namespace, each) for each in node_of(request).secrets.names(namespace) if q.lower() in each[0].lower()]
    return answer({"readOnly": False, "results": found, "total": len(found)})


def meta(namespace: str, named: Named) -> dict[str, Any]:
    """A secret, without its value."""
    key, description, updated = named
    return {"namespace": namespace, "key": key, "description": description, "tags": [], "updateDate": iso(updated)}


async def inherited(request: Request) -> Response:
    """The keys of the namespaces above, by namespace: a flow sees those, too."""
    return answer(node_of(request).secrets.inherited(check_namespace(request.path_params["namespace"])))


async def put_named(request: Request, given: NamedSecret) -> Response:
    """Keep a secret; one that is there is replaced."""
    return await _put(request, given.key, given)


async def put(request: Request, given: NewSecret) -> Response:
    """Keep a secret; one that is there is replaced."""
    return await _put(request, request.path_params["key"], given)


async def _put(request: Request, key: str, given: NewSecret) -> Response:
    namespace = request.path_params["namespace"]
    await node_of(request).secrets.put(namespace, key, given.value, given.description)
    return _one(request, namespace, key)


async def describe(request: Request, given: Described) -> Response:
    """Say what a secret is for; its value stays."""
    namespace, key = check_namespace(request.path_params["namespace"]), request.path_params["key"]
    if not await node_of(request).secrets.describe(namespace, key, given.description):
        raise NotFound(f"there is no secret `{key}` in namespace {namespace}")
    return _one(request, namespace, key)


def _one(request: Request, namespace: str, key: str) -> Response:
    found = [each for each in node_of(request).secrets.names(namespace) if each[0].upper() == key.upper()]
    return answer([meta(namespace, each) for each in found])


async def delete(request: Request) -> Response:
    """Remove a secret."""
    namespace, key = check_namespace(request.path_params["namespace"]), request.path_params["key"]
    if not await node_of(request).secrets.delete(namespace, key):
        raise NotFound(f"there is no secret `{key}` in namespace {namespace}")
    return Response(status_code=204)


async def rotate(request: Request) -> Response:
    """Make a new key and seal all secrets by it; what older keys sealed is still opened."""
    key, secrets = await node_of(request).secrets.renew()
    return answer({"keyId": key, "secrets": secrets})
