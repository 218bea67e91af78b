"""Explain: for an event, each listening trigger with what it did and why."""

from pathlib import Path

import pytest

from onbeat.engine.explain import explain
from onbeat.errors import NotFound
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

TRIGGER = "triggers: [{id: on, type: core.trigger.Event, topic: x%s}]\n"
FLOW = "id: %s\nnamespace: t\ntasks: [{id: r, type: core.debug.Return, format: x}]\n"
FLOWS = {
    "yes.yaml": FLOW % "yes" + TRIGGER % ", when: '{{ trigger.data.n > 1 }}'",
    "no.yaml": FLOW % "no" + TRIGGER % ", when: '{{ trigger.data.n > 100 }}'",
    "bad.yaml": FLOW % "bad" + TRIGGER % ", when: '{{ trigger.data.missing }}'",
    "off.yaml": FLOW % "off" + TRIGGER % ", disabled: true",
}


async def test_every_listener_says_what_it_did(tmp_path: Path) -> None:
    """Started with the execution, condition false with its values, dead with the reason, disabled."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        published = await node.publish("x", {"n": 5}, id_="event-1")
        found = await explain(node, "x/event-1")
        verdicts = {each["trigger"]: each for each in found["triggers"]}
        assert verdicts["t.yes.on"]["executions"] == list(published.executions or ())
        assert verdicts["t.no.on"]["result"] == "condition false"
        assert '{"n":5}' in verdicts["t.no.on"]["why"]
        assert verdicts["t.bad.on"]["result"] == "dead"
        assert "missing" in verdicts["t.bad.on"]["why"]
        assert verdicts["t.off.on"]["result"] == "disabled"
        assert len(found["dead"]) == 1
        assert (await explain(node, "event-1"))["event"]["topic"] == "x"


async def test_an_unknown_topic_gets_the_nearest_name(tmp_path: Path) -> None:
    """And an unknown event on a known topic says that topics forget."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await node.publish("orders", 1, id_="a")
        with pytest.raises(NotFound, match="did you mean `orders`"):
            await explain(node, "order/a")
        with pytest.raises(NotFound, match="retention"):
            await explain(node, "orders/b")
