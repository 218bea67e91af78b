"""What is kept of executions is taken away, their files last."""

from pathlib import Path

from onbeat.core.addresses import execution_folder
from onbeat.engine.purging import Taken, purge
from onbeat.stores.memory import MemoryStore
from tests.api.client import FLOWS
from tests.engine.harness import node_with


async def test_an_execution_goes_with_its_files(tmp_path: Path) -> None:
    """Those that have ended, with lines and files; those that run stay as they are."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        ended = await node.engine.ended((await node.start("t", "hello")).id)
        runs = await node.start("t", "sleep")
        await node.storage.put(f"{execution_folder('t', 'hello', ended.id)}/file", b"x")
        await node.storage.put(f"{execution_folder('t', 'sleep', runs.id)}/file", b"x")
        taken = await purge(node.store, node.storage, [ended.id, runs.id], records=True, logs=True, metrics=True, files=True)
        assert taken == Taken((ended.id,), 1, 0, 1)
        assert await node.store.load(ended.id) is None
        assert await node.store.load(runs.id) is not None


async def test_only_what_is_named_goes(tmp_path: Path) -> None:
    """Lines without the execution."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        ended = await node.engine.ended((await node.start("t", "hello")).id)
        taken = await purge(node.store, node.storage, [ended.id], records=False, logs=True, metrics=False, files=False)
        assert (taken.logs, taken.files) == (1, 0)
        assert await node.store.load(ended.id) is not None
