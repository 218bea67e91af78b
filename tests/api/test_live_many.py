"""Many streams over one connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson
import pytest

from onbeat.api import stream
from onbeat.api.access import Access
from onbeat.api.app import all_routes
from onbeat.api.live_many import MOST, _media_of
from onbeat.api.routing import BASE, Documented
from onbeat.core.access import Caller, Grant, Role
from onbeat.errors import Unauthorized
from tests.api.client import TOKEN, Client, api
from tests.api.house import PASSWORD, basic, house

LIVE = "/api/v1/main/live"
LIST = "/executions/follow?size=5"


class Told(NamedTuple):
    """One event."""

    stream: str
    event: str
    id: int | None
    data: Any


class Wire:
    """One connection, as a server holds it: what came of it; blocked: the client does not read."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.reads = asyncio.Event()
        self.gone = asyncio.Event()
        self.came: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.status = 0
        self.waiting = 0
        self.reads.set()

    async def send(self, message: Any) -> None:
        """What the application sends."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.begun.set()
            return
        if self.gone.is_set():
            return
        self.waiting += 1
        await self.reads.wait()
        self.waiting -= 1
        self.came.put_nowait(message["body"] if message.get("more_body") else None)

    async def receive(self) -> dict[str, Any]:
        """What the client sends: nothing, until it is gone."""
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def events(self) -> AsyncIterator[Told]:
        """What was told, comments excepted."""
        while (piece := await self.came.get()) is not None:
            for frame in piece.decode().split("\n\n"):
                if frame and not frame.startswith(":"):
                    lines = dict(line.split(": ", 1) for line in frame.splitlines())
                    name, _, event = lines["event"].partition(":")
                    place = int(lines["id"]) if "id" in lines else None
                    yield Told(name, event, place, orjson.loads(lines["data"]))


def target(*streams: str) -> str:
    """The path that asks for them."""
    return f"{LIVE}?" + "&".join(f"stream={quote(each, safe='')}" for each in streams)


@asynccontextmanager
async def live(call: Client, *streams: str, token: str | None = TOKEN, **headers: str) -> AsyncIterator[Wire]:
    """A connection with these streams, until the client goes."""
    wire = Wire()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(call.app(call._scope("GET", target(*streams), token, headers), wire.receive, wire.send))
        await wire.begun.wait()
        assert wire.status == 200
        yield wire
        wire.gone.set()
        await task


async def paused(call: Client) -> str:
    """An execution that waits for a word."""
    id_: str = (await call("POST", "/api/v1/main/executions/t/pause")).json["id"]
    return id_


def nobody_looks(call: Client) -> bool:
    """Whether the node watches nothing for anybody."""
    watch = call.node.watch
    return not (watch._followers or watch._lists or watch._looking)


async def test_each_stream_is_told_under_its_name_as_it_would_be_alone(tmp_path: Path) -> None:
    """A list, an execution, its log and a topic at once; ids and data as they are."""
    async with api(tmp_path) as call:
        id_ = await paused(call)
        names = ("list~" + LIST, f"e.1~/executions/{id_}/follow", f"log_s~/logs/{id_}/follow", "t-1~/events/things/tail?from=earliest")
        async with live(call, *names) as wire, call.stream(f"/api/v1/main/executions/{id_}/follow") as alone:
            events = wire.events()
            await call("POST", "/api/v1/events/things", {"n": 1})
            await call("POST", f"/api/v1/executions/{id_}/resume", {"ok": True})
            found: dict[str, list[Told]] = {}
            while not {"e.1", "log_s", "list", "t-1"} <= {
                name for name, told in found.items() if told[-1].event in ("closed", "changes", "event")
            }:
                told = await anext(events)
                found.setdefault(told.stream, []).append(told)
            assert [(told.event, told.id, told.data) for told in found["e.1"][:-1]] == [each async for each in alone]
        assert [told.event for told in found["e.1"]][-2:] == ["end", "closed"]
        assert [told.event for told in found["log_s"]][-2:] == ["end", "closed"]
        assert [told.event for told in found["t-1"]] == ["event"]
        assert found["t-1"][0].data["data"] == {"n": 1}
        assert found["list"][0].event == "snapshot"


async def test_what_is_refused_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    """No such execution, no such topic, a wrong filter, what is no stream, what would be itself."""
    async with api(tmp_path) as call:
        refused = {
            "gone": ("/executions/nope/follow", 404),
            "misspelt": ("/executions/follow?stat=FAILED", 400),
            "topic": ("/events/thing/tail", 404),
            "nothing": ("/nothing", 404),
            "plain": ("/flows/search", 404),
            "dead": ("/events/dead/tail", 404),
            "self": ("/live?stream=x~/executions/follow", 404),
            "up": ("/../main/executions/follow", 404),
            "twice": ("/executions/follow?size=1&size=2", 400),
        }
        async with live(call, "list~" + LIST, *(f"{name}~{path}" for name, (path, _) in refused.items())) as wire:
            events = wire.events()
            found = {told.stream: told async for told in _some(events, len(refused) + 1)}
            assert {name: (told.event, told.data["status"]) for name, told in found.items() if name != "list"} == {
                name: ("refused", status) for name, (_, status) in refused.items()
            }
            assert all(told.data["detail"] for name, told in found.items() if name != "list")
            id_ = await paused(call)
            assert (await anext(events)).data["changed"][0]["id"] == id_


async def _some(events: AsyncIterator[Told], count: int) -> AsyncIterator[Told]:
    for _ in range(count):
        yield await anext(events)


async def test_another_namespaces_streams_are_not_there(tmp_path: Path) -> None:
    """Each route asks for itself: what is not seen alone is not seen here."""
    flows = {
        "a.yaml": "{id: a, namespace: shop, tasks: [{id: wait, type: core.flow.Pause}]}",
        "b.yaml": "{id: b, namespace: other, tasks: [{id: wait, type: core.flow.Pause}]}",
    }
    async with house(tmp_path, flows) as home:
        mine = (await home.node.start("shop", "a", {})).head.id
        others = (await home.node.start("other", "b", {})).head.id
        me = {"authorization": basic("ada", PASSWORD)}
        names = ("list~" + LIST, f"mine~/executions/{mine}/follow", f"others~/executions/{others}/follow", f"log~/logs/{others}/follow")
        async with live(home, *names, token=None, **me) as wire:
            found = {told.stream: told async for told in _some(wire.events(), 4)}
        assert [each["id"] for each in found["list"].data["results"]] == [mine]
        assert found["mine"].data["id"] == mine
        for name in ("others", "log"):
            assert (found[name].event, found[name].data["status"]) == ("refused", 404)


async def test_nobody_unknown_gets_a_connection(tmp_path: Path) -> None:
    """Before any stream is asked."""
    async with api(tmp_path) as call:
        assert (await call("GET", target("list~" + LIST), token=None)).status == 401


async def test_a_stream_goes_on_by_after_in_its_path(tmp_path: Path) -> None:
    """Each from its own place, without a gap; the header, which could name any of them, names none."""
    async with api(tmp_path) as call:
        for n in range(3):
            await call("POST", "/api/v1/events/things", {"n": n})
        names = ("a~/events/things/tail?after=1", "b~/events/things/tail?after=2", "c~/events/things/tail?from=earliest")
        async with live(call, *names, last_event_id="3") as wire:
            events = wire.events()
            seen: dict[str, list[int]] = {"a": [], "b": [], "c": []}
            for _ in range(6):
                told = await anext(events)
                seen[told.stream].append(told.data["data"]["n"])
        assert seen == {"a": [1, 2], "b": [2], "c": [0, 1, 2]}


async def test_the_connection_ends_with_its_last_stream(tmp_path: Path) -> None:
    """There is nothing more to tell."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", "/api/v1/executions/t/hello?wait=true")).json["id"]
        async with live(call, f"e~/executions/{id_}/follow", "no~/executions/nope/follow") as wire:
            told = [(each.stream, each.event) async for each in wire.events()]
        assert sorted(told) == [("e", "closed"), ("e", "end"), ("no", "refused")]


