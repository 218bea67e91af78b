"""The tasks that are a few lines: log, debug, output, execution, flow, event."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.plugins.debug import Echo, Return
from onbeat.plugins.event import Publish
from onbeat.plugins.execution import Fail
from onbeat.plugins.flow import Sleep
from onbeat.plugins.log import Log
from onbeat.plugins.output import OutputValues
from onbeat.ports import Outcome, Record, TaskFailed
from tests.plugins.context import NOON, FakePublisher, FakeWorld


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


async def test_echo_is_the_old_log(world: FakeWorld) -> None:
    """As in Kestra it has no outputs."""
    assert await world.run(Echo, {"format": 1, "level": "ERROR"}) == Outcome()
    assert world.log.lines == [("ERROR", "1")]


@pytest.mark.parametrize(("options", "value"), [({"format": "x"}, "x"), ({"format": {}}, "{}"), ({"format": None}, ""), ({}, None)])
async def test_return_gives_text(world: FakeWorld, options: dict[str, Any], value: str | None) -> None:
    """Kestra's output is text, whatever the expression gave."""
    assert (await world.run(Return, options)).outputs == {"value": value}


async def test_output_values_keep_their_types(world: FakeWorld) -> None:
    """Nothing is made text."""
    values = {"a": 1, "b": [True, None], "c": {"d": 0.5}}
    assert (await world.run(OutputValues, {"values": values})).outputs == {"values": values}


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


async def test_sleep_asks_the_clock(world: FakeWorld) -> None:
    """So that tests and simulations do not wait."""
    await world.run(Sleep, {"duration": "PT1M0.5S"})
    assert world.clock.slept == [60.5]


async def test_publish_on_the_embedded_bus_ends_with_its_record(world: FakeWorld) -> None:
    """The event and the end of the task run are one transaction (design section 2 rule 9)."""
    outcome = await world.run(
        Publish, {"topic": "orders", "key": 7, "data": {"a": 1}, "headers": {"n": 1.5}, "eventId": "x"}, idempotency_key="k"
    )
    assert outcome.records == (Record(topic="orders", id="x", data={"a": 1}, time=NOON, key="7", headers={"n": "1.5"}),)
    assert outcome.outputs == {"id": "x", "topic": "orders"}
    assert world.publisher.sent == []


async def test_publish_to_a_broker_waits_until_it_is_safe() -> None:
    """Then the task run ends; each attempt sends the same event."""
    world = FakeWorld(publisher=FakePublisher(embedded=False))
    first = await world.run(Publish, {"topic": "orders"}, attempt=1)
    second = await world.run(Publish, {"topic": "orders"}, attempt=2)
    assert first == second == Outcome(outputs={"id": "k" * 32, "topic": "orders"})
    assert [record.id for record in world.publisher.sent] == ["k" * 32] * 2


@pytest.mark.parametrize(
    ("kind", "options", "where"),
    [
        (Log, {}, "message"),
        (Log, {"message": "x", "level": "LOUD"}, "level"),
        (Log, {"message": "x", "levle": "INFO"}, "levle"),
        (Sleep, {"duration": "5"}, "duration"),
        (Publish, {"topic": ""}, "topic"),
        (Publish, {"topic": "t", "data": 1, "partition": 3}, "partition"),
    ],
)
def test_a_wrong_option_is_named(kind: type[Any], options: dict[str, Any], where: str) -> None:
    """Unknown keys are errors too."""
    with pytest.raises(ValidationError) as wrong:
        kind.model_validate(options)
    assert [error["loc"][0] for error in wrong.value.errors()] == [where]
