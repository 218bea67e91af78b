"""The flows that tasks start: found, checked, and given what is too large for a row as an address."""

from pathlib import Path

import pytest

from onbeat.core.execution import Execution
from onbeat.core.refs import INLINE_LIMIT, is_mark
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.engine.targets import MOST_DEEP
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.families import children, ended
from tests.engine.harness import node_with

FLOWS = {
    "child.yaml": """
id: child
namespace: t
labels: {of: child, both: child}
inputs: [{id: n, type: INT}, {id: text, type: STRING, defaults: none}]
tasks: [{id: say, type: core.debug.Return, format: "{{ inputs.text | length }} {{ labels }}"}]
outputs: [{id: said, type: STRING, value: "{{ outputs.say.value }}"}]
""",
    "off.yaml": "id: off\nnamespace: t\ndisabled: true\ntasks: [{id: say, type: core.debug.Return, format: '1'}]",
    "calls.yaml": """
id: calls
namespace: t
labels: {team: blue}
inputs: [{id: flow, type: STRING}, {id: n, type: STRING, defaults: "1"}, {id: size, type: INT, defaults: 0}]
tasks:
  - {id: large, type: core.debug.Return, format: "{{ range(0, inputs.size) | join('') }}"}
  - id: call
    type: core.flow.Subflow
    namespace: t
    flowId: "{{ inputs.flow }}"
    inputs: {n: "{{ inputs.n }}", text: "{{ outputs.large.value }}"}
    labels: {both: task}
    inheritLabels: true
outputs: [{id: said, type: STRING, value: "{{ outputs.call.outputs.said }}"}]
""",
    "revised.yaml": """
id: revised
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: child, revision: 7, inputs: {n: 1}}]
""",
    "itself.yaml": """
id: itself
namespace: t
variables: {name: itself}
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: "{{ vars.name }}"}]
""",
    "loops.yaml": """
id: loops
namespace: t
variables: {name: loops}
tasks:
  - id: each
    type: core.flow.Loop
    values: [1]
    tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: "{{ vars.name }}", wait: false}]
""",
    "later.yaml": """
id: later
namespace: t
tasks:
  - {id: call, type: core.flow.Subflow, namespace: t, flowId: child, inputs: {n: 1}, scheduleDate: "2026-01-01T00:01:00Z"}
""",
}


async def run(node: Node, name: str, **inputs: object) -> Execution:
    """A flow to its end."""
    return await ended(node, (await node.start("t", name, inputs)).id)  # type: ignore[arg-type]  # plain JSON


async def test_labels_of_the_flow_of_the_execution_and_of_the_task(tmp_path: Path) -> None:
    """The task's own go before inherited ones, these before the flow's."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        execution = await run(node, "calls", flow="child")
        (child,) = await children(node, execution.id)
        assert child.labels == {"of": "child", "both": "task", "team": "blue"}
        assert (child.head.depth, child.head.parent) == (1, execution.id)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"flow": "nobody"}, "there is no flow t.nobody"),
        ({"flow": "off"}, "flow t.off is disabled"),
        ({"flow": "child", "n": "x"}, "n"),
    ],
)
async def test_what_cannot_start_fails_the_task(tmp_path: Path, inputs: dict[str, object], said: str) -> None:
    """With the reason; nothing is created."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        execution = await run(node, "calls", **inputs)
        assert execution.state is State.FAILED
        assert said in str(execution.error)
        assert await children(node, execution.id) == []


async def test_a_revision_that_is_not_there(tmp_path: Path) -> None:
    """The task fails and says which."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        execution = await run(node, "revised")
        assert execution.state is State.FAILED
        assert "revision 7" in str(execution.error)


async def test_large_inputs_are_kept_once(tmp_path: Path) -> None:
    """What is over the limit is in storage and not in the child's first row; the child reads it as any value."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        execution = await run(node, "calls", flow="child", size=20_000)
        (child,) = await children(node, execution.id)
        assert is_mark(child.head.inputs["text"])
        size = len("".join(str(n) for n in range(20_001)))
        assert size > INLINE_LIMIT
        assert str(execution.outputs["said"]).startswith(f"{size} ")  # type: ignore[index]


@pytest.mark.parametrize("flow", ["itself", "loops"])
async def test_flows_that_start_each_other_without_end_are_stopped(tmp_path: Path, flow: str) -> None:
    """By names that are known only when they run, also out of a loop, also when nobody waits: at a hundred levels, with the reason."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        await run(node, flow)
        at = 0
        while await node.queries.count(ExecutionFilter(states=(State.CREATED, State.RUNNING))):
            await node.store.wait_journal(at)
            at = await node.store.journal_end()
        found = [await node.engine.load(each.id) for each in await node.queries.executions(ExecutionFilter(flow=flow), limit=1_000)]
        assert max(each.head.depth for each in found) == MOST_DEEP
        deepest = [each for each in found if each.head.depth == MOST_DEEP and each.error is not None]
        assert f"flow t.{flow} would be subflow {MOST_DEEP + 1} within subflows" in str(deepest[0].error)


async def test_a_subflow_may_begin_later(tmp_path: Path, clock: ManualClock) -> None:
    """At `scheduleDate`; until then the task waits with it."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, sources=False) as node:
        execution = await node.start("t", "later")
        await clock.advance(59)
        (child,) = await children(node, execution.id)
        assert (child.state, child.head.scheduled) == (State.CREATED, child.head.created + 60_000_000)
        await clock.advance(2)
        assert (await ended(node, execution.id)).state is State.SUCCESS
