"""Housekeeping: ended executions and old records go, open ones and keys stay."""

import asyncio
from pathlib import Path

from onbeat.engine.housekeeping import keep_tidy, sweep
from onbeat.engine.storage import LocalStorage
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


async def test_values_in_storage_go_with_their_execution(tmp_path: Path) -> None:
    """Those of an execution that was purged, and those kept for a start that was never written; of one that is there nothing goes."""
    large = "id: l\nnamespace: t\ninputs: [{id: x, type: STRING}]\ntasks: [{id: a, type: core.flow.Pause}]\n"
    clock = ManualClock()
    async with node_with(MemoryStore(), {**FLOWS, "l.yaml": large}, tmp_path, clock=clock, sources=False) as node:
        purged, kept = [await node.start("t", "l", {"x": "y" * 100_000}) for _ in range(2)]
        await node.kill(purged.id)
        never = f"t/l/executions/{node.identity.new(clock.now())}"
        await node.storage.put(f"{never}/inputs/x.json", b"1")
        await node.storage.put("t/other.txt", b"1")
        storage = LocalStorage(tmp_path / "data" / "storage")
        assert len(await storage.executions()) == 3
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keep_tidy(node.store, clock, 1, 7, 10**9, storage=storage))
            while clock.sleeping() == 0:
                await settle(1)
            assert len(await storage.executions()) == 3
            task.cancel()
        clock.set_wall(clock.now() + 2 * 86_400_000_000)
        await node.store.purge(clock.now() - 86_400_000_000, 10)
        assert await sweep(node.store, storage, clock.now() - 86_400_000_000) == 2
        assert await storage.executions() == [f"t/l/executions/{kept.id}"]
        assert await storage.size("kestra:///t/other.txt") == 1


async def test_values_of_namespaces_go_when_they_have_expired(tmp_path: Path) -> None:
    """In any namespace; the others stay."""
    clock = ManualClock()
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, sources=False) as node:
        await node.values.put("a", "short", 1, ttl=10)
        await node.values.put("b", "long", 1, ttl=7_200)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keep_tidy(node.store, clock, 1, 7, 10**9, values=node.values))
            await clock.advance(3_601)
            assert [set(await node.store.ledger(f"kv:{namespace}")) for namespace in ("a", "b")] == [set(), {"long"}]
            task.cancel()
