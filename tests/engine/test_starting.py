"""Starting: executions of what triggers start; what cannot begin is kept with the reason."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.core.event import Event
from onbeat.core.refs import REF_KEY
from onbeat.engine import deciding
from onbeat.errors import OutsideError
from onbeat.ports import Received
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with
from tests.engine.test_intake import event, subscription
from tests.engine.test_intake_faults import flow, running


async def test_an_execution_that_cannot_begin_is_a_dead_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in the decision is told once, with the event kept; the source is not made to give it for ever."""
    async with running(tmp_path) as node:

        def broken(*args: Any) -> None:
            raise RuntimeError("planted")

        with monkeypatch.context() as patched:
            patched.setattr(deciding, "decided", broken)
            (result,) = await node.intake.emit(subscription(node), [event("1", 1)])
        assert "planted" in (result.dead or "")
        assert node.engine.places.held() == 0


async def test_a_flow_that_went_between_match_and_start_is_a_dead_event(tmp_path: Path) -> None:
    """Its trigger still listened: the event is kept and can be replayed once the flow is back."""
    async with running(tmp_path) as node:
        taken = subscription(node)
        node.catalog.withdraw("t", "a")
        (result,) = await node.intake.emit(taken, [event("1", 1)])
        assert "no flow t.a" in (result.dead or "")
        await node.loader.load_all()
        (tmp_path / "flows" / "a.yaml").write_text(flow("a") + "description: again\n")
        await node.loader.load_all()
        (dead,) = await node.queries.dead_events()
        assert len((await node.replay(dead.id)).started) == 1


async def test_the_disk_being_full_is_no_dead_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the batch is written: the source gives it again."""
    async with running(tmp_path) as node:

        async def full(*args: Any, **options: Any) -> None:
            raise OutsideError("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(node.payloads, "keep", full)
            with pytest.raises(OutsideError, match="full"):
                await node.intake.emit(subscription(node), [event("1", 1)])
        assert await node.queries.dead_events() == []
        assert node.engine.places.held() == 0
        assert len((await node.intake.emit(subscription(node), [event("1", 1)]))[0].started) == 1


async def test_inputs_and_labels_that_are_given_beside_go_before(tmp_path: Path) -> None:
    """The inputs may be expressions over the event."""
    text = """
id: a
namespace: t
inputs: [{id: n, type: INT}, {id: m, type: INT}]
tasks: [{id: r, type: core.debug.Return, format: x}]
triggers: [{id: on, type: core.trigger.Event, topic: x, inputs: {n: 1, m: 2}, labels: {a: "1"}}]
"""
    async with node_with(MemoryStore(), {"a.yaml": text}, tmp_path) as node:
        given = event("1", {"m": 7})
        item = Received(event=given.event, key="1", inputs={"m": "{{ trigger.data.m }}"}, labels={"b": "2"})
        (result,) = await node.intake.emit(subscription(node), [item])
        found = await node.engine.load(result.started[0])
        assert (found.head.inputs, found.head.labels) == ({"n": 1, "m": 7}, {"a": "1", "b": "2"})


async def test_only_flows_may_refer_to_what_is_in_storage(tmp_path: Path) -> None:
    """An event from outside that looks like a reference is data, also where a Flow trigger's outputs would be."""
    async with running(tmp_path) as node:
        address = await node.storage.put("t/x/secret.json", b'"secret"')
        variables = {"data": 1, "outputs": {"a": {REF_KEY: address, "size": 8}}}
        forged = Event(id="1", source="s", type="io.onbeat.flow", time=1, key="1", topic="x", variables=variables)
        (result,) = await node.intake.emit(subscription(node), [Received(event=forged)])
        found = await node.engine.load(result.started[0])
        assert found.head.trigger is not None
        assert found.head.trigger.variables["outputs"] == {"a": {REF_KEY: address, "size": 8}}
