"""What goes wrong between client and daemon, for both clients: answers that are lost or refused, streams that are cut, restarts."""

import asyncio
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from onbeat.client.aio import wire as for_asyncio
from onbeat.client.sync import wire as for_threads
from onbeat.errors import NotFound, OnbeatError, OutsideError, Overloaded, UserError
from tests.client.conftest import FLOWS, collect
from tests.client.scripted import Scripted, cable, hangs_up, says, streams
from tests.services.daemon import Daemon
from tests.services.ports import HOST, free_port

Connect = Callable[..., Any]
FULL = {"title": "Try again later", "detail": "no further execution is taken now; try again later"}
BROKEN = {"title": "The store failed", "detail": "the store failed; the daemon stops"}
EXECUTION = {
    "id": "x",
    "namespace": "shop",
    "flowId": "greet",
    "flowRevision": 1,
    "state": {"current": "CREATED", "startDate": "2026-11-21T12:00:00Z", "histories": []},
}


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server to script."""
    made = Scripted()
    yield made
    made.close()


async def test_a_daemon_that_is_not_there_is_an_error_that_names_the_command(connect: Connect):
    """Rule 1: for calls and for streams, after all tries."""
    client = connect(f"http://{HOST}:{free_port()}", "t", tries=2)
    with pytest.raises(OutsideError, match="start it with `onbeat serve`"):
        await client.status()
    with pytest.raises(OutsideError, match="start it with `onbeat serve`"):
        await collect(client.tail("x"))


async def test_what_only_reads_is_asked_again(connect: Connect, server: Scripted):
    """Rule 2: after an answer that was lost, and after one that may be better soon."""
    server.answers = [hangs_up, says(502, {"detail": "no"}), says(503, FULL), says(200, 7)]
    assert await connect(server.url, "t").call("GET", "/x") == 7
    assert len(server.asked) == 4


async def test_what_is_asked_too_often_in_vain_is_an_error(connect: Connect, server: Scripted):
    """Rule 2: as often as `tries` says, then what was said last."""
    server.answers = [says(503, FULL)] * 4
    with pytest.raises(Overloaded, match="no further execution is taken now"):
        await connect(server.url, "t", tries=4).status()
    assert server.answers == []


async def test_health_is_asked_once(connect: Connect, server: Scripted):
    """Rule 2: that it takes nothing now is an answer."""
    server.answers = [says(503, {"title": "Full", "detail": "as many executions are at work as the limit allows"}, Retry_After="1")]
    with pytest.raises(Overloaded, match="as the limit allows"):
        await connect(server.url, "t").health()


async def test_what_may_not_be_done_twice_is_sent_again_only_when_it_was_not_begun(connect: Connect, server: Scripted):
    """Rule 2: the daemon was full: again. It broke, or the answer was lost: nobody knows, so not."""
    client = connect(server.url, "t")
    server.answers = [says(503, FULL, Retry_After="0"), says(429, {"detail": "slowly"}), says(200, EXECUTION)]
    assert (await client.restart("x")).id == "x"
    for lost, kind in ((says(503, BROKEN), Overloaded), (hangs_up, OutsideError), (says(500, {"detail": "a bug"}), OnbeatError)):
        server.answers, server.asked = [lost], []
        with pytest.raises(kind):
            await client.restart("x")
        assert len(server.asked) == 1


async def test_a_start_is_sent_again_under_its_key(connect: Connect, server: Scripted):
    """Rule 2: one that the client made, or the caller's, the same each time: the daemon knows it again."""
    client = connect(server.url, "t")
    for own in (None, "order-7"):
        server.answers, server.asked = [hangs_up, says(503, BROKEN), says(200, EXECUTION)], []
        assert (await client.start("shop", "greet", id=own)).id == "x"
        keys = {asked.headers["Idempotency-Key"] for asked in server.asked}
        assert (len(server.asked), len(keys), own is None or keys == {own}) == (3, 1, True)


