"""A server that gives the answers it was told to, and a way to a daemon that can be cut: what goes wrong between client and daemon."""

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.services.ports import HOST

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class Asked(tuple[str, str, dict[str, str], bytes]):
    """A request: method, path, headers, body."""

    method = property(lambda self: self[0])
    path = property(lambda self: self[1])
    headers = property(lambda self: self[2])
    body = property(lambda self: self[3])


class Scripted:
    """Answers in order; keeps what was asked, and from how many connections."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self.connections: set[Any] = set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.connections.add(self.client_address)
                outer.asked.append(Asked((self.command, self.path, dict(self.headers), body)))
                outer.answers.pop(0)(self)

            do_POST = do_GET  # noqa: N815  # the names that http.server calls

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def says(status: int, content: Any = None, raw: bytes | None = None, **headers: str) -> Answer:
    """An answer."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        body = raw if raw is not None else b"" if content is None else json.dumps(content).encode()
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def hangs_up(handler: http.server.BaseHTTPRequestHandler) -> None:
    """No answer: the connection is closed."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def streams(*frames: bytes, then: threading.Event | None = None) -> Answer:
    """A stream that sends these and then breaks off; with `then`, when that is set."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"".join(frames))
        handler.wfile.flush()
        if then is not None:
            then.wait(30)

    return answer


class Cable:
    """A port that leads to another one, until it is cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server((HOST, 0))
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"
        self._ends: list[socket.socket] = []
        self.made = 0
        self.to_lose = 0
        """How many answers are cut off instead of being carried."""
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Break all connections, as a network does; new ones are taken."""
        while self._ends:
            end = self._ends.pop()
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take none any more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection((HOST, self._port))
            except OSError:
                return
            self.made += 1
            self._ends += [near, far]
            for one, other in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=self._carry, args=(one, other, one is far), daemon=True))
                self._threads[-1].start()

    def _carry(self, one: socket.socket, other: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while piece := one.recv(65_536):
                if answers and self.to_lose > 0:
                    self.to_lose -= 1
                    break
                other.sendall(piece)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        one.close()


@contextmanager
def cable(port: int) -> Iterator[Cable]:
    """A way to a port that can be cut."""
    made = Cable(port)
    try:
        yield made
    finally:
        made.close()
