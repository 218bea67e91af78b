"""The secrets that onbeat keeps for namespaces: set, list and remove them. A value goes in and never comes out.

Called by: app.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.routing import answer, body_of, json_of, node_of, route
from onbeat.core.names import check_namespace
from onbeat.core.times import iso
from onbeat.errors import NotFound, UserError


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/namespaces/{namespace}/secrets", entries, Permission.READ),
        *route("/namespaces/{namespace}/secrets", put, Permission.WRITE, ("PUT",)),
        *route("/namespaces/{namespace}/secrets/{key}", put, Permission.WRITE, ("PUT",)),
        *route("/namespaces/{namespace}/secrets/{key}", delete, Permission.WRITE, ("DELETE",)),
        *route("/namespaces/{namespace}/inherited-secrets", inherited, Permission.READ),
        *route("/secrets/rotate", rotate, Permission.ADMIN, ("POST",)),
    ]


async def entries(request: Request) -> Response:
    """The keys of a namespace, by name; `q`: what is in them."""
    found = node_of(request).secrets.names(check_namespace(request.path_params["namespace"]))
    wanted = request.query_params.get("q", "").lower()
    shown = [
        {"key": key, "description": description, "updateDate": iso(updated)} for key, description, updated in found if wanted in key.lower()
    ]
    return answer({"readOnly": False, "results": shown, "total": len(shown)})


async def inherited(request: Request) -> Response:
    """The keys of the namespaces above, by namespace: a flow sees those, too."""
    return answer(node_of(request).secrets.inherited(check_namespace(request.path_params["namespace"])))


async def put(request: Request) -> Response:
    """Keep a secret; one that is there is replaced. Body: `{value, description}`, with the key in the path, else in the body, too."""
    given: Any = json_of(await body_of(request))
    if not isinstance(given, dict):
        raise UserError("send the secret as a JSON object: {key, value}")
    key, value, description = request.path_params.get("key", given.get("key")), given.get("value"), given.get("description")
    if not isinstance(key, str) or not isinstance(value, str) or not isinstance(description, str | None):
        raise UserError("a secret has a key and a value, both texts, and may have a description")
    namespace = request.path_params["namespace"]
    await node_of(request).secrets.put(namespace, key, value, description)
    return answer({"namespace": namespace, "key": key, "description": description})


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
