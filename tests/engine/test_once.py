"""A start that is sent again is the start that it was."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.engine.once import LONGEST, AnotherRequest, Once
from onbeat.errors import UserError
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from tests.engine.harness import node_with

FLOWS = {
    "f.yaml": """
id: f
namespace: t
inputs: [{id: n, type: INT}]
tasks: [{id: say, type: core.debug.Return, format: "{{ inputs.n }}"}]
""",
    "g.yaml": "id: g\nnamespace: t\ntasks: [{id: say, type: core.log.Log, message: x}]\n",
}


async def start(node: Node, id_: str, n: int = 1, flow: str = "f") -> str:
    """A start with this id; the execution's."""
    inputs: dict[str, Any] = {"n": n} if flow == "f" else {}
    return (await node.start("t", flow, inputs, once=Once.of(f"t.{flow}", id_, inputs))).id


async def test_the_same_id_is_the_same_execution(tmp_path: Path) -> None:
    """Another one, and the same one of another flow, are others."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        first = await start(node, "a")
        assert await start(node, "a") == first
        await node.engine.ended(first)
        assert await start(node, "a") == first
        assert len({first, await start(node, "b"), await start(node, "a", flow="g")}) == 3
        assert await node.queries.count() == 3
        assert (await node.start("t", "f", {"n": 1})).id != first


async def test_both_at_once_are_one(tmp_path: Path) -> None:
    """Whichever is written first."""
    async with node_with(SqliteStore(tmp_path / "data"), FLOWS, tmp_path) as node:
        ids = await asyncio.gather(*(start(node, "a") for _ in range(20)))
        assert (len(set(ids)), await node.queries.count()) == (1, 1)
        assert (await node.engine.ended(ids[0])).state is State.SUCCESS
        assert len(node.runner) == 0


async def test_another_request_is_refused(tmp_path: Path) -> None:
    """With nothing created."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await start(node, "a", 1)
        with pytest.raises(AnotherRequest, match="another start"):
            await start(node, "a", 2)
        assert await node.queries.count() == 1


async def test_it_is_known_after_a_restart(tmp_path: Path) -> None:
    """And after the flow has been taken out of service for the time being."""
    data = tmp_path / "data"
    async with node_with(SqliteStore(data), FLOWS, tmp_path) as node:
        first = await start(node, "a")
        await node.engine.ended(first)
    async with node_with(SqliteStore(data), {"f.yaml": FLOWS["f.yaml"] + "disabled: true\n"}, tmp_path) as node:
        assert await start(node, "a") == first


@pytest.mark.parametrize("id_", ["", "x" * (LONGEST + 1), "a\nb", "\0"])
def test_an_id_is_a_line(id_: str) -> None:
    """And not too long."""
    with pytest.raises(UserError, match="Idempotency-Key"):
        Once.of("t.f", id_, {})
