"""The tasks that show a value."""

import re
from typing import Any

import pytest

from onbeat.plugins.debug import Echo, Return, Version
from onbeat.ports import Outcome
from tests.plugins.context import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.mark.parametrize(("options", "value"), [({"format": "x"}, "x"), ({"format": {}}, "{}"), ({"format": None}, ""), ({}, None)])
async def test_return_gives_text(world: FakeWorld, options: dict[str, Any], value: str | None) -> None:
    """Kestra's output is text, whatever the expression gave."""
    assert (await world.run(Return, options)).outputs == {"value": value}


async def test_echo_is_the_old_log(world: FakeWorld) -> None:
    """As in Kestra it has no outputs."""
    assert await world.run(Echo, {"format": 1, "level": "ERROR"}) == Outcome()
    assert world.log.lines == [("ERROR", "1")]


async def test_the_version_is_told(world: FakeWorld) -> None:
    """As the package has it."""
    outputs = (await world.run(Version, {})).outputs
    assert outputs
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", outputs["version"])
