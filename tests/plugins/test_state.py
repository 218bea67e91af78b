"""The tasks that keep a map between executions."""

from typing import Any

import pytest

from onbeat.core.event import Json
from onbeat.plugins.state import Delete, Get, Set, merged
from onbeat.ports import TaskFailed
from tests.plugins.context import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


async def test_a_state_grows(world: FakeWorld) -> None:
    """What is set is merged; how many keys it has is told."""
    assert (await world.run(Get, {})).outputs == {"count": 0, "data": {}}
    assert (await world.run(Set, {"data": {"a": 1}})).outputs == {"count": 1, "key": "sales_states_tasks-states_default"}
    assert (await world.run(Set, {"data": {"b": {"c": 2}}})).outputs["count"] == 2
    assert (await world.run(Get, {})).outputs == {"count": 2, "data": {"a": 1, "b": {"c": 2}}}
    assert (await world.run(Set, {})).outputs["count"] == 2
    assert (await world.run(Delete, {})).outputs == {"deleted": True}
    assert (await world.run(Delete, {})).outputs == {"deleted": False}


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1, "y": 2}}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 1, 2]}),
        ({"a": 1}, {"a": None}, {"a": 1}),
        ({}, {"a": None}, {"a": None}),
        ({"a": [1]}, {"a": {"x": 1}}, {"a": {"x": 1}}),
    ],
)
def test_how_values_are_merged(before: dict[str, Json], given: dict[str, Json], after: dict[str, Json]) -> None:
    """As Kestra does."""
    was = {**before}
    assert merged(before, given) == after
    assert before == was


@pytest.mark.parametrize(
    ("options", "facts", "same"),
    [
        ({}, {"flow": "other"}, False),
        ({"namespace": True}, {"flow": "other"}, True),
        ({}, {"value": "a"}, False),
        ({"taskrunValue": False}, {"value": "a"}, True),
        ({"name": "x"}, {}, True),
        ({}, {"namespace": "other"}, False),
    ],
)
async def test_whose_a_state_is(world: FakeWorld, options: dict[str, Any], facts: dict[str, Any], same: bool) -> None:
    """The flow's, or the namespace's; each value's of a loop, or all's."""
    await world.run(Set, {**options, "data": {"a": 1}})
    assert ((await world.run(Get, options, **facts)).outputs == {"count": 1, "data": {"a": 1}}) is same


async def test_each_value_of_a_loop_has_its_own(world: FakeWorld) -> None:
    """Whatever the value is: its key is one."""
    for value in ("a", "b", '{"x": "ö /"}'):
        await world.run(Set, {"data": {"is": value}}, value=value)
    for value in ("a", "b", '{"x": "ö /"}'):
        assert (await world.run(Get, {}, value=value)).outputs == {"count": 1, "data": {"is": value}}


@pytest.mark.parametrize("kind", [Get, Delete])
async def test_a_missing_state_may_be_an_error(world: FakeWorld, kind: Any) -> None:
    """That names it."""
    with pytest.raises(TaskFailed, match="no state `x`"):
        await world.run(kind, {"name": "x", "errorOnMissing": True})
