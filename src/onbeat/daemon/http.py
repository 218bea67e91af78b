"""Run the API on uvicorn, with its start and its end in our hands.

uvicorn takes SIGTERM for itself, waits for every open connection and complains of each it cut. Here the daemon decides when to end,
and a person who tails events at that moment sees the end of the stream, not of the world.

Rules
1. No signal handler but the daemon's.
2. At the end an open stream is closed as complete, so that its reader comes back where it stopped; a call that has no answer yet gets 503.
3. Requests are not logged: what they did is in the journal.
4. Nothing wakes an idle server.
5. What comes before a request is known (its line and headers) is bounded in size and in time, and so is the number of connections: files
   and sockets are left for the store, the brokers and the tasks.

Called by: serve.py.
"""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Generator, Sequence

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_PATIENCE = 1
"""Whole seconds that open connections get at the end."""
LARGEST_HEAD = 64 * 1024
"""Bytes that a request's line and headers may have."""
HEAD_PATIENCE = 30.0
"""Seconds in which they must have come, from the connection or their first byte on."""
_OWN_FILES = 200
"""File descriptors that connections leave to everything else."""
_STOPPING = b'{"status": 503, "title": "Stopping", "detail": "the daemon stops", "message": "the daemon stops"}'


class _Config(uvicorn.Config):
    """uvicorn's settings, and how many connections there may be at once."""

    most: int


class HttpServer(uvicorn.Server):
    """uvicorn without its own signals. most: connections at once. listening: set when connections are taken."""

    def __init__(self, app: ASGIApp, trusted_proxies: Sequence[str], most: int | None = None) -> None:
        config = _Config(
            _Closing(app, self),
            http=_Connection,
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
        config.most = most or most_connections()
        super().__init__(config)
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


def most_connections() -> int:
    """How many connections this process may have at once."""
    return max(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _OWN_FILES, 50)


class _Connection(HttpToolsProtocol):
    """A connection that is closed when the head of a request is too large, too slow, or one more than there may be (rule 5)."""

    _head: int | None = None
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        assert isinstance(self.config, _Config)
        if len(self.connections) > self.config.most:
            self._refuse(b"503 Service Unavailable", b"too many connections; try again later")
        else:
            self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse(b"431 Request Header Fields Too Large", b"the request's line and headers are too large")

    def on_message_begin(self) -> None:
        self._expect()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._arrived()
        super().on_headers_complete()

    def _expect(self) -> None:
        """A head begins."""
        self._arrived()
        self._head = 0
        self._patience = self.loop.call_later(HEAD_PATIENCE, self._refuse, b"408 Request Timeout", b"the request did not come in time")

    def _arrived(self) -> None:
        """It is whole, or not waited for any more."""
        self._head = None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _refuse(self, status: bytes, why: bytes) -> None:
        self._arrived()
        head = b"HTTP/1.1 %b\r\ncontent-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(why))
        self.transport.write(head + why)
        self.transport.close()


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
