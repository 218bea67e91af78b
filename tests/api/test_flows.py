"""Flows and triggers over HTTP."""

from pathlib import Path

from tests.api.client import FLOWS, api


async def test_flows_are_listed_and_shown_with_their_source(tmp_path: Path) -> None:
    """By part of the name; the source is the file's text."""
    async with api(tmp_path) as call:
        assert (await call("GET", "/api/v1/main/flows/search")).json["total"] == len(FLOWS)
        (found,) = (await call("GET", "/api/v1/main/flows/search?q=HELL")).json["results"]
        assert (found["id"], found["revision"]) == ("hello", 1)
        assert found["inputs"] == [{"id": "name", "type": "STRING", "required": True}]
        shown = (await call("GET", "/api/v1/main/flows/t/hello?source=true")).json
        assert shown["source"] == FLOWS["hello.yaml"]
        assert (await call("GET", "/api/v1/main/flows/t/hello?revision=9")).status == 404
        assert (await call("GET", "/api/v1/main/flows/t/helo")).status == 404


async def test_triggers_say_how_they_are(tmp_path: Path) -> None:
    """Ready, what they saw last, or why they do not listen."""
    async with api(tmp_path) as call:
        (tmp_path / "flows" / "off.yaml").write_text(
            "{id: off, namespace: t, tasks: [{id: a, type: core.log.Log, message: x}],"
            " triggers: [{id: on, type: core.trigger.Webhook, key: x, disabled: true}]}"
        )
        await call.node.loader.load_all()
        await call("POST", "/api/v1/events/things", {"go": True})
        found = {each["name"]: each for each in (await call("GET", "/api/v1/triggers/search")).json["results"]}
        assert found["t.event.on"]["state"] == "ready"
        assert found["t.event.on"]["received"] == 1
        assert found["t.event.on"]["lastEvent"] is not None
        assert found["t.hook.hook"]["lastEvent"] is None
        assert found["t.off.on"]["state"] == "disabled"
        assert "disabled" in found["t.off.on"]["pausedBecause"]
