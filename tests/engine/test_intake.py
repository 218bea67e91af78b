"""Intake: an event and all it starts, in one transaction; what cannot start is kept."""

from pathlib import Path

import pytest

from onbeat.core.event import Event
from onbeat.core.states import State
from onbeat.engine.intake import Subscription
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Overloaded, Refused, StoreBroken
from onbeat.ports import LedgerRow, Position, Received
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOWS = {
    "a.yaml": """
id: a
namespace: t
inputs: [{id: n, type: INT}]
tasks: [{id: r, type: core.debug.Return, format: "{{ inputs.n }}"}]
triggers:
  - {id: on, type: core.trigger.Event, topic: x, when: "{{ trigger.data.go }}", inputs: {n: "{{ trigger.data.n }}"}}
""",
    "b.yaml": """
id: b
namespace: t
tasks: [{id: r, type: core.debug.Return, format: "{{ trigger.data }}"}]
triggers: [{id: on, type: core.trigger.Event, topic: x}]
""",
    "off.yaml": """
id: off
namespace: t
disabled: true
tasks: [{id: r, type: core.debug.Return, format: x}]
triggers: [{id: on, type: core.trigger.Event, topic: x}]
""",
}


def event(key: str, data: object, **more: object) -> Received:
    """An event as a source hands it over."""
    facts = {"id": key, "source": "test", "type": "t", "time": 1, "key": key, "data": data, "topic": "x", "variables": {"data": data}}
    return Received(event=Event(**{**facts, **more}), key=key)  # type: ignore[arg-type]


def subscription(node: Node) -> Subscription:
    """The one of topic x."""
    return next(each for each in node.intake.subscriptions() if each.name.endswith(":x"))


async def test_one_event_starts_every_flow_that_matches(tmp_path: Path) -> None:
    """Two triggers on one topic: both start; a condition that is false starts nothing; a disabled flow neither."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        yes, no = await node.intake.emit(subscription(node), [event("1", {"go": True, "n": 5}), event("2", {"go": False})])
        assert len(yes.started) == 2
        assert len(no.started) == 1
        ended = [await node.engine.ended(each) for each in yes.started]
        assert {each.head.flow for each in ended} == {"a", "b"}
        assert {each.head.inputs.get("n") for each in ended} == {5, None}


async def test_the_same_key_starts_once(tmp_path: Path) -> None:
    """Given again, an event starts nothing and names what it had started; also within one batch, and whatever the revision."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        first, second = await node.intake.emit(subscription(node), [event("1", {"go": False}), event("1", {"go": False})])
        assert first.started == second.started
        assert not first.duplicate
        assert second.duplicate
        (tmp_path / "flows" / "b.yaml").write_text(FLOWS["b.yaml"] + "description: another revision\n")
        await node.loader.load_all()
        (third,) = await node.intake.emit(subscription(node), [event("1", {"go": False})])
        assert third.started == first.started
        assert await node.queries.count() == 1


async def test_position_ledger_and_executions_are_one_transaction(tmp_path: Path) -> None:
    """When the store breaks before the write, neither the executions nor the position are there."""
    calls: list[str] = []

    def on_write(moment: str) -> None:
        calls.append(moment)
        if armed and moment == "before":
            raise OSError("planted")

    armed = False
    store = MemoryStore(on_write=on_write)
    try:
        async with node_with(store, FLOWS, tmp_path) as node:
            await node.intake.emit(
                subscription(node),
                [event("1", {"go": False})],
                positions=[Position("r", "p", "7")],
                ledger=[LedgerRow("l", "k", "v")],
            )
            assert await node.store.positions("r") == {"p": "7"}
            assert await node.store.ledger("l") == {"k": "v"}
            armed = True
            await node.intake.emit(subscription(node), [event("2", {"go": False})], positions=[Position("r", "p", "8")])
    except* StoreBroken:
        armed = False
    assert not armed
    await store.open()
    assert await store.positions("r") == {"p": "7"}
    assert len([each for each in await store.executions() if each.flow == "b"]) == 1


async def test_what_cannot_start_is_a_dead_event(tmp_path: Path) -> None:
    """Undecodable bytes, a condition that cannot be evaluated, a wrong input, a loop of flows: kept with the reason, others go on."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        results = await node.intake.emit(
            subscription(node),
            [
                Received(raw=b"\xff", reason="not UTF-8", key="raw"),
                event("no-go", {}),
                event("no-n", {"go": True, "n": "x"}),
                event("loop", {"go": False}, hops=17),
                event("fine", {"go": True, "n": 1}),
            ],
        )
        assert [bool(each.dead) for each in results] == [True, True, True, True, False]
        dead = {each.key.rpartition("\n")[2]: each for each in await node.queries.dead_events()}
        assert dead["raw"].raw == b"\xff"
        assert "trigger.data.go" in dead["no-go"].reason
        assert "n" in dead["no-n"].reason
        assert "loop" in dead["loop"].reason
        assert len(results[4].started) == 2
        assert len(results[1].started) == 1


async def test_a_dead_event_is_replayed_once_its_cause_is_mended(tmp_path: Path) -> None:
    """Before, a replay says why it still cannot; after, it starts; again, it is a duplicate. Undecodable ones are only shown."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await node.intake.emit(subscription(node), [event("1", {"go": True, "n": "x"}), Received(raw=b"?", reason="r", key="raw")])
        dead = {each.key.rpartition("\n")[2]: each.id for each in await node.queries.dead_events()}
        with pytest.raises(Refused, match="still cannot start"):
            await node.replay(dead["1"])
        (tmp_path / "flows" / "a.yaml").write_text(FLOWS["a.yaml"].replace("type: INT", "type: STRING"))
        await node.loader.load_all()
        started = await node.replay(dead["1"])
        ended = await node.engine.ended(started.started[0])
        assert ended.state is State.SUCCESS
        assert ended.runs[1].outputs == {"value": "x"}
        assert (await node.replay(dead["1"])).duplicate
        with pytest.raises(Refused, match="could not be decoded"):
            await node.replay(dead["raw"])
        with pytest.raises(NotFound):
            await node.replay("nope")


async def test_past_the_limit_nothing_is_taken(tmp_path: Path) -> None:
    """Overloaded is raised and nothing was written; when there is room again it is taken."""
    sleeper = """
id: s
namespace: t
tasks: [{id: z, type: core.flow.Sleep, duration: PT1H}]
triggers: [{id: on, type: core.trigger.Event, topic: x}]
"""
    async with node_with(MemoryStore(), {"s.yaml": sleeper}, tmp_path, max_active=1) as node:
        (first,) = await node.intake.emit(subscription(node), [event("1", {})])
        with pytest.raises(Overloaded):
            await node.intake.emit(subscription(node), [event("2", {})])
        assert await node.queries.count() == 1
        await node.kill(first.started[0])
        await node.engine.wait_room()
        (second,) = await node.intake.emit(subscription(node), [event("2", {})])
        assert len(second.started) == 1


async def test_publishing_tells_what_it_started(tmp_path: Path) -> None:
    """On the embedded bus the answer names the executions; the same id again is a duplicate with the same ones."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await subscription(node).ready.wait()
        first = await node.publish("x", {"go": True, "n": 1}, id_="e")
        assert first.executions is not None
        assert len(first.executions) == 2
        assert first.duplicate is False
        again = await node.publish("x", {"go": True, "n": 1}, id_="e")
        assert again.duplicate is True
        assert sorted(again.executions or ()) == sorted(first.executions)
        nobody = await node.publish("nobody", 1)
        assert nobody.executions == ()
