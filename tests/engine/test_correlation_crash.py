"""Crash before and after every durable write of a correlation's life, start again, and require that each group started once.

Events are counted, deadlines pass, flows start: each is one transaction, so wherever the process dies what a trigger remembers, where its
source has come to and what was started are of one moment.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import StoreBroken
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing import ManualClock
from tests.engine.crashing import Crash
from tests.engine.waiting import flow, node_at

BY_ORDER = """
correlate:
  key: "{{ trigger.data.order }}"
  window: PT10M
"""
FLOWS = {
    "join": flow("join", BY_ORDER + "  all: [{id: placed, topic: placed}, {id: paid, topic: paid}]"),
    "late": flow("late", BY_ORDER + "  all: [{id: placed, topic: placed}]\n  not: [{id: paid, topic: paid}]"),
    "list": flow("list", "correlate: {accumulate: 3, window: PT10M, any: [{id: any, topic: placed}]}"),
    "after": """
id: after
namespace: t
tasks: [{id: r, type: core.debug.Return, format: x}]
triggers:
  - id: on
    type: core.trigger.Flow
    dependsOn: [{namespace: t, flowId: join}, {namespace: t, flowId: late}]
""",
}
EXPECTED = {
    ("join", "1"): 1,
    ("join", "2"): 1,
    ("late", "3"): 1,
    ("late", "4"): 1,
    ("list", "[1, 2, 3]"): 1,
    ("list", "[4]"): 1,
    "after": 1,
}


async def live(store: Any, clock: ManualClock, directory: Path) -> None:
    """Publish each event, by its own id as a sender does that tries again, and let the windows pass."""
    async with node_at(clock, store, FLOWS, directory) as node:
        for order in (1, 2, 3, 4):
            await node.publish("placed", {"order": order}, id_=f"placed-{order}")
            await clock.advance(1)
        for order in (2, 1):
            await node.publish("paid", {"order": order}, id_=f"paid-{order}")
            await clock.advance(1)
        await clock.advance(700)
        await all_ended(node)


async def all_ended(node: Node) -> None:
    """Wait until every execution has ended."""
    states = [State.CREATED, State.QUEUED, State.RUNNING]
    at = 0
    while await node.queries.count() < len(EXPECTED) or await node.queries.count(ExecutionFilter(states=tuple(states))):
        await node.store.wait_journal(at)
        at = await node.store.journal_end()


async def crash_and_recover(make: Callable[[Crash], Any], crash: Crash, directory: Path) -> Any:
    """Live into the crash, then again until all has ended. Returns the open store."""
    clock = ManualClock()
    store = make(crash)
    try:
        async with asyncio.timeout(30):
            await live(store, clock, directory)
        crashed = False
    except* (StoreBroken, asyncio.CancelledError):
        crashed = True
    if crashed:
        store = make(crash)
        async with asyncio.timeout(30):
            await live(store, clock, directory)
    await store.open()
    return store


async def check(store: Any) -> None:
    """What must be true however often it crashed: each group once, with its events; nothing is kept for groups that are over."""
    found: Counter[Any] = Counter()
    for each in await store.executions(limit=1000):
        execution = await store.load(each.id)
        assert execution.state is State.SUCCESS
        shown = execution.head.trigger.variables
        orders = str([one["data"]["order"] for one in shown["events"]]) if each.flow == "list" else None
        found["after" if each.flow == "after" else (each.flow, orders or shown["correlation"]["key"])] += 1
    assert found == EXPECTED
    for name in ("join", "late", "list"):
        assert list(await store.ledger(f"correlate:t.{name}.on")) == [""]
    assert await store.dead_events() == []
    assert await store.check() == []


async def count_writes(directory: Path) -> int:
    """How many durable writes an undisturbed life has."""
    crash = Crash()
    store = await crash_and_recover(lambda crash: MemoryStore(on_write=crash), crash, directory)
    await check(store)
    return crash.count


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_every_crash_point_starts_each_group_once(tmp_path: Path, moment: str) -> None:
    """Whatever durable write the process dies before or after."""
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
    """The same on the real store, at every sixth write: a new process opens the file that the dead one left."""
    writes = await count_writes(tmp_path)
    for at in range(1, writes + 1, 6):
        directory = tmp_path / f"{at}"
        (directory / "data").mkdir(parents=True)
        store = await crash_and_recover(
            lambda crash, data=directory / "data": SqliteStore(data, on_write=crash), Crash(at, moment), directory
        )
        await check(store)
        await store.close()
