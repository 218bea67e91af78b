"""Give every route its permission, its limits and its errors in one place.

Rules
1. A route cannot be made without a permission.
2. A body is counted while it is read, and refused before it is whole in memory; one that does not come in time is given up.
3. An error is problem+json with the cure, and Kestra's `message`; a bug is a 500 without a trace of it.
4. HEAD and OPTIONS never do anything.

Called by: app and the route modules.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from onbeat.api.access import Access, Permission
from onbeat.core.inputs import InputError
from onbeat.engine.checks import Blocked
from onbeat.engine.node import Node
from onbeat.errors import NotFound, OutsideError, Overloaded, Refused, StoreBroken, Unauthorized, UserError

_log = structlog.get_logger("onbeat.api")
Handler = Callable[[Request], Awaitable[Response]]


class Unprocessable(UserError):
    """The request can be read, and asks for what cannot be."""


class TooLarge(UserError):
    """The body is larger than the limit."""


class TooSlow(UserError):
    """The body did not come in time."""


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(content), status, headers, "application/json")


def problem(status: int, title: str, detail: str) -> Response:
    """What went wrong, for programs and people."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, "message": detail}
    headers = {"Retry-After": "1"} if status == 503 else {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(orjson.dumps(content), status, headers, "application/problem+json")


def node_of(request: Request) -> Node:
    """The node behind the API."""
    node: Node = request.app.state.node
    return node


async def body_of(request: Request, limit: int | None = None) -> bytes:
    """The request's body. Raises TooLarge, TooSlow."""
    limit = limit or request.app.state.max_body
    length = request.headers.get("content-length")
    if length is not None and length.isdigit() and int(length) > limit:
        raise TooLarge(f"the body has {length} bytes; the limit is {limit}")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(request.app.state.patience):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise TooLarge(f"the body is larger than the limit of {limit} bytes")
                parts.append(part)
    except TimeoutError:
        raise TooSlow(f"the body was not there within {request.app.state.patience:g} s") from None
    return b"".join(parts)


def json_of(body: bytes) -> Any:
    """The body as JSON; empty is None. Raises UserError."""
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as wrong:
        raise UserError(f"the body is not JSON: {wrong}") from None


def route(path: str, handler: Handler, permission: Permission, methods: tuple[str, ...] = ("GET",)) -> list[Route]:
    """A route under /api/v1/main and, without the tenant, under /api/v1."""
    return [one_route(f"/api/v1{tenant}{path}", handler, permission, methods) for tenant in ("/main", "")]


def one_route(path: str, handler: Handler, permission: Permission, methods: tuple[str, ...] = ("GET",)) -> Route:
    """One route that only those with the permission reach."""

    async def guarded(request: Request) -> Response:
        if request.method not in methods:
            return problem(405, "Method not allowed", f"use {', '.join(methods)}")
        access: Access = request.app.state.access
        if permission not in (Permission.KEY, Permission.PUBLIC) and not access.knows_host(request):
            return problem(421, "Unknown host", "this Host is not allowed; add it to ONBEAT_ALLOWED_HOSTS")
        if not access.allows(request, permission):
            return problem(401, "Unauthorized", "send the token of DATA/admin-token as `Authorization: Bearer …`")
        return await _tried(request, handler, path)

    made = Route(path, guarded, methods=list(methods))
    made.permission = permission  # type: ignore[attr-defined]  # read by the test that enumerates the routes
    return made


async def _tried(request: Request, handler: Handler, template: str) -> Response:
    try:
        return await handler(request)
    except (InputError, Blocked) as wrong:
        return problem(422, "Invalid inputs", str(wrong))
    except Unprocessable as wrong:
        return problem(422, "Not possible", str(wrong))
    except TooLarge as wrong:
        return problem(413, "Too large", str(wrong))
    except TooSlow as wrong:
        return problem(408, "Too slow", str(wrong))
    except NotFound as wrong:
        return problem(404, "Not found", str(wrong))
    except Refused as wrong:
        return problem(409, "Not possible now", str(wrong))
    except Unauthorized as wrong:
        return problem(401, "Unauthorized", str(wrong))
    except UserError as wrong:
        return problem(400, "Bad request", str(wrong))
    except Overloaded as full:
        return problem(503, "Try again later", str(full))
    except OutsideError as outside:
        return problem(502, "Something outside failed", str(outside))
    except StoreBroken:
        return problem(503, "The store failed", "the store failed; the daemon stops")
    except ClientDisconnect:
        return Response(status_code=499)
    except Exception:
        _log.exception("a route raised", route=template, method=request.method)
        return problem(500, "Internal error", "this is a bug in onbeat; the daemon's log has it")
