"""Intake when things go wrong, or happen at once: no event is lost, none stops the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import Overloaded
from onbeat.ports import Position
from onbeat.testing import ManualClock, settle
from tests.engine.faulty import FaultyStore, Once
from tests.engine.harness import node_with
from tests.engine.test_intake import event, subscription

FLOW = """
id: NAME
namespace: t
tasks: [{id: r, type: core.debug.Return, format: "{{ trigger.data }}"}]
triggers: [{id: on, type: core.trigger.Event, topic: x, when: "WHEN"}]
"""


def flow(name: str, when: str = "{{ true }}") -> str:
    """A flow that listens to topic x."""
    return FLOW.replace("NAME", name).replace("WHEN", when)


@asynccontextmanager
async def running(tmp_path: Path, store: FaultyStore | None = None, **whens: str) -> AsyncIterator[Node]:
    """A node with a flow for each condition."""
    flows = {f"{name}.yaml": flow(name, when) for name, when in (whens or {"a": "{{ true }}"}).items()}
    async with node_with(store or FaultyStore(), flows, tmp_path) as node:
        yield node


async def test_a_source_that_is_stopped_while_it_emits_loses_nothing(tmp_path: Path) -> None:
    """A reload takes the trigger away while its event is being written: the event is durable, so what it starts runs now."""
    store = FaultyStore()
    async with running(tmp_path, store) as node:
        store.gate.clear()
        async with asyncio.TaskGroup() as group:
            emit = group.create_task(node.intake.emit(subscription(node), [event("1", 1)], positions=[Position("r", "p", "1")]))
            await settle()
            emit.cancel()
        store.gate.set()
        await settle()
        assert await store.positions("r") == {"p": "1"}
        (found,) = await node.queries.executions()
        assert found.state is State.SUCCESS
        assert (len(node.engine._memory._working), node.engine.places.held()) == (0, 0)


async def test_a_trigger_that_raises_does_not_lose_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing secret, a function that is not to be had, a bug below: a dead event with the reason; the other triggers start."""
    whens = {"fine": "{{ true }}", "secret": "{{ secret('nope') == 'x' }}", "file": "{{ http('http://localhost') == '' }}"}
    async with running(tmp_path, **whens) as node:
        (first,) = await node.intake.emit(subscription(node), [event("1", 1)])
        assert len(first.started) == 1
        fit = node.evaluator.fit
        buggy = Once(ZeroDivisionError("planted"), wanted=lambda trigger: trigger.name == "t.fine.on")

        def broken(trigger: Any, given: Any, at: Any) -> Any:
            buggy(trigger)
            return fit(trigger, given, at)

        monkeypatch.setattr(node.evaluator, "fit", broken)
        second, third = await node.intake.emit(subscription(node), [event("2", 2), event("3", 3)])
        assert second.started == ()
        assert len(third.started) == 1
        reasons = " ".join(dead.reason for dead in await node.queries.dead_events())
        assert "SECRET_NOPE" in reasons
        assert "`http` is not available in a trigger" in reasons
        assert "ZeroDivisionError: planted" in reasons


async def test_two_emits_of_one_key_at_once_start_once(tmp_path: Path) -> None:
    """Both are told the same execution; the one that came second gives its places back."""
    store = FaultyStore()
    async with running(tmp_path, store) as node:
        store.gate.clear()
        async with asyncio.TaskGroup() as group:
            emits = [group.create_task(node.intake.emit(subscription(node), [event("same", 1)])) for _ in range(2)]
            await settle()
            store.gate.set()
        (first,), (second,) = [emit.result() for emit in emits]
        assert first.started == second.started
        assert [first.duplicate, second.duplicate] == [False, True]
        await node.engine.ended(first.started[0])
        await settle()
        assert node.engine.places.held() == 0


async def test_a_full_disk_is_overloaded_and_nothing_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large payload that cannot be kept: the source gives the event again later; nothing of the batch is there, not even its position."""
    async with running(tmp_path) as node:
        put = node.storage.put
        full = Once(Overloaded("the disk is full"))

        async def refusing(path: str, data: bytes) -> str:
            full(path)
            return await put(path, data)

        monkeypatch.setattr(node.storage, "put", refusing)
        batch = [event("small", 1), event("large", "x" * 100_000)]
        with pytest.raises(Overloaded):
            await node.intake.emit(subscription(node), batch, positions=[Position("r", "p", "1")])
        assert await node.queries.count() == 0
        assert await node.store.positions("r") == {}
        assert node.engine.places.held() == 0
        results = await node.intake.emit(subscription(node), batch, positions=[Position("r", "p", "1")])
        assert [len(each.started) for each in results] == [1, 1]


async def test_a_reload_while_an_event_is_taken_changes_nothing_of_it(tmp_path: Path) -> None:
    """The event goes to the triggers that listened when it came; the next one to those that listen now."""
    store = FaultyStore()
    async with running(tmp_path, store, a="{{ true }}", b="{{ true }}") as node:
        store.gate.clear()
        async with asyncio.TaskGroup() as group:
            emit = group.create_task(node.intake.emit(subscription(node), [event("1", 1)]))
            await settle()
            (tmp_path / "flows" / "b.yaml").unlink()
            reload = group.create_task(node.loader.load_all())
            await settle()
            store.gate.set()
            await reload
        assert len(emit.result()[0].started) == 2
        (after,) = await node.intake.emit(subscription(node), [event("2", 1)])
        assert len(after.started) == 1


async def test_a_flood_on_one_topic_does_not_starve_another(tmp_path: Path) -> None:
    """With room for one execution at a time, events of a quiet topic are taken between those of a loud one."""
    text = """
id: NAME
namespace: t
tasks: [{id: z, type: core.flow.Sleep, duration: PT1S}]
triggers: [{id: on, type: core.trigger.Event, topic: NAME}]
"""
    clock = ManualClock()
    flows = {f"{name}.yaml": text.replace("NAME", name) for name in ("loud", "quiet")}
    async with node_with(FaultyStore(), flows, tmp_path, clock=clock, max_active=1) as node:
        for each in node.intake.subscriptions():
            await each.ready.wait()
        found = {each.name.rpartition(":")[2]: each for each in node.intake.subscriptions()}

        async def source(name: str, count: int) -> None:
            for n in range(count):
                while True:
                    try:
                        await node.intake.emit(found[name], [event(f"{name}{n}", 1)])
                        break
                    except Overloaded:
                        await node.engine.wait_room()

        async with asyncio.TaskGroup() as group:
            group.create_task(source("loud", 40))
            await settle()
            quiet = group.create_task(source("quiet", 4))
            for _ in range(10):
                await clock.advance(1)
            assert quiet.done()
            await clock.advance(60)
