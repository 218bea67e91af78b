"""Topics: the journal seen as the topic of state events; the bus inside the store."""

from pathlib import Path

from onbeat.engine.topics import EmbeddedBus, Projection
from onbeat.ports import Record
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOW = "id: f\nnamespace: t\ntasks: [{id: a, type: core.debug.Return, format: x}]\n"


async def test_state_changes_are_records_and_other_rows_are_not(tmp_path: Path) -> None:
    """CREATED, RUNNING, SUCCESS: each with its id, key, type, and one hop more than its execution."""
    async with node_with(MemoryStore(), {"f.yaml": FLOW}, tmp_path, sources=False) as node:
        ended = await node.engine.ended((await node.start("t", "f")).id)
        rows = await node.store.journal(0, 100)
        records = [record for record in map(Projection("onbeat.executions").record, rows) if record is not None]
        assert len(rows) > len(records)
        assert [record.type for record in records] == [f"io.onbeat.execution.{state}" for state in ("created", "running", "success")]
        assert [record.id for record in records] == [f"{ended.id}/{n}" for n in (1, 2, 3)]
        assert {(record.key, record.hops) for record in records} == {(ended.id, 1)}


async def test_the_embedded_bus_writes_an_id_once() -> None:
    """A second event of the same id on a topic is a duplicate."""
    store = MemoryStore()
    await store.open()
    bus = EmbeddedBus(store)
    assert bus.embedded
    for _ in range(2):
        await bus.publish(Record(topic="x", id="1", data=1, time=1))
    assert len(await store.records("x", 0, 10)) == 1
    await bus.close()