@pytest.mark.parametrize("reads", [True, False])
async def test_when_the_client_goes_nothing_is_watched_any_more(tmp_path: Path, reads: bool) -> None:
    """At once, also when it was in the middle of reading."""
    async with api(tmp_path) as call:
        id_ = await paused(call)
        async with live(call, "list~" + LIST, f"e~/executions/{id_}/follow", f"l~/logs/{id_}/follow") as wire:
            if reads:
                _ = [told async for told in _some(wire.events(), 2)]
            else:
                wire.reads.clear()
                await paused(call)
                while not wire.waiting:
                    await call("GET", "/health")
            assert not nobody_looks(call)
        assert nobody_looks(call)


async def test_a_client_that_does_not_read_makes_the_streams_wait(tmp_path: Path) -> None:
    """One frame is on its way, the others are not made yet; when it reads nothing is missing."""
    async with api(tmp_path) as call:
        async with live(call, "a~/events/things/tail?from=earliest", "b~/events/things/tail?from=earliest") as wire:
            wire.reads.clear()
            for n in range(50):
                await call("POST", "/api/v1/events/things", {"n": n})
            assert (wire.waiting, wire.came.qsize()) == (1, 0)
            wire.reads.set()
            seen: dict[str, list[int]] = {"a": [], "b": []}
            async for told in _some(wire.events(), 100):
                seen[told.stream].append(told.data["data"]["n"])
        assert seen == {"a": list(range(50)), "b": list(range(50))}


