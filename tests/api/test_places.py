"""Unqueue and force-run over HTTP."""

from pathlib import Path

from onbeat.core.states import State
from onbeat.testing import settle
from tests.api.client import Client, api

ONE = "{id: one, namespace: t, concurrency: {limit: 1}, tasks: [{id: nap, type: core.flow.Sleep, duration: PT1H}]}"


async def two(call: Client, directory: Path) -> tuple[str, str]:
    """One that runs, and one that waits for it."""
    (directory / "flows" / "one.yaml").write_text(ONE)
    await call.node.loader.load_all()
    first, second = [(await call("POST", "/api/v1/main/executions/t/one")).json["id"] for _ in range(2)]
    await settle()
    assert (await call.node.engine.load(second)).state is State.QUEUED
    return first, second


async def test_one_that_is_queued_is_run_before_its_turn(tmp_path: Path) -> None:
    """By either name; what is not queued cannot be unqueued."""
    async with api(tmp_path) as call:
        first, second = await two(call, tmp_path)
        answer = await call("POST", f"/api/v1/main/executions/{second}/unqueue")
        assert (answer.status, answer.json["state"]["current"]) == (200, "RUNNING")
        assert (await call("POST", f"/api/v1/main/executions/{first}/unqueue")).status == 422
        third = (await call("POST", "/api/v1/main/executions/t/one")).json["id"]
        await settle()
        assert (await call("POST", f"/api/v1/main/executions/{third}/force-run")).json["state"]["current"] == "RUNNING"
        assert (await call("POST", "/api/v1/main/executions/nope/unqueue")).status == 404


async def test_force_run_goes_on_from_a_pause_and_refuses_what_has_ended(tmp_path: Path) -> None:
    """One that runs is left as it is."""
    async with api(tmp_path) as call:
        first, _ = await two(call, tmp_path)
        assert (await call("POST", f"/api/v1/main/executions/{first}/force-run")).json["state"]["current"] == "RUNNING"
        await call("POST", f"/api/v1/main/executions/{first}/pause")
        await settle()
        assert (await call("POST", f"/api/v1/main/executions/{first}/force-run")).json["state"]["current"] == "RUNNING"
        await call.node.kill(first)
        await settle()
        assert (await call("POST", f"/api/v1/main/executions/{first}/force-run")).status == 422
