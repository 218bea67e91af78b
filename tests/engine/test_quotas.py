"""Quotas: each namespace to its share, counted in memory, and nobody waits for another's."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.states import State
from onbeat.engine import quotas as quotas_module
from onbeat.engine.node import Node
from onbeat.engine.quotas import Quotas, Rate
from onbeat.errors import QuotaReached
from onbeat.ports import ExecutionFilter, Record, Work
from onbeat.settings import Quota
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing import ManualClock, settle
from tests.engine.harness import node_with
from tests.engine.test_intake import event


def flow(namespace: str, more: str = "", id_: str = "f") -> str:
    """A flow that ends at once, with what is more."""
    return f"id: {id_}\nnamespace: {namespace}\ntasks: [{{id: r, type: core.debug.Return, format: x}}]\n{more}"


def hears(namespace: str, topic: str, id_: str = "f") -> str:
    """A flow that an event on the topic starts."""
    return flow(namespace, f"triggers: [{{id: on, type: core.trigger.Event, topic: {topic}}}]\n", id_)


def waiting(namespace: str) -> str:
    """A flow that is paused until somebody resumes it."""
    return f"id: w\nnamespace: {namespace}\ntasks: [{{id: p, type: core.flow.Pause}}]\n"


async def until(condition: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    """Returns when it holds."""
    async with asyncio.timeout(20):
        while not await condition():
            await settle(1)


async def begun(node: Node, namespace: str) -> int:
    """How many executions the namespace had."""
    return await node.queries.count(ExecutionFilter(namespaces=(namespace,)))


# ---- the bucket ------------------------------------------------------------------------------------------------


def test_a_bucket_fills_steadily() -> None:
    """A minute's worth at once, then one each time its share of the minute went by; never more than a minute's worth."""
    rate = Rate("a", 6, 0.0)
    for _ in range(6):
        assert rate.wait(0.0) == 0
        rate.take(0.0)
    assert rate.wait(0.0) == pytest.approx(10, abs=0.01)
    assert rate.wait(9.0) == pytest.approx(1, abs=0.01)
    assert rate.wait(10.0) == 0
    assert rate.level(1_000_000.0) == 6


@given(limit=st.integers(1, 500), gaps=st.lists(st.floats(0, 30), max_size=200))
def test_no_minute_has_more_than_two_minutes_worth(limit: int, gaps: list[float]) -> None:
    """Whatever comes when: in any time there are at most a full bucket and what fills it meanwhile."""
    rate, now, taken = Rate("a", limit, 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        while rate.wait(now) == 0:
            rate.take(now)
            taken += 1
        assert taken <= limit + now * limit / 60 + 0.001 * (1 + taken)
        assert rate.wait(now + rate.wait(now)) == pytest.approx(0, abs=1e-6)


def test_what_comes_together_is_paid_for_later() -> None:
    """A batch is taken whole where there is room for one; so the rate is kept over time."""
    rate = Rate("a", 60, 0.0)
    for _ in range(90):
        rate.take(0.0)
    assert rate.wait(0.0) == pytest.approx(31, abs=0.01)


def test_what_is_not_refused_owes_nothing() -> None:
    """Children take what there is: a fan of a million does not close its namespace for hours."""
    rate = Rate("a", 60, 0.0)
    for _ in range(1_000):
        rate.note(0.0)
    assert rate.wait(0.0) == pytest.approx(1, abs=0.01)
    rate.take(0.0)
    rate.note(0.0)
    assert rate.wait(0.0) == pytest.approx(2, abs=0.01)


def test_the_nearest_namespace_counts() -> None:
    """Of each limit by itself; names that only begin alike are not below."""
    quotas = Quotas(
        [
            Quota(executions_per_minute=1, running=1, kv_bytes=1),
            Quota(namespace="a", executions_per_minute=2),
            Quota(namespace="a.b", running=3),
        ],
        ManualClock(),
    )
    found = {name: quotas.pools(name) for name in ("x", "a", "a.b", "a.b.c", "ab")}
    limits = {name: (pools.rate and pools.rate.limit, pools.running and pools.running.limit) for name, pools in found.items()}
    assert limits == {"x": (1, 1), "a": (2, 1), "a.b": (2, 3), "a.b.c": (2, 3), "ab": (1, 1)}
    assert quotas.together(["a.b", "a.b.c"])
    assert not quotas.together(["a", "a.b"])
    assert quotas.size_limit("a.b", "kv_bytes") == ("*", 1)
    assert quotas.size_limit("a.b", "log_bytes") is None
    assert Quotas([], ManualClock()).pools("a") == (None, None)


# ---- starts ----------------------------------------------------------------------------------------------------


async def test_at_the_limit_nothing_is_created(tmp_path: Path, clock: ManualClock) -> None:
    """Below it all is as ever; at it nothing is; when time went by there is room for what the time gives."""
    quotas = [Quota(namespace="a", executions_per_minute=2)]
    async with node_with(MemoryStore(), {"a.yaml": flow("a")}, tmp_path, clock=clock, quotas=quotas) as node:
        await node.start("a", "f")
        await node.start("a", "f")
        with pytest.raises(QuotaReached, match=r"quota: .*`a`.* in a minute") as reached:
            await node.start("a", "f")
        assert 29 < reached.value.seconds <= 30
        assert await begun(node, "a") == 2
        await clock.advance(30)
        await node.start("a", "f")
        with pytest.raises(QuotaReached):
            await node.start("a", "f")
        assert await begun(node, "a") == 3


async def test_a_flood_is_cut_exactly(tmp_path: Path, clock: ManualClock) -> None:
    """All at once, as many are taken as may; what was refused took no share."""
    quotas = [Quota(namespace="a", executions_per_minute=10)]
    async with node_with(MemoryStore(), {"a.yaml": flow("a")}, tmp_path, clock=clock, quotas=quotas) as node:
        results = await asyncio.gather(*(node.start("a", "f") for _ in range(200)), return_exceptions=True)
        assert sum(isinstance(each, QuotaReached) for each in results) == 190
        assert await begun(node, "a") == 10
        assert node.meters.counts["onbeat_quota_refused_total"]["a", "executions_per_minute"] >= 1


async def test_namespaces_do_not_hinder_each_other(tmp_path: Path, clock: ManualClock) -> None:
    """One that has used up its share leaves the other's as it was."""
    quotas = [Quota(namespace="a", executions_per_minute=1, running=1), Quota(namespace="b", executions_per_minute=1)]
    flows = {"a.yaml": waiting("a"), "b.yaml": flow("b"), "c.yaml": flow("c")}
    async with node_with(MemoryStore(), flows, tmp_path, clock=clock, quotas=quotas) as node:
        await node.start("a", "w")
        for _ in range(3):
            with pytest.raises(QuotaReached):
                await node.start("a", "w")
        await node.start("b", "f")
        for _ in range(5):
            await node.start("c", "f")


