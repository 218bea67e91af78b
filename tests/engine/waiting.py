"""Triggers that wait for several events, on a whole node: what the tests of them share."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from onbeat.core.execution import Execution
from onbeat.engine.node import Node
from onbeat.ports import ExecutionFilter
from onbeat.testing import ManualClock
from tests.engine.harness import node_with

FLOW = """
id: {id}
namespace: t
tasks: [{{id: r, type: core.debug.Return, format: "{{{{ trigger }}}}"}}]
triggers:
  - id: on
    type: core.trigger.Event
{trigger}
"""


def flow(id_: str, trigger: str) -> str:
    """A flow with a trigger that says this."""
    return FLOW.format(id=id_, trigger="\n".join(f"    {line}" for line in trigger.strip("\n").splitlines()))


@asynccontextmanager
async def node_at(clock: ManualClock, store: Any, flows: Mapping[str, str], directory: Path, **more: Any) -> AsyncIterator[Node]:
    """A node whose sources listen and whose correlations are awake."""
    async with node_with(store, {f"{name}.yaml": text for name, text in flows.items()}, directory, clock=clock, **more) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        await clock.advance(0)
        yield node


async def until_started(node: Node, count: int = 1, flow: str = "f") -> list[Execution]:
    """Wait until a flow has so many executions; for what works in threads, which no clock can wait for."""
    at = 0
    while await node.queries.count(ExecutionFilter(namespace="t", flow=flow)) < count:
        await node.store.wait_journal(at)
        at = await node.store.journal_end()
    return await started(node, flow)


async def started(node: Node, flow: str = "f") -> list[Execution]:
    """The executions of a flow that ended, oldest first."""
    found = await node.queries.executions(ExecutionFilter(namespace="t", flow=flow), limit=1000)
    return [await node.engine.ended(each.id) for each in reversed(found)]


async def variables(node: Node, flow: str = "f") -> list[dict[str, Any]]:
    """What `trigger.*` showed to each of them."""
    return [dict(each.head.trigger.variables) for each in await started(node, flow) if each.head.trigger is not None]
