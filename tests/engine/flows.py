"""A node with flows of every kind on a store that fails on demand, and what a test asks of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from onbeat.core.execution import Execution
from onbeat.engine.node import Node
from onbeat.errors import Refused
from onbeat.testing import ManualClock
from tests.engine.faulty import FaultyStore
from tests.engine.harness import node_with

FLOWS = {
    "two.yaml": """
id: two
namespace: t
tasks:
  - {id: a, type: core.debug.Return, format: "1"}
  - {id: b, type: core.debug.Return, format: "2"}
""",
    "sleep.yaml": """
id: sleep
namespace: t
tasks:
  - {id: nap, type: core.flow.Sleep, duration: PT1H}
  - {id: after, type: core.log.Log, message: after}
""",
    "parent.yaml": """
id: parent
namespace: t
tasks:
  - {id: call, type: core.flow.Subflow, namespace: t, flowId: sleep}
""",
    "skips.yaml": """
id: skips
namespace: t
tasks:
  - {id: never, type: core.log.Log, message: never, runIf: "{{ false }}"}
""",
    "calls.yaml": """
id: calls
namespace: t
tasks:
  - {id: call, type: core.flow.Subflow, namespace: t, flowId: skips}
  - {id: after, type: core.debug.Return, format: "{{ outputs.call.state }}"}
""",
    "does.yaml": """
id: does
namespace: t
inputs: [{id: what, type: STRING}]
tasks:
  - {id: a, type: test.Told, what: "{{ inputs.what }}"}
""",
    "late.yaml": """
id: late
namespace: t
inputs: [{id: what, type: STRING}]
tasks:
  - {id: a, type: test.Told, what: "{{ inputs.what }}", timeout: PT5S, retry: {type: constant, interval: PT0S, maxAttempts: 2}}
""",
    "asks.yaml": """
id: asks
namespace: t
tasks:
  - {id: a, type: core.flow.If, condition: "{{ envs.x == 'y' }}", then: [{id: yes, type: core.log.Log, message: yes}], allowFailure: true}
""",
    "pause.yaml": "id: pause\nnamespace: t\ntasks: [{id: wait, type: core.flow.Pause, pauseDuration: PT1H}]\n",
}


@asynccontextmanager
async def running(tmp_path: Path, store: FaultyStore | None = None, clock: ManualClock | None = None, **more: Any) -> AsyncIterator[Node]:
    """A node with FLOWS and no sources."""
    async with node_with(store or FaultyStore(), FLOWS, tmp_path, clock=clock, sources=False, **more) as node:
        yield node


def leftovers(node: Node) -> dict[str, int]:
    """What the engine still keeps."""
    engine = node.engine
    found = {
        "boxes": len(engine._memory._working),
        "idle": len(engine._memory._idle),
        "asleep": len(engine._memory._asleep),
        "waiters": len(engine._waiters),
        "held": engine.places.held(),
        "waiting": engine.places.waiting(),
        "timers": len(engine.timers),
        "running": len(node.runner),
    }
    return {name: count for name, count in found.items() if count}


async def ended(node: Node, execution: Execution) -> Execution:
    """It at its end."""
    async with asyncio.timeout(10):
        return await node.engine.ended(execution.id)


async def heard(asked: Awaitable[object]) -> Refused | None:
    """Why nothing came of it."""
    try:
        await asked
    except Refused as why:
        return why
    return None
