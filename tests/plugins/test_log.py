"""The tasks of logs: write lines, take them out, remove them."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.core.times import iso
from onbeat.plugins.log import Fetch, Log, PurgeLogs
from onbeat.ports import LogLine, Outcome
from tests.plugins.context import NOON, FakeWorld
from tests.plugins.fake_actions import FakeActions


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


async def test_fetched_lines_are_a_file_of_json_lines(world: FakeWorld) -> None:
    """In storage, among the files of the attempt; of the wanted level and tasks."""
    lines = [
        LogLine(execution="e", at=NOON, level="WARN", message="grö\nßer", run=2, task="a", attempt=1),
        LogLine(execution="e", at=NOON, level="ERROR", message="x"),
    ]
    world.actions = FakeActions(lines=lines)
    outputs = (await world.run(Fetch, {"executionId": "e", "level": "warn", "tasksId": "a"}, run="r")).outputs
    assert outputs
    assert (outputs["size"], outputs["uri"]) == (2, f"kestra:///{world.context(run='r').folder}/logs.jsonl")
    first, second = [json.loads(line) for line in world.storage.files[outputs["uri"]].decode().splitlines()]
    assert (first["taskRunId"], first["timestamp"], first["message"], first["attemptNumber"]) == ("e-2", iso(NOON), "grö\nßer", 0)
    assert (second["taskRunId"], second["level"]) == (None, "ERROR")
    await world.run(Fetch, {"tasksId": ["a", "b"]}, execution="me")
    assert world.actions.done == [("logs", "e", "WARN", ("a",)), ("logs", "me", "INFO", ("a", "b"))]


async def test_no_lines_are_an_empty_file(world: FakeWorld) -> None:
    """So that what reads it need not ask."""
    world.actions = FakeActions()
    outputs = (await world.run(Fetch, {})).outputs
    assert outputs
    assert (outputs["size"], world.storage.files[outputs["uri"]]) == (0, b"")


async def test_lines_are_purged_by_what_is_wanted(world: FakeWorld) -> None:
    """The count is told."""
    world.actions = FakeActions()
    options = {"namespace": "a", "flowId": "f", "logLevels": ["info", "DEBUG"], "startDate": iso(NOON), "endDate": iso(NOON + 1)}
    assert (await world.run(PurgeLogs, options)).outputs == {"count": 7}
    wanted = {"namespace": "a", "flow": "f", "levels": ("INFO", "DEBUG"), "start": NOON, "end": NOON + 1}
    assert world.actions.done == [("purge_logs", wanted)]


@pytest.mark.parametrize("options", [{}, {"endDate": "now"}, {"endDate": iso(NOON), "logLevels": ["LOUD"]}])
def test_a_purge_needs_an_end(options: dict[str, Any]) -> None:
    """And levels that there are."""
    with pytest.raises(ValidationError):
        PurgeLogs.model_validate(options)
