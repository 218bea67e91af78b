"""Triggers over HTTP: how they are, switched off and on, and backfills, in Kestra's shapes."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.testing import settle
from tests.api.client import Answer, Client, api

SCHEDULED = """
id: scheduled
namespace: t.deep
inputs: [{id: what, type: STRING, defaults: usual}]
tasks: [{id: say, type: core.debug.Return, format: "{{ inputs.what }}"}]
triggers:
  - {id: hourly, type: core.trigger.Schedule, cron: 0 * * * *, stopAfter: [FAILED]}
  - {id: off, type: core.trigger.Webhook, key: x, disabled: true}
"""
HOURLY = {"namespace": "t.deep", "flowId": "scheduled", "triggerId": "hourly"}
RANGE = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-01T02:00:00+00:00"}


async def with_schedule(call: Client, directory: Path) -> None:
    """The node serves SCHEDULED too."""
    (directory / "flows" / "scheduled.yaml").write_text(SCHEDULED)
    await call.node.loader.load_all()
    for subscription in call.node.intake.subscriptions():
        await subscription.ready.wait()


async def put(call: Client, path: str = "", method: str = "PUT", **body: Any) -> Answer:
    """A change to the hourly trigger."""
    return await call(method, f"/api/v1/main/triggers{path}", {**HOURLY, **body})


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
        assert found["t.off.on"]["pausedBecause"] == "the trigger says `disabled: true`"


async def test_they_are_found_as_in_kestra(tmp_path: Path) -> None:
    """By part of a name, a namespace with those below it, a flow; page by page; each with what its file says and how it is."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        queries = {"q=HOURLY": 1, "namespace=t.deep": 2, "namespace=t": 5, "namespace=t.de": 0, "flowId=scheduled": 2, "flowId=hook": 1}
        for query, total in queries.items():
            found = (await call("GET", f"/api/v1/main/triggers/search?{query}")).json
            assert (found["total"], len(found["results"])) == (total, total), query
        page = (await call("GET", "/api/v1/main/triggers/search?size=1&page=2&namespace=t.deep")).json
        assert (page["total"], [each["name"] for each in page["results"]]) == (2, ["t.deep.scheduled.off"])
        assert (await call("GET", "/api/v1/main/triggers/search?size=x")).status == 400
        (hourly,) = (await call("GET", "/api/v1/main/triggers/search?q=hourly")).json["results"]
        assert hourly["abstractTrigger"]["type"] == "io.kestra.plugin.core.trigger.Schedule"
        assert hourly["abstractTrigger"]["cron"] == "0 * * * *"
        context = hourly["triggerContext"]
        assert {name: context[name] for name in HOURLY} == HOURLY
        assert (context["disabled"], context["stopAfter"], context["backfill"]) == (False, ["FAILED"], None)
        assert context["nextExecutionDate"].endswith(":00:00.000000Z")


