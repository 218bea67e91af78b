"""The engine when things go wrong under it: nobody hangs, nothing leaks, the others go on."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from onbeat.core import signals as s
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine import deciding, memory
from onbeat.errors import NotFound, Overloaded, Refused
from onbeat.ports import Outcome
from onbeat.testing import ManualClock, settle
from tests.engine.faulty import FaultyStore, Once
from tests.engine.flows import FLOWS, ended, heard, leftovers, running
from tests.engine.harness import node_with

pytestmark = pytest.mark.usefixtures("deeds")


async def test_a_start_whose_caller_left_is_run(tmp_path: Path) -> None:
    """Cancelled while its write is in flight: the write becomes durable, so the execution must run now and not at the next boot."""
    store = FaultyStore()
    async with running(tmp_path, store) as node:
        store.gate.clear()
        async with asyncio.TaskGroup() as group:
            caller = group.create_task(node.start("t", "two"))
            await settle()
            caller.cancel()
        store.gate.set()
        await settle()
        (found,) = await node.queries.executions()
        assert found.state is State.SUCCESS
        assert leftovers(node) == {}


async def test_a_refused_start_leaves_nothing(tmp_path: Path) -> None:
    """The caller hears of it, also a place is not kept; a caller who left takes nobody down with him."""
    store = FaultyStore()
    async with running(tmp_path, store) as node:
        store.refuse = Once(Overloaded("full"), 2)
        with pytest.raises(Overloaded):
            await node.start("t", "two")
        store.gate.clear()
        async with asyncio.TaskGroup() as group:
            caller = group.create_task(node.start("t", "two"))
            await settle()
            caller.cancel()
        store.gate.set()
        await settle()
        assert await node.queries.count() == 0
        assert leftovers(node) == {}
        assert (await ended(node, await node.start("t", "two"))).state is State.SUCCESS


async def test_a_stop_while_the_disk_is_full_ends(tmp_path: Path) -> None:
    """A step that cannot be written does not keep the daemon alive; the next start goes on from what is on disk."""
    store = FaultyStore()
    async with asyncio.timeout(20):
        async with running(tmp_path, store) as node:
            execution = await node.start("t", "sleep")
            await settle()
            store.refuse = Once(Overloaded("full"), 1_000_000, wanted=lambda work: bool(work.appends))
            async with asyncio.TaskGroup() as group:
                kill = group.create_task(heard(node.kill(execution.id)))
                await settle()
                node.engine.stop()
                assert "stops" in str(await kill)
    store.refuse = lambda work: None
    async with running(tmp_path, store) as node:
        assert (await node.kill(execution.id)).state in (State.KILLING, State.KILLED)


async def test_a_load_that_fails_keeps_nobody_waiting(tmp_path: Path, clock: ManualClock) -> None:
    """Whoever asks an execution that cannot be loaded is told so, the others go on, and once it can be loaded it is as before."""
    store = FaultyStore()
    async with running(tmp_path, store, clock) as node:
        execution = await node.start("t", "pause")
    async with running(tmp_path, store, clock) as node:
        store.on_load = Once(ValueError("broken row"), wanted=lambda id_: id_ == execution.id)
        with pytest.raises(Refused, match=r"set aside.*broken row"):
            await node.engine.ask(execution.id, s.Resume({}))
        assert any("broken row" in sentence for sentence in node.trouble())
        assert (await ended(node, await node.start("t", "two"))).state is State.SUCCESS
        await node.resume(execution.id)
        assert (await ended(node, execution)).state is State.SUCCESS
        assert node.trouble() == []


async def test_a_store_that_is_not_there_for_a_moment_is_asked_again(tmp_path: Path, clock: ManualClock) -> None:
    """What is only late is waited for; the execution is not set aside."""
    store = FaultyStore()
    async with running(tmp_path, store, clock) as node:
        execution = await node.start("t", "pause")
    async with running(tmp_path, store, clock) as node:
        async with asyncio.TaskGroup() as group:
            store.on_load = Once(Overloaded("later"), 2)
            asked = group.create_task(node.engine.ask(execution.id, s.Resume({})))
            await clock.advance(3)
            assert (await asked).state is State.SUCCESS
        assert node.trouble() == []


async def test_a_revision_that_is_gone_sets_its_executions_aside(tmp_path: Path, clock: ManualClock) -> None:
    """At boot: who waits for the execution is told, the engine serves, and the sentence names the revision."""
    store = FaultyStore()
    async with running(tmp_path, store, clock) as node:
        execution = await node.start("t", "sleep")
        await settle()
    store._flows.clear()
    async with node_with(store, {"two.yaml": FLOWS["two.yaml"]}, tmp_path, clock=clock, sources=False) as node:
        (tmp_path / "flows" / "sleep.yaml").unlink()
        node.catalog._revisions.clear()
        store._flows.pop(("t", "sleep"), None)
        node.engine.tell(execution.id, s.Recover())
        with pytest.raises((Refused, NotFound), match="revision"):
            await node.engine.ask(execution.id, s.Kill())
        with pytest.raises(Refused, match="set aside"):
            await node.engine.ended(execution.id)
        assert (await ended(node, await node.start("t", "two"))).state is State.SUCCESS


async def test_who_waits_for_the_end_of_what_is_set_aside_is_told(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ended()` raises instead of waiting for ever, whether it was called before or after; nothing of the execution goes on meanwhile."""
    async with running(tmp_path, FaultyStore(), clock, max_tasks=1) as node:
        bad = await node.start("t", "sleep")
        other = await node.start("t", "sleep")
        await settle()
        real = deciding.decided

        def broken(flow: Any, execution: Execution, *rest: Any) -> Any:
            if execution.id == bad.id:
                raise RuntimeError("planted")
            return real(flow, execution, *rest)

        monkeypatch.setattr(deciding, "decided", broken)
        async with asyncio.TaskGroup() as group:
            waits = group.create_task(heard(node.engine.ended(bad.id)))
            await settle()
            node.engine.tell(bad.id, s.SetLabels({"a": "b"}))
            assert "planted" in str(await waits)
        with pytest.raises(Refused, match="planted"):
            await node.engine.ended(bad.id)
        await settle()
        assert (await node.engine.load(other.id)).runs[1].state is State.RUNNING
        assert len(node.runner) == 1
        monkeypatch.setattr(deciding, "decided", real)
        after = await node.engine.ask(bad.id, s.SetLabels({"a": "b"}))
        assert [attempt.lost for attempt in after.runs[1].attempts] == [True]
        for each in (bad, other):
            await node.kill(each.id)
            await ended(node, each)
        await settle()
        assert leftovers(node) == {}


