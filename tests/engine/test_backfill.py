"""Backfills on a whole node: asked for once, run by the schedule's source, and safe against crashes."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import Refused, StoreBroken, UserError
from onbeat.stores.memory import MemoryStore
from onbeat.testing import START, ManualClock, settle
from tests.engine.faulty import FaultyStore
from tests.engine.harness import node_with

HOUR = 3_600_000_000
DAY = 24 * HOUR
FLOWS = {
    "nightly.yaml": """
id: nightly
namespace: t
inputs: [{id: what, type: STRING, defaults: usual}]
tasks: [{id: say, type: core.debug.Return, format: "{{ inputs.what }} {{ trigger.date }}"}]
outputs: [{id: said, type: STRING, value: "{{ outputs.say.value }}"}]
triggers:
  - {id: hourly, type: core.trigger.Schedule, cron: 0 * * * *}
  - {id: hook, type: core.trigger.Webhook, key: abc}
""",
    "slow.yaml": """
id: slow
namespace: t
tasks: [{id: nap, type: core.flow.Sleep, duration: PT10S}]
triggers: [{id: daily, type: core.trigger.Schedule, cron: 0 5 * * *}]
""",
}


async def finished(node: Node, trigger: str) -> None:
    """Until the backfill is done and nothing runs."""
    async with asyncio.timeout(20):
        while await node.backfills.of(trigger) is not None or node.engine.at_work():
            at = await node.store.journal_end()
            await settle()
            if await node.backfills.of(trigger) is not None and at == await node.store.journal_end():
                await node.store.wait_journal(at)


async def dates(store: Any) -> list[str]:
    """The dates of all executions, oldest first."""
    found = [await store.load(line.id) for line in await store.executions(limit=1000)]
    return sorted(each.head.trigger.variables["date"] for each in found)


async def test_a_backfill_runs_the_past_with_its_own_inputs_and_labels(tmp_path: Path, clock: ManualClock) -> None:
    """Both ends included; expressions in its inputs see the date of each run."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock) as node:
        await settle()
        trigger = node.triggers.find("t", "nightly", "hourly")
        given = {"inputs": {"what": "again {{ trigger.date | date('HH') }}"}, "labels": {"backfill": "yes"}}
        backfill = await node.backfills.begin(trigger, START - 3 * HOUR, START - HOUR, **given)  # type: ignore[arg-type]  # two maps
        assert backfill.total == 3
        await finished(node, "t.nightly.hourly")
        found = [await node.engine.load(line.id) for line in await node.queries.executions()]
        assert sorted((each.outputs or {})["said"] for each in found) == [f"again {hour} 2025-12-31T{hour}:00:00Z" for hour in (21, 22, 23)]
        assert {each.labels["backfill"] for each in found} == {"yes"}
        await clock.advance(3600)
        assert await node.queries.count() == 4


