"""Carry many streams over one connection.

A browser has six connections to a server: were each list, execution and log that its tabs show one of them, the seventh request would
wait for ever.

Rules
1. A stream is what the GET of its path would answer alone, to the same caller, by the route's own check: nothing is allowed here that is
   not allowed there.
2. What is refused is told in one event `NAME:refused`, what has ended in `NAME:closed`; the others go on. The connection ends with the
   last of them.
3. Nothing is queued: a stream waits until what it told was sent. Who reads slowly is told by each stream that he lost his place.
4. When the client goes, every stream ends at once.
5. `Last-Event-ID` names a place of one stream, nobody knows of which: each goes on by `after` in its own path.

Called by: app.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Container, Mapping
from typing import Annotated
from urllib.parse import quote, unquote

import structlog
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Message, Receive, Scope, Send

from onbeat.api.access import Permission, caller_of
from onbeat.api.routing import BASE, Documented, problem, route
from onbeat.api.stream import BEAT, within_beat
from onbeat.errors import UserError
from onbeat.ports.waiting import first

MOST = 100
"""Streams of one connection: three for each of some thirty tabs."""
_NAMED = r"[a-zA-Z0-9_.-]{1,64}~/"
_STREAM = re.compile(rf"{_NAMED}.*", re.DOTALL)
_MEDIA = "text/event-stream"
_READABLE = "!$&'()*+,/:;=?@[]~%"
_log = structlog.get_logger("onbeat.api")
_Tell = Callable[[bytes], Awaitable[None]]

Wanted = Annotated[
    list[Annotated[str, Query(json_schema_extra={"pattern": f"^{_NAMED}"})]],
    Query(
        min_length=1,
        max_length=MOST,
        description="NAME~PATH: a name of the client's choice, and the path and query of a stream after /api/v1/main.",
        examples=[["list~/executions/follow?size=20", "logs~/logs/5Kd3/follow?after=12"]],
    ),
]


def routes() -> list[BaseRoute]:
    """The route."""
    return [*route("/live", live, Permission.SELF, media=_MEDIA)]


async def live(request: Request, stream: Wanted) -> Response:
    """Many streams over one connection: each event is called NAME:EVENT."""
    for name in request.query_params:
        if name != "stream":
            raise UserError(f"there is no parameter `{name[:60]}`; a stream's own are in its path: stream=NAME~PATH?{name[:60]}=…")
    wanted: dict[str, str] = {}
    for each in stream:
        if not _STREAM.fullmatch(each):
            raise UserError(
                f"`stream={each[:60]}` is not NAME~PATH, with a name of letters, digits, `_`, `.`, `-` and a path that begins with /"
            )
        name, _, target = each.partition("~")
        if name in wanted:
            raise UserError(f"two streams are called `{name}`; their events could not be told apart")
        wanted[name] = target
    await caller_of(request)
    return _Many(request, wanted)


class _Many(Response):
    """The streams, from the first event to the end of the last."""

    media_type = _MEDIA

    def __init__(self, request: Request, wanted: Mapping[str, str]) -> None:
        self.status_code, self.background = 200, None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._request = request
        self._wanted = wanted
        self._one_at_a_time = asyncio.Lock()
        self._gone = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(frames: bytes) -> None:
            async with self._one_at_a_time:
                try:
                    await send({"type": "http.response.body", "body": frames, "more_body": True})
                except OSError:
                    self._gone = True
                    raise

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await first(self._all(told), _beats(told), _until_gone(receive))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _all(self, told: _Tell) -> None:
        async with asyncio.TaskGroup() as group:
            for name, target in self._wanted.items():
                group.create_task(self._one(name.encode(), target, told))

    async def _one(self, name: bytes, target: str, told: _Tell) -> None:
        """A stream until its end; a fault in it ends none of the others."""
        part = _Part(name, told)
        try:
            found = _asked(self._request, target)
            if found is None:
                await part.refused(problem(404, "Not found", f"there is no stream at {target.partition('?')[0]}").body)
                return
            called, scope = found
            await called.app(scope, _never, part.send)
        except Exception:
            if self._gone:
                raise
            _log.exception("a stream broke off", stream=target)
            await part.ended()


class _Part:
    """The answer of one stream on its way into the one for all."""

    def __init__(self, name: bytes, told: _Tell) -> None:
        self._name = name
        self._told = told
        self._refused = False
        self._rest = b""

    async def send(self, message: Message) -> None:
        """Pass on a message of the stream."""
        if message["type"] == "http.response.start":
            self._refused = message["status"] != 200
            return
        self._rest += message.get("body", b"")
        if not self._refused:
            *whole, self._rest = self._rest.split(b"\n\n")
            frames = b"".join(self._named(frame) for frame in whole if not frame.startswith(b":"))
            if frames:
                await self._told(frames)
        if not message.get("more_body", False):
            await (self.refused(self._rest) if self._refused else self.ended())

    async def refused(self, why: bytes | memoryview) -> None:
        """Say why there is no such stream."""
        await self._told(b"event: %b:refused\ndata: %b\n\n" % (self._name, b" ".join(bytes(why).splitlines())))

    async def ended(self) -> None:
        """Say that nothing more comes of it."""
        await self._told(b"event: %b:closed\ndata: {}\n\n" % self._name)

    def _named(self, frame: bytes) -> bytes:
        return b"event: %b:%b\n\n" % (self._name, frame.removeprefix(b"event: "))


def _asked(request: Request, target: str) -> tuple[Documented, Scope] | None:
    """The route that streams what the path names, and what it is called with; None when there is none."""
    path, _, query = target.partition("?")
    scope = {
        **request.scope,
        "path": f"{BASE}{unquote(path)}",
        "raw_path": quote(f"{BASE}{path}", safe=_READABLE).encode(),
        "query_string": quote(query, safe=_READABLE).encode(),
        "headers": [pair for pair in request.scope["headers"] if pair[0] != b"last-event-id"],
        "asgi": {**request.scope.get("asgi", {}), "spec_version": "2.4"},  # a stream need not wait for the client's end: we do
        "state": {"caller": request.state.caller},
    }
    for each in request.app.router.routes:
        match, found = each.matches(scope)
        if match is Match.FULL:
            streams = isinstance(each, Documented) and each.made.endpoint is not live and _MEDIA in _media_of(each)
            return (each, {**scope, **found}) if streams else None
    return None


def _media_of(found: Documented) -> Container[str]:
    """The media types of a good answer, as the route declares them."""
    media: Container[str] = found.made.responses.get(200, {}).get("content", ())
    return media


async def _beats(told: _Tell) -> None:
    while await within_beat(_never()) is None:
        await told(BEAT)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _never() -> Message:
    never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await never
