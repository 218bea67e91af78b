"""What a task did inside of this daemon is known to its next attempt, and to nobody else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.deeds import OwnStorage, deed, done
from onbeat.engine.node import Node
from onbeat.engine.storage import LocalStorage
from onbeat.engine.values import KeptValues
from onbeat.errors import Refused
from onbeat.ports import TaskContext, Work, Written
from onbeat.stores.memory import MemoryStore
from onbeat.testing import START, ManualClock
from tests.engine.families import ended, until
from tests.engine.harness import node_with

Deeds = dict[str, Callable[[TaskContext], Any]]

ASKS = """
id: asks
namespace: t
tasks: [{id: one, type: core.flow.Pause}, {id: two, type: core.flow.Pause}]
"""


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A node with a flow that pauses twice."""
    async with node_with(MemoryStore(), {"asks.yaml": ASKS}, tmp_path, sources=False) as node:
        yield node


async def paused(node: Node) -> Execution:
    """An execution at its first pause."""
    return await until(node, (await node.start("t", "asks")).id, State.PAUSED)


def waits(execution: Execution) -> list[str]:
    """The tasks that are paused."""
    return [execution.runs[n].task for n in sorted(execution.open)]


async def test_a_deed_is_known_by_its_key() -> None:
    """To the task run that did it; with how it was done; another deed of it is another."""
    store = MemoryStore()
    await store.open()
    await store.write(Work(ledger=(deed("mine", "put a b", START, "so"),)))
    found = [await done(store, *place) for place in (("mine", "put a b"), ("mine", "put a c"), ("other", "put a b"))]
    assert found == ["so", None, None]


async def test_what_a_task_put_itself_does_not_stop_it() -> None:
    """A lock that a lost attempt took is had by the next one; another task run is refused it, and so is it where another one has it."""
    store = MemoryStore()
    await store.open()
    values = KeptValues(store, ManualClock())
    for _ in range(2):
        await values.put("a", "lock", "mine", overwrite=False, by="mine")
    for by in ("other", None):
        with pytest.raises(Refused):
            await values.put("a", "lock", "other", overwrite=False, by=by)
    await values.put("a", "plain", 1, by="mine")
    with pytest.raises(Refused):
        await values.put("a", "plain", 2, overwrite=False, by="mine")


async def test_a_task_removes_a_value_once() -> None:
    """Its next attempt is told that there was one, and leaves what came since."""
    store = MemoryStore()
    await store.open()
    values = KeptValues(store, ManualClock())
    await values.put("a", "k", 1)
    assert [await values.delete("a", "k", by="mine"), await values.delete("a", "k", by="mine")] == [True, True]
    await values.put("a", "k", 2)
    assert await values.delete("a", "k", by="mine")
    assert (await values.entries("a"))[0].value == 2
    assert [await values.delete("a", "k", by="other"), await values.delete("a", "k", by="third")] == [True, False]


async def test_a_pause_is_ended_once(node: Node) -> None:
    """The next attempt of the task that resumed leaves the next pause; another task ends that, and where nothing waits it is told."""
    resume = node.runner._services.actions.resume
    execution = await paused(node)
    for _ in range(2):
        await resume(execution.id, {}, key="mine")
        assert waits(await until(node, execution.id, State.PAUSED)) == ["two"]
    await resume(execution.id, {}, key="other")
    await ended(node, execution.id)
    await resume(execution.id, {}, key="other")
    with pytest.raises(Refused):
        await resume(execution.id, {}, key="third")


async def test_a_pause_that_was_not_ended_yet_is(node: Node) -> None:
    """An attempt that was lost before it resumed what it had noted is no reason not to."""
    resume = node.runner._services.actions.resume
    execution = await paused(node)
    now = node.clock.now()
    for key, noted in (("early", "99"), ("same", str(*execution.open))):
        await node.store.write(Work(ledger=(deed(key, f"resume {execution.id}", now, noted),)))
    await resume(execution.id, {}, key="early")
    assert waits(await until(node, execution.id, State.PAUSED)) == ["one"]
    await resume(execution.id, {}, key="same")
    assert waits(await until(node, execution.id, State.PAUSED)) == ["two"]


async def test_what_a_task_killed_it_may_kill_again(node: Node) -> None:
    """Another task is told that it has ended."""
    kill = node.runner._services.actions.kill
    execution = await paused(node)
    await kill(execution.id, key="mine")
    await ended(node, execution.id)
    await kill(execution.id, key="mine")
    with pytest.raises(Refused):
        await kill(execution.id, key="other")


SLOW = """
id: slow
namespace: t
tasks: [{id: stops, type: test.Told, what: stops}]
"""


async def test_what_a_task_killed_may_end_while_it_kills_it_again(tmp_path: Path, deeds: Deeds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost attempt had it killed, and it was not at its end when the next one looked, but a moment later."""
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def stops(context: TaskContext) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await stopped.wait()

    deeds["stops"] = stops
    async with node_with(MemoryStore(), {"slow.yaml": SLOW}, tmp_path, sources=False) as node:
        kill, write = node.runner._services.actions.kill, node.store.write
        execution = await node.start("t", "slow")
        await begun.wait()
        await kill(execution.id, key="mine")
        assert (await until(node, execution.id, State.KILLING)).state is State.KILLING

        async def ended_first(work: Work) -> Written:
            if work.ledger:
                stopped.set()
                await ended(node, execution.id)
            return await write(work)

        monkeypatch.setattr(node.store, "write", ended_first)
        await kill(execution.id, key="mine")
        stopped.set()
        assert (await ended(node, execution.id)).state is State.KILLED


async def test_a_file_that_a_lost_attempt_removed_is_removed(tmp_path: Path) -> None:
    """To its task run, also where the crash came between the note and the removal; to another one it is missing."""
    store, storage = MemoryStore(), LocalStorage(tmp_path)
    await store.open()
    mine, other = (OwnStorage(storage, store, ManualClock(), by) for by in ("mine", "other"))
    uri = await storage.put("a/b", b"x")
    assert not await mine.remove("kestra:///a/none")
    assert not await mine.remove("kestra:///a")
    await store.write(Work(ledger=(deed("mine", f"remove {uri}", START),)))
    assert [await mine.remove(uri), await mine.remove(uri), await other.remove(uri)] == [True, True, False]
    assert await storage.files("a") == []
