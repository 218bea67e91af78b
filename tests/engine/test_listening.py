"""Waiting for events: before, during and after the wait, over restarts, for thousands at once; and nothing is left when nobody waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from onbeat.core import signals as s
from onbeat.core.execution import Execution
from onbeat.core.expressions import ExpressionError
from onbeat.core.states import State
from onbeat.engine import listening, memory
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.node import Node
from onbeat.engine.waits import WAITS
from onbeat.ports import Record, Work
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing import ManualClock, settle
from onbeat.testing.clock import START
from tests.engine.faulty import FaultyStore
from tests.engine.flows import leftovers
from tests.engine.harness import node_with
from tests.engine.waiting_flows import FLOWS


@asynccontextmanager
async def node_of(directory: Path, store: Any, clock: ManualClock, **more: Any) -> AsyncIterator[Node]:
    """A node with FLOWS."""
    flows = {f"{name}.yaml": text for name, text in FLOWS.items()}
    async with node_with(store, flows, directory, clock=clock, sources=False, **more) as node:
        yield node


def record(n: int, key: str | None = None, at: int = START + 1_000_000, topic: str = "x") -> Record:
    """An event."""
    return Record(topic=topic, id=str(n), data={"n": n}, time=at, key=key)


async def publish(node: Node, *records: Record) -> None:
    """Put events on the bus, and let those who wait hear of them."""
    await node.store.write(Work(records=records))
    await settle()


async def load(node: Node, execution: Execution) -> Execution:
    """It as it is now."""
    return await node.engine.load(execution.id)


async def start(node: Node, flow: str, **inputs: Any) -> Execution:
    """Start a flow, and let it come to its wait."""
    execution = await node.start("t", flow, inputs)
    await settle()
    return execution


def readers(node: Node) -> int:
    """How many topics are read."""
    return len(node.engine._listening._topics)


def kept(store: MemoryStore) -> list[str]:
    """The waits in the ledger."""
    return [key for ledger, key in store._ledger if ledger == WAITS]


async def test_an_event_during_the_wait(tmp_path: Path, clock: ManualClock) -> None:
    """It ends the wait, and is its outputs; an execution that only waits takes no place and is not at work; then nothing is left."""
    store = MemoryStore()
    async with node_of(tmp_path, store, clock) as node:
        execution = await start(node, "any")
        assert node.figures() == {"executions": 0, "tasks": 0, "waiting": 0, "timers": 0}
        assert (readers(node), kept(store)) == (1, [f"{execution.id}/1"])
        await publish(node, record(1, "k"))
        found = await load(node, execution)
        assert found.state is State.SUCCESS
        assert found.runs[1].outputs == {
            "id": "1",
            "topic": "x",
            "key": "k",
            "data": {"n": 1},
            "time": "2026-01-01T00:00:01.000000Z",
            "headers": {},
        }
        assert (readers(node), kept(store), len(node.engine._listening)) == (0, [], 0)
        assert leftovers(node) == {}


async def test_an_event_before_the_wait(tmp_path: Path, clock: ManualClock) -> None:
    """It came after the execution began (or after `since`) and before the wait: found by looking back. One from before is none."""
    async with node_of(tmp_path, MemoryStore(), clock) as node:
        await publish(node, record(1, at=START - 30_000_000), record(2, at=START - 120_000_000), record(3, at=START))
        assert (await load(node, await start(node, "any"))).runs[1].outputs["id"] == "3"  # type: ignore[index]
        assert (await load(node, await start(node, "since"))).outputs == {"got": 1}


async def test_the_first_that_fits_is_the_one(tmp_path: Path, clock: ManualClock) -> None:
    """By key and by condition, also where many came before the wait, and more come while it looks back."""
    async with node_of(tmp_path, MemoryStore(), clock) as node:
        other = await start(node, "keyed", key="never")  # somebody reads the topic already
        await publish(node, *(record(n, "k" if n % 2 else "l") for n in range(1_200)))
        picky, keyed = await node.start("t", "picky"), await node.start("t", "keyed", {"key": "l"})
        await publish(node, record(5_000, "l"))
        assert (await load(node, picky)).outputs == {"got": 3}
        assert (await load(node, keyed)).outputs == {"got": 0}
        assert (await load(node, other)).state is State.RUNNING


async def test_two_waits_of_one_execution(tmp_path: Path, clock: ManualClock) -> None:
    """Each by its own key; an event for both is none."""
    async with node_of(tmp_path, MemoryStore(), clock) as node:
        execution = await start(node, "two")
        await publish(node, record(1, "b"), record(2, "c"))
        found = await load(node, execution)
        assert [found.runs[n].state for n in (2, 3)] == [State.RUNNING, State.SUCCESS]
        await publish(node, record(3, "a"))
        assert (await load(node, execution)).state is State.SUCCESS
        assert readers(node) == 0


async def test_the_same_event_again_changes_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """A publisher's second try is a duplicate on the topic; a second word of it is stale."""
    async with node_of(tmp_path, MemoryStore(), clock) as node:
        execution = await start(node, "any")
        await publish(node, record(1))
        version = (await load(node, execution)).version
        await publish(node, record(1))
        node.engine.tell(execution.id, s.EventArrived(1, {"id": "1"}))
        await settle()
        assert (await load(node, execution)).version == version


