"""Streams of server-sent events, from a real server and byte by byte."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.event import Json
from onbeat.errors import OutsideError
from onbeat.plugins.http import SseRequest
from onbeat.plugins.http.sse import STREAM, EventStream
from onbeat.ports import Outcome, TaskFailed
from tests.plugins.context import FakeWorld
from tests.plugins.http.server import Server


def events(text: str) -> list[Json]:
    """The events of a stream."""
    return list(EventStream().feed(text.encode()))


async def read(world: FakeWorld, server: Server, text: str, **options: Any) -> Outcome:
    server.answers["/"] = {"body": text.encode(), "headers": {"Content-Type": f"{STREAM}; charset=utf-8"}}
    return await world.run(SseRequest, {"uri": server.url + "/", **options})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data: a\n\n", [{"id": None, "name": None, "data": "a", "comment": None}]),
        ("data:a\ndata: b\n\n", [{"id": None, "name": None, "data": "a\nb", "comment": None}]),
        ('event: x\nid: 7\ndata: {"n": [1]}\n\n', [{"id": "7", "name": "x", "data": {"n": [1]}, "comment": None}]),
        ("id: 7\ndata: a\n\ndata: b\n\n", [{"id": "7", "name": None, "data": value, "comment": None} for value in "ab"]),
        (": hello\ndata: a\n\n", [{"id": None, "name": None, "data": "a", "comment": "hello"}]),
        (": ping\n\n: ping\n\n", []),
        ("event: x\n\ndata: a\n\n", [{"id": None, "name": "x", "data": "a", "comment": None}]),
        ("data: a", []),
        ("data: a\n", []),
        ("data: a\r\n\r\ndata: b\r\r", [{"id": None, "name": None, "data": "a", "comment": None}]),
        ("retry: 5\nstrange: x\ndata: 1\n\n", [{"id": None, "name": None, "data": 1, "comment": None}]),
        ("\ufeffdata: a\n\n", [{"id": None, "name": None, "data": "a", "comment": None}]),
        ("id: a\0b\ndata: NaN\n\n", [{"id": None, "name": None, "data": "NaN", "comment": None}]),
    ],
)
def test_a_stream_is_cut_as_browsers_cut_it(text: str, expected: list[Json]) -> None:
    """Fields, comments, line ends; what is not whole is no event."""
    assert events(text) == expected


@given(st.lists(st.sampled_from(["data: ä€😀", "data:", "id: 1", "event: x", ": c", "", "", 'data: {"a": 1}']), max_size=12), st.data())
def test_it_does_not_matter_where_the_network_cuts(lines: list[str], data: st.DataObject) -> None:
    """Not in the middle of a character either, nor of a line end."""
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    stream = (end.join(lines) + end * 2).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    cut = EventStream()
    assert [event for piece in pieces for event in cut.feed(piece)] == events(stream.decode())


async def test_events_are_given_with_their_number(world: FakeWorld, server: Server) -> None:
    """And the number is a metric; the request says what it wants."""
    outcome = await read(world, server, 'data: {"t": "a"}\n\ndata: b\n\n', headers={"X-Own": "1"})
    assert outcome.outputs == {
        "uri": server.url + "/",
        "size": 2,
        "result": None,
        "events": [{"id": None, "name": None, "data": value, "comment": None} for value in ({"t": "a"}, "b")],
    }
    assert [(metric.type, metric.name, metric.value) for metric in outcome.metrics] == [("counter", "size", 2.0)]
    assert (server.seen[0].headers["Accept"], server.seen[0].headers["X-Own"]) == (STREAM, "1")


async def test_texts_are_taken_out_and_joined(world: FakeWorld, server: Server) -> None:
    """By a jq program over each event."""
    text = 'data: {"t": "Hel"}\n\ndata: {"t": "lo "}\n\ndata: {"t": 5}\n\n'
    outputs = (await read(world, server, text, concatJqExpression=".data.t")).outputs
    assert outputs
    assert (outputs["result"], outputs["events"], outputs["size"]) == ("Hello 5", None, 3)


async def test_an_event_without_the_text_is_a_failure_unless_allowed(world: FakeWorld, server: Server) -> None:
    """Then it is left out."""
    text = 'data: {"t": "a"}\n\ndata: {"u": 1}\n\ndata: [1]\n\ndata: {"t": {"b": 1}}\n\n'
    with pytest.raises(TaskFailed, match="gives no text"):
        await read(world, server, text, concatJqExpression=".data.t?")
    outputs = (await read(world, server, text, concatJqExpression=".data.t?", failedOnMissingJq=False)).outputs
    assert outputs
    assert outputs["result"] == "a"
    with pytest.raises(TaskFailed, match="`concatJqExpression`: "):
        await read(world, server, "data: [1]\n\n", concatJqExpression=".data.t", failedOnMissingJq=False)


async def test_a_stream_that_never_ends_is_left_when_enough_has_come(world: FakeWorld, server: Server) -> None:
    """Without waiting for more."""

    over = asyncio.Event()

    async def begin(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": STREAM})
        await response.prepare(request)
        await response.write(b"data: 1\n\ndata: 2\n\ndata: 3\n\n")
        await over.wait()
        return response

    server.answers["/"] = begin
    outputs = (await world.run(SseRequest, {"uri": server.url + "/", "maxEvents": 2})).outputs
    assert outputs
    assert [event["data"] for event in outputs["events"]] == [1, 2]
    with pytest.raises(OutsideError, match="too long"):
        await world.run(SseRequest, {"uri": server.url + "/", "options": {"timeout": {"readIdleTimeout": "PT0.05S"}}})
    over.set()


async def test_a_stream_is_bounded(world: FakeWorld, server: Server) -> None:
    """All of it together."""
    with pytest.raises(TaskFailed, match="are larger than"):
        await read(world, server, "data: x\n\n" * 100, options={"maxContentLength": 500})


async def test_what_is_no_stream_is_told(world: FakeWorld, server: Server) -> None:
    """An HTML page holds no events; a failing status is a failure."""
    server.answers["/"] = {"text": "<html>", "content_type": "text/html"}
    with pytest.raises(TaskFailed, match="is text/html, not a stream of events") as failed:
        await world.run(SseRequest, {"uri": server.url + "/"})
    assert not failed.value.retry
    server.answers["/"] = {"status": 401}
    with pytest.raises(TaskFailed, match="status 401"):
        await world.run(SseRequest, {"uri": server.url + "/"})
