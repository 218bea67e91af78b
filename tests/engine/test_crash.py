"""Crash before and after every durable write there is, start again, and require the right end.

The shell has one durable step, so its crash points can be enumerated: for each write of an undisturbed run, once before it reached the
store and once after it did but before anybody heard of it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.changes import Created, Moved
from onbeat.core.evolve import fold
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import StoreBroken
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from tests.engine.harness import node_with, states

EVENTS = 3
FLOWS = {
    "parent.yaml": """
id: parent
namespace: crash
concurrency: {limit: 2}
triggers:
  - {id: event, type: core.trigger.Event, topic: work, inputs: {n: "{{ trigger.data.n }}"}}
inputs:
  - {id: n, type: INT}
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: left, type: core.debug.Return, format: "{{ inputs.n }}"}
      - {id: right, type: core.log.Log, message: "right"}
  - id: each
    type: core.flow.ForEach
    values: [a, b]
    tasks:
      - {id: child, type: core.flow.Subflow, namespace: crash, flowId: child, inputs: {value: "{{ taskrun.value }}"}}
  - id: broken
    type: core.execution.Fail
    allowFailure: true
    retry: {type: constant, interval: PT0.01S, maxAttempts: 2}
  - {id: tell, type: core.event.Publish, topic: results, data: "{{ outputs.left.value }}"}
""",
    "child.yaml": """
id: child
namespace: crash
inputs:
  - {id: value, type: STRING}
tasks:
  - {id: say, type: core.debug.Return, format: "{{ inputs.value }}"}
outputs:
  - {id: said, type: STRING, value: "{{ outputs.say.value }}"}
""",
}


class Crash:
    """Counts durable writes and breaks the store at one of them. at: its number, from 1; 0: never."""

    def __init__(self, at: int = 0, moment: str = "before") -> None:
        self.at = at
        self.moment = moment
        self.count = 0

    def __call__(self, moment: str) -> None:
        self.count += moment == "before"
        if self.count == self.at and moment == self.moment:
            self.at = 0
            raise OSError("crash")


async def publish_all(node: Node) -> None:
    """Publish the events, each by its own id, as a sender does that tries again after a failure."""
    for n in range(EVENTS):
        await node.publish("work", {"n": n}, id_=f"event-{n}")


async def run_to_end(store: Any, directory: Path) -> None:
    """Publish, then wait until every execution has ended."""
    async with node_with(store, FLOWS, directory) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        await publish_all(node)
        at = 0
        while await node.queries.count() < 3 * EVENTS or await open_count(node):
            await node.store.wait_journal(at)
            at = await node.store.journal_end()


async def open_count(node: Node) -> int:
    """How many executions have not ended."""
    return await node.queries.count(
        ExecutionFilter(states=(State.CREATED, State.QUEUED, State.RUNNING, State.PAUSED, State.RESTARTED, State.KILLING))
    )


async def crash_and_recover(make: Callable[[Crash], Any], crash: Crash, directory: Path) -> Any:
    """Run into the crash, then start again until all has ended. Returns the open store."""
    store = make(crash)
    try:
        async with asyncio.timeout(30):
            await run_to_end(store, directory)
        crashed = False
    except* (StoreBroken, asyncio.CancelledError):
        crashed = True
    if crashed:
        store = make(crash)
        async with asyncio.timeout(30):
            await run_to_end(store, directory)
    await store.open()
    return store


async def check(store: Any) -> None:
    """What must be true however often it crashed."""
    found = await store.executions(limit=1000)
    assert Counter(each.flow for each in found) == {"parent": EVENTS, "child": 2 * EVENTS}
    assert {each.state for each in found if each.flow == "child"} == {State.SUCCESS}
    assert {each.state for each in found if each.flow == "parent"} == {State.WARNING}
    for each in found:
        rows = await store.changes(each.id)
        execution = fold(row.change for row in rows)
        assert execution == await store.load(each.id)
        sequences = [
            1 if isinstance(row.change, Created) else row.change.sequence for row in rows if isinstance(row.change, Created | Moved)
        ]
        assert sequences == list(range(1, len(sequences) + 1))
        if each.flow == "parent":
            counted = Counter((task, state) for task, _, state in states(execution))
            assert counted[("child", "SUCCESS")] == 2
            assert counted[("broken", "WARNING")] == 1
            broken = next(run for run in execution.runs.values() if run.task == "broken")
            assert broken.counted == 2
    results = [record.data for record in await store.records("results", 0, 100)]
    assert sorted(str(data) for data in results) == [str(n) for n in range(EVENTS)]
    assert await store.check() == []


async def count_writes(directory: Path) -> int:
    """How many durable writes an undisturbed run has."""
    crash = Crash()
    store = MemoryStore(on_write=crash)
    await run_to_end(store, directory)
    await store.open()
    await check(store)
    return crash.count


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_every_crash_point_ends_right(tmp_path: Path, moment: str) -> None:
    """Whatever durable write the process dies before or after, everything acknowledged is done, once, in order."""
    writes = await count_writes(tmp_path)
    assert writes > 20
    for at in range(1, writes + 1):
        crash = Crash(at, moment)
        memory = MemoryStore(on_write=crash)
        store = await crash_and_recover(lambda crash, memory=memory: memory, crash, tmp_path)
        await check(store)
        await store.close()


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_crash_points_on_sqlite(tmp_path: Path, moment: str) -> None:
    """The same on the real store, at every fifth write: a new process opens the file that the dead one left."""
    writes = await count_writes(tmp_path)
    for at in range(1, writes + 1, 5):
        directory = tmp_path / f"{at}"
        (directory / "data").mkdir(parents=True)
        store = await crash_and_recover(
            lambda crash, data=directory / "data": SqliteStore(data, on_write=crash), Crash(at, moment), directory
        )
        await check(store)
        await store.close()
