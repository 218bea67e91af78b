"""The Schedule source, with a clock that the test moves and a store in memory."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.schedule import fires_between, parse_cron
from onbeat.plugins.schedule.agenda import SLICE
from tests.plugins.schedule.kit import START, World, either, schedule


async def test_it_fires_at_its_time_with_the_zones_offset() -> None:
    """The instant is the identity; date, next and previous are in the zone, as Kestra names them."""
    world = World()
    async with world.running(schedule(cron="30 15 * * *", timezone="Europe/Berlin"), schedule("u", cron="*/10 * * * *")):
        await world.clock.advance(3600 + 1800)
    berlin = next(one.event for one in world.events if one.triggers == {"t"})
    assert berlin is not None
    assert berlin.key == "2026-06-01T13:30:00.000000Z"
    assert berlin.variables == {
        "date": "2026-06-01T15:30:00+02:00",
        "next": "2026-06-02T15:30:00+02:00",
        "previous": "2026-05-31T15:30:00+02:00",
    }
    assert world.keys("u") == ["12:10", "12:20", "12:30", "12:40", "12:50", "13:00", "13:10", "13:20", "13:30"]
    utc = next(one.event for one in world.events if one.triggers == {"u"})
    assert utc is not None
    assert utc.variables["date"] == "2026-06-01T12:10:00Z"


async def test_all_schedules_share_one_sleeper_of_at_most_thirty_seconds() -> None:
    """One subscription for all; a far time is slept towards in slices, and the last one ends at the time itself."""
    first, second = schedule(), schedule("u", cron="@yearly")
    assert first.options.subscription("t", {}) == second.options.subscription("u", {})
    world = World()
    async with world.running(second):
        await world.clock.advance(600)
    assert set(world.clock.slept) == {SLICE}
    assert world.started == []


async def test_nothing_fires_before_it_is_due_and_then_at_once() -> None:
    """The firing is at the instant, to the microsecond of a clock that wakes when it was asked to."""
    world = World(START + timedelta(microseconds=250_007))
    async with world.running(schedule(cron="*/7 * * * * *", with_seconds=True)):
        await world.clock.advance(300)
    instants = [one.event.time for one in world.events if one.event]
    assert len(instants) >= 40
    assert all(0 <= at - instant <= 1_000 for at, instant in zip(world.at, instants, strict=True))


async def test_a_new_schedule_begins_now_and_its_place_is_kept() -> None:
    """Nothing of the past is run; after a restart it goes on from where it was."""
    world = World()
    async with world.running(schedule(recover="ALL")):
        pass
    assert world.started == []
    await world.store.open()
    assert list(await world.store.positions("core.trigger.Schedule")) == ["t"]
    world.clock.step(180)
    async with world.running():
        pass
    assert world.keys() == ["12:01", "12:02", "12:03"]


@pytest.mark.parametrize(("policy", "expected"), [("ALL", ["13:00", "14:00", "15:00"]), ("LAST", ["15:00"]), ("NONE", [])])
async def test_missed_times_run_by_the_policy_and_what_is_skipped_is_told(policy: str, expected: list[str]) -> None:
    """Three times were missed while the daemon was down; the report and the log name how many were skipped."""
    world = World()
    async with world.running(schedule(cron="0 * * * *", recover=policy)):
        pass
    world.clock.step(3 * 3600)
    async with world.running():
        assert world.keys() == expected
        skipped = 3 - len(expected)
        told = [report for report in world.reports if report]
        assert [re.findall(r"skipped (\d+)", report) for report in told] == ([[str(skipped)]] if skipped else [])
        assert len(world.log.lines) == len(told)
        await world.clock.advance(3600)
    assert world.keys() == [*expected, "16:00"]
    assert world.reports[-1] is None


async def test_at_most_a_thousand_missed_times_run_and_the_rest_is_reported_once() -> None:
    """A month of minutes does not flood the engine: the newest 1,000 run, in batches, oldest first."""
    world = World()
    async with world.running(schedule()):
        pass
    world.clock.step(1500 * 60)
    async with world.running():
        pass
    assert len(world.started) == 1000
    assert world.started == sorted(world.started)
    assert max(world.batches) <= 500
    assert [report for report in world.reports if report] == [report for report in world.reports if report and "skipped 500 " in report]
    assert len(world.log.lines) == 1


async def test_what_is_too_late_is_skipped() -> None:
    """lateMaximumDelay bounds what is recovered."""
    world = World()
    async with world.running(schedule(cron="0 * * * *", late_maximum="PT90M")):
        pass
    world.clock.step(5 * 3600)
    async with world.running():
        assert world.keys() == ["16:00", "17:00"]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (datetime(2026, 3, 28, 0, tzinfo=UTC), ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]),
        (datetime(2026, 10, 24, 0, tzinfo=UTC), ["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]),
    ],
)
async def test_a_nightly_run_happens_once_where_clocks_change(start: datetime, expected: list[str]) -> None:
    """02:30 does not exist in one night and exists twice in another: each night has one run."""
    world = World(start)
    async with world.running(schedule(cron="30 2 * * *", timezone="Europe/Berlin")):
        await world.clock.advance(3 * 24 * 3600)
    assert [one.event.variables["date"] for one in world.events if one.event] == expected


async def test_a_clock_set_back_fires_nothing_twice() -> None:
    """An hour back: silence until the clock has passed what was fired, then each once."""
    world = World()
    async with world.running(schedule(cron="*/20 * * * *")):
        await world.clock.advance(3600)
        world.clock.step(-3600)
        await world.clock.advance(2 * 3600)
    assert world.keys() == ["12:20", "12:40", "13:00", "13:20", "13:40", "14:00"]


async def test_a_clock_set_forward_follows_the_policy() -> None:
    """What was jumped over is missed, like after an outage."""
    world = World()
    async with world.running(schedule(cron="*/20 * * * *", recover="LAST")):
        world.clock.step(3600)
        await world.clock.advance(SLICE)
        assert world.keys() == ["13:00"]


async def test_a_clock_that_comes_back_from_far_ahead_does_not_silence_a_schedule() -> None:
    """A clock that was years ahead once: the schedule begins again from now and says so."""
    world = World()
    async with world.running(schedule(cron="0 * * * *", recover="LAST")):
        world.clock.step(400 * 24 * 3600)
        await world.clock.advance(SLICE)
        world.clock.step(-400 * 24 * 3600)
        before = len(world.started)
        await world.clock.advance(2 * 3600)
    assert world.keys()[before:] == ["13:00", "14:00"]
    assert any("the clock went back" in (report or "") for report in world.reports)


async def test_a_disabled_schedule_lets_its_times_pass() -> None:
    """What passed while it was disabled does not run when it is enabled, nor after a restart."""
    world = World()
    async with world.running(schedule(disabled=True), schedule("u")):
        await world.clock.advance(180)
        await world.change(schedule(), schedule("u"))
        assert world.keys() == []
        await world.change(schedule(disabled=True), schedule("u"))
        await world.clock.advance(150)
    async with world.running(schedule(), schedule("u")):
        assert world.keys() == []
        await world.clock.advance(60)
    assert world.keys() == ["12:07"]
    assert world.keys("u") == [f"12:0{minute}" for minute in range(1, 8)]


async def test_a_reload_is_seen_while_asleep() -> None:
    """A new schedule is due before the present sleep ends: it fires in time."""
    world = World()
    async with world.running(schedule("u", cron="@yearly")):
        await world.change(schedule("u", cron="@yearly"), schedule(cron="* * * * * *", with_seconds=True))
        await world.clock.advance(2)
    assert len(world.started) == 2


async def test_an_edited_schedule_begins_now() -> None:
    """A yearly schedule that becomes an hourly one does not run the hours since January, also when it was edited while down."""
    world = World()
    async with world.running(schedule(cron="@yearly")):
        pass
    world.clock.step(100 * 3600)
    async with world.running(schedule(cron="@hourly")):
        assert world.started == []
        await world.clock.advance(3600)
        assert len(world.started) == 1
        await world.change(schedule(cron="30 * * * *"))
        await world.clock.advance(3600)
    assert len(world.started) == 2


async def test_a_changed_option_that_is_not_the_time_keeps_the_place() -> None:
    """Another policy is not another schedule."""
    world = World()
    async with world.running(schedule(cron="0 * * * *", recover="NONE")):
        pass
    world.clock.step(2 * 3600)
    async with world.running(schedule(cron="0 * * * *", recover="ALL")):
        assert world.keys() == ["13:00", "14:00"]


async def test_where_there_is_no_room_it_waits_and_gives_the_same() -> None:
    """Overloaded: nothing was written; the run comes when there is room, late but not lost."""
    world = World()
    async with world.running(schedule()):
        world.refusals = 3
        await world.clock.advance(40)
    assert world.keys() == ["12:01"]
    assert any("wait" in (report or "") for report in world.reports)


@pytest.mark.parametrize("crash", ["before", "after"])
@pytest.mark.parametrize("nth", range(3))
async def test_a_crash_around_a_write_neither_skips_nor_repeats(crash: str, nth: int) -> None:
    """The position is in the transaction of the starts: whichever side of it a crash is on."""
    world = World()
    async with world.running(schedule(), schedule("u")):
        pass
    world.clock.step(1200 * 60)
    world.listeners = [schedule(), schedule("u")]
    expected = [(name, one) for one in _minutes(world, 1000) for name in ("t", "u")]
    for _ in range(nth):
        world.crash = crash
        async with world.running():
            assert world.crashed.is_set()
    async with world.running():
        pass
    assert sorted(world.started) == sorted(set(world.started))
    assert set(expected) <= set(world.started)


def _minutes(world: World, count: int) -> list[str]:
    now = datetime.fromtimestamp(world.clock.now() // 1_000_000, UTC)
    return [f"{now.replace(second=0) - timedelta(minutes=ago):%Y-%m-%dT%H:%M:%S.%f}Z" for ago in range(count)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["run", "down", "crash before", "crash after"]), st.integers(1, 600)), max_size=8),
    st.sampled_from(["*/7 * * * *", "13 * * * *", "30 2 * * *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
)
def test_restarts_at_any_instant_never_fire_twice_nor_skip(moves: list[tuple[str, int]], cron: str, zone: str) -> None:
    """However runs, outages and crashes follow each other, over a change of the clock, ALL gives every instant exactly once."""

    async def play() -> None:
        world = World(datetime(2026, 10, 24, 23, 59, 30, tzinfo=UTC) - timedelta(hours=3))
        began = world.clock.now()
        async with world.running(schedule(cron=cron, timezone=zone)):
            pass
        for kind, minutes in moves:
            if kind == "down":
                world.clock.step(minutes * 60)
                continue
            world.crash = kind.partition(" ")[2] or None
            async with world.running():
                await either(world.clock.advance(minutes * 60), world.crashed.wait())
            world.crash = None
        async with world.running():
            pass
        span = (datetime.fromtimestamp(moment / 1e6, UTC) for moment in (began, world.clock.now()))
        instants = [f"{one:%Y-%m-%dT%H:%M:%S.%f}Z" for one in fires_between(parse_cron(cron), zone, *span, limit=10_000)]
        assert [key for _, key in world.started] == instants

    asyncio.run(play())
