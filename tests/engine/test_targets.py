"""The flow that a task starts is found, and what it is given checked."""

from pathlib import Path

import msgspec
import pytest

from onbeat.core.execution import Execution
from onbeat.engine.node import Node
from onbeat.engine.targets import MOST_DEEP, Targets
from onbeat.errors import UserError
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

PARENT = "id: parent\nnamespace: t\nlabels: {mine: a}\ntasks: [{id: hold, type: core.flow.Pause}]\n"
CHILD = """
id: child
namespace: t
labels: {own: b}
variables: {v: 1}
inputs: [{id: n, type: INT, max: 9}]
tasks: [{id: t, type: core.log.Log, message: hi}]
"""
FLOWS = {"parent.yaml": PARENT, "child.yaml": CHILD, "off.yaml": CHILD.replace("child", "off", 1) + "disabled: true\n"}


async def asking(node: Node) -> tuple[Targets, Execution]:
    """Who finds targets, and an execution that wants one."""
    execution = await node.start("t", "parent")
    return Targets(node.catalog, node.payloads, node.evaluator), await node.engine.load(execution.id)


async def test_inputs_are_typed_and_labels_laid_over_each_other(tmp_path: Path) -> None:
    """The flow's own, those inherited where that is asked, the task's last."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        targets, execution = await asking(node)
        alone = await targets.choose(execution, "t", "child", None, {"n": "7"}, {"task": "c"}, False)
        inheriting = await targets.choose(execution, "t", "child", None, {"n": 7}, {"own": "other"}, True)
    assert (alone.inputs, alone.labels, alone.variables, alone.revision) == ({"n": 7}, {"own": "b", "task": "c"}, {"v": 1}, 1)
    assert inheriting.labels == {"mine": "a", "own": "other"}


@pytest.mark.parametrize(
    ("flow", "inputs", "said"),
    [
        ("nowhere", {}, "there is no flow t.nowhere"),
        ("off", {"n": 1}, "t.off is disabled"),
        ("child", {"n": 10}, "`n`"),
        ("child", {}, "`n`"),
    ],
)
async def test_what_cannot_be_started_says_why(tmp_path: Path, flow: str, inputs: dict[str, int], said: str) -> None:
    """Nothing is created."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        targets, execution = await asking(node)
        with pytest.raises(UserError, match=said):
            await targets.choose(execution, "t", flow, None, inputs, {}, False)


async def test_a_revision_may_be_named(tmp_path: Path) -> None:
    """One that there never was is an error."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        targets, execution = await asking(node)
        assert (await targets.choose(execution, "t", "child", 1, {"n": 1}, {}, False)).revision == 1
        with pytest.raises(UserError):
            await targets.choose(execution, "t", "child", 9, {"n": 1}, {}, False)


async def test_subflows_do_not_start_each_other_without_end(tmp_path: Path) -> None:
    """So many deep is the end."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        targets, execution = await asking(node)
        deep = msgspec.structs.replace(execution, head=msgspec.structs.replace(execution.head, depth=MOST_DEEP))
        with pytest.raises(UserError, match="without end"):
            await targets.choose(deep, "t", "child", None, {"n": 1}, {}, False)
