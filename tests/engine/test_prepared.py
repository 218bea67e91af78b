"""Executions that are decided but not written: what begins with more than itself is created alone, and a crash in between is found."""

from pathlib import Path

import pytest

from onbeat.core.changes import Created
from onbeat.core.states import State
from onbeat.engine.waits import WAITS
from onbeat.errors import StoreBroken
from onbeat.ports import ExecutionFilter, Record, Work
from onbeat.stores.memory import MemoryStore
from tests.engine.flows import leftovers
from tests.engine.harness import node_with

HEADER = "namespace: t\ntriggers: [{id: on, type: core.trigger.Event, topic: work}]\n"
FLOWS = {
    "loop": "tasks: [{id: each, type: core.flow.Loop, values: [a, b, c], concurrencyLimit: 0,"
    " tasks: [{id: say, type: core.debug.Return, format: '{{ item.value }}'}]}]",
    "calls": "tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: said}]",
    "waits": "tasks: [{id: w, type: core.flow.WaitForEvent, topic: later}, {id: say, type: core.debug.Return, format: '1'}]",
    "wrong": "tasks: [{id: say, type: core.debug.Return, format: '1', timeout: '{{ nothing.here }}'}]",
    "says": "tasks: [{id: say, type: core.debug.Return, format: '1'}]",
}
ALONE = {"loop", "wrong"}
"""Those whose beginning needs more written with it than themselves."""


def flows(name: str) -> dict[str, str]:
    """One of them, started by events."""
    return {f"{name}.yaml": f"id: {name}\n{HEADER}{FLOWS[name]}\n"}


async def run(store: MemoryStore, directory: Path, name: str, publish: bool = True) -> None:
    """Publish an event, twice; wait until nothing moves any more but what waits for another event."""
    async with node_with(store, {**flows(name), "said.yaml": f"id: said\nnamespace: t\n{FLOWS['says']}\n"}, directory) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        if publish:
            await node.publish("work", {"n": 1}, id_="one")
            await node.publish("work", {"n": 1}, id_="one")
        if name == "waits":
            at = 0
            while not await store.ledger(WAITS):
                await store.wait_journal(at)
                at = await store.journal_end()
            await store.write(Work(records=(Record(topic="later", id="1", data=1, time=node.clock.now() + 60_000_000),)))
        for each in await node.queries.executions(limit=100):
            await node.engine.ended(each.id)
        (execution,) = [each for each in await node.queries.executions(ExecutionFilter(flow=name)) if each.parent is None]
        assert execution.state is (State.FAILED if name == "wrong" else State.SUCCESS)
        assert leftovers(node) == {}


@pytest.mark.parametrize("name", FLOWS)
async def test_what_begins_with_more_than_itself_is_created_alone(tmp_path: Path, name: str) -> None:
    """Its first row is written with the event's key; what follows is a step of its own. The others begin in the same transaction."""
    store = MemoryStore()
    works: list[Work] = []
    write = store.write

    async def note(work: Work) -> object:
        works.append(work)
        return await write(work)

    store.write = note  # type: ignore[method-assign,assignment]  # only looked at
    await run(store, tmp_path, name)
    created = [creation for work in works for creation in work.creations if creation.key is not None]
    assert len(created) == 1
    alone = len(created[0].changes) == 1 and isinstance(created[0].changes[0], Created)
    assert alone is (name in ALONE)
    assert created[0].active is (name != "waits"), "a start after a crash begins it"


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_while_it_begins_is_recovered(tmp_path: Path, name: str, moment: str) -> None:
    """At each of its first writes: the event starts one execution, whole, and its key starts no other."""
    for at in range(1, 6):
        left = [at]

        def crash(now: str, left: list[int] = left) -> None:
            left[0] -= now == "before"
            if left[0] == 0 and now == moment:
                left[0] = -100
                raise OSError("crash")

        directory = tmp_path / f"{at}"
        directory.mkdir()
        store = MemoryStore(on_write=crash)
        try:
            await run(store, directory, name)
        except* StoreBroken:
            await run(store, directory, name)
        await store.open()
        assert await store.count() == {"loop": 4, "calls": 2}.get(name, 1)
        assert await store.check() == []


async def test_a_duplicate_leaves_nothing(tmp_path: Path) -> None:
    """The second execution of the same key was decided, with places for its tasks: all of it goes."""
    async with node_with(MemoryStore(), flows("says") | flows("loop"), tmp_path) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        for _ in range(3):
            await node.publish("work", {"n": 1}, id_="same")
        for each in await node.queries.executions(limit=100):
            await node.engine.ended(each.id)
        assert await node.queries.count() == 1 + 1 + 3
        assert leftovers(node) == {}
        assert len(node.engine._listening) == 0