async def test_a_start_whose_answer_is_lost_is_there_once(connect: Connect, daemon: Daemon):
    """Rule 2, with a daemon: the connection is cut when the execution is on disk."""
    name = secrets.token_hex(4)
    with cable(daemon.port) as way:
        client = connect(way.url, daemon.token)
        way.to_lose = 2
        started = await client.start("shop", "greet", {"name": name}, labels={"lost": name})
        found = [each.id async for each in client.executions(labels={"lost": name})]
    assert found == [started.id]


async def test_an_event_is_sent_again_under_its_key(connect: Connect, server: Scripted):
    """Rule 2: one that the client made, the same each time; that it was there already is then our own doing."""
    client = connect(server.url, "t")
    server.answers = [hangs_up, says(200, {"id": "1", "executions": ["x"], "duplicate": True})]
    published = await client.publish("orders", {"id": 7})
    assert (published.executions, published.duplicate) == (["x"], False)
    first, second = [asked.headers["Idempotency-Key"] for asked in server.asked]
    assert first == second
    server.answers = [hangs_up, says(200, {"id": "own", "duplicate": True})]
    assert (await client.publish("orders", {"id": 7}, id="own")).duplicate


async def test_an_event_whose_answer_is_lost_is_there_once(connect: Connect, daemon: Daemon):
    """Rule 2, with a daemon: the connection is cut when the event is on disk."""
    topic = f"lost-{secrets.token_hex(4)}"
    with cable(daemon.port) as way:
        client = connect(way.url, daemon.token)
        for n in range(3):
            way.to_lose = 2
            assert not (await client.publish(topic, n)).duplicate
        assert (way.made, way.to_lose) == (7, 0)
    assert [event.data for event in await collect(connect(data=daemon.data).tail(topic, since="earliest"), 3)] == [0, 1, 2]
    assert {each.name: each.records for each in await connect(data=daemon.data).topics()}[topic] == 3


@pytest.mark.parametrize("text", ["1", "0"])
async def test_the_daemon_says_how_long_to_wait(connect: Connect, server: Scripted, text: str):
    """Rule 2: Retry-After."""
    server.answers = [says(503, FULL, Retry_After=text), says(200, 7)]
    assert await connect(server.url, "t").call("GET", "/x") == 7


async def test_a_stream_that_is_cut_goes_on_without_a_gap(connect: Connect, daemon: Daemon):
    """Rule 3: nothing twice, nothing left out, and it is told."""
    topic, lost = f"cut-{secrets.token_hex(4)}", list[str]()
    publisher = connect(data=daemon.data)
    await publisher.publish(topic, 0)
    with cable(daemon.port) as way:
        client = connect(way.url, daemon.token, on_lost=lost.append)
        got = []
        async with aclosing(client.tail(topic, since="earliest")) as events:
            async for event in events:
                got.append(event.data)
                if event.data == 20:
                    break
                if event.data % 5 == 0:
                    way.cut()
                    for n in range(event.data + 1, event.data + 6):
                        await publisher.publish(topic, n)
    assert got == list(range(21))
    assert len(lost) == 4
    assert "going on when it is back" in lost[0]


async def test_waiting_goes_on_over_a_cut(connect: Connect, daemon: Daemon):
    """Rule 3: the execution ended while nobody listened."""
    other = connect(data=daemon.data)
    with cable(daemon.port) as way:
        client = connect(way.url, daemon.token)
        id_ = (await client.start("shop", "slow")).id
        states = []
        async with aclosing(client.follow(id_)) as following:
            async for execution in following:
                states.append(execution.state)
                if execution.state == "RUNNING" and "RUNNING" not in states[:-1]:
                    way.cut()
                    await other.kill(id_)
    assert states[-1] == "KILLED"


