"""Events over HTTP: publish, once by key; dead ones; why a flow did not start."""

from pathlib import Path

from tests.api.client import api

BASE = "/api/v1/events"


async def test_publish_answers_what_it_started(tmp_path: Path) -> None:
    """With an Idempotency-Key the second is a duplicate that names the same executions."""
    async with api(tmp_path) as call:
        first = (await call("POST", f"{BASE}/things?key=k", {"go": True}, idempotency_key="one")).json
        assert first["id"] == "one"
        assert first["duplicate"] is False
        (execution,) = first["executions"]
        ended = await call.node.engine.ended(execution)
        assert ended.head.trigger is not None
        assert ended.head.trigger.variables["key"] == "k"
        again = (await call("POST", f"{BASE}/things", {"go": True}, idempotency_key="one")).json
        assert (again["duplicate"], again["executions"]) == (True, [execution])
        nothing = (await call("POST", f"{BASE}/things", {"go": False})).json
        assert nothing["executions"] == []


async def test_an_event_is_part_of_the_trace_it_came_with(tmp_path: Path) -> None:
    """A context that is none is left out."""
    async with api(tmp_path) as call:
        given = f"00-{'a' * 32}-{'b' * 16}-01"
        for sent, kept in ((given, given), ("nonsense", None)):
            (execution,) = (await call("POST", f"{BASE}/things", {"go": True}, traceparent=sent)).json["executions"]
            assert (await call.node.engine.ended(execution)).head.traceparent == kept


async def test_what_cannot_be_published(tmp_path: Path) -> None:
    """The topic of state events is ours; a body that is not JSON and a name that is reserved are refused."""
    async with api(tmp_path) as call:
        assert (await call("POST", f"{BASE}/onbeat.executions", {})).status == 409
        assert (await call("POST", f"{BASE}/things", b"{")).status == 400
        assert (await call("POST", f"{BASE}/dead", {})).status == 400
        assert (await call("POST", f"{BASE}/{'x' * 300}", {})).status == 400


async def test_topics_are_those_kept_and_those_listened_to(tmp_path: Path) -> None:
    """With how many records each holds."""
    async with api(tmp_path) as call:
        await call("POST", f"{BASE}/other", 1)
        topics = {each["topic"]: each["records"] for each in (await call("GET", BASE)).json["topics"]}
        assert topics == {"things": 0, "other": 1, "onbeat.executions": 0}


async def test_dead_events_are_listed_shown_and_replayed(tmp_path: Path) -> None:
    """What could not start is whole, and can be given again once its cause is mended."""
    async with api(tmp_path) as call:
        assert (await call("POST", f"{BASE}/things", {"stop": 1}, idempotency_key="d")).json["executions"] == []
        (dead,) = (await call("GET", f"{BASE}/dead/list")).json["results"]
        assert "go" in dead["reason"]
        whole = (await call("GET", f"{BASE}/dead/{dead['id']}")).json
        assert whole["event"]["data"] == {"stop": 1}
        assert (await call("POST", f"{BASE}/dead/{dead['id']}/replay")).status == 409
        path = tmp_path / "flows" / "event.yaml"
        path.write_text(path.read_text().replace("trigger.data.go", "trigger.data.stop"))
        await call.node.loader.load_all()
        replayed = await call("POST", f"{BASE}/dead/{dead['id']}/replay")
        assert len(replayed.json["executions"]) == 1
        assert (await call("GET", f"{BASE}/dead/{dead['id']}")).json["replayedAt"] is not None
        assert (await call("GET", f"{BASE}/dead/nope")).status == 404
        assert (await call("POST", f"{BASE}/dead/nope/replay")).status == 404


async def test_explain(tmp_path: Path) -> None:
    """Why it did not start, with the values; an unknown topic gets the nearest name."""
    async with api(tmp_path) as call:
        await call("POST", f"{BASE}/things", {"go": False}, idempotency_key="e")
        (verdict,) = (await call("GET", f"{BASE}/explain/things/e")).json["triggers"]
        assert (verdict["trigger"], verdict["result"]) == ("t.event.on", "condition false")
        wrong = await call("GET", f"{BASE}/explain/thing/e")
        assert wrong.status == 404
        assert "`things`" in wrong.json["detail"]
