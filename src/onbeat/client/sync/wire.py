"""Carry requests to a daemon and answers back, for threads, with the standard library: it is loaded in milliseconds.

Rules
1. Connections are kept and used again; one that was idle longer than the daemon keeps it, or was closed by it, is not.
2. No proxy of the environment, no cookie, no redirect: a request goes where it says, and nowhere else.
3. Every wait ends: in time, or as `Lost`.
4. Threads may share it: a connection is one thread's while it is used.

Called by: connection.
"""

import http.client
import selectors
import socket
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from onbeat.client.wire import IDLE, SILENCE, Lost, Reply, Request

_PIECE = 65_536
_BROKEN = (OSError, http.client.HTTPException)


class Streamed:
    """An answer that is read as it comes."""

    def __init__(self, answer: http.client.HTTPResponse, sock: socket.socket, until: float | None) -> None:
        self.status, self.kind = answer.status, answer.getheader("Content-Type")
        self._answer, self._socket, self._until = answer, sock, until

    def pieces(self) -> Generator[bytes, None, None]:
        """What comes, until the daemon ends it. Raises Lost, TimeoutError."""
        while True:
            try:
                self._socket.settimeout(_left(self._until, SILENCE))
                piece = self._answer.read1(_PIECE)
            except _BROKEN as problem:
                _left(self._until, SILENCE)
                raise Lost(_why(problem), sent=True) from None
            if not piece:
                return
            yield piece

    def reply(self) -> Reply:
        """All of it, for an answer that is no stream."""
        return _whole(self._answer)


class Wire:
    """The way to one daemon. url: without a slash at its end; headers: of every request."""

    def __init__(self, url: str, headers: dict[str, str], patience: float) -> None:
        parts = urlsplit(url)
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._base = parts.hostname or "", parts.path
        self._port = parts.port or self._kind.default_port
        self._headers = headers
        self._patience = patience
        self._kept: deque[tuple[float, http.client.HTTPConnection]] = deque()

    def send(self, asked: Request) -> Reply:
        """Its answer. Raises Lost."""
        connection = self._idle() or self._kind(self._host, self._port, timeout=self._patience)
        whole = False
        try:
            answer, _ = self._ask(connection, asked)
            reply = _whole(answer)
            whole = not answer.will_close
        except _BROKEN as problem:
            raise Lost(_why(problem), sent=True) from None
        finally:
            if whole:
                self._kept.append((time.monotonic(), connection))
            else:
                connection.close()
        return reply

    @contextmanager
    def open(self, asked: Request, until: float | None) -> Iterator[Streamed]:
        """Its answer while it comes. until: the moment of the monotonic clock at which waiting ends. Raises Lost, TimeoutError."""
        connection = self._kind(self._host, self._port, timeout=_left(until, self._patience))
        answer: http.client.HTTPResponse | None = None
        try:
            try:
                answer, sock = self._ask(connection, asked)
            except _BROKEN as problem:
                _left(until, SILENCE)
                raise Lost(_why(problem), sent=True) from None
            yield Streamed(answer, sock, until)
        finally:
            if answer is not None:
                answer.close()
            connection.close()

    def pause(self, seconds: float, until: float | None = None) -> None:
        """Wait. Raises TimeoutError when the moment comes before that."""
        time.sleep(_left(until, seconds))
        _left(until, seconds)

    def close(self) -> None:
        """Let the connections go."""
        while self._kept:
            self._kept.pop()[1].close()

    def __del__(self) -> None:
        self.close()

    def _ask(self, connection: http.client.HTTPConnection, asked: Request) -> tuple[http.client.HTTPResponse, socket.socket]:
        """The answer, and the socket that it comes by: the connection forgets it when the answer is its last."""
        if connection.sock is None:
            try:
                connection.connect()
            except OSError as problem:
                raise Lost(_why(problem), sent=False) from None
        sock: socket.socket = connection.sock
        connection.request(asked.method, self._base + asked.target, asked.content, {**self._headers, **asked.headers})
        return connection.getresponse(), sock

    def _idle(self) -> http.client.HTTPConnection | None:
        """A kept connection that can be used; those that cannot are closed."""
        while self._kept:
            since, connection = self._kept.pop()
            if time.monotonic() - since < IDLE and not _has_come(connection.sock):
                return connection
            connection.close()
        return None


def _has_come(sock: socket.socket) -> bool:
    """Whether something can be read where nothing was asked: the other end has closed it."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _left(until: float | None, most: float) -> float:
    """Seconds to wait at most. Raises TimeoutError when the moment has come."""
    if until is None:
        return most
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time is over")
    return min(left, most)


def _whole(answer: http.client.HTTPResponse) -> Reply:
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def _why(problem: Exception) -> str:
    return "it does not answer" if isinstance(problem, TimeoutError) else str(problem) or type(problem).__name__
