"""Server-sent events: what happens while it happens, without a gap."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from onbeat.api import stream
from onbeat.api.access import Access
from onbeat.core.access import Caller, Grant, Role
from onbeat.engine import watching
from tests.api.client import api

BASE = "/api/v1/events"


async def test_tail_gives_what_comes_and_goes_on_without_a_gap(tmp_path: Path) -> None:
    """From now; then from the last id."""
    async with api(tmp_path) as call:
        await call("POST", f"{BASE}/things", {"n": 0})
        async with call.stream(f"{BASE}/things/tail") as frames:
            await call("POST", f"{BASE}/things", {"n": 1})
            name, position, event = await anext(frames)
            assert (name, event["data"]) == ("event", {"n": 1})
        await call("POST", f"{BASE}/things", {"n": 2})
        async with call.stream(f"{BASE}/things/tail", last_event_id=str(position)) as frames:
            assert (await anext(frames))[2]["data"] == {"n": 2}
        async with call.stream(f"{BASE}/things/tail?from=earliest") as frames:
            assert [(await anext(frames))[2]["data"]["n"] for _ in range(3)] == [0, 1, 2]


async def test_tail_begins_at_an_instant(tmp_path: Path) -> None:
    """With what came then or later; what is no instant is told, and so is that state events have none."""
    async with api(tmp_path) as call:
        for n in range(2):
            await call("POST", f"{BASE}/things", {"n": n})
        async with call.stream(f"{BASE}/things/tail?from=1970-01-02T00:00:00Z") as frames:
            events = [(await anext(frames))[2] for _ in range(2)]
        assert [event["data"]["n"] for event in events] == [0, 1]
        async with call.stream(f"{BASE}/things/tail?from={events[1]['time']}") as frames:
            first = (await anext(frames))[2]
        assert first["time"] == events[1]["time"]
        async with call.stream(f"{BASE}/things/tail?from=2999-01-01T00:00:00Z") as frames:
            await call("POST", f"{BASE}/things", {"n": 2})
            assert (await anext(frames))[2]["data"] == {"n": 2}
        for topic, begin in (("things", "yesterday"), ("onbeat.executions", "2026-01-01T00:00:00Z")):
            answer = await call("GET", f"{BASE}/{topic}/tail?from={begin}")
            assert answer.status == 400


async def test_the_executions_topic_is_the_journal(tmp_path: Path) -> None:
    """Every state of every execution, or of one; CloudEvents with a sequence without a gap."""
    async with api(tmp_path) as call:
        ids = [(await call("POST", "/api/v1/executions/t/hello?wait=true")).json["id"] for _ in range(2)]
        async with call.stream(f"{BASE}/onbeat.executions/tail?from=earliest&execution={ids[1]}") as frames:
            events = [(await anext(frames))[2] for _ in range(3)]
        assert [event["id"] for event in events] == [f"{ids[1]}/{n}" for n in (1, 2, 3)]
        assert [event["data"]["state"] for event in events] == ["CREATED", "RUNNING", "SUCCESS"]
        assert [int(event["sequence"]) for event in events] == [1, 2, 3]


async def test_an_unknown_topic_is_not_waited_for(tmp_path: Path) -> None:
    """A misspelt name is told at once."""
    async with api(tmp_path) as call:
        answer = await call("GET", f"{BASE}/thing/tail")
        assert answer.status == 404
        assert "`things`" in answer.json["detail"]


async def test_following_an_execution_ends_with_it(tmp_path: Path) -> None:
    """Progress, then one `end` with the whole execution; of an ended one the end at once."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", "/api/v1/executions/t/pause")).json["id"]
        seen: list[tuple[str, Any]] = []
        async with call.stream(f"/api/v1/executions/{id_}/follow") as frames:
            assert (await anext(frames))[0] == "progress"
            await call("POST", f"/api/v1/executions/{id_}/resume", {"ok": True})
            seen = [(name, shown) async for name, _, shown in frames]
        assert seen[-1][0] == "end"
        assert seen[-1][1]["state"]["current"] == "SUCCESS"
        async with call.stream(f"/api/v1/executions/{id_}/follow") as frames:
            assert [name async for name, _, _ in frames] == ["end"]
        assert (await call("GET", "/api/v1/executions/nope/follow")).status == 404


