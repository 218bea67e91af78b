"""Retry: when a failed attempt is tried again."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.flow import Retry
from onbeat.core.retry import micros, next_attempt
from tests.core.world import FAILED, SECOND, SUCCESS, WARNING, World

NOW = 1_000_000 * SECOND


def delays(count: int, **policy: Any) -> list[float | None]:
    """The seconds before each of the next attempts, as if each failed at once."""
    due = [next_attempt(Retry(**policy), attempts, NOW, NOW, "seed") for attempts in range(1, count + 1)]
    return [None if at is None else (at - NOW) / SECOND for at in due]


def test_a_constant_delay_is_the_same_each_time():
    """Until the attempts are used up: maxAttempts counts the first one too."""
    assert delays(4, type="constant", interval="PT5S", maxAttempts=3) == [5, 5, None, None]
    assert delays(2, type="constant", interval="PT5S", maxAttempts=1) == [None, None]


def test_exponential_is_exponential():
    """interval x factor^(attempt-1), at most maxInterval: Kestra's is linear."""
    assert delays(6, type="exponential", interval="PT1S", maxInterval="PT10S") == [1, 2, 4, 8, 10, 10]
    assert delays(4, type="exponential", interval="PT2S", maxInterval="PT1H", delayFactor=1.5) == [2, 3, 4.5, 6.75]


@pytest.mark.parametrize("factor", [1, 1.01, 2, 1e6, 1e300])
def test_a_large_factor_or_many_attempts_are_bounded(factor: float):
    """No arithmetic overflows: it is maxInterval then."""
    waits = delays(5_000, type="exponential", interval="PT1S", maxInterval="P30D", delayFactor=factor)

    assert waits[-1] == (1 if factor == 1 else timedelta(days=30).total_seconds())
    assert set(delays(500, type="exponential", interval="PT0S", maxInterval="P30D", delayFactor=factor)) == {0}


@given(attempts=st.integers(1, 10_000), shortest=st.integers(0, 10**6), more=st.integers(0, 10**6), seed=st.text(max_size=20))
def test_a_random_delay_is_between_its_bounds_and_follows_from_the_seed(attempts: int, shortest: int, more: int, seed: str):
    """The same seed and attempt give the same delay: deciding again changes nothing."""
    policy = Retry(type="random", minInterval=timedelta(microseconds=shortest), maxInterval=timedelta(microseconds=shortest + more))
    due = next_attempt(policy, attempts, NOW, NOW, seed)

    assert due is not None
    assert NOW + shortest <= due <= NOW + shortest + more
    assert due == next_attempt(policy, attempts, NOW, NOW, seed)


def test_random_delays_differ():
    """Between attempts and between task runs: a fan of failures does not come back as one."""
    policy = Retry(type="random", minInterval="PT0S", maxInterval="PT1H")

    assert len({next_attempt(policy, attempts, NOW, NOW, seed) for attempts in range(1, 30) for seed in "abc"}) == 87


def test_no_retry_begins_after_max_duration():
    """It counts from the first attempt's start to the next one's."""
    policy = Retry(type="constant", interval="PT5S", maxDuration="PT10S")
    assert next_attempt(policy, 1, NOW, NOW + 5 * SECOND, "") == NOW + 10 * SECOND
    assert next_attempt(policy, 2, NOW, NOW + 5 * SECOND + 1, "") is None


def test_micros_are_exact():
    """No float on the way."""
    assert micros(timedelta(days=36_525, microseconds=1)) == 3_155_760_000_000_001


# ---- as executions see it ----------------------------------------------------------------------------------------


def flow(more: str = "", task: str = "") -> str:
    """A task with three attempts."""
    return f"tasks: [{{id: a, type: t, retry: {{type: constant, interval: PT5S, maxAttempts: 3{more}}}{task}}}, {{id: b, type: t}}]"


def test_a_failed_task_is_tried_again_until_it_succeeds():
    """Each attempt is kept; the outputs are the last one's."""
    world = World(flow(), {"a": ["why", {"x": 2}]}).play()

    assert world.state is SUCCESS
    assert [attempt.state for attempt in world.run("a").attempts] == [FAILED, SUCCESS]
    assert (world.run("a").attempts[1].start - world.run("a").attempts[0].start) == 5 * SECOND
    assert world.run("a").error is None


def test_it_fails_with_its_last_attempt():
    """Three attempts, all told."""
    world = World(flow(), {"a": [FAILED]}).play()

    assert (world.state, world.run("a").attempt) == (FAILED, 3)


@pytest.mark.parametrize(("more", "attempts", "state"), [
    (", warningOnRetry: true", 2, WARNING),
    (", warningOnRetry: true", 1, SUCCESS),
    ("", 2, SUCCESS),
])  # fmt: skip
def test_a_success_after_a_retry_may_be_a_warning(more: str, attempts: int, state: object):
    """warningOnRetry; not when the first attempt succeeded."""
    world = World(flow(more), {"a": [FAILED] * (attempts - 1) + [SUCCESS]}).play()

    assert world.run("a").state is state
    assert world.state is state


def test_an_attempt_that_says_that_it_is_no_use_is_the_last():
    """retry: False on its end."""
    world = World(flow())
    world.begin()
    world.end("a", FAILED, retry=False)

    assert (world.state, world.run("a").attempt) == (FAILED, 1)


@pytest.mark.parametrize("end", [WARNING, SUCCESS])
def test_only_a_failure_is_tried_again(end: object):
    """A warning is an end."""
    assert World(flow(), {"a": [end]}).play().run("a").attempt == 1


def test_allow_failure_counts_after_the_last_attempt():
    """First the retries, then the WARNING."""
    world = World(flow(task=", allowFailure: true"), {"a": [FAILED]}).play()

    assert (world.state, world.run("a").attempt, world.run("b").state) == (WARNING, 3, SUCCESS)


def test_the_nearest_policy_around_a_task_is_its_own():
    """A flowable's policy is inherited by tasks without one, at any depth; the flowable itself is not tried again."""
    world = World(
        """
        tasks:
          - id: outer
            type: core.flow.Sequential
            retry: {type: constant, interval: PT1S, maxAttempts: 4}
            tasks:
              - {id: a, type: t, allowFailure: true}
              - id: inner
                type: core.flow.Parallel
                retry: {type: constant, interval: PT1S, maxAttempts: 2}
                tasks: [{id: b, type: t}, {id: c, type: t, retry: {type: constant, interval: PT1S, maxAttempts: 3}}]
        """,
        {"a": [FAILED], "b": [FAILED], "c": [FAILED]},
    ).play()

    assert [world.run(name).attempt for name in ("a", "b", "c", "inner", "outer")] == [4, 2, 3, 0, 0]


def test_a_lost_attempt_does_not_count():
    """Three of its own, whatever the engine lost."""
    world = World(flow())
    world.begin()
    for _ in range(4):
        world.crash()
    world.plays = {"a": [FAILED]}
    world.play()

    assert (world.run("a").counted, world.run("a").attempt) == (3, 7)
