"""Give every route its permission, its limits and its words in the OpenAPI document, in one place.

Rules
1. A route cannot be made without a permission, and without saying what of the server it reaches: a namespace in its path, a topic, one
   object, a list, the whole server.
2. Who is calling is asked before anything of the body is read. What a caller may not see is not there (404); what he may see and not
   change is forbidden (403).
3. A handler that reaches an object or a list has asked whose it is, or its answer is not sent.
4. A body is counted while it is read, and refused before it is whole in memory; one that does not come in time is given up.
5. HEAD and OPTIONS never do anything.
6. A change that was made is in the audit log: by the handler with before and after, else by its route and parameters.

Called by: app and the route modules.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

import orjson
import structlog
from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from onbeat.api.access import Access, Caller, Permission, caller_of
from onbeat.api.problems import Forbidden, Handler, TooLarge, TooSlow, Unprocessable, problem, tried
from onbeat.api.scalars import Scalars
from onbeat.core.names import FLOW_ID, FLOW_ID_LENGTH, NAMESPACE, NAMESPACE_LENGTH, check_flow_id, check_namespace
from onbeat.engine.audit import audit_row
from onbeat.engine.node import Node
from onbeat.engine.values import KEY, KEY_LENGTH
from onbeat.errors import NotFound, Unauthorized, UserError
from onbeat.ports import Work

__all__ = [
    "Documented", "Handler", "NodeOf", "TooLarge", "TooSlow", "Unprocessable", "Within", "allow", "answer", "body_of",
    "callers_namespaces", "json_of", "node_of", "one_route", "problem", "route",
]  # fmt: skip
BASE = "/api/v1/main"
_OPEN = frozenset({Permission.PUBLIC, Permission.KEY})
_CHANGES = frozenset({Permission.WRITE, Permission.RUN, Permission.ADMIN})
_TEXT = {"type": "string", "minLength": 1}
_NAMES: Mapping[str, dict[str, Any]] = {
    "namespace": {"type": "string", "pattern": NAMESPACE, "maxLength": NAMESPACE_LENGTH},
    "flow": {"type": "string", "pattern": FLOW_ID, "maxLength": FLOW_ID_LENGTH},
    "kv/key": {"type": "string", "pattern": KEY, "maxLength": KEY_LENGTH},
    "secrets/key": {"type": "string", "pattern": KEY, "maxLength": KEY_LENGTH},
}
"""What the parameters of paths look like, by name, or by what is before it and name."""
_NO_NAME = re.compile("[^A-Za-z0-9]+")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_log = structlog.get_logger("onbeat.api")


class Within(StrEnum):
    """What of the server a route reaches, and so how it is found out whether its caller may."""

    NAMESPACE = "namespace"
    """What is in the `{namespace}` of its path: asked before the handler is called."""
    TOPIC = "topic"
    """The `{topic}` of its path: asked before the handler is called."""
    OBJECT = "object"
    """One thing, whose namespace the handler finds: it asks with `allow`."""
    LIST = "list"
    """Many things: the handler filters them by `callers_namespaces`."""
    SERVER = "server"
    """The server as a whole: asked before the handler is called."""
    NOTHING = "nothing"
    """What everybody may know who may anything; or the handler decides by a key of its own."""


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(content), status, headers, "application/json")


def node_of(request: Request) -> Node:
    """The node behind the API."""
    node: Node = request.app.state.node
    return node


NodeOf = Annotated[Node, Depends(node_of)]


async def allow(request: Request, namespace: str, missing: str, permission: Permission | None = None) -> None:
    """Go on if the caller may do that in the namespace that the object is in; without a permission, what the route asks for.

    Raises NotFound with `missing` where he may not even know of it, Forbidden where he may.
    """
    request.state.asked = True
    caller = await caller_of(request)
    wanted = permission or request.state.permission
    if not caller.may(wanted, namespace):
        if not caller.may(Permission.READ, namespace):
            raise NotFound(missing)
        raise Forbidden(f"that needs the permission `{wanted}` in namespace `{namespace}`")


async def callers_namespaces(request: Request) -> tuple[str, ...] | None:
    """The namespaces, each with those below it, in which the caller may do what the route asks for; None: all."""
    request.state.asked = True
    return (await caller_of(request)).namespaces(request.state.permission)


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


def route(
    path: str,
    handler: Callable[..., Awaitable[Response]],
    permission: Permission,
    methods: tuple[str, ...] = ("GET",),
    *,
    within: Within | None = None,
    answers: Any = None,
    status: int = 200,
    media: str = "application/json",
    takes: Mapping[str, Any] | None = None,
    bodyless: bool = False,
    reads: Sequence[Mapping[str, Any]] = (),
) -> list[BaseRoute]:
    """A route under /api/v1/main; without the tenant the same one is reached (see `Tenant`).

    within: told by the path where it has a namespace or a topic. answers: the type of a good answer, for the document. takes: the media
    types of a body that the handler reads itself, each with its schema. bodyless: it may be left out. reads: the parameters and headers
    that it reads itself (see reads.py).
    """
    reach = within or _within(path, permission)
    words = (reach, answers, status, media, takes, bodyless, reads)
    return [Documented(f"{BASE}{path}", handler, permission, method, *words) for method in methods]


def one_route(
    path: str, handler: Handler, permission: Permission, methods: tuple[str, ...] = ("GET",), *, within: Within | None = None
) -> Route:
    """A route of its own path, without FastAPI: the fastest there is, and in no document."""
    reach = within or _within(path, permission)

    async def called(request: Request) -> Response:
        return await _guarded(request, handler, permission, reach, methods, path)

    made = Route(path, called, methods=list(methods))
    made.permission, made.within = permission, reach  # type: ignore[attr-defined]  # read by the test that enumerates the routes
    return made


class Documented(Route):
    """A route that FastAPI makes when it is first asked for, or put into the document: to make them all takes as long as half a start."""

    def __init__(
        self, path: str, handler: Callable[..., Awaitable[Response]], permission: Permission, method: str, within: Within, *words: Any
    ) -> None:
        super().__init__(path, handler)
        self.methods, self.app = {method}, self._first
        self.permission, self.within = permission, within
        self._words = (path, handler, permission, method, within, *words)

    @cached_property
    def made(self) -> APIRoute:
        """FastAPI's route."""
        return _Guarded(*self._words)

    async def _first(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.made.app(scope, receive, send)


class _Guarded(APIRoute):
    """A route of FastAPI's that is guarded before it reads anything."""

    def __init__(
        self,
        path: str,
        handler: Callable[..., Awaitable[Response]],
        permission: Permission,
        method: str,
        within: Within,
        answers: Any,
        status: int,
        media: str,
        takes: Mapping[str, Any] | None,
        bodyless: bool,
        reads: Sequence[Mapping[str, Any]],
    ) -> None:
        self.permission, self.within, self.reads = permission, within, reads
        tag = handler.__module__.rpartition(".")[2]
        good: dict[str, Any] = {"description": "Done."}
        if answers is not None and media == "application/json":
            good["model"] = answers
        elif answers is not None or media != "application/json":
            good["content"] = {media: {"schema": {"type": "string"}}}
        super().__init__(
            path,
            handler,
            methods=[method],
            response_model=None,
            response_class=JSONResponse if answers is not None else Response,
            status_code=status,
            responses={status: good},
            tags=[tag],
            operation_id=_NO_NAME.sub("_", f"{method.lower()}{path.removeprefix(BASE)}").strip("_"),
            summary=(handler.__doc__ or handler.__name__).strip().split("\n")[0],
        )
        self.openapi_extra = self._undeclared(takes, bodyless)

    def _undeclared(self, takes: Mapping[str, Any] | None, bodyless: bool) -> dict[str, Any]:
        """What FastAPI cannot know of handlers that read the request themselves: the path's parameters, the body."""
        declared = {each.alias for each in self.dependant.path_params}
        missing = [name for name in self.param_convertors if name not in declared]
        parameters = [{"name": name, "in": "path", "required": True, "schema": self._looks(name)} for name in missing]
        parameters += [{**each} for each in self.reads]
        extra: dict[str, Any] = {"parameters": parameters} if parameters else {}
        if takes is not None:
            extra["requestBody"] = {"required": not bodyless, "content": {media: {"schema": schema} for media, schema in takes.items()}}
        return extra

    def _looks(self, name: str) -> dict[str, Any]:
        """What a parameter of the path looks like."""
        before = self.path_format.partition(f"/{{{name}}}")[0].rpartition("/")[2]
        return _NAMES.get(f"{before}/{name}") or _NAMES.get(name, _TEXT)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler, methods, scalars = super().get_route_handler(), tuple(self.methods or ()), Scalars.of(self.dependant, self.reads)

        async def bounded(request: Request) -> Response:
            if request.scope["query_string"]:
                scalars.check(request.query_params)
            return await handler(Request(request.scope, _bounded(request)))

        async def called(request: Request) -> Response:
            return await _guarded(request, bounded, self.permission, self.within, methods, self.path)

        return called


def _bounded(request: Request) -> Receive:
    """What FastAPI receives of a body that it reads itself: as much as there may be, in the time that it may take."""
    state, size, whole = request.app.state, 0, False
    deadline = asyncio.get_running_loop().time() + state.patience

    async def counted() -> Message:
        nonlocal size, whole
        if whole:  # what is waited for now is the end of the connection
            return await request.receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await request.receive()
        except TimeoutError:
            raise TooSlow(f"the body was not there within {state.patience:g} s") from None
        size += len(message.get("body", b""))
        if size > state.max_body:
            raise TooLarge(f"the body is larger than the limit of {state.max_body} bytes")
        whole = not message.get("more_body", False)
        return message

    return counted


def _within(path: str, permission: Permission) -> Within:
    if permission in _OPEN or permission is Permission.SELF:
        return Within.NOTHING
    if "{namespace}" in path:
        return Within.NAMESPACE
    if "{topic}" in path:
        return Within.TOPIC
    if permission is Permission.ADMIN:
        return Within.SERVER
    raise AssertionError(f"say what {path} reaches: `within=`")


async def _guarded(
    request: Request, handler: Handler, permission: Permission, within: Within, methods: tuple[str, ...], template: str
) -> Response:
    """The answer for a caller who may; a problem for one who may not."""
    if request.method not in methods:
        allowed = ", ".join(methods)
        return problem(405, "Method not allowed", f"use {allowed}", {"Allow": allowed})
    if permission in _OPEN:
        return await tried(request, handler, template)
    access: Access = request.app.state.access
    if not access.knows_host(request):
        return problem(421, "Unknown host", "this Host is not allowed; add it to ONBEAT_ALLOWED_HOSTS")
    request.state.permission, request.state.asked = permission, within not in (Within.OBJECT, Within.LIST)

    async def checked(request: Request) -> Response:
        await _check(await caller_of(request), permission, within, request.path_params)
        _check_names(request.path_params)
        found = await handler(request)
        if found.status_code >= 400:
            return found
        if not request.state.asked:
            raise AssertionError("the route did not ask whose it is")
        if permission in _CHANGES and request.method not in _SAFE and not getattr(request.state, "audited", False):
            await _note(request, template)
        return found

    return await tried(request, checked, template)


def _check_names(path: Mapping[str, Any]) -> None:
    """Raises Unprocessable for what can be no name: nothing is ever found under it, and nothing is to be kept under it."""
    try:
        if "namespace" in path:
            check_namespace(path["namespace"])
        if "flow" in path:
            check_flow_id(path["flow"])
    except UserError as wrong:
        raise Unprocessable(str(wrong)) from None


async def _note(request: Request, template: str) -> None:
    """Write into the audit log what a route did that says no more of it itself."""
    node, path = node_of(request), request.path_params
    what = template.removeprefix(BASE).format_map({name.partition(":")[0]: value for name, value in path.items()})
    said = {**request.query_params} or None
    row = audit_row(node.clock.now(), (await caller_of(request)).name, request.method, what, None, said, node.evaluator.mask)
    await node.store.write(Work(audit=(row,)))


async def _check(caller: Caller, permission: Permission, within: Within, path: Mapping[str, Any]) -> None:
    """Raises Unauthorized, Forbidden, NotFound."""
    match within:
        case Within.NAMESPACE:
            fine, visible = caller.may(permission, path["namespace"]), caller.may(Permission.READ, path["namespace"])
        case Within.TOPIC:
            fine, visible = caller.may_topic(permission, path["topic"]), caller.may_topic(Permission.READ, path["topic"])
        case Within.SERVER:
            fine, visible = caller.may(permission), True
        case _:
            fine, visible = caller.may_somewhere(permission), True
    if fine:
        return
    if not caller.grants:
        raise Unauthorized("this account may do nothing yet; an admin gives it a role")
    if not visible:
        raise NotFound("there is nothing of that name, or you may not see it")
    raise Forbidden(f"that needs the permission `{permission}`")