@pytest.mark.parametrize("delta", ["", "?delta=true"])
async def test_following_an_execution_goes_on_after_a_place(tmp_path: Path, delta: str) -> None:
    """What came behind it and not all of it again; nothing is behind the end of one that has ended, and that is told."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", "/api/v1/executions/t/pause")).json["id"]
        path = f"/api/v1/executions/{id_}/follow{delta}"
        async with call.stream(path) as frames:
            name, first, _ = await anext(frames)
        await call("POST", f"/api/v1/executions/{id_}/resume", {"ok": True})
        await call.node.engine.ended(id_)
        async with call.stream(path, last_event_id=str(first)) as frames:
            seen = [each async for each in frames]
        assert name == "progress"
        assert seen[-1][0] == "end"
        assert seen[-1][2]["state"]["current"] == "SUCCESS"
        assert all(position > first for _, position, _ in seen)
        if not delta:
            states = [shown["state"]["current"] for _, _, shown in seen]
            assert "PAUSED" not in states[1:]
            assert len(seen) > 2
        async with call.stream(path, last_event_id=str(seen[-1][1])) as frames:
            assert [name async for name, _, _ in frames] == ["end"]
        async with call.stream(path, last_event_id="999999") as frames:
            assert [name async for name, _, _ in frames] == ["reset", "end"]


async def test_following_a_restarted_execution_goes_on_to_its_new_end(tmp_path: Path) -> None:
    """The first end is history: the stream ends when the execution has ended now."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", "/api/v1/executions/t/fails?wait=true")).json["id"]
        await call("POST", f"/api/v1/executions/{id_}/restart")
        await call.node.engine.ended(id_)
        async with call.stream(f"/api/v1/executions/{id_}/follow") as frames:
            seen = [(name, shown["state"]["current"]) async for name, _, shown in frames]
        assert seen == [("end", "SUCCESS")]


async def test_only_what_changed_is_told_to_who_wants_no_more(tmp_path: Path) -> None:
    """The execution without its task runs, and those that changed; all of them together are the whole."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", "/api/v1/executions/t/pause")).json["id"]
        async with call.stream(f"/api/v1/executions/{id_}/follow?delta=true") as frames:
            name, _, whole = await anext(frames)
            assert name == "progress"
            runs = {run["id"]: run for run in whole["taskRunList"]}
            await call("POST", f"/api/v1/executions/{id_}/resume", {"ok": True})
            async for ended, _, told in frames:
                runs |= {run["id"]: run for run in told["taskRunList"]}
                assert (ended in ("change", "end"), told["goneTaskRuns"]) == (True, [])
        assert (ended, told["state"]["current"]) == ("end", "SUCCESS")
        assert [runs[id_] for id_ in sorted(runs)] == (await call("GET", f"/api/v1/executions/{id_}")).json["taskRunList"]


async def test_who_does_not_keep_up_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reset, and the execution as it is."""
    monkeypatch.setattr(watching, "MOST", 0)
    async with api(tmp_path) as call:
        id_ = (await call("POST", "/api/v1/executions/t/pause")).json["id"]
        async with call.stream(f"/api/v1/executions/{id_}/follow") as frames:
            await anext(frames)
            await call("POST", f"/api/v1/executions/{id_}/resume", {"ok": True})
            names = [name async for name, _, _ in frames]
        assert names[0] == "reset"
        assert names[-1] == "end"


async def test_state_events_are_those_of_the_callers_namespaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may read the topic sees on it what he may see elsewhere, and no other's executions."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", "/api/v1/executions/t/hello?wait=true")).json["id"]

        async def caller(self: Access, request: object) -> Caller:
            return Caller("ada", "user", (Grant(Role.VIEWER, "t", ("*",)),))

        monkeypatch.setattr(Access, "caller", caller)
        async with call.stream(f"{BASE}/onbeat.executions/tail?from=earliest") as frames:
            assert [(await anext(frames))[2]["id"] for _ in range(3)] == [f"{id_}/{n}" for n in (1, 2, 3)]
        end = await call.node.store.journal_end()
        assert await stream._state_events(call.node, 0, None, ("other", "t.below")) == ([], end)


async def test_a_stream_that_is_cut_off_while_it_sends_is_closed_at_once() -> None:
    """What watched for its client does not wait for the garbage collector."""
    closed = []

    async def frames() -> AsyncIterator[bytes]:
        try:
            yield stream.BEAT
        finally:
            closed.append(True)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("the client is gone")

    cut = frames()
    with pytest.raises(ClientDisconnect):
        await stream.stream(cut)({"type": "http", "asgi": {"spec_version": "2.4"}}, None, send)  # type: ignore[arg-type]  # it reads nothing
    assert closed