async def test_a_daemon_that_is_started_again_is_waited_for(connect: Connect, tmp_path: Path):
    """Rule 3: what waits and what tails go on with the next daemon, killed or not."""
    with Daemon(tmp_path) as own:
        own.add_flow("talks", FLOWS["talks"].replace("PT0.2S", "PT3S"))
        client = connect(data=own.data)
        own.until(lambda: own.api("GET", "/api/v1/main/flows/search").json()["results"], "the flow is served")
        started = await client.start("shop", "talks")
        async with (
            aclosing(client.follow(started.id)) as states,
            aclosing(client.tail(execution=started.id, since="earliest")) as events,
        ):
            assert not (await anext(states)).ended
            assert (await anext(events)).data["state"] == "CREATED"
            await asyncio.to_thread(own.kill)
            await asyncio.to_thread(own.start)
            assert (await collect(states))[-1].ok
            assert [(await anext(events)).data["state"] for _ in range(2)] == ["RUNNING", "SUCCESS"]
        assert (await client.wait(started.id)).ok


async def test_a_stream_goes_on_after_its_last_event(connect: Connect, server: Scripted):
    """Rule 3: Last-Event-ID is sent; a daemon that is starting is waited for; what was not whole never was; comments are no events."""
    server.answers = [
        streams(b'event: event\nid: 1\ndata: {"n": 1}\n\n', b": still here\n\n", b'id: 2\ndata: {"n": 2}\n\nid: 3\ndata: {"n"'),
        says(503, {"detail": "starting"}),
        streams(b'event: end\r\nid: 3\r\ndata: {"n":\ndata: 3}\r\n\r\n'),
    ]
    lost: list[str] = []
    frames = await collect(connect(server.url, "t", on_lost=lost.append).stream("/s", {"from": "earliest"}))
    assert [(frame.name, frame.id, frame.data["n"]) for frame in frames] == [("event", "1", 1), ("message", "2", 2), ("end", "3", 3)]
    assert [asked.headers.get("Last-Event-ID") for asked in server.asked] == [None, "2", "2"]
    assert len(lost) == 1


async def test_a_stream_that_begins_anew_is_none_of_the_states(connect: Connect, server: Scripted):
    """Rule 3: who did not keep up gets `reset` and the present state; what was shown already is not shown again."""
    first, last = json.dumps(EXECUTION).encode(), json.dumps({**EXECUTION, "state": {**EXECUTION["state"], "current": "SUCCESS"}}).encode()
    server.answers = [
        streams(b"id: 1\nevent: progress\ndata: %b\n\nevent: reset\nid: 2\ndata: {}\n\n" % first),
        streams(b"id: 3\nevent: progress\ndata: %b\n\nevent: end\nid: 4\ndata: %b\n\n" % (first, last)),
    ]
    assert [execution.state for execution in await collect(connect(server.url, "t").follow("x"))] == ["CREATED", "SUCCESS"]


async def test_a_stream_that_falls_silent_is_asked_for_again(connect: Connect, server: Scripted, monkeypatch: pytest.MonkeyPatch):
    """Rule 3: a connection that is dead does not say so."""
    monkeypatch.setattr(for_asyncio, "SILENCE", 0.1)
    monkeypatch.setattr(for_threads, "SILENCE", 0.1)
    dead = threading.Event()
    server.answers = [streams(b"id: 1\ndata: 1\n\n", then=dead), streams(b"event: end\nid: 2\ndata: 2\n\n")]
    assert [frame.data for frame in await collect(connect(server.url, "t").stream("/s"))] == [1, 2]
    assert server.asked[1].headers["Last-Event-ID"] == "1"
    dead.set()


@pytest.mark.parametrize("first", [True, False])
async def test_a_stream_that_is_refused_ends(connect: Connect, server: Scripted, first: bool):
    """Rule 3: whether at once or when it comes back: what it showed is gone."""
    server.answers = [*([] if first else [streams(b"id: 1\ndata: 1\n\n")]), says(404, {"detail": "gone"})]
    with pytest.raises(NotFound, match="gone"):
        await collect(connect(server.url, "t").stream("/s"))


