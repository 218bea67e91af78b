"""Flows that start other executions, and what tests ask of a whole family of executions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOWS = {
    "sleepers": """
id: sleepers
namespace: t
tasks:
  - id: each
    type: core.flow.Loop
    values: "{{ range(0, 29) }}"
    concurrencyLimit: 0
    tasks: [{id: nap, type: core.flow.Sleep, duration: PT1H}]
""",
    "asks": """
id: asks
namespace: t
tasks:
  - id: each
    type: core.flow.Loop
    values: [a, b]
    concurrencyLimit: 2
    tasks: [{id: wait, type: core.flow.Pause}]
""",
    "grandparent": """
id: grandparent
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: parent}]
""",
    "parent": """
id: parent
namespace: t
tasks:
  - id: each
    type: core.flow.Loop
    values: [a, b, c]
    concurrencyLimit: 3
    tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: works, inputs: {name: "{{ item.value }}"}}]
""",
    "works": """
id: works
namespace: t
inputs: [{id: name, type: STRING}]
tasks: [{id: work, type: test.Told, what: "{{ inputs.name }}"}]
outputs: [{id: name, type: STRING, value: "{{ inputs.name }}"}]
""",
    "calls": """
id: calls
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: works, inputs: {name: a}}]
""",
    "anew": """
id: anew
namespace: t
retry: {type: constant, interval: PT10S, maxAttempts: 3, behavior: CREATE_NEW_EXECUTION}
tasks: [{id: work, type: test.Told, what: a}]
outputs: [{id: tries, type: STRING, value: done}]
""",
    "calls_anew": """
id: calls_anew
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: anew}]
""",
    "slow_anew": """
id: slow_anew
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: anew, timeout: PT5S}]
""",
    "limited": """
id: limited
namespace: t
concurrency: {limit: 1}
tasks: [{id: work, type: test.Told, what: a}]
""",
    "calls_limited": """
id: calls_limited
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: limited}]
""",
}


@asynccontextmanager
async def family(tmp_path: Path, store: Any = None, **more: Any) -> AsyncIterator[Node]:
    """A node with FLOWS and no sources."""
    flows = {f"{name}.yaml": text for name, text in FLOWS.items()}
    async with node_with(store or MemoryStore(), flows, tmp_path, sources=False, **more) as node:
        yield node


async def children(node: Node, execution: str) -> list[Execution]:
    """The executions that one started, in order."""
    found = await node.queries.executions(ExecutionFilter(parent=execution), limit=2_000)
    return [await node.engine.load(each.id) for each in reversed(found)]


async def ended(node: Node, execution: str) -> Execution:
    """It at its end."""
    async with asyncio.timeout(20):
        return await node.engine.ended(execution)


async def until(node: Node, execution: str, state: State) -> Execution:
    """It once it is in that state: waits for changes of anything, looks at what is stored."""
    async with asyncio.timeout(20):
        while True:
            at = await node.store.journal_end()
            found = await node.store.load(execution)
            if found is not None and found.state is state:
                return await node.engine.ended(execution) if found.ended else found
            await node.store.wait_journal(at)
