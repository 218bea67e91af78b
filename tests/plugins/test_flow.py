"""The task that waits."""

import pytest
from pydantic import ValidationError

from onbeat.plugins.flow import Sleep
from tests.plugins.context import FakeWorld


async def test_sleep_asks_the_clock() -> None:
    """So that tests and simulations do not wait."""
    world = FakeWorld()
    await world.run(Sleep, {"duration": "PT1M0.5S"})
    assert world.clock.slept == [60.5]


def test_a_duration_has_a_unit() -> None:
    """The message gives the spelling."""
    with pytest.raises(ValidationError, match="`5` has no unit; for seconds write `PT5S`"):
        Sleep.model_validate({"duration": "5"})