async def test_a_stream_is_asked_for_again_before_it_began(connect: Connect, server: Scripted):
    """Rule 3: as often as a call would be."""
    server.answers = [hangs_up, says(503, {"detail": "starting"}), streams(b"event: end\nid: 1\ndata: 1\n\n")]
    assert [frame.data for frame in await collect(connect(server.url, "t").stream("/s"))] == [1]
    server.answers = [says(503, {"detail": "starting"})] * 2
    with pytest.raises(Overloaded, match="starting"):
        await collect(connect(server.url, "t", tries=2).stream("/s"))


@pytest.mark.parametrize(
    ("answer", "said"),
    [(says(200, {"status": "UP"}, Content_Type="application/json"), "instead of a stream"), (streams(b"data: {\n\n"), "is no JSON")],
)
async def test_what_is_no_stream_of_a_daemons_is_not_asked_for_again(connect: Connect, server: Scripted, answer: Any, said: str):
    """It would be the same, for ever."""
    server.answers = [answer]
    with pytest.raises(OutsideError, match=f"{said}.*is this an onbeat daemon"):
        await collect(connect(server.url, "t").stream("/s"))


async def test_waiting_ends_in_time_whatever_the_daemon_does(connect: Connect, server: Scripted):
    """A stream that is silent, one that cannot be had, one that never answers."""
    silent = threading.Event()
    frame = b"id: 1\nevent: progress\ndata: %b\n\n" % json.dumps(EXECUTION).encode()
    for answers, said in (
        ([streams(frame, then=silent)], "CREATED"),
        ([streams(frame), *[hangs_up] * 100], "CREATED"),
        ([lambda _: silent.wait(30)], "not known"),
    ):
        server.answers = answers
        with pytest.raises(TimeoutError, match=f"x has not ended after 0.3 s: it is {said}"):
            await connect(server.url, "t").wait("x", 0.3)
    silent.set()


async def test_an_answer_that_does_not_come_is_given_up(connect: Connect, server: Scripted):
    """After `timeout`; what may not be sent twice at once."""
    silent = threading.Event()
    server.answers = [lambda _: silent.wait(30)]
    with pytest.raises(OutsideError, match="it does not answer"):
        await connect(server.url, "t", timeout=0.2).restart("x")
    silent.set()
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (says(200, raw=b"<html>"), "without JSON: is this an onbeat daemon"),
        (says(200, ["no"]), "is no Execution"),
        (says(200, {**EXECUTION, "labels": [{}]}), "is no Execution"),
        (says(404, raw=b"<html>"), "answered 404: is this an onbeat daemon"),
        (says(422, {"detail": "line 1: no"}), "^line 1: no$"),
    ],
)
async def test_an_answer_of_another_server_is_told_from_a_daemons(connect: Connect, server: Scripted, answer: Any, said: str):
    """It is an error of ours, never a trace of a parser."""
    server.answers = [answer]
    with pytest.raises(OnbeatError, match=said):
        await connect(server.url, "t").execution("x")
    server.answers = [says(200, {"results": {}})]
    with pytest.raises(OutsideError, match="is no page of a list"):
        await collect(connect(server.url, "t").executions())
    server.answers = [says(200, {})]
    with pytest.raises(OutsideError, match="is no list of LogLine"):
        await collect(connect(server.url, "t").logs("x"))


async def test_fields_that_are_not_known_are_kept(connect: Connect, server: Scripted):
    """A newer daemon says more; a state that we do not know is one."""
    server.answers = [says(200, {**EXECUTION, "new": {"a": [1]}, "state": {**EXECUTION["state"], "current": "DREAMING", "why": 1}})]
    execution = await connect(server.url, "t").execution("x")
    assert (execution.state, execution.ended, execution.raw["new"]) == ("DREAMING", False, {"a": [1]})
    assert "raw" not in repr(execution)


async def test_what_is_wrong_with_a_call_is_said_before_it_is_sent(connect: Connect, server: Scripted):
    """A key with a line break is no header; NaN is no JSON."""
    client = connect(server.url, "t")
    with pytest.raises(UserError, match="Idempotency-Key is sent as a header"):
        await client.publish("orders", 1, id="a\nb")
    with pytest.raises(ValueError, match="JSON"):
        await client.publish("orders", float("nan"))
    assert server.asked == []
