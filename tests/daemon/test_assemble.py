"""The parts together: a broken store stops everything, whoever's write broke it."""

from pathlib import Path

import pytest

from onbeat.errors import StoreBroken
from onbeat.ports import Record, Work
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with


async def test_a_broken_store_stops_the_node(tmp_path: Path) -> None:
    """Also when the write was one that the engine did not wait for: nobody is told 200 by a daemon that cannot write."""
    armed = False

    def on_write(moment: str) -> None:
        if armed:
            raise OSError("planted")

    stopped = False
    try:
        async with node_with(MemoryStore(on_write=on_write), {}, tmp_path) as node:
            armed = True
            with pytest.raises(StoreBroken):
                await node.store.write(Work(records=(Record(topic="x", id="1", data=1, time=1),)))
            await node.clock.sleep(60)
            stopped = True
    except* StoreBroken:
        pass
    assert not stopped