@pytest.mark.parametrize("came", ["before", "after"])
async def test_over_a_restart(tmp_path: Path, clock: ManualClock, came: str) -> None:
    """The daemon dies while it waits: the event that came while it was down, or comes later, ends the wait. Nothing else is loaded."""
    store = FaultyStore()
    async with node_of(tmp_path, store, clock) as node:
        execution = await start(node, "keyed", key="k")
    await store.open()
    if came == "before":
        await store.write(Work(records=(record(1, "k"),)))
    loaded: list[str] = []
    store.on_load = loaded.append
    async with node_of(tmp_path, store, clock) as node:
        await settle()
        assert loaded == ([execution.id] if came == "before" else [])
        if came == "after":
            await publish(node, record(1, "k"))
        assert (await load(node, execution)).outputs == {"got": 1}
        assert (readers(node), len(node.engine._listening), kept(store)) == (0, 0, [])


async def test_a_wait_that_is_killed_or_late_ends(tmp_path: Path, clock: ManualClock) -> None:
    """Nobody reads the topic any more, and no row is left; what comes then is nothing to it."""
    store = MemoryStore()
    async with node_of(tmp_path, store, clock) as node:
        killed, late = await start(node, "any"), await start(node, "late")
        await node.kill(killed.id)
        await settle()
        assert readers(node) == 1
        await clock.advance(11)
        assert [(await load(node, each)).state for each in (killed, late)] == [State.KILLED, State.FAILED]
        assert (readers(node), kept(store), leftovers(node)) == (0, [], {})
        await publish(node, record(1))
        assert (await load(node, killed)).state is State.KILLED