async def test_it_runs_one_after_the_other_shows_how_far_it_is_and_can_be_stopped(tmp_path: Path, clock: ManualClock) -> None:
    """Paused it starts nothing more, and what runs ends; deleted it is over; then there may be another one."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock) as node:
        await settle()
        trigger = node.triggers.named("daily")
        await node.backfills.begin(trigger, START - 5 * DAY, None)
        await settle()
        assert await node.queries.count() == 1
        await clock.advance(10)
        found = await node.backfills.of("t.slow.daily")
        assert found is not None
        assert (found[0].total, found[1].runs, await node.queries.count()) == (5, 2, 2)
        with pytest.raises(Refused, match="is going on"):
            await node.backfills.begin(trigger, START - DAY, None)
        await node.backfills.pause(trigger, True)
        await clock.advance(30)
        assert await node.queries.count() == 2
        await node.backfills.pause(trigger, False)
        await clock.advance(10)
        assert await node.queries.count() == 4
        await node.backfills.delete(trigger)
        await clock.advance(60)
        assert await node.queries.count() == 4
        assert {line.state for line in await node.queries.executions()} == {State.SUCCESS}
        with pytest.raises(UserError, match="no backfill"):
            await node.backfills.pause(trigger, True)
        await node.backfills.begin(trigger, START - DAY, None, paused=True)
        await clock.advance(60)
        assert await node.queries.count() == 4


async def test_what_cannot_be_run_is_refused_before_anything_is(tmp_path: Path, clock: ManualClock) -> None:
    """No schedule, no times in the range, a range that is upside down or too long."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock) as node:
        schedule = node.triggers.named("hourly")
        with pytest.raises(Refused, match="only schedules"):
            await node.backfills.begin(node.triggers.named("hook"), START - HOUR, None)
        for start, end, why in ((START - HOUR // 2, START - HOUR // 3, "no times"), (START, START - HOUR, "exchange")):
            with pytest.raises(UserError, match=why):
                await node.backfills.begin(schedule, start, end)
        with pytest.raises(UserError, match="100,000"):
            await node.backfills.begin(schedule, START - 20 * 365 * DAY, None)
        assert len(await node.backfills.preview(schedule, START - 3 * HOUR, START + 3 * HOUR)) == 4
        assert await node.store.ledger("backfills") == {}


async def test_a_backfill_that_is_done_is_forgotten_at_the_next_start(tmp_path: Path, clock: ManualClock) -> None:
    """Its rows go; its runs, and that they ran, stay."""
    store = MemoryStore()
    async with node_with(store, FLOWS, tmp_path, clock=clock) as node:
        await node.backfills.begin(node.triggers.named("hourly"), START - HOUR, None)
        await finished(node, "t.nightly.hourly")
    async with node_with(store, FLOWS, tmp_path, clock=clock) as node:
        await settle()
        assert await node.store.ledger("backfills") == await node.store.ledger("backfill-progress") == {}
        assert await node.queries.count() == 2


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_at_any_write_skips_and_repeats_nothing(tmp_path: Path, moment: str) -> None:
    """Each instant has one execution, and each has ended, wherever the process died once."""
    for at in range(1, 14):
        clock = ManualClock()
        seen: list[str] = []

        def crash(when: str, at: int = at, seen: list[str] = seen) -> None:
            seen.append(when)
            if when == moment and seen.count(when) == at:
                raise OSError("crash")

        store = MemoryStore(on_write=crash)
        for _ in range(2):
            try:
                async with asyncio.timeout(20), node_with(store, FLOWS, tmp_path, clock=clock) as node:
                    await settle()
                    if not await store.ledger("backfills") and not await node.queries.count():
                        await node.backfills.begin(node.triggers.named("hourly"), START - 3 * HOUR, START - HOUR)
                    await finished(node, "t.nightly.hourly")
                break
            except* (StoreBroken, asyncio.CancelledError):
                pass
        await store.open()
        assert Counter(await dates(store)) == {f"2025-12-31T{hour}:00:00Z": 1 for hour in (21, 22, 23)}
        assert {line.state for line in await store.executions()} == {State.SUCCESS}
        await store.close()


async def test_of_two_that_are_asked_for_at_once_one_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    """None is taken and then forgotten."""
    store = FaultyStore()
    async with node_with(store, FLOWS, tmp_path, clock=clock) as node:
        await settle()
        trigger = node.triggers.named("daily")
        store.gate.clear()
        asked = asyncio.gather(
            *(node.backfills.begin(trigger, START - days * DAY, None, paused=True) for days in (2, 3)), return_exceptions=True
        )
        for _ in range(5):  # each works its instants out in a thread, too
            await node.backfills.preview(trigger, START - DAY, None)
            await settle()
        store.gate.set()
        first, second = sorted(await asked, key=lambda each: isinstance(each, Exception))
        assert isinstance(second, Refused)
        assert not isinstance(first, BaseException)
        found = await node.backfills.of("t.slow.daily")
        assert found is not None
        assert found[0].id == first.id


async def test_what_is_deleted_stays_deleted_whatever_is_asked_for_meanwhile(tmp_path: Path, clock: ManualClock) -> None:
    """A pause that was on its way does not bring it back."""
    store = FaultyStore()
    async with node_with(store, FLOWS, tmp_path, clock=clock) as node:
        await settle()
        trigger = node.triggers.named("daily")
        await node.backfills.begin(trigger, START - 5 * DAY, None, paused=True)
        store.gate.clear()
        asked = asyncio.gather(node.backfills.delete(trigger), node.backfills.pause(trigger, False), return_exceptions=True)
        await settle()
        store.gate.set()
        deleted, paused = await asked
        assert deleted is None
        assert isinstance(paused, UserError)
        await clock.advance(60)
        assert await node.backfills.of("t.slow.daily") is None
        assert await node.queries.count() == 0


async def test_what_waits_for_room_is_not_run_once_it_is_deleted(tmp_path: Path, clock: ManualClock) -> None:
    """Deleting, or a pause, is heard also while the engine is full."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, clock=clock, max_active=1) as node:
        await settle()
        trigger = node.triggers.named("hourly")
        busy = await node.start("t", "slow")
        await node.backfills.begin(trigger, START - 5 * HOUR, None)
        await settle()
        await node.backfills.delete(trigger)
        await clock.advance(10)
        assert (await node.engine.ended(busy.id)).ended
        await clock.advance(10)
        assert await node.queries.count() == 1
