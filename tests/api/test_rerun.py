"""Restart, replay, change of state and labels over HTTP: the codes and answers that Kestra gives."""

from pathlib import Path

import pytest

from tests.api.client import Client, api

BASE = "/api/v1/main/executions"


async def ended(call: Client) -> dict[str, object]:
    """An execution that has succeeded."""
    shown: dict[str, object] = (await call("POST", f"{BASE}/t/hello?wait=true", {"name": "Ada"})).json
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
        assert (await call("POST", f"{BASE}/nope/{action}")).status == (422 if "HAPPY" in action else 404)
