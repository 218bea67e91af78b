"""Who tries again and again waits, in bounded memory."""

from onbeat.engine.throttle import Throttle

SECOND = 1_000_000


def test_the_first_tries_wait_for_nothing_and_each_further_one_twice_as_long() -> None:
    """Five are free; then 1, 2, 4 … seconds up to the longest."""
    throttle, now = Throttle(free=5, longest=20), SECOND
    assert [throttle.take("ada", now) for _ in range(5)] == [0.0] * 5
    waits = []
    for _ in range(7):
        wait = throttle.take("ada", now)
        waits.append(wait)
        now += int(wait * SECOND)
        assert throttle.take("ada", now) == 0.0
    assert waits == [1, 2, 4, 8, 16, 20, 20]


def test_a_hundred_tries_in_a_hundred_seconds_are_ten() -> None:
    """One each second: the rest is not looked at."""
    throttle = Throttle(free=5, longest=60)
    assert sum(throttle.take("ada", second * SECOND) == 0.0 for second in range(100)) == 11


def test_a_hundred_tries_at_once_are_the_free_ones() -> None:
    """Each counts when it begins, not when it has failed."""
    throttle = Throttle(free=5, longest=60)
    assert sum(throttle.take("ada", 1) == 0.0 for _ in range(100)) == 5


def test_an_early_try_makes_nobody_wait_longer() -> None:
    """Who was kept out by somebody else's tries gets in when the time is over."""
    throttle = Throttle(free=1, longest=60)
    throttle.take("ada", 0)
    assert throttle.take("ada", SECOND // 2) == 0.5
    assert throttle.take("ada", SECOND - 1) > 0
    assert throttle.wait("ada", SECOND) == 0.0
    assert throttle.take("ada", SECOND) == 0.0


def test_a_success_forgets_and_so_does_a_quiet_while() -> None:
    """Both begin with the free tries again; others are not concerned."""
    throttle = Throttle(free=2, longest=3_600, forget=100)
    for name in ("ada", "bob", "eve"):
        throttle.take(name, 0)
        throttle.take(name, 0)
    throttle.succeeded("ada")
    throttle.succeeded("nobody")
    assert (throttle.wait("ada", 1), throttle.wait("bob", 1) > 0) == (0.0, True)
    assert throttle.take("bob", 101 * SECOND) == 0.0
    assert throttle.take("bob", 101 * SECOND) == 0.0
    assert throttle.take("bob", 101 * SECOND) == 1.0


def test_who_never_is_quiet_is_never_new() -> None:
    """The quiet while begins with the last try, not with the first."""
    throttle = Throttle(free=3, longest=3_600, forget=100)
    for second in (0, 60, 120):
        assert throttle.take("ada", second * SECOND) == 0.0
    assert throttle.wait("ada", 120 * SECOND) == 1.0


def test_a_try_that_was_no_failure_does_not_count() -> None:
    """Those before it do."""
    throttle = Throttle(free=3, longest=60)
    throttle.give_back("ada")
    for _ in range(20):
        assert throttle.take("ada", 0) == 0.0
        throttle.give_back("ada")
    assert [throttle.take("ada", 0) for _ in range(4)] == [0.0, 0.0, 0.0, 1.0]


def test_what_is_remembered_is_bounded() -> None:
    """A flood of names takes no memory; the quietest go first."""
    throttle = Throttle(free=1, longest=60, most=100)
    for number in range(1_000):
        throttle.take(f"name{number}", number)
    assert len(throttle) == 100
    assert throttle.wait("name999", 1_000) > 0
    assert throttle.wait("name0", 1_000) == 0.0
