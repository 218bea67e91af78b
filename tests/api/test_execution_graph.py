"""An execution is drawn with what ran."""

from pathlib import Path

from tests.api.client import api
from tests.api.shapes import ask
from tests.api.test_execution_bulk import BASE, started


async def test_each_task_has_its_last_run(tmp_path: Path) -> None:
    """What did not run has none; another's execution is not there."""
    async with api(tmp_path) as call:
        (id_,) = await started(call, "hello", wait=True)
        drawn = (await ask(call, "GET", f"{BASE}/{id_}/graph?subflows=x")).json
        (node,) = [each for each in drawn["nodes"] if each.get("task")]
        assert (node["taskRun"]["taskId"], node["taskRun"]["state"]["current"]) == ("say", "SUCCESS")
        (waiting,) = await started(call, "loops", wait=True)
        found = {
            each["task"]["id"]: each.get("taskRun")
            for each in (await ask(call, "GET", f"{BASE}/{waiting}/graph")).json["nodes"]
            if each.get("task")
        }
        assert found["each"]["state"]["current"] == "FAILED"
        assert (await call("GET", f"{BASE}/{'0' * 22}/graph")).status == 404