async def test_those_of_a_flow(tmp_path: Path) -> None:
    """A flow that is not there is a 404."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        found = (await call("GET", "/api/v1/main/triggers/t.deep/scheduled")).json
        assert [each["triggerId"] for each in found["results"]] == ["hourly", "off"]
        assert [each["disabled"] for each in found["results"]] == [False, True]
        assert (await call("GET", "/api/v1/main/triggers/t/nope")).status == 404


async def test_a_trigger_is_switched_off_and_on(tmp_path: Path) -> None:
    """At once, with the reason in the list; a webhook that is off is not found."""
    hook = {"namespace": "t", "flowId": "hook", "triggerId": "hook"}
    async with api(tmp_path) as call:
        off = await call("PUT", "/api/v1/main/triggers", {**hook, "disabled": True})
        assert (off.status, off.json["disabled"], off.json["nextExecutionDate"]) == (200, True, None)
        path = "/api/v1/main/executions/webhook/t/hook/abc"
        assert (await call("POST", path, {"n": 1}, token=None, content_type="application/json")).status == 404
        (shown,) = (await call("GET", "/api/v1/main/triggers/search?flowId=hook")).json["results"]
        assert (shown["state"], shown["pausedBecause"]) == ("disabled", "it was switched off")
        assert (await call("PUT", "/api/v1/main/triggers", {"name": "t.hook.hook", "disabled": False})).json["disabled"] is False
        await settle()
        assert (await call("POST", path, {"n": 1}, token=None, content_type="application/json")).status == 200


async def test_several_are_switched_at_once(tmp_path: Path) -> None:
    """By their names, or by a query; what a file switches off stays off."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        body = {"triggers": [HOURLY, {"name": "t.hook.hook"}], "disabled": True}
        assert (await call("POST", "/api/v1/main/triggers/set-disabled/by-triggers", body)).json == {"count": 2}
        assert call.node.triggers.disabled("t.hook.hook")
        path = "/api/v1/main/triggers/set-disabled/by-query?disabled=false"
        assert (await call("POST", path)).json == {"count": 4}
        assert [each.spec.name for each in call.node.triggers.all() if call.node.triggers.disabled(each.spec.name)] == [
            "t.deep.scheduled.off"
        ]
        assert (await call("POST", "/api/v1/main/triggers/set-disabled/by-triggers", {"triggers": 5, "disabled": True})).status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"triggerId": "hourli", "disabled": True}, 404),
        ({"flowId": "nope", "disabled": True}, 404),
        ({"flowId": None, "disabled": True}, 400),
        ({"disabled": "yes"}, 400),
        ({}, 400),
        ({"triggerId": "off", "disabled": False}, 409),
        ({"triggerId": "off", "backfill": RANGE}, 409),
        ({"backfill": {"end": "2020-01-01T00:00:00Z"}}, 400),
        ({"backfill": {"start": "yesterday"}}, 400),
        ({"backfill": {**RANGE, "end": "2019-01-01T00:00:00Z"}}, 400),
        ({"backfill": {**RANGE, "inputs": [1]}}, 400),
        ({"backfill": "all"}, 400),
    ],
)
async def test_what_cannot_be_done_is_refused(tmp_path: Path, body: dict[str, Any], status: int) -> None:
    """No such trigger, nothing to do, a range that is none: and nothing is changed."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        assert (await put(call, **body)).status == status
        assert await call.node.store.ledger("triggers") == await call.node.store.ledger("backfills") == {}


async def test_a_backfill_is_begun_paused_continued_and_deleted(tmp_path: Path) -> None:
    """Its progress is shown; labels come as Kestra writes them; without one to change it is a 400."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        begun = await put(call, backfill={**RANGE, "paused": True, "inputs": {"what": "old"}, "labels": [{"key": "a", "value": "b"}]})
        assert begun.json["backfill"] == {
            "start": "2020-01-01T00:00:00.000000Z",
            "end": "2020-01-01T02:00:00.000000Z",
            "currentDate": "2020-01-01T00:00:00.000000Z",
            "paused": True,
            "inputs": {"what": "old"},
            "labels": [{"key": "a", "value": "b"}],
            "runs": 0,
            "total": 3,
        }
        assert (await put(call, backfill=RANGE)).status == 409
        assert (await put(call, "/backfill/unpause")).status == 200
        at = 0
        while await call.node.queries.count() < 3 or call.node.engine.at_work():
            await call.node.store.wait_journal(at)
            at = await call.node.store.journal_end()
            await settle()
        found = await call.node.queries.executions()
        assert {each.labels["a"] for each in found} == {"b"}
        for path, method in (("pause", "PUT"), ("unpause", "PUT"), ("delete", "POST")):
            assert (await put(call, f"/backfill/{path}", method)).status == 400
        await put(call, backfill={**RANGE, "paused": True})
        assert (await put(call, "/backfill/pause")).json["backfill"]["paused"] is True
        assert (await put(call, "/backfill/delete", "POST")).json["backfill"] is None
        assert await call.node.queries.count() == 3


async def test_a_preview_runs_nothing(tmp_path: Path) -> None:
    """The number of runs, and when they would be for."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        shown = (await put(call, "/backfill/preview", "POST", backfill=RANGE)).json
        assert shown == {"total": 3, "dates": [f"2020-01-01T0{hour}:00:00.000000Z" for hour in range(3)]}
        assert await call.node.queries.count() == 0
