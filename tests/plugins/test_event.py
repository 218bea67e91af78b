"""The task that publishes."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.plugins.event import Publish
from onbeat.ports import Outcome, Record
from tests.plugins.context import NOON, FakePublisher, FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


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
    ("options", "where"),
    [({"topic": ""}, "topic"), ({"topic": "t", "data": 1, "partition": 3}, "partition")],
)
def test_a_wrong_option_is_named(options: dict[str, Any], where: str) -> None:
    """Unknown keys are errors too."""
    with pytest.raises(ValidationError) as wrong:
        Publish.model_validate(options)
    assert [error["loc"][0] for error in wrong.value.errors()] == [where]