@pytest.mark.parametrize("lost", ["grants", "token"])
async def test_who_loses_his_access_loses_all_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """Each is closed, and the connection with them."""
    grants = [Grant(Role.OPERATOR)]

    async def caller(self: Access, request: object) -> Caller:
        if not grants:
            raise Unauthorized("revoked")
        return Caller("ada", "user", tuple(grants))

    monkeypatch.setattr(Access, "caller", caller)
    monkeypatch.setattr(stream, "_ASKED_AGAIN", 0.0)
    monkeypatch.setattr(stream, "_HEARTBEAT", 0.01)
    async with api(tmp_path) as call:
        id_ = await paused(call)
        names = ("list~" + LIST, f"e~/executions/{id_}/follow", f"l~/logs/{id_}/follow", "t~/events/onbeat.executions/tail")
        async with live(call, *names) as wire:
            events = wire.events()
            await anext(events)
            grants[:] = [] if lost == "token" else [Grant(Role.OPERATOR, "elsewhere")]
            closed = {told.stream async for told in events if told.event == "closed"}
        assert closed == {"list", "e", "l", "t"}


async def test_while_nothing_happens_a_comment_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for all: those of the streams are left out."""
    monkeypatch.setattr(stream, "_HEARTBEAT", 0.01)
    async with api(tmp_path) as call, live(call, "t~/events/things/tail", "u~/events/things/tail") as wire:
        assert [await wire.came.get() for _ in range(3)] == [stream.BEAT] * 3


async def test_a_fault_in_one_stream_ends_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the log; the client hears that the stream has ended."""
    async with api(tmp_path) as call:
        id_ = await paused(call)

        def broken(*_: object) -> None:
            raise RuntimeError("boom")

        monkeypatch.setattr(stream, "_states", broken)
        async with live(call, f"e~/executions/{id_}/follow", "t~/events/things/tail") as wire:
            events = wire.events()
            assert (await anext(events)).event == "progress"
            await call("POST", f"/api/v1/executions/{id_}/resume", {"ok": True})
            told = await anext(events)
            assert (told.stream, told.event) == ("e", "closed")
            await call("POST", "/api/v1/events/things", {"n": 1})
            assert (await anext(events)).stream == "t"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "stream=",
        "stream=x",
        "stream=x~",
        "stream=x~executions/follow",
        "stream=~/executions/follow",
        "stream=a%20b~/executions/follow",
        "stream=x%0A~/executions/follow",
        f"stream={'x' * 65}~/executions/follow",
        "stream=x~/executions/follow&stream=x~/events/things/tail",
        "stream=x~/executions/follow&size=20",
        "streams=x~/executions/follow",
        "&".join(f"stream=s{n}~/executions/follow" for n in range(MOST + 1)),
    ],
)
async def test_what_cannot_be_read_is_refused_whole(tmp_path: Path, query: str) -> None:
    """No name, no path, a name twice, a parameter outside its stream, more than may be."""
    async with api(tmp_path) as call:
        wrong = await call("GET", f"{LIVE}?{query}")
        assert (wrong.status, wrong.headers["content-type"]) == (400, "application/problem+json")
        assert wrong.json["detail"]


async def test_as_many_as_may_be(tmp_path: Path) -> None:
    """All of them are told, and freed."""
    async with api(tmp_path) as call:
        await call("POST", "/api/v1/events/things", {"n": 1})
        async with live(call, *(f"s{n}~/events/things/tail?from=earliest" for n in range(MOST))) as wire:
            assert {told.stream async for told in _some(wire.events(), MOST)} == {f"s{n}" for n in range(MOST)}


def test_every_route_that_streams_says_so() -> None:
    """By its media type: that is how it is found here. A new one is put here by hand."""
    declared = {
        each.path.removeprefix(BASE) for each in all_routes() if isinstance(each, Documented) and "text/event-stream" in _media_of(each)
    }
    assert declared == {
        "/live",
        "/executions/follow",
        "/executions/{id}/follow",
        "/executions/{id}/follow-dependencies",
        "/logs/{id}/follow",
        "/events/{topic}/tail",
    }
