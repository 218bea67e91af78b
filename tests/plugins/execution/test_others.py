"""The tasks that act on other executions; the actions themselves are tested in tests/engine/test_actions.py."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.plugins.execution import Count, Kill, PurgeExecutions, Resume
from tests.plugins.context import NOON, FakeWorld
from tests.plugins.fake_actions import MINUTE, FakeActions, line_of


@pytest.fixture
def actions() -> FakeActions:
    """Six executions: of two flows in a namespace, one below it and one beside it, one of them still running."""
    return FakeActions(
        [
            line_of(1),
            line_of(2, state=State.FAILED),
            line_of(3, state=State.RUNNING),
            line_of(4, flow="other"),
            line_of(5, namespace="company.team.eu"),
            line_of(6, namespace="company.teams"),
        ]
    )


@pytest.fixture
def world(actions: FakeActions) -> FakeWorld:
    return FakeWorld(actions=actions)


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({}, [6]),
        ({"flows": [{"namespace": "company.team", "flowId": "sales"}, {"namespace": "company.team", "flowId": "none"}]}, [3, 0]),
        ({"flows": [{"namespace": "company.team"}]}, [4]),
        ({"flows": [{"namespace": "company.team", "states": ["RUNNING"]}, {"namespace": "company.team"}], "states": ["FAILED"]}, [1, 1]),
        ({"namespaces": ["company.team.eu", "company.teams"]}, [1, 1]),
        ({"startDate": iso(NOON + 2 * MINUTE), "endDate": iso(NOON + 4 * MINUTE)}, [2]),
    ],
)
async def test_count_counts_each_flow(world: FakeWorld, options: dict[str, Any], counts: list[int]) -> None:
    """Of the states and the time that are wanted; without flows, all executions together."""
    outputs = (await world.run(Count, options)).outputs
    assert outputs
    assert [result["count"] for result in outputs["results"]] == counts
    assert outputs["total"] == sum(counts)


async def test_count_keeps_what_its_expression_wants(world: FakeWorld) -> None:
    """It is evaluated for each result, with the result's own names."""
    flows = [{"namespace": "company.team", "flowId": flow} for flow in ("sales", "other", "none")]
    outputs = (await world.run(Count, {"flows": flows, "expression": "{{ count < 2 and flowId != 'other' }}"})).outputs
    assert outputs == {"results": [{"namespace": "company.team", "flowId": "none", "count": 0}], "total": 0}


async def test_resume_and_kill_name_their_execution(world: FakeWorld, actions: FakeActions) -> None:
    """Resume may mean its own execution; who resumed is told."""
    await world.run(Resume, {"executionId": "abc", "inputs": {"ok": True}})
    await world.run(Resume, {}, execution="me")
    await world.run(Kill, {"executionId": "abc", "propagateKill": True})
    own = world.context().execution
    assert actions.done == [("resume", "abc", {"ok": True}, own), ("resume", "me", {}, "me"), ("kill", "abc")]


@pytest.mark.parametrize("options", [{}, {"executionId": ""}, {"executionId": "a", "propagateKill": False}])
def test_kill_needs_an_execution_and_reaches_subflows(options: dict[str, Any]) -> None:
    """A kill that leaves subflows running is refused, not done differently."""
    with pytest.raises(ValidationError):
        Kill.model_validate(options)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, [3]),
        ({"namespace": "company.team"}, [3, 6]),
        ({"namespace": "company.team", "flowId": "sales"}, [3, 4, 5, 6]),
        ({"states": ["FAILED", "RUNNING"]}, [1, 3, 4, 5, 6]),
        ({"startDate": iso(NOON + 2 * MINUTE), "endDate": iso(NOON + 5 * MINUTE)}, [1, 3, 5, 6]),
    ],
)
async def test_purge_takes_the_executions_that_have_ended(
    world: FakeWorld, actions: FakeActions, options: dict[str, Any], left: list[int]
) -> None:
    """Of a flow, or of a namespace and those below it; what runs stays."""
    outputs = (await world.run(PurgeExecutions, {"endDate": iso(NOON + 9 * MINUTE), **options})).outputs
    gone = 6 - len(left)
    assert sorted(int(one.id) for one in actions.known) == left
    assert outputs == {"executionsCount": gone, "logsCount": 2 * gone, "metricsCount": 3 * gone, "storagesCount": 4 * gone}


async def test_purge_goes_through_all_pages(world: FakeWorld, actions: FakeActions) -> None:
    """Also when nothing of a page goes."""
    actions.known = [line_of(n, state=State.RUNNING if 100 < n < 900 else State.SUCCESS) for n in range(1200)]
    outputs = (await world.run(PurgeExecutions, {"endDate": iso(NOON + 9999 * MINUTE), "purgeLog": False, "purgeStorage": False})).outputs
    assert outputs == {"executionsCount": 401, "logsCount": 0, "metricsCount": 1203, "storagesCount": 0}
    assert [done[1:] for done in actions.done] == [(300, True, False, False, True), (101, True, False, False, True)]


@pytest.mark.parametrize("end", [None, "yesterday", "2026-01-01", 5])
def test_purge_needs_an_end(end: Any) -> None:
    """An instant, with its offset: what it removes does not come back."""
    with pytest.raises(ValidationError, match="endDate"):
        PurgeExecutions.model_validate({} if end is None else {"endDate": end})
