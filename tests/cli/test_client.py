"""Talking to a daemon: what it says is wrong, where it is not, and streams that go on."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from onbeat.cli.client import Client, part
from onbeat.client.place import Place
from onbeat.errors import NotFound, OnbeatError, OutsideError, Overloaded, Refused, Unauthorized, UserError
from tests.services.ports import HOST, free_port

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class Scripted:
    """A server that gives the answers it was told to, in order, and keeps what was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked.append((self.command, self.path, dict(self.headers), body))
                outer.answers.pop(0)(self)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.client = Client(Place(f"http://{HOST}:{self._server.server_port}", "tok", "test"))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server to script."""
    made = Scripted()
    yield made
    made.close()


def says(status: int, content: Any = None, raw: bytes | None = None) -> Answer:
    """An answer."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        body = raw if raw is not None else b"" if content is None else json.dumps(content).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_a_call_carries_token_query_and_json(server: Scripted):
    """What is None or empty in the query is left out; lists are repeated."""
    server.answers = [says(200, {"ok": True})]
    assert server.client.call("POST", "/x", {"a": 1}, query={"s": ["A", "B"], "n": None, "e": []}) == {"ok": True}
    ((method, path, headers, body),) = server.asked
    assert (method, path, json.loads(body)) == ("POST", "/x?s=A&s=B", {"a": 1})
    assert headers["Authorization"] == "Bearer tok"


def test_an_answer_without_a_body_is_none(server: Scripted):
    """204 and its like."""
    server.answers = [says(204)]
    assert server.client.call("POST", "/x") is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, UserError), (422, UserError), (404, NotFound), (409, Refused), (403, Unauthorized), (503, Overloaded), (500, OnbeatError)],
)
def test_what_the_daemon_says_is_said_on(server: Scripted, status: int, kind: type[Exception]):
    """Rule 1: its sentence, and the kind that gives the exit code."""
    server.answers = [says(status, {"detail": "the cure"})]
    with pytest.raises(kind, match="the cure") as caught:
        server.client.call("GET", "/x")
    assert type(caught.value) is kind


def test_a_wrong_token_has_its_own_cure(server: Scripted):
    """The daemon cannot know how this client got its token."""
    server.answers = [says(401, {"detail": "no"})]
    with pytest.raises(Unauthorized, match="ONBEAT_TOKEN"):
        server.client.call("GET", "/x")


def test_another_server_is_told_from_a_daemon(server: Scripted):
    """An answer that is no problem of ours."""
    server.answers = [says(404, raw=b"<html>")]
    with pytest.raises(NotFound, match="is this an onbeat daemon"):
        server.client.call("GET", "/x")


def test_a_daemon_that_is_not_there_is_an_error_that_names_the_command():
    """Rule 2, for calls and for streams."""
    client = Client(Place(f"http://{HOST}:{free_port()}", None, "test"))
    with pytest.raises(OutsideError, match="start it with `onbeat serve`"):
        client.get("/x")
    with pytest.raises(OutsideError, match="start it with `onbeat serve`"):
        next(client.stream("/x"))


def stream_of(*frames: bytes) -> Answer:
    """A stream that sends these and then breaks off."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"".join(frames))

    return answer


def test_a_lost_stream_goes_on_after_its_last_event(server: Scripted):
    """Rule 3: Last-Event-ID is sent; a daemon that is starting (503) is waited for; comments are no events."""
    server.answers = [
        stream_of(b'event: event\nid: 1\ndata: {"n": 1}\n\n', b": still here\n\n", b'id: 2\ndata: {"n": 2}\n\nid: 3\ndata: {"n"'),
        says(503, {"detail": "starting"}),
        stream_of(b'event: end\r\nid: 3\r\ndata: {"n":\ndata: 3}\r\n\r\n'),
    ]
    lost: list[str] = []
    frames = list(server.client.stream("/s", {"from": "earliest"}, lost.append))
    assert [(frame.name, frame.id, frame.data) for frame in frames] == [
        ("event", "1", {"n": 1}),
        ("message", "2", {"n": 2}),
        ("end", "3", {"n": 3}),
    ]
    assert [asked[2].get("Last-Event-ID") for asked in server.asked] == [None, "2", "2"]
    assert len(lost) == 1


@pytest.mark.parametrize("first", [True, False])
def test_a_stream_that_is_refused_ends(server: Scripted, first: bool):
    """Whether at once or when it comes back: what it showed is gone."""
    server.answers = [*([] if first else [stream_of(b"id: 1\ndata: 1\n\n")]), says(404, {"detail": "gone"})]
    with pytest.raises(NotFound, match="gone"):
        list(server.client.stream("/s"))


def test_a_name_is_one_segment_of_a_path():
    """Whatever is in it."""
    assert part("a/b?c#d e") == "a%2Fb%3Fc%23d%20e"
