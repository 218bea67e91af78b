"""Readers of the journal: one that is gone does not hold purge back for ever."""

import asyncio
from pathlib import Path

from onbeat.engine.housekeeping import keep_tidy
from onbeat.engine.readers import Readers
from onbeat.ports import Position, Work
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock, settle
from tests.engine.harness import node_with

FLOWS = {"f.yaml": "id: f\nnamespace: t\ntasks: [{id: a, type: core.debug.Return, format: x}]\n"}
DAY = 86_400.0


async def test_a_sink_that_was_removed_is_forgotten_after_a_day(tmp_path: Path) -> None:
    """Until then purge waits for it; the sink that stays keeps its place."""
    store, clock = MemoryStore(), ManualClock()
    async with node_with(store, FLOWS, tmp_path, clock=clock, sources=False) as node:
        await node.engine.ended((await node.start("t", "f")).id)
    await store.open()
    end = await store.journal_end()
    await store.write(Work(positions=(Position("journal:kafka", "seq", "1"), Position("journal:mqtt", "seq", str(end)))))
    present = {"journal:kafka", "journal:mqtt"}
    await Readers(store, clock, lambda: present).look()
    present.remove("journal:kafka")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_tidy(store, clock, 0.001, 7, 10**9, Readers(store, clock, lambda: present)))
        await clock.advance(DAY - 7_200)
        assert await store.count() == 1
        assert await store.positions("journal:kafka") == {"seq": "1"}
        await clock.advance(4 * 3_600)
        assert await store.positions("journal:kafka") == {}
        assert await store.positions("journal:mqtt") == {"seq": str(end)}
        assert await store.count() == 0
        task.cancel()


async def test_who_comes_back_within_the_day_keeps_his_place() -> None:
    """And is forgotten a day after he left for good; then nothing more is written about him."""
    store, clock = MemoryStore(), ManualClock()
    await store.open()
    await store.write(Work(positions=(Position("journal:kafka", "seq", "1"),)))
    present = {"journal:kafka"}
    readers = Readers(store, clock, lambda: present)
    await readers.look()
    for names, hours, kept in (((), 20, True), (("journal:kafka",), 1, True), ((), 20, True), ((), 5, False)):
        present.clear()
        present.update(names)
        await clock.advance(hours * 3_600)
        await readers.look()
        assert bool(await store.positions("journal:kafka")) is kept
    assert await store.ledger("journal-readers") == {}


async def test_a_node_knows_its_readers(tmp_path: Path) -> None:
    """A trigger on the topic of state events reads the journal; one on any other topic does not."""
    flow = """
id: watch
namespace: t
tasks: [{id: a, type: core.debug.Return, format: x}]
triggers:
  - {id: states, type: core.trigger.Event, topic: onbeat.executions, when: "{{ false }}"}
  - {id: other, type: core.trigger.Event, topic: other}
"""
    async with node_with(MemoryStore(), {"w.yaml": flow}, tmp_path) as node:
        await settle()
        assert node.readers() == ["journal:core.trigger.Event:onbeat.executions"]
