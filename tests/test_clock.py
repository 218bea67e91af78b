"""The machine's clock."""

from onbeat.clock import SystemClock


async def test_time_goes_on() -> None:
    """Wall time is microseconds of this century; monotonic seconds never go back; sleeping takes at least its time."""
    clock = SystemClock()
    wall, steady = clock.now(), clock.monotonic()
    await clock.sleep(0.01)
    assert 1_700_000_000_000_000 < wall < 4_000_000_000_000_000
    assert clock.monotonic() - steady >= 0.01
    assert clock.now() > wall
