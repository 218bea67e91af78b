"""The tasks that decide over their own execution: how they fail, and what they ask for."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.signals import Facts
from onbeat.core.states import State
from onbeat.errors import UserError
from onbeat.plugins.execution import Assert, Exit, Fail, Labels, SetVariables, UnsetVariables
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


@pytest.mark.parametrize(
    ("options", "state"),
    [
        ({}, State.SUCCESS),
        ({"state": "WARNING"}, State.WARNING),
        ({"state": "FAILED"}, State.FAILED),
        ({"state": "KILLED"}, State.KILLED),
        ({"state": "CANCELLED"}, State.CANCELLED),
        ({"state": "CANCELED"}, State.CANCELLED),
    ],
)
async def test_exit_asks_for_the_end(world: FakeWorld, options: dict[str, Any], state: State) -> None:
    """In either spelling; the task itself ended well."""
    assert await world.run(Exit, options) == Outcome(facts=Facts(exit=state))


@pytest.mark.parametrize("state", ["RUNNING", "PAUSED", "RETRIED", "success", ""])
def test_an_execution_cannot_exit_into_a_state_that_is_no_end(state: str) -> None:
    """It would never end."""
    with pytest.raises(ValidationError, match="state"):
        Exit.model_validate({"state": state})


async def test_assert_goes_on_when_all_conditions_hold(world: FakeWorld) -> None:
    """And says how many there were."""
    assert (await world.run(Assert, {"conditions": [True, "true", 1, "x"]})).outputs == {"success": 4, "failed": 0}


@pytest.mark.parametrize("condition", [False, "false", "", 0, "0", "-0", None, [], {}])
async def test_assert_fails_when_a_condition_does_not_hold(world: FakeWorld, condition: Any) -> None:
    """With the user's message, the places of those conditions, and the counts as outputs."""
    with pytest.raises(TaskFailed) as failed:
        await world.run(Assert, {"conditions": [True, condition, "yes", condition], "errorMessage": "not complete"})
    assert str(failed.value) == "not complete: condition 2, 4 of 4 does not hold"
    assert failed.value.outputs == {"success": 2, "failed": 2}


async def test_assert_needs_no_message(world: FakeWorld) -> None:
    """The condition's place says which."""
    with pytest.raises(TaskFailed, match=r"^condition 1 of 1 does not hold$"):
        await world.run(Assert, {"conditions": [False]})


@pytest.mark.parametrize(
    "labels",
    [
        {"a": "1", "b": "true", "c": "x"},
        {"a": 1, "b": True, "c": "x"},
        [{"key": "a", "value": 1}, {"key": "b", "value": True}, {"key": "c", "value": "x"}],
        '{"a": 1, "b": true, "c": "x"}',
        '[{"key": "a", "value": "1"}, {"key": "b", "value": "true"}, {"key": "c", "value": "x"}]',
    ],
)
async def test_labels_are_a_map_a_list_or_json_of_one(world: FakeWorld, labels: Any) -> None:
    """Scalars become text, as in a flow's own labels."""
    assert await world.run(Labels, {"labels": labels}) == Outcome(facts=Facts(labels={"a": "1", "b": "true", "c": "x"}))


@pytest.mark.parametrize(
    "labels", [{"a": {"b": [1, "x"]}, "c": [True]}, [{"key": "a", "value": {"b": [1, "x"]}}, {"key": "c", "value": [True]}]]
)
async def test_a_label_that_is_a_map_or_a_list_is_its_json(world: FakeWorld, labels: Any) -> None:
    """As Kestra's are."""
    assert await world.run(Labels, {"labels": labels}) == Outcome(facts=Facts(labels={"a": '{"b":[1,"x"]}', "c": "[true]"}))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"system.x": "1"}, "reserved: `system.x`"),
        ({"system": "1"}, "reserved"),
        ('{"system.correlationId": "1"}', "reserved"),
        ("not json", "neither a map nor a list"),
        ('"text"', "dictionary"),
        ({"": "x"}, "needs a name"),
        (["a"], "dictionary"),
    ],
)
def test_wrong_labels_are_refused(labels: Any, said: str) -> None:
    """Those of the system are not a flow's to set."""
    with pytest.raises(ValidationError, match=said):
        Labels.model_validate({"labels": labels})


async def test_variables_are_set_and_unset(world: FakeWorld) -> None:
    """Whether one may be there, or not be there, is for the decision to know."""
    setting = await world.run(SetVariables, {"variables": {"a": [1, {"b": None}]}, "overwrite": False})
    assert setting == Outcome(facts=Facts(variables={"a": [1, {"b": None}]}, overwrite=False))
    assert await world.run(SetVariables, {"variables": {"a": 1}}) == Outcome(facts=Facts(variables={"a": 1}))
    assert await world.run(UnsetVariables, {"variables": ["a", "b"]}) == Outcome(facts=Facts(unset=("a", "b")))
    unsetting = await world.run(UnsetVariables, {"variables": ["a"], "ignoreMissing": True})
    assert unsetting == Outcome(facts=Facts(unset=("a",), missing=True))


async def test_variables_are_plain_json(world: FakeWorld) -> None:
    """What cannot be kept as it is is refused with its place."""
    with pytest.raises(UserError, match="finite"):
        await world.run(SetVariables, {"variables": {"a": float("nan")}})
