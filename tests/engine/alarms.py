"""What the tests of alerts share: flows that fail and wait, a webhook that keeps what it is told, and who was called."""

import json
from collections.abc import Mapping
from typing import Any

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import OutsideError
from onbeat.testing import ManualClock

FLOWS = {
    "bad.yaml": """
id: bad
namespace: shop.orders
labels: {team: a}
inputs: [{id: word, type: SECRET, defaults: hunter22}]
tasks: [{id: no, type: core.execution.Fail, errorMessage: "no {{ inputs.word }}"}]
""",
    "good.yaml": "id: good\nnamespace: shop\ntasks: [{id: a, type: core.debug.Return, format: x}]",
    "page.yaml": """
id: page
namespace: ops
inputs: [{id: who, type: STRING}]
tasks: [{id: say, type: core.log.Log, message: "{{ trigger.text }}"}]
outputs: [{id: said, type: STRING, value: "{{ inputs.who }}: {{ trigger.text }}"}]
""",
    "nap.yaml": "id: nap\nnamespace: shop\ntasks: [{id: nap, type: core.flow.Sleep, duration: PT9H}]",
    "outer.yaml": "id: outer\nnamespace: shop\ntasks: [{id: call, type: core.flow.Subflow, namespace: shop, flowId: nap}]",
    "pause.yaml": "id: pause\nnamespace: shop\ntasks: [{id: wait, type: core.flow.Pause}]",
    "hear.yaml": """
id: hear
namespace: shop
disabled: false
tasks: [{id: a, type: core.debug.Return, format: x}]
triggers: [{id: on, type: core.trigger.Event, topic: things}]
""",
}
PAGE = {"flow": {"namespace": "ops", "id": "page"}, "inputs": {"who": "{{ trigger.namespace ?? 'nobody' }}"}}
HOOK = {"webhook": "https://hooks.example/secret-path"}
FAILURE = {"name": "failed", "on": "failure", "then": PAGE}
TURN = 1.0
"""Seconds in which an alert's reader has looked."""


class Hook:
    """Stands in for webhooks: keeps what they were told. down: they do not answer."""

    def __init__(self) -> None:
        self.told: list[tuple[Mapping[str, str], dict[str, Any]]] = []
        self.down = False
        self.tried = 0

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self.tried += 1
        if self.down:
            raise OutsideError("the webhook answered 500")
        assert url == HOOK["webhook"]
        self.told.append((headers, json.loads(body)))


async def ended(node: Node, namespace: str, flow: str, **labels: str) -> Execution:
    """An execution that has ended."""
    return await node.engine.ended((await node.start(namespace, flow, labels=labels)).id)


async def pages(node: Node) -> list[Execution]:
    """The executions that alerts started, when they have ended, oldest first."""
    found = [row.execution for row in await node.store.journal(0, 10_000) if row.version == 1 and row.head.flow == "page"]
    return [await node.engine.ended(id_) for id_ in found]


async def moved(node: Node, clock: ManualClock, id_: str, state: State) -> None:
    """Returns when an execution is in that state."""
    while (await node.engine.load(id_)).state is not state:
        await clock.advance(0)
