"""The task that fails."""

from typing import Any

import pytest

from onbeat.plugins.execution import Fail
from onbeat.ports import Outcome, TaskFailed
from tests.plugins.context import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Task failure"),
        ({"errorMessage": "no stock"}, "no stock"),
        ({"condition": "true", "errorMessage": 7}, "7"),
        ({"condition": [1], "errorMessage": ""}, "Task failure"),
    ],
)
async def test_fail_fails_with_its_message(world: FakeWorld, options: dict[str, Any], message: str) -> None:
    """Always, or when the condition counts as true."""
    with pytest.raises(TaskFailed) as failed:
        await world.run(Fail, options)
    assert str(failed.value) == message


@pytest.mark.parametrize("condition", [False, "false", "", 0, "0", None])
async def test_fail_goes_on_when_its_condition_does_not_hold(world: FakeWorld, condition: Any) -> None:
    """As `when` counts."""
    assert await world.run(Fail, {"condition": condition}) == Outcome()
