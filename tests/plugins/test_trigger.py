"""The task that switches triggers."""

import pytest
from pydantic import ValidationError

from onbeat.plugins.trigger import Toggle
from tests.plugins.context import FakeWorld
from tests.plugins.fake_actions import FakeActions


async def test_a_trigger_is_switched() -> None:
    """Of this flow unless another is named; off unless told otherwise."""
    actions = FakeActions()
    world = FakeWorld(actions=actions)
    await world.run(Toggle, {"trigger": "t"})
    await world.run(Toggle, {"namespace": "a.b", "flowId": "f", "trigger": "t", "enabled": "true"})
    assert actions.done == [("set_trigger", "company.team", "sales", "t", True), ("set_trigger", "a.b", "f", "t", False)]


def test_a_trigger_must_be_named() -> None:
    """There is no default."""
    with pytest.raises(ValidationError, match="trigger"):
        Toggle.model_validate({"enabled": True})
