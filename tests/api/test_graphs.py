"""Graphs over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from tests.api.client import Client, api
from tests.api.shapes import Shaped
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main"
CALLS = "{id: calls, namespace: u, tasks: [{id: c, type: core.flow.Subflow, namespace: t, flowId: hello}]}"
HEARS = """
id: hears
namespace: t
tasks: [{id: a, type: core.debug.Return}]
triggers: [{id: on, type: core.trigger.Flow, preconditions: {id: p, flows: [{namespace: u, flowId: calls}]}}]
"""


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of flows that start each other, whose answers are held to their shapes."""
    async with api(tmp_path) as made:
        (tmp_path / "flows" / "calls.yaml").write_text(CALLS)
        (tmp_path / "flows" / "hears.yaml").write_text(HEARS)
        await made.node.loader.load_all()
        yield Shaped(made.node)


async def test_a_flow_is_drawn(call: Client) -> None:
    """A revision that is served or was; a text that is not saved."""
    found = (await call("GET", f"{BASE}/flows/t/loops/graph")).json
    assert [node["uid"] for node in found["nodes"] if node.get("task")] == ["root.each", "root.each.bad"]
    assert (found["flowables"], len(found["clusters"])) == (["each"], 1)
    assert (await call("GET", f"{BASE}/flows/t/loops/graph?revision=1&subflows=x")).json == found
    assert (await call("GET", f"{BASE}/flows/t/loops/graph?revision=2")).status == 404
    assert (await call("GET", f"{BASE}/flows/t/none/graph")).status == 404
    drawn = await call("POST", f"{BASE}/flows/graph", CALLS.encode(), content_type="application/x-yaml")
    assert [node["task"]["flowId"] for node in drawn.json["nodes"] if node.get("task")] == ["hello"]
    for wrong in (b"id: x", b"", b"id: [", CALLS.encode() + b"\n---\n" + CALLS.encode()):
        assert (await call("POST", f"{BASE}/flows/graph", wrong, content_type="application/x-yaml")).status == 422


async def test_which_flows_start_which(call: Client) -> None:
    """Of a flow, and of a namespace."""

    async def edges(path: str) -> list[tuple[str, str, str]]:
        found = (await call("GET", f"{BASE}/{path}")).json
        nodes = {node["uid"]: node["id"] for node in found["nodes"]}
        return [(nodes[each["source"]], nodes[each["target"]], each["relation"]) for each in found["edges"]]

    both = [("calls", "hears", "FLOW_TRIGGER"), ("calls", "hello", "FLOW_TASK")]
    assert await edges("flows/u/calls/dependencies") == both
    assert await edges("flows/t/hello/dependencies") == both[1:]
    assert await edges("flows/t/hello/dependencies?expandAll=true") == both
    assert await edges("flows/t/hello/dependencies?destinationOnly=true") == []
    assert await edges("flows/t/hook/dependencies") == []
    assert await edges("namespaces/u/dependencies") == both
    assert await edges("namespaces/t/dependencies?destinationOnly=true") == []
    assert (await call("GET", f"{BASE}/flows/t/none/dependencies")).status == 404


async def test_others_flows_are_not_drawn(call: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as what is started nor as what starts."""
    await as_caller(call, monkeypatch, Grant(Role.VIEWER, "u"))
    found = (await call("GET", f"{BASE}/flows/u/calls/dependencies?expandAll=true")).json
    assert ([node["id"] for node in found["nodes"]], found["edges"]) == (["calls"], [])
    for path in ("flows/t/hello/graph", "flows/t/hello/dependencies", "namespaces/t/dependencies"):
        assert (await call("GET", f"{BASE}/{path}")).status == 404
