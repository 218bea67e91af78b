"""The node: what people ask of a running onbeat."""

from pathlib import Path

import pytest

from onbeat.core.inputs import InputError
from onbeat.core.states import State
from onbeat.errors import NotFound, Overloaded, Refused
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOWS = {
    "f.yaml": """
id: f
namespace: t
labels: {team: blue}
inputs: [{id: n, type: INT}]
tasks: [{id: a, type: core.debug.Return, format: x}]
""",
    "off.yaml": "{id: off, namespace: t, disabled: true, tasks: [{id: a, type: core.debug.Return, format: x}]}",
}


async def test_start_by_hand(tmp_path: Path) -> None:
    """With typed inputs, the flow's labels and one's own."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        execution = await node.start("t", "f", {"n": "5"}, labels={"by": "hand"})
        assert execution.head.inputs == {"n": 5}
        assert execution.labels == {"team": "blue", "by": "hand"}
        assert execution.head.correlation_id == execution.id
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS


async def test_what_is_refused_creates_nothing(tmp_path: Path) -> None:
    """Unknown flow, disabled flow, wrong input, not ready."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        with pytest.raises(NotFound, match="did you mean"):
            await node.start("t", "ff")
        with pytest.raises(Refused, match="disabled"):
            await node.start("t", "off")
        with pytest.raises(InputError, match="`n`"):
            await node.start("t", "f", {})
        with pytest.raises(NotFound, match="revision 7"):
            await node.start("t", "f", {"n": 1}, revision=7)
        node.ready = False
        with pytest.raises(Overloaded):
            await node.start("t", "f", {"n": 1})
        assert await node.queries.count() == 0


async def test_figures_and_topics(tmp_path: Path) -> None:
    """How much is at work, and which topics there are."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        assert node.figures() == {"executions": 0, "tasks": 0, "waiting": 0, "timers": 0}
        await node.publish("things", {"a": 1})
        assert await node.topic_names() == ["onbeat.executions", "things"]
