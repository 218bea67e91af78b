"""Describe the API to programs: its OpenAPI document, made from the routes as they are.

Rules
1. Every route under /api/v1/main is in it, with its permission; what is not there cannot be called.
2. Every operation says that it may answer a problem, and how callers say who they are.

Called by: app for `GET /api/v1/main/openapi.json`, the test that holds answers to it.
"""

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from onbeat import __version__
from onbeat.api.access import Permission
from onbeat.api.routing import Documented

_PROBLEM = {
    "title": "Problem",
    "description": "What went wrong, and what to do (RFC 9457); `message` is `detail`, as Kestra's clients read it.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "message"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "message": {"type": "string"},
    },
}
_FAILS = {
    "description": "What went wrong.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "An API token, or the admin's."},
    "password": {"type": "http", "scheme": "basic", "description": "Name and password of a user, or any name and a token."},
}
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document of these routes."""
    found = [route.made for route in routes if isinstance(route, Documented)]
    made = get_openapi(
        title="onbeat",
        version=__version__,
        summary="Start flows by events, follow them, act on them.",
        description="Kestra's paths and JSON, and onbeat's own for events. Each route is there without `/main`, too.",
        routes=found,
    )
    components = made.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["securitySchemes"] = _SCHEMES
    permissions = {(route.path_format, method.lower()): route.permission for route in found for method in route.methods or ()}  # type: ignore[attr-defined]  # ours
    for path, item in made["paths"].items():
        for method, operation in item.items():
            if method not in _METHODS:
                continue
            permission = permissions[(path, method)]
            operation["x-permission"] = permission.value
            operation["responses"].pop("422", None)
            operation["responses"] |= {"4XX": _FAILS, "5XX": _FAILS}
            operation["security"] = [] if permission in (Permission.PUBLIC, Permission.KEY) else [{"token": []}, {"password": []}]
    return made
