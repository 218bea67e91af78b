"""Outputs are read apart from the execution."""

from pathlib import Path

from tests.api.client import api
from tests.api.shapes import ask

BASE = "/api/v1/main/outputs"


async def test_of_the_flow_and_of_tasks(tmp_path: Path) -> None:
    """Those task runs that have some; each by its id."""
    async with api(tmp_path) as call:
        event = await call("POST", "/api/v1/events/things", {"go": True})
        (id_,) = event.json["executions"]
        await call.node.engine.ended(id_)
        assert (await ask(call, "GET", f"{BASE}/executions/{id_}")).json == {}
        (run,) = (await ask(call, "GET", f"{BASE}/tasks/{id_}")).json
        assert (run["taskId"], run["inline"]) == ("r", True)
        assert (await ask(call, "GET", f"{BASE}/tasks/{id_}/{run['taskRunId']}")).json == {"value": '{"go":true}'}
        assert (await call("GET", f"{BASE}/tasks/{id_}/{id_}-9")).status == 404
        assert (await call("GET", f"{BASE}/executions/{'0' * 22}")).status == 404
        said = (await call("POST", "/api/v1/main/executions/t/hello?wait=true", {"name": "Ada"})).json["id"]
        assert (await ask(call, "GET", f"{BASE}/executions/{said}")).json == {"text": "Hello Ada"}
