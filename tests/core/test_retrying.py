"""The whole execution is tried again: as a new one, and how long that goes on."""

import pytest

from tests.core.world import FAILED, RETRIED, SECOND, World

ANEW = "{behavior: CREATE_NEW_EXECUTION, type: constant, interval: PT2S, %s}"
BY_ITS_TASK = "tasks: [{id: a, type: t, retry: " + ANEW + "}]"
BY_ITS_FLOW = "retry: " + ANEW + "\ntasks: [{id: a, type: t}]"


def tries(flow: str) -> list[World]:
    """All executions that come of it, each to its end, in order. Its task always fails."""
    first = World(flow, {"a": lambda *_: FAILED})
    played: list[World] = []
    while len(played) < len(first.family):
        played.append(list(first.family.values())[len(played)].play())
    return played


@pytest.mark.parametrize("flow", [BY_ITS_TASK, BY_ITS_FLOW])
@pytest.mark.parametrize(("limit", "states"), [
    ("maxAttempts: 2", [RETRIED, FAILED]),
    ("maxDuration: PT5S", [RETRIED, RETRIED, FAILED]),
    ("maxAttempts: 2, maxDuration: PT5S", [RETRIED, FAILED]),
    ("maxAttempts: 9, maxDuration: PT1S", [FAILED]),
])  # fmt: skip
def test_tries_and_time_are_counted_over_all_executions(flow: str, limit: str, states: list[object]):
    """Not anew for each of them: it would never end."""
    assert [one.state for one in tries(flow % limit)] == states


def test_each_try_knows_the_first():
    """Its id, and when it began to run."""
    first, *others = tries(BY_ITS_TASK % "maxAttempts: 3")

    assert [one.execution.head.original for one in others] == [first.execution.id] * 2
    assert [one.execution.head.first for one in others] == [first.execution.history[1][1]] * 2
    assert others[1].execution.head.scheduled == first.execution.history[1][1] + 4 * SECOND
