"""Dashboards are kept and shown; what their charts show is the reader's own."""

from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from tests.api.client import Answer, Client, api
from tests.api.shapes import ask
from tests.api.test_execution_bulk import started
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/dashboards"
CHART = """
id: recent
type: io.kestra.plugin.core.dashboard.chart.Table
data:
  type: io.kestra.plugin.core.dashboard.data.Executions
  where: [{field: NAMESPACE, type: EQUAL_TO, value: t}]
  columns: {id: {field: ID}, flow: {field: FLOW_ID}, state: {field: STATE}}
"""
TEXT = f"id: mine\ntitle: Mine\ncharts:\n  - {CHART.strip().replace(chr(10), chr(10) + '    ')}\n"


async def send(call: Client, method: str, path: str, text: str) -> Answer:
    """YAML, as Kestra's clients send it."""
    return await ask(call, method, f"{BASE}{path}", text.encode(), content_type="application/x-yaml")


async def test_one_is_kept(tmp_path: Path) -> None:
    """Made, shown, changed, removed; each change is in the audit log with its text."""
    async with api(tmp_path) as call:
        made = await send(call, "POST", "", TEXT)
        assert (made.status, made.json["id"], made.json["title"], made.json["sourceCode"]) == (200, "mine", "Mine", TEXT)
        assert (await ask(call, "GET", f"{BASE}/mine")).json == made.json
        assert (await send(call, "POST", "", TEXT)).status == 409
        assert (await send(call, "PUT", "/mine", TEXT.replace("Mine", "Ours"))).json["title"] == "Ours"
        assert (await send(call, "PUT", "/mine", TEXT.replace("id: mine", "id: other"))).status == 422
        assert (await send(call, "PUT", "/nope", TEXT)).status == 404
        assert (await ask(call, "DELETE", f"{BASE}/mine")).status == 204
        assert (await call("GET", f"{BASE}/mine")).status == 404
        assert (await call("DELETE", f"{BASE}/mine")).status == 404
        rows = [(row.action, row.what) for row in await call.node.queries.audit() if row.action.startswith("dashboard")]
        assert rows == [
            ("dashboard.delete", "dashboard:mine"),
            ("dashboard.update", "dashboard:mine"),
            ("dashboard.create", "dashboard:mine"),
        ]
        assert len((await send(call, "POST", "", "title: x\ncharts: []")).json["id"]) == 22


async def test_they_are_found(tmp_path: Path) -> None:
    """By title, sorted, by pages; the usual one is among them, and stays as it is."""
    async with api(tmp_path) as call:
        for title in ("zzz", "aaa"):
            await send(call, "POST", "", f"title: test {title}\ncharts: []")
        found = (await ask(call, "GET", f"{BASE}?q=TEST&sort=title:desc")).json
        assert [each["title"] for each in found["results"]] == ["test zzz", "test aaa"]
        assert (await ask(call, "GET", f"{BASE}?size=1")).json["total"] == 3
        assert (await call("GET", f"{BASE}?query=x")).status == 400
        usual = (await ask(call, "GET", f"{BASE}/default")).json
        assert len(usual["charts"]) == 6
        assert (await call("DELETE", f"{BASE}/default")).status == 409
        assert (await send(call, "POST", "", usual["sourceCode"])).status == 409
        settings = (await ask(call, "GET", f"{BASE}/settings/default-dashboards")).json
        assert settings["defaultHomeDashboard"] == "default"


async def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    """Nothing of it is kept; `validate` answers with it."""
    async with api(tmp_path) as call:
        wrong = TEXT.replace("FLOW_ID", "FLOW")
        assert "did you mean `FLOW_ID`" in (await send(call, "POST", "/validate", wrong)).json["constraints"]
        assert (await send(call, "POST", "/validate", TEXT)).json["constraints"] is None
        assert (await send(call, "POST", "/validate/chart", CHART)).json["constraints"] is None
        assert (await send(call, "POST", "/validate/chart", "id: x")).json["constraints"]
        refused = await send(call, "POST", "", wrong)
        assert (refused.status, "did you mean" in refused.json["detail"]) == (422, True)
        assert (await ask(call, "GET", BASE)).json["total"] == 1


async def test_charts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and tables of one that is kept and of one that is not; every chart of the usual one has some."""
    async with api(tmp_path) as call:
        (id_,) = await started(call, "hello", wait=True)
        await send(call, "POST", "", TEXT)
        found = (await ask(call, "POST", f"{BASE}/mine/charts/recent", {})).json
        assert found == {"results": [{"id": id_, "flow": "hello", "state": "SUCCESS"}], "total": 1}
        previewed = await ask(call, "POST", f"{BASE}/charts/preview", {"chart": CHART, "globalFilter": {"namespace": "t"}})
        assert previewed.json == found
        for path, body in (
            ("/mine/charts/recent/export?format=CSV", {}),
            ("/mine/charts/recent/export/to-csv", {}),
            ("/charts/export", {"chart": CHART}),
            ("/charts/export/to-csv", {"chart": CHART}),
        ):
            exported = await call("POST", f"{BASE}{path}", body, content_type="application/json")
            assert exported.body.decode() == f"id,flow,state\n{id_},hello,SUCCESS\n", path
        assert (await ask(call, "POST", f"{BASE}/mine/charts/recent/export?format=ION", {})).status == 422
        assert (await ask(call, "POST", f"{BASE}/mine/charts/none", {})).status == 404
        for chart in (await call("GET", f"{BASE}/default")).json["charts"]:
            shown = await ask(call, "POST", f"{BASE}/default/charts/{chart['id']}", {})
            assert shown.status == 200, chart["id"]
        await as_caller(call, monkeypatch, Grant(Role.EDITOR, "other"))
        assert (await ask(call, "POST", f"{BASE}/mine/charts/recent", {})).json["total"] == 0
        assert (await send(call, "POST", "", TEXT)).status == 403