@pytest.mark.parametrize("how", ["event", "kill", "late"])
async def test_a_wait_of_an_execution_that_left_memory_ends_too(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """It was loaded again for its end: nobody looks out for it any more."""
    monkeypatch.setattr(memory, "KEPT", 1)
    store = MemoryStore()
    async with node_of(tmp_path, store, clock) as node:
        execution, other = await start(node, "late"), await start(node, "keyed", key="never")
        assert node.engine._memory.look(execution.id) is None
        if how == "event":
            await publish(node, record(1))
        elif how == "kill":
            await node.kill(execution.id)
            await settle()
        else:
            await clock.advance(11)
        assert (await load(node, execution)).ended
        assert (len(node.engine._listening), kept(store)) == (1, [f"{other.id}/1"])
        await node.kill(other.id)
        await settle()
        assert (readers(node), len(node.engine._listening), kept(store)) == (0, 0, [])
        assert leftovers(node) == {}


async def test_an_event_costs_those_that_wait_for_its_key(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand wait on one topic, each for its own key: one reader, and an event looks at one of them only."""
    monkeypatch.setattr(listening.Listening, "_look_back", no_look_back)
    looked: list[Any] = []
    fits = listening.Listening._arrived
    monkeypatch.setattr(listening.Listening, "_arrived", lambda self, waiting, *rest: (looked.append(waiting), fits(self, waiting, *rest)))
    async with node_of(tmp_path, MemoryStore(), clock) as node:
        listens = node.engine._listening
        execution = await start(node, "keyed", key="mine")
        awaited = (await load(node, execution)).runs[1].awaits
        assert awaited is not None
        for n in range(10_000):
            listens._add((f"other-{n}", 1), listening.Awaited("x", START, f"key-{n}"))
        assert (readers(node), len(listens)) == (1, 10_001)
        await publish(node, *(record(n, f"nobody-{n}") for n in range(50)))
        assert looked == []
        await publish(node, record(100, "mine"))
        assert looked == [(execution.id, 1)]
        for n in range(10_000):
            listens.end(f"other-{n}", 1)
        assert readers(node) == 0


async def no_look_back(self: listening.Listening, waiting: Any, awaited: Any, topic: Any) -> None:
    """There is nothing to look back to: it joins."""
    topic.waits[awaited.key][waiting] = awaited


async def test_a_wait_that_begins_while_the_reader_does(tmp_path: Path, clock: ManualClock) -> None:
    """Two begin at once, the second from earlier on: what came before the first is not missed by the second."""
    async with node_of(tmp_path, MemoryStore(), clock) as node:
        await publish(node, record(1, at=START - 30_000_000))
        first, second = await asyncio.gather(node.start("t", "any"), node.start("t", "since"))
        await settle()
        assert (await load(node, second)).outputs == {"got": 1}
        assert (await load(node, first)).state is State.RUNNING


async def test_a_wait_from_earlier_while_the_first_place_is_looked_for(tmp_path: Path, clock: ManualClock) -> None:
    """The store takes its time to say where the first begins; the second, from earlier on, is counted in."""
    gate = asyncio.Event()

    class Slow(MemoryStore):
        async def records_since(self, topic: str, time: int) -> int:
            found = await super().records_since(topic, time)
            await gate.wait()
            return found

    async with node_of(tmp_path, Slow(), clock) as node:
        await publish(node, record(1, at=START - 30_000_000))
        await start(node, "any")
        second = await start(node, "since")
        gate.set()
        await settle()
        assert (await load(node, second)).outputs == {"got": 1}


async def test_what_is_purged_is_no_reason_to_wait_for_ever(tmp_path: Path, clock: ManualClock) -> None:
    """The topic is emptied while somebody looks back on it: the wait joins those that wait for what comes."""
    store = MemoryStore()
    async with node_of(tmp_path, store, clock) as node:
        other = await start(node, "keyed", key="never")
        await publish(node, *(record(n, "k") for n in range(5)))
        await store.purge_records(START + 10**12, 0)
        execution = await start(node, "any")
        await publish(node, record(7, at=START + 2_000_000))
        assert (await load(node, execution)).state is State.SUCCESS
        assert (await load(node, other)).state is State.RUNNING


async def test_the_topic_of_state_events(tmp_path: Path, clock: ManualClock) -> None:
    """One execution waits for another's end, before and after it: the journal is the topic."""
    async with node_of(tmp_path, MemoryStore(), clock) as node:
        before = await start(node, "watches", execution="nobody")
        said = await start(node, "says")
        after = await start(node, "watches", execution=said.id)
        found = await load(node, after)
        assert found.state is State.SUCCESS
        assert found.runs[1].outputs is not None
        assert found.runs[1].outputs["data"]["state"] == "SUCCESS"
        assert (await load(node, before)).state is State.RUNNING


async def test_the_place_in_a_long_journal(tmp_path: Path, clock: ManualClock) -> None:
    """It is found by halves, not from the first row on."""
    store = MemoryStore()
    async with node_of(tmp_path, store, clock) as node:
        for _ in range(20):
            await start(node, "says")
        await clock.advance(600)
        end = await store.journal_end()
        execution = await start(node, "any")
        assert await node.engine._listening._place("onbeat.executions", execution.head.created) == end
        assert await node.engine._listening._place("onbeat.executions", 0) == 0


async def test_a_condition_that_cannot_be_evaluated(tmp_path: Path, clock: ManualClock) -> None:
    """It is no fit; the execution's log says so, once; the next event may be one."""
    async with node_of(tmp_path, MemoryStore(), clock) as node:
        execution = await start(node, "picky")
        await publish(node, Record(topic="x", id="a", data="no map", time=START), Record(topic="x", id="b", data=None, time=START))
        assert (await load(node, execution)).state is State.RUNNING
        (line,) = await node.queries.logs(execution.id)
        assert (line.level, line.task) == ("WARN", "w")
        assert line.message.startswith("`matches` cannot be evaluated for event a, which so is none for it: ")
        await publish(node, record(4))
        assert (await load(node, execution)).outputs == {"got": 4}


@pytest.mark.parametrize("problem", [ExpressionError("no"), RuntimeError("bug"), TimeoutError()])
async def test_no_condition_stops_the_reader(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    """Whatever it raises, or how long it takes: the others on its topic hear of the event."""

    async def broken(self: Evaluator, *given: object, **named: object) -> object:
        raise problem

    async with node_of(tmp_path, MemoryStore(), clock) as node:
        picky, other = await start(node, "picky"), await start(node, "any")
        with monkeypatch.context() as patch:
            patch.setattr(Evaluator, "render", broken)
            await publish(node, record(3))
            assert (await load(node, other)).state is State.SUCCESS
            assert (await load(node, picky)).state is State.RUNNING
        await publish(node, record(4))
        assert (await load(node, picky)).outputs == {"got": 4}


async def test_a_bus_that_cannot_look_back(tmp_path: Path, clock: ManualClock) -> None:
    """Kafka is the bus: the wait fails at once, and its log says what to do; so does one that began on the embedded bus."""
    store = MemoryStore()
    async with node_of(tmp_path, store, clock) as node:
        before = await start(node, "any")
    async with node_of(tmp_path, store, clock) as node:
        listens = node.engine._listening
        listens._embedded = False
        execution = await start(node, "any")
        found = await load(node, execution)
        assert found.state is State.FAILED
        assert "ONBEAT_BUS=embedded" in str(found.error)
        assert [line.message for line in await node.queries.logs(execution.id)] == [str(found.error)]
        listens.end(before.id, 1)
        await listens.load()
        await settle()
        assert (await load(node, before)).state is State.FAILED


async def test_a_daemon_stops_while_somebody_waits(tmp_path: Path, clock: ManualClock) -> None:
    """Neither the reader nor one that looks back keeps it; what is told then waits for the next start."""
    store = MemoryStore()
    async with asyncio.timeout(10):
        async with node_of(tmp_path, store, clock) as node:
            execution = await start(node, "any")
            node.engine.stop()
            await publish(node, record(1))
            assert (await load(node, execution)).state is State.RUNNING
            assert (await load(node, await start(node, "any"))).state is not State.SUCCESS
        async with node_of(tmp_path, store, clock) as node:
            await settle()
            assert (await load(node, execution)).state is State.SUCCESS


async def test_on_sqlite(tmp_path: Path, clock: ManualClock) -> None:
    """The store itself: before, during, after a restart."""
    data = tmp_path / "data"
    data.mkdir()
    async with node_of(tmp_path, SqliteStore(data), clock) as node:
        waiting = [await node.start("t", "keyed", {"key": f"k{n}"}) for n in range(3)]
        await node.store.write(Work(records=(record(0, "k0"),)))
        async with asyncio.timeout(10):
            assert (await node.engine.ended(waiting[0].id)).outputs == {"got": 0}
    async with node_of(tmp_path, SqliteStore(data), clock) as node:
        await node.store.write(Work(records=(record(1, "k1"), record(2, "k2"))))
        async with asyncio.timeout(10):
            assert [(await node.engine.ended(each.id)).outputs for each in waiting[1:]] == [{"got": 1}, {"got": 2}]
