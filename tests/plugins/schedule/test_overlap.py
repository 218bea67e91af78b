"""Schedules whose executions are still running, their conditions, and their backfills."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from onbeat.core.backfill import PROGRESS, Backfill, Progress
from onbeat.core.times import from_datetime
from onbeat.plugins.schedule import Schedule, ScheduleOnDates
from onbeat.ports import Listener, Received
from onbeat.testing import settle
from tests.plugins.schedule.kit import START, World, schedule

LAST_MAY = "* 12 31 5 *"
"""Nothing of it comes as long as these tests run."""


def backfill(first: int, last: int, **facts: Any) -> Backfill:
    """Of the minutes after noon of the day before."""
    day = datetime(2026, 5, 31, 12, tzinfo=UTC)
    start, end = (from_datetime(day + timedelta(minutes=minutes)) for minutes in (first, last))
    return Backfill(**{"id": "b", "start": start, "end": end, **facts})


async def progress(world: World, name: str = "t") -> Progress:
    """How far a backfill has come."""
    return msgspec.json.decode((await world.store.ledger(PROGRESS))[name], type=Progress)


@pytest.mark.parametrize(("policy", "expected"), [("ALL", ["12:02", "12:03", "12:04"]), ("LAST", ["12:04"]), ("NONE", [])])
async def test_times_that_come_while_an_execution_runs_count_as_missed(policy: str, expected: list[str]) -> None:
    """Nothing starts before it has ended; then the policy decides, and ALL runs them one after the other."""
    world = World()
    world.lasting = True
    async with world.running(schedule(recover=policy)):
        await world.clock.advance(60)
        assert world.keys() == ["12:01"]
        await world.clock.advance(180)
        assert world.keys() == ["12:01"]
        await world.clock.advance(20)
        for so_far in range(1, len(expected) + 1):
            await world.end()
            assert world.keys() == ["12:01", *expected[:so_far]]
        await world.end()
        await world.clock.advance(30)
        await settle()
        assert world.keys() == ["12:01", *expected, "12:05"]


async def test_other_schedules_do_not_wait_for_it() -> None:
    """Each waits for its own executions; `allowConcurrent` for none."""
    world = World()
    world.lasting = True
    async with world.running(schedule(), schedule("u", cron="*/2 * * * *"), schedule("free", allow_concurrent=True)):
        await world.clock.advance(240)
    assert world.keys() == ["12:01"]
    assert world.keys("u") == ["12:02"]
    assert world.keys("free") == ["12:01", "12:02", "12:03", "12:04"]


async def test_after_a_restart_it_still_waits() -> None:
    """What it started before is asked for; also when it was switched off and on, or edited, in between."""
    world = World()
    world.lasting = True
    async with world.running(schedule()):
        await world.clock.advance(60)
    async with world.running(schedule()):
        await world.clock.advance(120)
        await world.change(schedule(disabled=True))
        await world.clock.advance(60)
    async with world.running(schedule(cron="*/3 * * * *")):
        await world.clock.advance(240)
        assert world.keys() == ["12:01"]
        await world.end()
        assert world.keys() == ["12:01", "12:06"]


async def test_what_the_server_says_holds_where_the_trigger_says_nothing() -> None:
    """The setting is the default of `recoverMissedSchedules`."""
    world = World()
    world.settings = {"recover_missed_schedules": "NONE"}
    async with world.running(schedule(cron="0 * * * *"), schedule("all", cron="0 * * * *", recover="ALL")):
        pass
    world.clock.step(3 * 3600)
    async with world.running():
        assert (world.keys(), world.keys("all")) == ([], ["13:00", "14:00", "15:00"])


async def test_next_and_previous_are_times_at_which_the_conditions_hold() -> None:
    """On weekdays only: on Friday the next is Monday's, on Monday the previous is Friday's."""
    world = World(datetime(2026, 6, 5, tzinfo=UTC))

    def weekday(received: Received) -> bool:
        assert received.event is not None
        assert received.event.variables["next"] is not None
        return datetime.fromisoformat(received.event.variables["date"]).weekday() < 5

    world.would_start = weekday
    async with world.running(schedule(cron="0 12 * * *", conditional=True)):
        await world.clock.advance(13 * 3600)
    (friday,) = world.events
    assert friday.event is not None
    assert friday.event.variables == {
        "date": "2026-06-05T12:00:00Z",
        "next": "2026-06-08T12:00:00Z",
        "previous": "2026-06-04T12:00:00Z",
    }


async def test_conditions_that_hold_nowhere_else_leave_no_neighbours() -> None:
    """The search for them ends."""
    world = World()
    world.would_start = lambda received: received.event is not None and received.event.variables["date"] == "2026-06-01T12:01:00Z"
    async with world.running(schedule(cron="* * * * *", conditional=True)):
        await world.clock.advance(60)
    assert world.events[0].event is not None
    assert world.events[0].event.variables == {"date": "2026-06-01T12:01:00Z", "next": None, "previous": None}


async def test_where_the_conditions_do_not_hold_nobody_looks_for_neighbours() -> None:
    """A schedule of each minute that starts once a year asks once a minute, and not a thousand times in both directions."""
    world = World()
    asked = 0

    def never(received: Received) -> bool:
        nonlocal asked
        asked += 1
        return False

    world.would_start = never
    async with world.running(schedule(cron="* * * * *", conditional=True)):
        await world.clock.advance(6_000)
    assert (len(world.events), asked) == (100, 100)


async def test_dates_fire_once_each_and_then_never_again() -> None:
    """Also where there is no next one."""
    world = World()
    dates = tuple((START + timedelta(minutes=minutes)).isoformat() for minutes in (-5, 1, 2))
    async with world.running(Listener("t", ScheduleOnDates(dates=dates))):
        await world.clock.advance(600)
    assert world.keys() == ["12:01", "12:02"]
    last = world.events[-1].event
    assert last is not None
    assert (last.variables["next"], last.variables["previous"]) == (None, "2026-06-01T12:01:30Z")


async def test_an_interval_fires_at_its_multiples() -> None:
    """Whenever the daemon was started."""
    world = World()
    async with world.running(Listener("t", Schedule(interval="PT5M"))):
        await world.clock.advance(900)
    assert world.keys() == ["12:05", "12:10", "12:15"]


# ---- backfill --------------------------------------------------------------------------------------------------------


async def test_a_backfill_runs_each_instant_once_beside_the_times_as_they_come() -> None:
    """With the inputs and labels it was given; each run is its own, not the schedule's."""
    world = World()
    one = backfill(0, 3, inputs={"day": "x"}, labels={"by": "hand"})
    async with world.running(schedule(backfill=one)):
        await world.clock.advance(60)
    runs = [each for each in world.events if each.inputs]
    assert [each.key for each in runs] == [f"b/2026-05-31T12:0{minute}:00.000000Z" for minute in range(4)]
    assert {each.labels["by"] for each in runs} == {"hand"}
    assert runs[0].event is not None
    assert runs[0].event.variables["date"] == "2026-05-31T12:00:00Z"
    assert [each.key[11:16] for each in world.events if not each.inputs] == ["12:01"]
    assert await progress(world) == Progress(id="b", current=one.end, runs=4, done=True)


