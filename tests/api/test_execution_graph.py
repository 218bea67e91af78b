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


async def test_a_subflow_within_has_the_runs_of_what_it_started(tmp_path: Path) -> None:
    """Also of one in the other; what has not started yet, or was purged, is drawn as its flow is."""
    inner = "{id: inner, namespace: t, tasks: [{id: c, type: core.flow.Subflow, namespace: t, flowId: hello}]}"
    outer = """
id: outer
namespace: t
tasks:
  - {id: c, type: core.flow.Subflow, namespace: t, flowId: inner}
  - {id: never, type: core.flow.Subflow, namespace: t, flowId: inner, when: false}
"""
    async with api(tmp_path) as call:
        for name, text in (("inner", inner), ("outer", outer)):
            (tmp_path / "flows" / f"{name}.yaml").write_text(text)
        await call.node.loader.load_all()
        (id_,) = await started(call, "outer", wait=True)
        path = f"{BASE}/{id_}/graph?subflows=root.c&subflows=root.c.c&subflows=root.never&subflows=root.never.c"

        async def drawn() -> dict[str, str | None]:
            nodes = (await ask(call, "GET", path)).json["nodes"]
            return {node["uid"]: node.get("taskRun") and node["taskRun"]["executionId"] for node in nodes if node.get("task")}

        found = await drawn()
        assert found.keys() == {"root.c", "root.c.c", "root.c.c.say", "root.never", "root.never.c", "root.never.c.say"}
        assert found["root.c"] == id_
        assert len({found["root.c"], found["root.c.c"], found["root.c.c.say"]}) == 3
        assert (found["root.never.c"], found["root.never.c.say"]) == (None, None)
        assert (await call("DELETE", f"{BASE}/{found['root.c.c']}")).status == 204
        assert (await drawn())["root.c.c.say"] is None
