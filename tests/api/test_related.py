"""The executions that belong together are followed together."""

from pathlib import Path

from onbeat.stores.memory import MemoryStore
from tests.api.client import FLOWS, Client
from tests.engine.harness import node_with

BASE = "/api/v1/main/executions"
PARENT = "{id: parent, namespace: t, tasks: [{id: sub, type: core.flow.Subflow, namespace: t, flowId: hello}]}"


async def test_until_none_runs(tmp_path: Path) -> None:
    """The one and those that it started, each with its state; then the end of all."""
    async with node_with(MemoryStore(), {**FLOWS, "parent.yaml": PARENT}, tmp_path) as node:
        call = Client(node)
        id_ = (await call("POST", f"{BASE}/t/parent?wait=true")).json["id"]
        async with call.stream(f"{BASE}/{id_}/follow-dependencies") as frames:
            told = [(name, each) async for name, _, each in frames]
        assert [name for name, _ in told] == ["progress", "progress", "end-all"]
        assert [each["flowId"] for _, each in told[:2]] == ["parent", "hello"]
        assert told[0][1]["state"]["current"] == "SUCCESS"
        child = told[1][1]["executionId"]
        async with call.stream(f"{BASE}/{child}/follow-dependencies?destinationOnly=true") as frames:
            assert [each["flowId"] async for _, _, each in frames] == ["hello", "hello"]
        assert (await call("GET", f"{BASE}/{'0' * 22}/follow-dependencies")).status == 404


async def test_what_changes_is_told(tmp_path: Path) -> None:
    """One that runs is told again when it ends."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        call = Client(node)
        id_ = (await call("POST", f"{BASE}/t/sleep")).json["id"]
        async with call.stream(f"{BASE}/{id_}/follow-dependencies") as frames:
            assert (await anext(frames))[0] == "progress"
            await call("DELETE", f"{BASE}/{id_}/kill")
            told = [(name, each["state"]["current"]) async for name, _, each in frames]
        assert told[-1] == ("end-all", "KILLED")
