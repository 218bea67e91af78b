"""Executions and lines are counted by time, of what the caller may see."""

from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from tests.api.client import api
from tests.api.shapes import ask
from tests.api.test_execution_bulk import started
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/stats"


async def test_executions_by_day(tmp_path: Path) -> None:
    """Thirty days unless told otherwise, each with all states; the last one has what was started."""
    async with api(tmp_path) as call:
        await started(call, "hello", "hello", "fails", wait=True)
        days = (await ask(call, "POST", f"{BASE}/executions/daily", {})).json
        assert len(days) == 31
        assert (days[-1]["executionCounts"]["SUCCESS"], days[-1]["executionCounts"]["FAILED"]) == (2, 1)
        assert (days[-1]["duration"]["count"], days[-1]["groupBy"]) == (3, "day")
        assert days[0]["executionCounts"]["SUCCESS"] == 0
        only = (await ask(call, "POST", f"{BASE}/executions/daily", {"flowId": "fails", "state": ["FAILED"], "namespace": "t"})).json
        assert only[-1]["executionCounts"]["FAILED"] == 1
        assert only[-1]["executionCounts"]["SUCCESS"] == 0


async def test_by_flow_and_namespace(tmp_path: Path) -> None:
    """Those that have any; of the flows that are named."""
    async with api(tmp_path) as call:
        await started(call, "hello", "fails", wait=True)
        flows = (await ask(call, "POST", f"{BASE}/executions/daily/group-by-flow", {})).json
        assert sorted(flows["t"]) == ["fails", "hello"]
        assert flows["t"]["fails"][-1]["executionCounts"] == {"FAILED": 1}
        named = {"flows": [{"namespace": "t", "id": "hello"}]}
        assert list((await ask(call, "POST", f"{BASE}/executions/daily/group-by-flow", named)).json["t"]) == ["hello"]
        spaces = (await ask(call, "POST", f"{BASE}/executions/daily/group-by-flow", {"namespaceOnly": True})).json
        assert list(spaces["t"]) == ["*"]
        assert list((await ask(call, "POST", f"{BASE}/executions/daily/group-by-namespace", {})).json) == ["t"]
        (last,) = (await ask(call, "POST", f"{BASE}/executions/latest/group-by-flow", named)).json
        assert last["flowId"] == "hello"


async def test_lines_by_day(tmp_path: Path) -> None:
    """How many of each level."""
    async with api(tmp_path) as call:
        await started(call, "hello", wait=True)
        days = (await ask(call, "POST", f"{BASE}/logs/daily", {"flowId": "hello", "timeZone": "Europe/Paris"})).json
        assert sum(day["counts"]["INFO"] for day in days) == 1
        assert len(days) == 31
        week = {"startDate": "2026-01-01T00:00:00Z", "endDate": "2026-06-01T00:00:00Z"}
        assert {day["groupBy"] for day in (await ask(call, "POST", f"{BASE}/logs/daily", week)).json} == {"week"}


async def test_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows, triggers and executions; nothing of others."""
    async with api(tmp_path) as call:
        await started(call, "hello", "fails", wait=True)
        await started(call, "sleep")
        found = (await ask(call, "POST", f"{BASE}/summary", {})).json
        assert (found["executions"], found["running"], found["failed"], found["triggers"]) == (3, 1, 1, 3)
        assert (await ask(call, "POST", f"{BASE}/summary")).json == found
        await as_caller(call, monkeypatch, Grant(Role.VIEWER, "other"))
        assert set((await ask(call, "POST", f"{BASE}/summary", {})).json.values()) == {0}
        assert (await ask(call, "POST", f"{BASE}/executions/daily/group-by-flow", {})).json == {}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"flow": "x"}, "flow"),
        ({"startDate": "x"}, "is no instant"),
        ({"timeZone": "Nowhere"}, "is no time zone"),
        ({"state": ["X"]}, "is no state"),
        ({"startDate": "2026-01-02T00:00:00Z", "endDate": "2026-01-01T00:00:00Z"}, "must be after"),
    ],
)
async def test_what_is_misspelt_is_refused(tmp_path: Path, body: dict[str, object], words: str) -> None:
    """And not taken for everything."""
    async with api(tmp_path) as call:
        refused = await call("POST", f"{BASE}/executions/daily", body, content_type="application/json")
        assert refused.status in (400, 422)
        assert words in refused.json["detail"]


@pytest.mark.parametrize("day", ["0001-01-25T00:43:48+05:13", "9999-12-31T23:59:59-11:00"])
async def test_a_day_without_days_around_it_is_counted(tmp_path: Path, day: str) -> None:
    """There is no month before the first one; a zone's day may begin in the year 0."""
    async with api(tmp_path) as call:
        for path in ("summary", "executions/daily", "executions/daily/group-by-flow", "logs/daily"):
            body = {"endDate": day, "timeZone": "America/New_York"}
            assert (await call("POST", f"{BASE}/{path}", body, content_type="application/json")).status == 200


@pytest.mark.parametrize("zone", ["", "Mars/Olympus"])
async def test_a_time_zone_that_is_none_is_told(tmp_path: Path, zone: str) -> None:
    """By the summary, too, which has no days."""
    async with api(tmp_path) as call:
        for path in ("summary", "executions/daily"):
            answer = await call("POST", f"/api/v1/main/stats/{path}", {"timeZone": zone}, content_type="application/json")
            assert answer.status == 422, path