async def test_a_place_is_free_when_its_execution_has_ended(tmp_path: Path, clock: ManualClock) -> None:
    """One that is paused has not; and one that is wrong from the start takes none."""
    quotas = [Quota(running=1)]
    async with node_with(MemoryStore(), {"a.yaml": waiting("a")}, tmp_path, clock=clock, quotas=quotas) as node:
        first = await node.start("a", "w")
        with pytest.raises(QuotaReached, match="1"):
            await node.start("a", "w")
        await until(lambda: is_paused(node, first.id))
        await node.resume(first.id)
        await node.engine.ended(first.id)
        second = await node.start("a", "w")
        await node.kill(second.id)
        await node.engine.ended(second.id)
        assert [use.used for use in node.quotas()] == [0]


async def is_paused(node: Node, execution: str) -> bool:
    """Whether it waits for somebody."""
    return (await node.engine.load(execution)).state is State.PAUSED


async def test_after_a_restart_it_is_known_who_runs(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when there are many; who has ended is none of them; a minute's share is whole again."""
    monkeypatch.setattr(quotas_module, "_PAGE", 2)
    quotas = [Quota(namespace="a", running=5, executions_per_minute=6)]
    store = lambda: SqliteStore(tmp_path / "x.db")  # noqa: E731  # a line, twice
    flows = {"a.yaml": waiting("a"), "b.yaml": waiting("b"), "f.yaml": flow("a")}
    async with node_with(store(), flows, tmp_path, clock=clock, quotas=quotas) as node:
        paused, *_ = [await node.start("a", "w") for _ in range(5)]
        await node.start("b", "w")
        await until(lambda: is_paused(node, paused.id))
    async with node_with(store(), flows, tmp_path, clock=clock, quotas=quotas) as node:
        with pytest.raises(QuotaReached, match="run as may"):
            await node.start("a", "f")
        await node.kill(paused.id)
        await node.engine.ended(paused.id)
        await node.engine.ended((await node.start("a", "f")).id)


FAN = """
id: fan
namespace: a
tasks:
  - {id: each, type: core.flow.ForEach, values: [1, 2, 3], tasks: [{id: s, type: core.flow.Subflow, namespace: a, flowId: f, wait: true}]}
"""


async def test_a_fan_comes_to_its_end(tmp_path: Path, clock: ManualClock) -> None:
    """What a running execution starts is not refused; but it counts for those who come then."""
    quotas = [Quota(namespace="a", executions_per_minute=2, running=2)]
    async with node_with(MemoryStore(), {"fan.yaml": FAN, "f.yaml": flow("a")}, tmp_path, clock=clock, quotas=quotas) as node:
        started = await node.start("a", "fan")
        assert (await node.engine.ended(started.id)).state is State.SUCCESS
        assert await begun(node, "a") == 4
        with pytest.raises(QuotaReached, match="in a minute"):
            await node.start("a", "f")
        await clock.advance(31)
        await node.start("a", "f")


# ---- sources ---------------------------------------------------------------------------------------------------


async def test_a_source_of_one_namespace_waits(tmp_path: Path, clock: ManualClock) -> None:
    """Nothing is lost and nothing is dead: what came too much starts when there is room."""
    quotas = [Quota(namespace="a", running=1)]
    flows = {"a.yaml": waiting("a").replace("id: w\n", "id: w\ntriggers: [{id: on, type: core.trigger.Event, topic: x}]\n")}
    async with node_with(MemoryStore(), flows, tmp_path, clock=clock, quotas=quotas) as node:
        first = (await node.publish("x", 1)).executions
        assert first is not None
        (subscription,) = node.intake.subscriptions()
        await node.store.write(Work(records=(Record(topic="x", id="second", data=2, time=clock.now(), source="t", type="t"),)))

        async def waits() -> bool:
            return subscription.trouble is not None and "quota" in subscription.trouble

        await until(waits)
        assert await begun(node, "a") == 1
        await until(lambda: is_paused(node, first[0]))
        await node.kill(first[0])
        await node.engine.ended(first[0])
        await clock.advance(2)

        async def goes_on() -> bool:
            return await begun(node, "a") == 2

        await until(goes_on)
        assert await node.queries.dead_events() == []


async def test_a_shared_source_parks_what_is_too_much(tmp_path: Path, clock: ManualClock) -> None:
    """Others on the topic go on; the event is kept whole, and starts when it is replayed."""
    quotas = [Quota(namespace="a", executions_per_minute=1)]
    async with node_with(
        MemoryStore(), {"a.yaml": hears("a", "x"), "b.yaml": hears("b", "x")}, tmp_path, clock=clock, quotas=quotas
    ) as node:
        for n in range(3):
            await node.publish("x", n)
        assert (await begun(node, "a"), await begun(node, "b")) == (1, 3)
        dead = await node.queries.dead_events()
        assert sorted(each.event.data for each in dead if each.event is not None) == [1, 2]
        assert all(each.reason.startswith("quota: ") and each.trigger == "a.f.on" for each in dead)
        await clock.advance(60)
        await node.replay(dead[0].id)
        assert await begun(node, "a") == 2


async def test_a_backfill_past_the_quota_waits(tmp_path: Path, clock: ManualClock) -> None:
    """It is not parked, and the times of other schedules come meanwhile; one run of it at a time, it keeps to the rate."""
    day = "triggers: [{id: daily, type: core.trigger.Schedule, cron: 0 5 * * *}]\n"
    soon = "triggers: [{id: often, type: core.trigger.Schedule, cron: '* * * * *'}]\n"
    quotas = [Quota(namespace="a", executions_per_minute=2)]
    async with node_with(
        MemoryStore(), {"a.yaml": flow("a", day), "b.yaml": flow("b", soon)}, tmp_path, clock=clock, quotas=quotas
    ) as node:
        await settle()
        await node.backfills.begin(node.triggers.find("a", "f", "daily"), clock.now() - 10 * 86_400_000_000, clock.now())

        async def at_the_limit() -> bool:
            return await begun(node, "a") >= 2 and not node.engine.at_work()

        await until(at_the_limit)
        for _ in range(2):
            await clock.advance(60)
        assert 4 <= await begun(node, "a") <= 6
        assert await begun(node, "b") == 2
        for _ in range(4):
            await clock.advance(60)
        assert await begun(node, "a") == 10
        assert await node.backfills.of("a.f.daily") is None
        assert await node.queries.dead_events() == []


async def test_a_schedule_past_the_quota_is_parked(tmp_path: Path, clock: ManualClock) -> None:
    """All schedules are one source: who waited would keep the others' times waiting."""
    soon = "triggers: [{id: often, type: core.trigger.Schedule, cron: '* * * * *'}]\n"
    flows = {"a.yaml": waiting("a") + soon.replace("cron", "allowConcurrent: true, cron"), "b.yaml": flow("b", soon)}
    async with node_with(MemoryStore(), flows, tmp_path, clock=clock, quotas=[Quota(namespace="a", running=1)]) as node:
        await settle()
        for _ in range(3):
            await clock.advance(60)
        assert (await begun(node, "a"), await begun(node, "b")) == (1, 3)
        assert [each.trigger for each in await node.queries.dead_events()] == ["a.w.often"] * 2


async def test_what_comes_together_is_taken_whole(tmp_path: Path, clock: ManualClock) -> None:
    """A batch larger than a minute's share does not stand before the door for ever."""
    quotas = [Quota(namespace="a", executions_per_minute=3)]
    store = MemoryStore()
    async with node_with(store, {"a.yaml": hears("a", "x")}, tmp_path, clock=clock, quotas=quotas) as node:
        (subscription,) = node.intake.subscriptions()
        await node.intake.emit(subscription, [event(str(n), n) for n in range(10)])
        assert await begun(node, "a") == 10
        with pytest.raises(QuotaReached) as reached:
            await node.intake.emit(subscription, [event("more", 1)])
        assert 155 < reached.value.seconds <= 160


async def test_a_duplicate_takes_no_share(tmp_path: Path, clock: ManualClock) -> None:
    """What had started already gives back what it took."""
    quotas = [Quota(namespace="a", executions_per_minute=3, running=3)]
    async with node_with(MemoryStore(), {"a.yaml": hears("a", "x")}, tmp_path, clock=clock, quotas=quotas) as node:
        (subscription,) = node.intake.subscriptions()
        for _ in range(10):
            await node.intake.emit(subscription, [event("same", 1)])
        assert await begun(node, "a") == 1
        assert [use.used for use in node.quotas() if use.quota == "executions_per_minute"] == [1]


async def test_what_has_started_is_answered_where_the_quota_is_full(tmp_path: Path, clock: ManualClock) -> None:
    """Again the same event is its execution, not a refusal nor a dead event; another one is refused."""
    quotas = [Quota(namespace="a", executions_per_minute=1)]
    async with node_with(MemoryStore(), {"a.yaml": hears("a", "x")}, tmp_path, clock=clock, quotas=quotas) as node:
        (subscription,) = node.intake.subscriptions()
        (first,) = await node.intake.emit(subscription, [event("same", 1)])
        (again,) = await node.intake.emit(subscription, [event("same", 1)])
        assert again.started == first.started
        assert again.duplicate
        with pytest.raises(QuotaReached):
            await node.intake.emit(subscription, [event("other", 1)])
        assert [use.used for use in node.quotas() if use.quota == "executions_per_minute"] == [1]
        assert await node.queries.dead_events() == []