async def test_poison_at_boot_is_set_aside_and_tried_at_the_next(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One execution whose decision raises: the engine starts, says so, runs the others; a later start tries it once more."""
    store = FaultyStore()
    async with running(tmp_path, store, clock) as node:
        bad = await node.start("t", "sleep")
        await settle()
    real = deciding.decided
    tried: list[str] = []

    def broken(flow: Any, execution: Execution, *rest: Any) -> Any:
        if execution.id == bad.id:
            tried.append(bad.id)
            raise RuntimeError("poison")
        return real(flow, execution, *rest)

    monkeypatch.setattr(deciding, "decided", broken)
    for boot in (1, 2):
        async with running(tmp_path, store, clock) as node:
            await settle()
            assert any(bad.id in sentence and "poison" in sentence for sentence in node.trouble())
            assert len(tried) == boot
            assert (await ended(node, await node.start("t", "two"))).state is State.SUCCESS
    monkeypatch.setattr(deciding, "decided", real)
    async with running(tmp_path, store, clock) as node:
        await settle()
        assert node.trouble() == []
        assert (await node.engine.load(bad.id)).runs[1].attempt == 2


async def test_an_evicted_execution_keeps_one_timer(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of executions that wait long only the instant of their waking is kept; they wake, and what is killed leaves no timer."""
    monkeypatch.setattr(memory, "KEPT", 2)
    async with running(tmp_path, FaultyStore(), clock) as node:
        made = [await node.start("t", "pause") for _ in range(6)]
        await settle()
        assert leftovers(node) == {"idle": 2, "asleep": 4, "timers": 6}
        await node.kill(made[0].id)
        await ended(node, made[0])
        await settle()
        assert leftovers(node) == {"idle": 2, "asleep": 3, "timers": 5}
        await clock.advance(3_601)
        for each in made[1:]:
            assert (await ended(node, each)).state is State.SUCCESS
        await settle()
        assert leftovers(node) == {}


async def test_a_timer_that_came_too_early_comes_again(tmp_path: Path, clock: ManualClock) -> None:
    """The wall clock was set back between the firing and the deciding: the signal is stale, and the timer is armed once more."""
    async with running(tmp_path, FaultyStore(), clock) as node:
        execution = await node.start("t", "pause")
        await settle()
        due = node.engine._memory._idle[execution.id].execution.runs[1].wake  # type: ignore[union-attr]
        assert due is not None
        node.engine.timers.disarm(execution.id, 1, due)  # as the timers do before they call
        node.engine._fire(execution.id, 1, due)
        await settle()
        assert (await node.engine.load(execution.id)).runs[1].state is State.PAUSED
        await clock.advance(3_601)
        assert (await ended(node, execution)).state is State.SUCCESS


async def test_a_wide_step_is_decided_off_the_loop(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of task runs at once: the loop turns while they are decided. A small step stays on the loop."""
    threads: dict[str, set[bool]] = {"fan": set(), "two": set()}
    real = deciding.decided

    def noted(flow: Any, *rest: Any) -> Any:
        threads[flow.id].add(threading.current_thread() is threading.main_thread())
        return real(flow, *rest)

    monkeypatch.setattr(deciding, "decided", noted)
    each = "{id: each, type: core.flow.ForEach, values: [a, b], concurrencyLimit: 0, tasks: [{id: r, type: core.debug.Return, format: x}]}"
    flows = {"two.yaml": FLOWS["two.yaml"], "fan.yaml": f"id: fan\nnamespace: t\ntasks: [{each}]\n"}
    async with node_with(FaultyStore(), flows, tmp_path, clock=clock, sources=False) as node:
        for name in ("two", "fan"):
            assert (await ended(node, await node.start("t", name))).state is State.SUCCESS
    assert threads == {"fan": {False}, "two": {True}}


async def test_a_stop_waits_for_what_is_being_written(tmp_path: Path, deeds: dict[str, Any]) -> None:
    """A write in flight when the daemon stops is finished before the store is closed: what was decided is there."""
    store = FaultyStore()
    go = asyncio.Event()

    async def wait(context: Any) -> Outcome:
        await go.wait()
        return Outcome(outputs={"x": 1})

    deeds["wait"] = wait
    async with running(tmp_path, store) as node:
        execution = await node.start("t", "does", {"what": "wait"})
        store.gate.clear()
        go.set()
        await settle()
        asyncio.get_running_loop().call_later(0.05, store.gate.set)
    await store.open()
    found = await store.load(execution.id)
    assert found is not None
    assert found.state is State.SUCCESS
