"""Run the API on uvicorn, with its start and its end in our hands.

uvicorn takes SIGTERM for itself, waits for every open connection and complains of each it cut. Here the daemon decides when to end,
and a person who tails events at that moment sees the end of the stream, not of the world.

Rules
1. No signal handler but the daemon's.
2. At the end an open stream is closed as complete, so that its reader comes back where it stopped; a call that has no answer yet gets 503.
3. Requests are not logged: what they did is in the journal.
4. Nothing wakes an idle server.

Called by: serve.py.
"""

import asyncio
import contextlib
import socket
from collections.abc import Generator, Sequence

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PATIENCE = 1
"""Whole seconds that open connections get at the end."""
_STOPPING = b'{"status": 503, "title": "Stopping", "detail": "the daemon stops", "message": "the daemon stops"}'


class HttpServer(uvicorn.Server):
    """uvicorn without its own signals. listening: set when connections are taken."""

    def __init__(self, app: ASGIApp, trusted_proxies: Sequence[str]) -> None:
        super().__init__(
            uvicorn.Config(
                _Closing(app, self),
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=list(trusted_proxies),
                timeout_graceful_shutdown=_PATIENCE,
            )
        )
        self.listening = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def ending(self) -> bool:
        """Whether open requests are being ended."""
        return self.should_exit

    def end(self) -> None:
        """Take no more connections, and end those that are open."""
        self.should_exit = True
        self._over.set()

    async def main_loop(self) -> None:
        """Wait for the end. uvicorn's own loop looks ten times a second whether it has come; an idle daemon sleeps."""
        await self._over.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals to the daemon."""
        yield


class _Closing:
    """The application, whose open requests end in order when the server does."""

    def __init__(self, app: ASGIApp, server: HttpServer) -> None:
        self._app = app
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = ended = False

        async def noted(message: Message) -> None:
            nonlocal begun, ended
            await send(message)
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            if not self._server.ending or ended:
                raise
            if begun:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            headers = [(b"content-type", b"application/problem+json"), (b"retry-after", b"1")]
            await send({"type": "http.response.start", "status": 503, "headers": headers})
            await send({"type": "http.response.body", "body": _STOPPING, "more_body": False})
