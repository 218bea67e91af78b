"""Triggers are switched, and run their past times: one, several, all that a query means."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.testing import settle
from tests.api.client import Answer, Client, api
from tests.api.shapes import ask
from tests.api.test_triggers import HOURLY, with_schedule

BASE = "/api/v1/main/triggers"
RANGE = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-01T02:00:00+00:00"}


async def put(call: Client, path: str = "", method: str = "PUT", **body: Any) -> Answer:
    """A change to the hourly trigger."""
    return await call(method, f"/api/v1/main/triggers{path}", {**HOURLY, **body})


async def test_a_trigger_is_switched_off_and_on(tmp_path: Path) -> None:
    """At once, with the reason in the list; a webhook that is off is not found."""
    hook = {"namespace": "t", "flowId": "hook", "triggerId": "hook"}
    async with api(tmp_path) as call:
        off = await call("PUT", "/api/v1/main/triggers", {**hook, "disabled": True})
        assert (off.status, off.json["disabled"], off.json["nextExecutionDate"]) == (200, True, None)
        path = "/api/v1/main/executions/webhook/t/hook/abc"
        assert (await call("POST", path, {"n": 1}, token=None, content_type="application/json")).status == 404
        (shown,) = (await call("GET", "/api/v1/main/triggers/search?flowId=hook")).json["results"]
        assert (shown["status"], shown["pausedBecause"]) == ("disabled", "it was switched off")
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
        path = "/api/v1/main/triggers/set-disabled/by-query?disabled=false&all=true"
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


async def test_by_the_newer_paths(tmp_path: Path) -> None:
    """Kestra 2.0 has one path for each change."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        assert (await ask(call, "PUT", f"{BASE}/set-disabled", {**HOURLY, "disabled": True})).json["disabled"] is True
        assert (await ask(call, "PUT", f"{BASE}/set-disabled", {**HOURLY, "disabled": False})).json["disabled"] is False
        made = await ask(call, "PUT", f"{BASE}/backfill/create", {**HOURLY, "backfill": {**RANGE, "paused": True}})
        assert made.json["backfill"]["total"] == 3


async def test_backfills_of_several(tmp_path: Path) -> None:
    """Of those that are named, all or none; of a query, those that have one."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        refused = await call("POST", f"{BASE}/backfill/pause/by-triggers", [HOURLY])
        assert (refused.status, refused.json["invalids"][0]["invalidValue"]) == (400, "t.deep.scheduled.hourly")
        assert (await ask(call, "POST", f"{BASE}/backfill/pause/by-query?namespace=t")).json == {"count": 0}
        await put(call, backfill={**RANGE, "paused": True})
        assert (await ask(call, "POST", f"{BASE}/backfill/unpause/by-query?namespace=t&dryRun=true")).json == {"count": 1}
        assert (await ask(call, "POST", f"{BASE}/backfill/pause/by-query?namespace=t")).json == {"count": 1}
        assert (await ask(call, "POST", f"{BASE}/backfill/delete/by-triggers", [HOURLY])).json == {"count": 1}
        assert (await ask(call, "POST", f"{BASE}/backfill/delete/by-query?all=true")).json == {"count": 0}
        assert (await ask(call, "POST", f"{BASE}/backfill/unpause/by-query?q=hourly")).json == {"count": 0}
        refused = await call("POST", f"{BASE}/backfill/unpause/by-triggers", [HOURLY])
        assert refused.status == 400


async def test_a_change_by_query_needs_a_filter(tmp_path: Path) -> None:
    """A misspelt one is refused; without one all must be said."""
    async with api(tmp_path) as call:
        for query in ("", "?disabled=true", "?namespace=", "?flowId=hook&namespace=", "?flow=hook&disabled=true"):
            assert (await call("POST", f"{BASE}/set-disabled/by-query{query}")).status == 400, query
        assert (await ask(call, "POST", f"{BASE}/set-disabled/by-query?flowId=hook&dryRun=true")).json == {"count": 1}
        assert not call.node.triggers.disabled("t.hook.hook")
        assert (await ask(call, "POST", f"{BASE}/set-disabled/by-query?flowId=hook")).json == {"count": 1}
        assert call.node.triggers.disabled("t.hook.hook")


async def test_what_ours_cannot_be(tmp_path: Path) -> None:
    """None is locked, and none is there without its flow: each says so, and nothing is changed."""
    hook = {"namespace": "t", "flowId": "hook", "triggerId": "hook"}
    async with api(tmp_path) as call:
        assert (await ask(call, "POST", f"{BASE}/t/hook/hook/restart")).json["triggerId"] == "hook"
        assert (await call("POST", f"{BASE}/t/hook/hook/unlock")).status == 409
        assert (await call("POST", f"{BASE}/t/hook/nope/unlock")).status == 404
        assert (await ask(call, "POST", f"{BASE}/unlock/by-triggers", [hook])).json == {"count": 0}
        assert (await ask(call, "POST", f"{BASE}/unlock/by-query")).json == {"count": 0}
        refused = await call("DELETE", f"{BASE}/t/hook/hook")
        assert refused.status == 409
        assert "because the flow still declares it" in refused.json["message"]
        assert (await ask(call, "DELETE", f"{BASE}/delete/by-triggers", [hook])).json["totalItems"] == 0
        assert (await ask(call, "DELETE", f"{BASE}/delete/by-query?namespace=t")).json["totalItems"] == 0
        assert (await call("DELETE", f"{BASE}/delete/by-triggers", {"name": "x"})).status == 400


async def test_a_backfill_keeps_from_the_ends_of_the_calendar(tmp_path: Path) -> None:
    """The first day of the year 1 is a day of the year 0 elsewhere, which is no date at all; long before 1970 is well."""
    async with api(tmp_path) as call:
        await with_schedule(call, tmp_path)
        for start, end in (("0001-01-01T00:00:00+14:00", "1970-01-03T00:00:00Z"), ("2020-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00")):
            for path, verb in (("/backfill/preview", "POST"), ("", "PUT")):
                refused = await put(call, path, verb, backfill={"start": start, "end": end})
                assert refused.status == 400
                assert "backfill." in refused.json["message"]
        early = {"start": "0002-01-01T00:00:00+14:00", "end": "0002-01-03T00:00:00Z"}
        assert (await put(call, "/backfill/preview", "POST", backfill=early)).status == 400
        early["start"] = "0002-01-01T00:00:00Z"
        assert (await put(call, "/backfill/preview", "POST", backfill=early)).status == 200
