"""An expression is tried on an execution by who may, and nothing comes of it but its value."""

from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from tests.api.client import Client, api
from tests.api.shapes import ask
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/executions"


async def evaluated(call: Client, path: str, text: str) -> tuple[str | None, str | None]:
    """What it gives, and what is wrong with it."""
    answer = await ask(call, "POST", f"{BASE}/{path}", text.encode(), content_type="text/plain")
    assert answer.status == 200, answer.body
    return answer.json["result"], answer.json["error"]


async def test_by_all_its_paths(tmp_path: Path) -> None:
    """On the execution and on a task run, by Kestra's paths of before and after 2.0."""
    async with api(tmp_path) as call:
        shown = (await call("POST", f"{BASE}/t/hello?wait=true", {"name": "Ada"})).json
        id_, run = shown["id"], shown["taskRunList"][0]["id"]
        assert await evaluated(call, f"{id_}/eval", "{{ execution.id }}") == (id_, None)
        assert await evaluated(call, f"{id_}/actions/eval", "Hi {{ inputs.name }}") == ("Hi Ada", None)
        assert await evaluated(call, f"{id_}/eval/{run}", "{{ taskrun.id }}") == (run, None)
        assert await evaluated(call, f"{id_}/actions/eval/{run}", "{{ task.id }}") == ("say", None)
        _, wrong = await evaluated(call, f"{id_}/eval", "{{ inputs.nam }}")
        assert "inputs.nam" in str(wrong)
        assert (await call("POST", f"{BASE}/{id_}/eval/x-1", b"x")).status == 422
        assert (await call("POST", f"{BASE}/{id_}/eval", b"\xff")).status == 400
        assert (await call("POST", f"{BASE}/{id_}/eval", b"x" * 20_001)).status == 400


async def test_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor; for others it is forbidden, or not there."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/t/hello?wait=true")).json["id"]
        for grant, status in (
            (Grant(Role.EDITOR, "t"), 200),
            (Grant(Role.OPERATOR, "t"), 403),
            (Grant(Role.VIEWER), 403),
            (Grant(Role.EDITOR, "o"), 404),
        ):
            await as_caller(call, monkeypatch, grant)
            assert (await call("POST", f"{BASE}/{id_}/eval", b"{{ 1 }}")).status == status
