"""Restart, replay, change of state and labels over HTTP: the codes and answers that Kestra gives."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.ports import ExecutionFilter
from onbeat.testing import settle
from tests.api.client import Client, api
from tests.api.shapes import ask

BASE = "/api/v1/main/executions"


async def ended(call: Client) -> dict[str, Any]:
    """An execution that has succeeded."""
    shown: dict[str, Any] = (await call("POST", f"{BASE}/t/hello?wait=true", {"name": "Ada"})).json
    return shown


async def wait(call: Client, id_: str) -> dict[str, Any]:
    """The execution when it has ended."""
    await call.node.engine.ended(id_)
    shown: dict[str, Any] = (await call("GET", f"{BASE}/{id_}")).json
    return shown


async def test_labels_are_set_and_wrong_ones_refused(tmp_path: Path) -> None:
    """Beside those it has; 422 for what is no label and for the system's, 404 where there is no execution."""
    async with api(tmp_path) as call:
        id_ = (await ended(call))["id"]
        answer = await call("POST", f"{BASE}/{id_}/labels", [{"key": "team", "value": "blue"}])
        assert (answer.status, {"key": "team", "value": "blue"} in answer.json["labels"]) == (200, True)
        for wrong in ([{"key": None, "value": None}], [{"key": None, "value": "x"}], [{"key": "a"}], 5, {"system.x": "y"}):
            assert (await call("POST", f"{BASE}/{id_}/labels", wrong)).status == 422, wrong
        assert (await call("POST", f"{BASE}/nope/labels", [{"key": "a", "value": "b"}])).status == 404


@pytest.mark.parametrize(("action", "code"), [
    ("restart", 422),
    ("replay?taskRunId=nope", 422),
    ("replay", 200),
    ("change-status?status=WARNING", 200),
    ("change-status?status=HAPPY", 422),
])  # fmt: skip
async def test_what_has_succeeded_is_changed_or_left(action: str, code: int, tmp_path: Path) -> None:
    """Nothing failed, so nothing restarts; a replay is another execution; a state is one that there is."""
    async with api(tmp_path) as call:
        before = await ended(call)
        answer = await call("POST", f"{BASE}/{before['id']}/{action}")
        assert answer.status == code
        if action == "replay":
            assert (answer.json["parentId"], answer.json["state"]["current"]) == (before["id"], "CREATED")
        if code == 200 and action != "replay":
            assert (answer.json["id"], answer.json["state"]["current"]) == (before["id"], "WARNING")
        assert (await call("POST", f"{BASE}/nope/{action}")).status == 404


async def test_restart(tmp_path: Path) -> None:
    """The failed task runs again, answered as it was saved; one in which nothing failed is refused."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/fails?wait=true")).json["id"]
        answer = await call("POST", f"{BASE}/{id_}/restart")
        assert (answer.status, answer.json["state"]["current"]) == (200, "RESTARTED")
        shown = await wait(call, id_)
        assert shown["state"]["current"] == "SUCCESS"
        assert shown["metadata"]["attemptNumber"] == 2
        assert (await call("POST", f"{BASE}/{id_}/restart")).status == 422


async def test_what_runs_is_not_restarted_replayed_from_a_task_or_changed(tmp_path: Path) -> None:
    """409 with its state, and nothing happens; from the start anything is replayed."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/sleep")).json["id"]
        run = (await call("GET", f"{BASE}/{id_}")).json["taskRunList"][0]["id"]
        for action, body in (
            ("restart", None),
            (f"replay?taskRunId={run}", None),
            ("state", {"taskRunId": run, "state": "SUCCESS"}),
            ("change-status?status=FAILED", None),
        ):
            answer = await call("POST", f"{BASE}/{id_}/{action}", body)
            assert (answer.status, "RUNNING" in answer.json["detail"]) == (409, True), action
        assert (await call("POST", f"{BASE}/{id_}/replay")).json["state"]["current"] == "CREATED"


