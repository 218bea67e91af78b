"""The task that logs."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.plugins.log import Log
from onbeat.ports import Outcome
from tests.plugins.context import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ({"message": "hi"}, [("INFO", "hi")]),
        ({"message": ["a", "b"], "level": "warn"}, [("WARN", "a"), ("WARN", "b")]),
        ({"message": {"a": [1, None]}}, [("INFO", '{"a":[1,null]}')]),
        ({"message": True, "level": "DEBUG"}, [("DEBUG", "true")]),
        ({"message": []}, []),
    ],
)
async def test_log_writes_a_message_or_each_of_a_list(world: FakeWorld, options: dict[str, Any], lines: list[tuple[str, str]]) -> None:
    """What is not text is written as JSON."""
    assert await world.run(Log, options) == Outcome()
    assert world.log.lines == lines


@pytest.mark.parametrize(
    ("options", "where"),
    [({}, "message"), ({"message": "x", "level": "LOUD"}, "level"), ({"message": "x", "levle": "INFO"}, "levle")],
)
def test_a_wrong_option_is_named(options: dict[str, Any], where: str) -> None:
    """Unknown keys are errors too."""
    with pytest.raises(ValidationError) as wrong:
        Log.model_validate(options)
    assert [error["loc"][0] for error in wrong.value.errors()] == [where]
