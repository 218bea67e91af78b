"""Housekeeping: ended executions and old records go, open ones and keys stay."""

import asyncio
from pathlib import Path

from onbeat.engine.housekeeping import keep_tidy
from onbeat.ports import Record, Work
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock, settle
from tests.engine.harness import node_with

FLOWS = {
    "f.yaml": "id: f\nnamespace: t\ntasks: [{id: a, type: core.debug.Return, format: x}]\n",
    "p.yaml": "id: p\nnamespace: t\ntasks: [{id: a, type: core.flow.Pause}]\n",
}


async def test_what_is_past_its_time_goes(tmp_path: Path) -> None:
    """After the retention an ended execution is gone and an open one is not; records go by age."""
    store, clock = MemoryStore(), ManualClock()
    async with node_with(store, FLOWS, tmp_path, clock=clock, sources=False) as node:
        ended, paused = await node.start("t", "f"), await node.start("t", "p")
        await node.engine.ended(ended.id)
        await settle()
        await node.store.write(Work(records=(Record(topic="x", id="1", data=1, time=clock.now()),)))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keep_tidy(node.store, clock, 1, 0.5, 1_000_000))
            await clock.advance(3_600 * 13)
            assert await node.store.records("x", 0, 10) == []
            assert await node.queries.count() == 2
            await clock.advance(3_600 * 12)
            assert [each.id for each in await node.queries.executions()] == [paused.id]
            task.cancel()