async def test_a_replay_from_a_task_run_with_a_revision(tmp_path: Path) -> None:
    """Kestra's parameters; what is no revision is 400, one that is not there 404, a task run that is none of it 422."""
    async with api(tmp_path) as call:
        before = await ended(call)
        run = before["taskRunList"][0]["id"]
        answer = await call("POST", f"{BASE}/{before['id']}/replay?taskRunId={run}&revision=1")
        assert (answer.status, answer.json["state"]["current"], answer.json["parentId"]) == (200, "RESTARTED", before["id"])
        assert (await wait(call, answer.json["id"]))["state"]["current"] == "SUCCESS"
        for query, code in (("revision=x", 400), ("revision=9", 404), (f"taskRunId={answer.json['id']}-1", 422), ("taskRunId=x-1", 422)):
            assert (await call("POST", f"{BASE}/{before['id']}/replay?{query}")).status == code, query


async def test_the_state_of_a_task_run_is_set(tmp_path: Path) -> None:
    """Kestra's body; a wrong one is 400, a state that is none or no end 422."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/fails?wait=true")).json["id"]
        run = (await call("GET", f"{BASE}/{id_}")).json["taskRunList"][0]["id"]
        for body, code in (
            (b"{", 400),
            ([], 400),
            ({"state": "SUCCESS"}, 400),
            ({"taskRunId": run}, 422),
            ({"taskRunId": run, "state": "RUNNING"}, 422),
            ({"taskRunId": f"{id_}-9", "state": "SUCCESS"}, 422),
        ):
            assert (await call("POST", f"{BASE}/{id_}/state", body)).status == code, body
        answer = await call("POST", f"{BASE}/{id_}/state", {"taskRunId": run, "state": "SUCCESS"})
        assert (answer.status, answer.json["state"]["current"]) == (200, "RESTARTED")
        assert (await wait(call, id_))["state"]["current"] == "SUCCESS"


async def test_an_iteration_of_a_loop_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """409: it is a part of the execution around it."""
    async with api(tmp_path) as call:
        parent = (await call("POST", f"{BASE}/t/loops?wait=true")).json["id"]
        (iteration,) = await call.node.queries.executions(ExecutionFilter(parent=parent))
        for action in ("restart", "replay", "change-status?status=SUCCESS"):
            answer = await call("POST", f"{BASE}/{iteration.id}/{action}")
            assert (answer.status, f"restart or replay {parent}" in answer.json["detail"]) == (409, True), action


async def test_an_approval_is_decided(tmp_path: Path) -> None:
    """204; without a decision, or with one that there is not, it goes on waiting."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/asks")).json["id"]
        await settle()
        for body, code in ((None, 400), ({}, 400), ({"decision": "MAYBE"}, 400), ({"decision": "APPROVED", "comment": 5}, 400)):
            assert (await call("POST", f"{BASE}/{id_}/actions/review", body)).status == code, body
        assert (await call("GET", f"{BASE}/{id_}")).json["state"]["current"] == "PAUSED"
        answer = await call("POST", f"{BASE}/{id_}/actions/review", {"decision": "DENIED", "comment": "not now"})
        assert answer.status == 204
        shown = await wait(call, id_)
        outputs = shown["taskRunList"][0]["outputs"]
        assert (outputs["decision"], outputs["comment"], outputs["auto"]) == ("DENIED", "not now", False)
        assert (await call("POST", f"{BASE}/{id_}/actions/review", {"decision": "DENIED"})).status == 409
        assert (await call("POST", f"{BASE}/nope/actions/review", {"decision": "DENIED"})).status == 404


async def test_replay_with_other_inputs(tmp_path: Path) -> None:
    """A new execution with those; wrong ones begin nothing. Kestra 2.0's paths are the same."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/hello?wait=true", {"name": "Ada"})).json["id"]
        again = (await ask(call, "POST", f"{BASE}/{id_}/replay-with-inputs", {"name": "Bob"})).json
        assert (again["inputs"], again["originalId"]) == ({"name": "Bob"}, id_)
        ended = await call.node.engine.ended(again["id"])
        assert ended.outputs == {"text": "Hello Bob"}
        same = (await ask(call, "POST", f"{BASE}/{id_}/actions/replay-with-inputs")).json
        assert same["inputs"] == {"name": "Ada"}
        assert (await ask(call, "POST", f"{BASE}/{id_}/actions/replay")).status == 200
        assert (await call("POST", f"{BASE}/{id_}/replay?breakpoints=say")).status == 422
        refused = await call("POST", f"{BASE}/{id_}/replay-with-inputs", {"nam": "Bob"})
        assert refused.status == 422
        assert "name" in refused.json["detail"]
