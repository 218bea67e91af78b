"""Metrics over HTTP: Kestra's path and JSON."""

from pathlib import Path

import pytest

from onbeat.ports import MetricRow, Work
from tests.api.client import api
from tests.api.shapes import ask

BASE = "/api/v1/main"


async def test_metrics_of_an_execution_by_pages(tmp_path: Path) -> None:
    """Each with its task run; a timer in milliseconds; of one task or task run when asked; what is missing or wrong is told."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/executions/t/hello?wait=true")).json["id"]
        kinds = [("counter", "n", 1.0, 1, "say"), ("timer", "t", 1.5, 1, "say"), ("gauge", "g", -2.0, 2, "other")]
        rows = [
            MetricRow(execution=id_, at=n, type=type_, name=name, value=value, tags={"a": "b"}, run=run, task=task, attempt=1)
            for n, (type_, name, value, run, task) in enumerate(kinds)
        ]
        await call.node.store.write(Work(metrics=tuple(rows)))
        found = (await call("GET", f"{BASE}/metrics/{id_}")).json
        assert found["total"] == 3
        assert [(one["type"], one["name"], one["value"]) for one in found["results"]] == [
            ("counter", "n", 1.0),
            ("timer", "t", 1500.0),
            ("gauge", "g", -2.0),
        ]
        first = found["results"][0]
        assert (first["namespace"], first["flowId"], first["executionId"], first["taskId"]) == ("t", "hello", id_, "say")
        assert (first["tags"], first["timestamp"]) == ({"a": "b"}, "1970-01-01T00:00:00.000000Z")
        page = (await call("GET", f"{BASE}/metrics/{id_}?size=2&page=2")).json
        assert ([one["name"] for one in page["results"]], page["total"]) == (["g"], 3)
        assert [one["name"] for one in (await call("GET", f"{BASE}/metrics/{id_}?taskId=other")).json["results"]] == ["g"]
        of_run = (await call("GET", f"{BASE}/metrics/{id_}?taskRunId={first['taskRunId']}")).json
        assert [one["name"] for one in of_run["results"]] == ["n", "t"]


@pytest.mark.parametrize(("target", "status"), [("/metrics/nobody", 404), ("/metrics/{id}?page=x", 400), ("/metrics/{id}?size=many", 400)])
async def test_what_is_not_there_or_not_understood_is_told(tmp_path: Path, target: str, status: int) -> None:
    """An execution without metrics has an empty list."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/executions/t/hello?wait=true")).json["id"]
        assert (await call("GET", f"{BASE}{target.format(id=id_)}")).status == status
        assert (await call("GET", f"{BASE}/metrics/{id_}")).json == {"results": [], "total": 0}


async def test_metrics_of_a_flow(tmp_path: Path) -> None:
    """Names, tasks that measured, and what they measured by time; of one flow."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", "/api/v1/main/executions/t/hello?wait=true")).json["id"]
        at = call.node.clock.now()
        rows = [MetricRow(execution=id_, at=at, type="counter", name="rows", value=value, run=1, task="say") for value in (2.0, 3.0)]
        await call.node.store.write(Work(metrics=tuple(rows)))
        base = "/api/v1/main/metrics"
        assert (await ask(call, "GET", f"{base}/names/t/hello")).json == ["rows"]
        assert (await ask(call, "GET", f"{base}/names/t/hello/other")).json == []
        assert (await ask(call, "GET", f"{base}/tasks/t/hello")).json == ["say"]
        found = (await ask(call, "GET", f"{base}/aggregates/t/hello/rows")).json
        assert (found["groupBy"], len(found["aggregations"]), found["aggregations"][-1]["value"]) == ("day", 31, 5.0)
        assert found["aggregations"][0]["value"] is None
        found = (await ask(call, "GET", f"{base}/aggregates/t/hello/say/rows?aggregation=avg")).json
        assert found["aggregations"][-1]["value"] == 2.5
        timer = MetricRow(execution=id_, at=at, type="timer", name="took", value=1.5, run=1, task="say")
        await call.node.store.write(Work(metrics=(timer,)))
        one = [each["value"] for each in (await ask(call, "GET", f"{base}/{id_}")).json["results"] if each["name"] == "took"]
        assert [(await ask(call, "GET", f"{base}/aggregates/t/hello/took")).json["aggregations"][-1]["value"]] == one == [1500.0]
        assert (await call("GET", f"{base}/aggregates/t/hello/rows?aggregation=median")).status == 400
        assert (await call("GET", f"{base}/aggregates/t/hello/rows?startDate=x")).status == 400
        assert (await ask(call, "GET", f"{base}/{id_}")).json["total"] == 3
