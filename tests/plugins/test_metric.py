"""The task that measures."""

from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.plugins.metric import Publish
from onbeat.ports import Metric, Outcome
from tests.plugins.context import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.mark.parametrize(
    ("metric", "kept"),
    [
        ({"type": "counter", "name": "n", "value": 42}, Metric(type="counter", name="n", value=42.0)),
        ({"type": "COUNTER", "name": "n", "value": "4.5"}, Metric(type="counter", name="n", value=4.5)),
        ({"type": "timer", "name": "t", "value": "PT1M1.5S"}, Metric(type="timer", name="t", value=61.5)),
        ({"type": "timer", "name": "t", "value": "2.5", "description": "x"}, Metric(type="timer", name="t", value=2.5)),
        ({"type": "timer", "name": "t", "value": 3}, Metric(type="timer", name="t", value=3.0)),
        (
            {"type": "gauge", "name": "g", "value": -1, "tags": {"n": 1, "b": True}},
            Metric(type="gauge", name="g", value=-1.0, tags={"n": "1", "b": "true"}),
        ),
    ],
)
async def test_metrics_are_given_as_numbers(world: FakeWorld, metric: dict[str, Any], kept: Metric) -> None:
    """Durations are seconds; tags are text."""
    assert await world.run(Publish, {"metrics": [metric]}) == Outcome(metrics=(kept,))


async def test_a_list_may_be_json(world: FakeWorld) -> None:
    """As an expression writes it."""
    outcome = await world.run(
        Publish, {"metrics": '[{"type": "counter", "name": "a", "value": 1}, {"type": "gauge", "name": "b", "value": 2}]'}
    )
    assert [metric.name for metric in outcome.metrics] == ["a", "b"]


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ({"type": "meter", "name": "n", "value": 1}, "type"),
        ({"type": "counter", "value": 1}, "name"),
        ({"type": "counter", "name": "", "value": 1}, "name"),
        ({"type": "counter", "name": "n"}, "value"),
        ({"type": "counter", "name": "n", "value": "PT1S"}, "value"),
        ({"type": "counter", "name": "n", "value": "nan"}, "finite"),
        ({"type": "timer", "name": "n", "value": "inf"}, "finite"),
        ({"type": "timer", "name": "n", "value": "P1M"}, "days"),
        ({"type": "counter", "name": "n", "value": 1, "tag": {}}, "tag"),
    ],
)
def test_a_wrong_metric_is_told(metric: dict[str, Any], said: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(ValidationError, match=said):
        Publish.model_validate({"metrics": [metric]})
