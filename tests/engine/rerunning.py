"""Flows whose tasks note that they ran, for tests of what runs again; serves tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.ports import Outcome, TaskContext
from onbeat.stores.memory import MemoryStore
from tests.engine.families import ended
from tests.engine.harness import node_with, write_flows

Deeds = dict[str, Callable[[Any], Any]]
BODIES = {
    "line": """
  - {id: a, type: test.Told, what: a}
  - {id: b, type: test.Told, what: b}
  - {id: c, type: test.Told, what: c}
""",
    "lanes": """
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: seq, type: core.flow.Sequential, tasks: [{id: a, type: test.Told, what: a}, {id: b, type: test.Told, what: b}]}
      - {id: c, type: test.Told, what: c}
""",
    "dag": """
  - id: graph
    type: core.flow.Dag
    tasks:
      - {task: {id: a, type: test.Told, what: a}}
      - {task: {id: b, type: test.Told, what: b}, dependsOn: [a]}
      - {task: {id: c, type: test.Told, what: c}, dependsOn: [b]}
""",
    "loop": """
  - {id: a, type: test.Told, what: a}
  - id: each
    type: core.flow.Loop
    values: [x]
    tasks: [{id: b, type: test.Told, what: b}]
  - {id: c, type: test.Told, what: c}
""",
    "for_each": """
  - {id: a, type: test.Told, what: a}
  - {id: each, type: core.flow.ForEach, values: [x, y], tasks: [{id: b, type: test.Told, what: b}]}
  - {id: c, type: test.Told, what: c}
""",
    "until": """
  - {id: a, type: test.Told, what: a}
  - {id: rounds, type: core.flow.LoopUntil, condition: "{{ outputs.rounds.iterationCount == 2 }}",
     checkFrequency: {interval: PT0S}, tasks: [{id: b, type: test.Told, what: b}]}
  - {id: c, type: test.Told, what: c}
""",
    "limited": """
  - {id: a, type: test.Told, what: a}
  - {id: b, type: test.Told, what: b}
  - {id: c, type: test.Told, what: c}
concurrency: {limit: 1}
""",
    "calls": """
  - {id: call, type: core.flow.Subflow, namespace: t, flowId: line}
""",
}
FLOWS = {f"{name}.yaml": f"id: {name}\nnamespace: t\nlabels: {{of: flow}}\ntasks:{body}" for name, body in BODIES.items()}


class Work:
    """Tasks a, b and c note that they ran; those in `fails` fail, those in `waits` wait for the gate."""

    def __init__(self, deeds: Deeds) -> None:
        self.done: list[str] = []
        self.fails: set[str] = set()
        self.waits: set[str] = set()
        self.gate = asyncio.Event()
        for name in "abc":
            deeds[name] = self._deed(name)

    def _deed(self, name: str) -> Callable[[TaskContext], Any]:
        async def run(context: TaskContext) -> Outcome:
            self.done.append(name)
            if name in self.waits:
                await self.gate.wait()
            return Outcome(state=State.FAILED, error=f"{name} fails") if name in self.fails else Outcome(outputs={"by": name})

        return run

    def take(self) -> str:
        """What ran since this was asked last."""
        done, self.done = "".join(self.done), []
        return done


@asynccontextmanager
async def node_of(directory: Path, store: Any = None, **more: Any) -> AsyncIterator[Node]:
    """A node with FLOWS."""
    async with node_with(store or MemoryStore(), FLOWS, directory, sources=False, **more) as node:
        yield node


async def run(node: Node, flow: str, labels: dict[str, str] | None = None) -> Execution:
    """A flow to its end."""
    return await ended(node, (await node.start("t", flow, labels=labels)).id)


def number(execution: Execution, task: str) -> int:
    """The first task run of that task."""
    return min(run.n for run in execution.runs.values() if run.task == task)


async def revise(node: Node, directory: Path, name: str, text: str) -> int:
    """Serve another revision of a flow; its number."""
    write_flows(directory, {f"{name}.yaml": text})
    await node.loader.load_all()
    loaded = node.catalog.find("t", name)
    assert loaded is not None
    return loaded.flow.revision
