"""Flows drawn within those that start them."""

from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from tests.api.client import Client
from tests.api.test_graphs import BASE, call
from tests.api.test_lookup import as_caller

__all__ = ["call"]


async def test_a_subflow_is_drawn_within(call: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its node; names of none are passed over; what the caller may not read stays one node."""
    path = f"{BASE}/flows/u/calls/graph?subflows=root.c&subflows=x"
    found = (await call("GET", path)).json
    assert [node["uid"] for node in found["nodes"] if node.get("task")] == ["root.c", "root.c.say"]
    assert (await call("GET", f"{BASE}/flows/u/calls/graph?" + "&".join(f"subflows=n{n}" for n in range(51)))).status == 400
    await as_caller(call, monkeypatch, Grant(Role.VIEWER, "u"))
    found = (await call("GET", path)).json
    assert [node["uid"] for node in found["nodes"] if node.get("task")] == ["root.c"]


@pytest.mark.parametrize(
    "settings", ["flowId: none", "flowId: '{{ inputs.x }}'", "flowId: hello, revision: 99", "flowId: hello, revision: 1"]
)
async def test_a_flow_that_is_not_there_stays_one_node(call: Client, tmp_path: Path, settings: str) -> None:
    """So does one whose name nobody knows before it runs; a revision that was is drawn."""
    text = f"{{id: later, namespace: u, tasks: [{{id: c, type: core.flow.Subflow, namespace: t, {settings}}}]}}"
    (tmp_path / "flows" / "later.yaml").write_text(text)
    await call.node.loader.load_all()
    found = (await call("GET", f"{BASE}/flows/u/later/graph?subflows=root.c")).json
    assert len([node for node in found["nodes"] if node.get("task")]) == (2 if settings.endswith(": 1") else 1)