async def test_a_backfill_runs_one_after_the_other_and_goes_on_after_a_restart() -> None:
    """Its executions and those of the schedule wait for each other; a new process waits for the one that runs."""
    world = World()
    world.lasting = True
    one = backfill(0, 2)
    async with world.running(schedule(cron=LAST_MAY, backfill=one)):
        assert len(world.started) == 1
        await world.clock.advance(600)
        assert len(world.started) == 1
        await world.end()
        assert len(world.started) == 2
    async with world.running():
        await world.clock.advance(60)
        assert (len(world.started), (await progress(world)).runs) == (2, 2)
        await world.end()
        assert [key for _, key in world.started] == [f"b/2026-05-31T12:0{minute}:00.000000Z" for minute in range(3)]
        await world.end()
        await world.clock.advance(60)
    assert len(world.started) == 3


async def test_a_backfill_may_run_all_at_once() -> None:
    """With `allowConcurrent`, in batches."""
    world = World()
    world.lasting = True
    async with world.running(schedule(cron="* * * * *", backfill=backfill(0, 1200), allow_concurrent=True)):
        assert len(world.started) == 1201
    assert max(world.batches) <= 500
    assert (await progress(world)).done


async def test_a_paused_backfill_waits_and_so_does_that_of_a_disabled_trigger() -> None:
    """Nothing of it runs until it may; a new one begins at its own beginning."""
    world = World()
    async with world.running(schedule(cron=LAST_MAY, backfill=backfill(0, 1, paused=True))):
        await world.clock.advance(60)
        assert world.started == []
        await world.change(disabled())
        await world.clock.advance(60)
        assert world.started == []
        await world.change(schedule(cron=LAST_MAY, backfill=backfill(0, 1)))
        assert len(world.started) == 2
        await world.change(schedule(cron=LAST_MAY, backfill=backfill(0, 1, id="c")))
        assert len(world.started) == 4
        await world.change(schedule(cron=LAST_MAY))
        await world.clock.advance(60)
        assert len(world.started) == 4


def disabled() -> Listener:
    """A schedule with a backfill that is switched off."""
    return schedule(cron=LAST_MAY, backfill=backfill(0, 1), disabled=True)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_crash_around_a_run_neither_skips_nor_repeats(moment: str, at: int) -> None:
    """The progress is in the transaction that starts the run."""
    world = World()
    world.lasting = True
    async with world.running(schedule(cron=LAST_MAY, backfill=backfill(0, 3))):
        for _ in range(at):
            await world.end()
        world.crash = moment
        world.finish()
        await world.crashed.wait()
    world.lasting = False
    world.finish()
    async with world.running():
        pass
    assert [key[13:18] for _, key in world.started] == ["12:00", "12:01", "12:02", "12:03"]
