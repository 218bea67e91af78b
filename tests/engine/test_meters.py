"""What is measured: bounded, only what is durable, and nothing while nothing is to do."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from onbeat.clock import SystemClock
from onbeat.engine.meters import BY_NAME, KEPT, METERS, OTHER, Meters, Names, Spread
from onbeat.engine.node import Node
from onbeat.errors import Overloaded
from onbeat.ports import Received, Work, Written
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with

FLOWS = {
    "hook.yaml": """
id: hook
namespace: t
tasks: [{id: a, type: core.debug.Return, format: x}, {id: b, type: core.execution.Fail, condition: "{{ trigger.data.bad }}"}]
triggers: [{id: on, type: core.trigger.Event, topic: things, when: "{{ trigger.data.go }}"}]
""",
}


async def published(node: Node, data: Any, id_: str | None = None) -> str:
    """An event, and the end of what it started."""
    (id_,) = (await node.publish("things", data, id_=id_)).executions or ("",)
    await node.engine.ended(id_)
    return id_


def test_names_are_those_of_prometheus() -> None:
    """A counter ends in _total, what is timed in _seconds; every name is ours, said once and explained."""
    assert len(BY_NAME) == len(METERS)
    for meter in METERS:
        assert meter.name.startswith("onbeat_")
        assert meter.name.endswith("_total") == (meter.kind == "counter")
        assert meter.about.endswith(".")
        assert bool(meter.bounds) == (meter.kind == "histogram")
        assert meter.name.endswith("_seconds") or meter.kind != "histogram" or meter.name == "onbeat_commit_works"


def test_a_label_does_not_grow_without_bound() -> None:
    """The first ones have a name of their own, also later; the rest are together."""
    names = Names()
    first = [names(f"flow{n}") for n in range(KEPT)]
    assert first == [f"flow{n}" for n in range(KEPT)]
    assert names("late") == OTHER
    assert names("flow0") == "flow0"
    meters = Meters()
    for n in range(KEPT + 5):
        meters.flow("t", f"flow{n}")
    assert meters.flow("t", "flow0") == ("t", "flow0")
    assert meters.flow("t", f"flow{KEPT + 1}") == (OTHER, OTHER)


def test_a_value_is_in_the_bucket_that_it_does_not_exceed() -> None:
    """As Prometheus counts: `le`."""
    spread = Spread((1, 2))
    for value in (0.5, 1, 1.5, 2, 3):
        spread.add(value)
    assert (spread.counts, spread.sum) == ([2, 2, 1], 8)


async def test_an_event_is_counted_with_what_it_did(tmp_path: Path) -> None:
    """Received, started, duplicate; the states its execution went through; how long the attempts ran."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await published(node, {"go": True, "bad": False}, "one")
        await published(node, {"go": True, "bad": True})
        await node.publish("things", {"go": False})
        counts, spreads = node.meters.counts, node.meters.spreads
        source = "core.trigger.Event"
        assert counts["onbeat_events_received_total"] == {(source,): 3}
        assert counts["onbeat_event_starts_total"] == {(source, "t.hook.on", "started"): 2}
        states = {state: count for (_, _, state), count in counts["onbeat_executions_total"].items()}
        assert states == {"CREATED": 2, "RUNNING": 2, "SUCCESS": 1, "FAILED": 1}
        assert counts["onbeat_task_attempts_total"][("core.execution.Fail", "FAILED")] == 1
        assert counts["onbeat_task_attempts_total"][("core.debug.Return", "SUCCESS")] == 2
        assert sum(spreads["onbeat_event_first_task_seconds"][()].counts) == 2
        assert sum(spreads["onbeat_event_durable_seconds"][(source,)].counts) == 3
        assert sum(spreads["onbeat_execution_seconds"][("t", "hook")].counts) == 2


async def test_a_duplicate_starts_nothing_and_is_not_timed(tmp_path: Path) -> None:
    """It is counted as what it is; nobody waits for its first task."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        await published(node, {"go": True, "bad": False}, "one")
        (subscription,) = node.intake.subscriptions()
        (record,) = await node.store.records("things", 0, 10)
        (again,) = await node.intake.emit(subscription, [Received(event=record.as_event(), key=record.identity)])
        assert again.duplicate
        starts = node.meters.counts["onbeat_event_starts_total"]
        assert starts[("core.trigger.Event", "t.hook.on", "duplicate")] == 1
        assert sum(node.meters.spreads["onbeat_event_first_task_seconds"][()].counts) == 1
        assert not node.meters._expected


async def test_what_is_dead_or_refused_is_counted(tmp_path: Path) -> None:
    """A condition that cannot be evaluated; a daemon that is full."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, max_active=1) as node:
        await node.publish("things", {})
        assert node.meters.counts["onbeat_event_starts_total"] == {("core.trigger.Event", "t.hook.on", "dead"): 1}
        (subscription,) = node.intake.subscriptions()
        (record,) = await node.store.records("things", 0, 10)
        await node.intake.stop()
        with pytest.raises(Overloaded):
            await node.intake.emit(subscription, [Received(event=record.as_event())])
        assert node.meters.counts["onbeat_events_refused_total"] == {("core.trigger.Event",): 1}


async def test_a_commit_is_timed_with_its_size(tmp_path: Path) -> None:
    """SQLite's transactions, with how many callers shared each."""
    store = SqliteStore(tmp_path / "data")
    async with node_with(store, FLOWS, tmp_path) as node:
        await published(node, {"go": True, "bad": False})
        works, seconds = node.meters.spreads["onbeat_commit_works"][()], node.meters.spreads["onbeat_commit_seconds"][()]
        assert sum(works.counts) == sum(seconds.counts) > 2
        assert works.sum >= sum(works.counts)
        assert seconds.sum > 0


async def test_the_loop_is_looked_at_after_work_and_only_then() -> None:
    """One look for a write, however many there are meanwhile; a loop that is held up is seen; no look follows by itself."""
    looks: list[Any] = []
    loop = asyncio.get_running_loop()
    meters, real = Meters(SystemClock()), loop.call_later
    loop.call_later = lambda *call: looks.append(call)  # type: ignore[assignment,method-assign,misc,return-value]  # seen, not done
    try:
        meters.written(Work(), Written())
        meters.written(Work(), Written())
        ((_, look, due),) = looks
        look(due - 1)
        assert meters.spreads["onbeat_loop_lag_seconds"][()].sum > 0.5
        assert len(looks) == 1
        meters.written(Work(), Written())
        assert len(looks) == 2
    finally:
        loop.call_later = real  # type: ignore[method-assign]  # as it was


async def test_a_clock_that_is_moved_by_hand_has_no_lag() -> None:
    """The loop is not probed under a test's clock: no timer that the test did not ask for."""
    meters = Meters(ManualClock())
    meters.written(Work(), Written())
    assert meters.spreads["onbeat_loop_lag_seconds"] == {}


async def test_who_never_begins_a_task_is_forgotten(tmp_path: Path) -> None:
    """A flow whose tasks are all disabled ends; nobody waits for its first one for ever."""
    flow = FLOWS["hook.yaml"].replace("id: a,", "id: a, disabled: true,").replace("id: b,", "id: b, disabled: true,")
    async with node_with(MemoryStore(), {"hook.yaml": flow}, tmp_path) as node:
        await published(node, {"go": True, "bad": False})
        assert not node.meters._expected
        assert node.meters.spreads["onbeat_event_first_task_seconds"] == {}
