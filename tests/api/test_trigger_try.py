"""An event is tried on a trigger: what it would start is said, and nothing is started."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.core.access import Grant, Role
from onbeat.core.event import Event
from onbeat.ports import DeadEvent, Work
from tests.api.client import Client, api
from tests.api.shapes import ask
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/triggers/try"
ON = {"namespace": "t", "flowId": "event", "triggerId": "on"}


async def tried(call: Client, **body: Any) -> dict[str, Any]:
    """What comes of it."""
    answer = await ask(call, "POST", BASE, body)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


async def test_an_event_of_the_body(tmp_path: Path) -> None:
    """It starts, or not, with the values that the condition saw; a condition that cannot be evaluated is said."""
    async with api(tmp_path) as call:
        found = await tried(call, **ON, event={"topic": "things", "data": {"go": True}})
        assert (found["result"], [each["flowId"] for each in found["starts"]]) == ("starts", ["event"])
        found = await tried(call, **ON, event={"data": {"go": False}})
        assert (found["result"], found["starts"]) == ("condition false", [])
        assert found["why"]
        assert (await tried(call, **ON, event={"data": {}}))["result"] == "dead"
        found = await tried(call, name="t.hook.hook", event={"data": {"n": 5}})
        assert found["result"] == "starts"
        assert (await tried(call, name="t.hook.hook", event={"variables": {"body": {"n": 0}}}))["result"] == "condition false"
        assert (await call("GET", "/api/v1/main/executions/search")).json["total"] == 0


async def test_an_event_that_was(tmp_path: Path) -> None:
    """One of a topic, and one that is dead."""
    async with api(tmp_path) as call:
        await call("POST", "/api/v1/main/events/things", {"go": False}, idempotency_key="one")
        assert (await tried(call, **ON, key="things/one"))["result"] == "condition false"
        assert (await call("POST", BASE, {**ON, "key": "things/two"}, content_type="application/json")).status == 404
        event = Event(id="x", source="s", type="t", time=1, key="k", data={"go": True}, topic="things", variables={"data": {"go": True}})
        dead = [
            DeadEvent(id="d1", at=1, reader="r", reason="why", key="k", trigger="t.event.on", event=event),
            DeadEvent(id="d2", at=1, reader="r", reason="why", key="k2", raw=b"\xff"),
        ]
        await call.node.store.write(Work(dead=tuple(dead)))
        assert (await tried(call, **ON, dead="d1"))["result"] == "starts"
        assert (await call("POST", BASE, {**ON, "dead": "d2"}, content_type="application/json")).status == 400
        assert (await call("POST", BASE, {**ON, "dead": "d3"}, content_type="application/json")).status == 404
        for body in (ON, {**ON, "dead": "d1", "key": "a/b"}, {**ON, "evnt": {}}, {"event": {}}):
            assert (await call("POST", BASE, body, content_type="application/json")).status in (400, 422)


async def test_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may evaluate in the namespace; events that he may not read are not there."""
    async with api(tmp_path) as call:
        await call("POST", "/api/v1/main/events/things", {"go": False}, idempotency_key="one")
        other = DeadEvent(id="d", at=1, reader="r", reason="why", key="k", trigger="other.x.y")
        await call.node.store.write(Work(dead=(other,)))
        given = {**ON, "event": {"data": {"go": True}}}
        for grant, status in ((Grant(Role.EDITOR, "t"), 200), (Grant(Role.OPERATOR, "t"), 403), (Grant(Role.EDITOR, "other"), 404)):
            await as_caller(call, monkeypatch, grant)
            assert (await call("POST", BASE, given, content_type="application/json")).status == status
        await as_caller(call, monkeypatch, Grant(Role.EDITOR, "t"))
        assert (await call("POST", BASE, {**ON, "key": "things/one"}, content_type="application/json")).status == 404
        assert (await call("POST", BASE, {**ON, "dead": "d"}, content_type="application/json")).status == 404
