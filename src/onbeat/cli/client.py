"""Talk to a running daemon over HTTP, with the standard library: it is loaded in milliseconds.

Rules
1. What the daemon says is wrong is said on: its sentence has the cure.
2. A daemon that is not there is exit code 3, and the sentence names the command that starts it.
3. A lost stream goes on after the last event that came; nothing is shown twice, nothing is left out.

Called by: the commands that talk to a daemon.
"""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from onbeat.cli.form import Form
from onbeat.cli.place import Place, find
from onbeat.errors import NotFound, OnbeatError, OutsideError, Overloaded, Refused, Unauthorized, UserError

API = "/api/v1/main"
_PATIENCE = 60.0
_SILENCE = 40.0
"""Seconds without a byte after which a stream is taken for dead; the daemon sends a comment every 15."""
_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
_WORDS: dict[int, type[OnbeatError]] = {
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    409: Refused,
    421: Refused,
    429: Overloaded,
    503: Overloaded,
}


@dataclass(frozen=True)
class Frame:
    """One server-sent event."""

    name: str
    id: str
    data: Any


def part(text: str) -> str:
    """Text as one segment of a path."""
    return quote(text, safe="")


class Client:
    """A daemon to ask."""

    def __init__(self, place: Place) -> None:
        self.place = place
        parts = urlsplit(place.url)
        self._secure = parts.scheme == "https"
        self._host, self._port, self._base = parts.hostname or "", parts.port, parts.path.rstrip("/")

    @classmethod
    def of(cls, server: str | None, data: Path | None) -> "Client":
        """The client of the daemon that the options and the environment mean."""
        return cls(find(server, data))

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """What the API says at a path below /api/v1/main."""
        return self.call("GET", API + path, query=query)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        patience: float | None = _PATIENCE,
    ) -> Any:
        """The answer as plain data. body: a Form, or what is sent as JSON. Raises OnbeatError: which one says who must act."""
        connection = self._connect(patience)
        try:
            content = body if body is None or isinstance(body, Form) else json.dumps(body, allow_nan=False).encode()
            answer = self._send(connection, method, path, query, content, {**_typed(content), **(headers or {})})
            text = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            raise self._unreachable(problem) from None
        finally:
            connection.close()
        _refuse(answer.status, text, method, path)
        return json.loads(text) if text else None

    def stream(self, path: str, query: Mapping[str, Any] | None = None, on_lost: Callable[[str], None] = lambda _: None) -> Iterator[Frame]:
        """Server-sent events until the daemon ends the stream for good. The first connection must succeed; a lost one is made again."""
        last, tries = "", 0
        pause = threading.Event()
        while True:
            connection = self._connect(_SILENCE)
            try:
                answer = self._send(connection, "GET", path, query, None, {"Last-Event-ID": last} if last else {})
                if answer.status != http.client.OK and (answer.status < 500 or tries == 0):
                    _refuse(answer.status, answer.read(), "GET", path)
                for frame in _frames(answer):
                    tries, last = 1, frame.id or last
                    yield frame
                    if frame.name == "end":
                        return
            except (OSError, http.client.HTTPException) as problem:
                if tries == 0:
                    raise self._unreachable(problem) from None
            finally:
                connection.close()
            if tries == 1:
                on_lost(f"the stream from {self.place.url} ended; going on when it is back (Ctrl-C: stop)")
            pause.wait(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1

    def _connect(self, patience: float | None) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=patience)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        content: bytes | Form | None,
        headers: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        given = {name: value for name, value in (query or {}).items() if value is not None and value != []}
        target = self._base + path + (f"?{urlencode(given, doseq=True)}" if given else "")
        token = {"Authorization": f"Bearer {self.place.token}"} if self.place.token else {}
        connection.request(method, target, content, {**token, **headers})
        return connection.getresponse()

    def _unreachable(self, problem: Exception) -> OutsideError:
        why = "it does not answer" if isinstance(problem, TimeoutError | socket.timeout) else str(problem) or type(problem).__name__
        return OutsideError(f"cannot reach onbeat at {self.place.url} ({why}): start it with `onbeat serve`")


def _typed(content: bytes | Form | None) -> dict[str, str]:
    if isinstance(content, Form):
        return {"Content-Type": content.content_type, "Content-Length": str(content.length)}
    return {} if content is None else {"Content-Type": "application/json"}


def _refuse(status: int, text: bytes, method: str, path: str) -> None:
    """Raises what an answer that is no success means."""
    if status < 400:
        return
    try:
        said = str(json.loads(text)["detail"])
    except (ValueError, KeyError, TypeError):
        said = f"{method} {path} answered {status}: is this an onbeat daemon?"
    if status == 401:
        said = "the daemon does not know our token: set ONBEAT_TOKEN, or run this where its DATA/admin-token is (--data)"
    raise _WORDS.get(status, UserError if status < 500 else OnbeatError)(said)


def _frames(lines: http.client.HTTPResponse) -> Iterator[Frame]:
    """The events of a stream."""
    name, id_, data = "message", "", list[bytes]()
    for line in lines:
        line = line.rstrip(b"\r\n")
        if not line:
            if data:
                yield Frame(name, id_, json.loads(b"\n".join(data)))
            name, data = "message", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode()
        elif field == b"id":
            id_ = value.decode()
        elif field == b"data":
            data.append(value)


def listed(found: Any) -> Sequence[dict[str, Any]]:
    """The rows of an answer that is a page."""
    rows: Sequence[dict[str, Any]] = found["results"]
    return rows
