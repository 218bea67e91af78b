"""The task that gives values."""

from onbeat.plugins.output import OutputValues
from tests.plugins.context import FakeWorld


async def test_output_values_keep_their_types() -> None:
    """Nothing is made text."""
    world = FakeWorld()
    values = {"a": 1, "b": [True, None], "c": {"d": 0.5}}
    assert (await world.run(OutputValues, {"values": values})).outputs == {"values": values}
