"""The task that calls Python functions; engine/test_workers.py has what a call is."""

import pytest
from pydantic import ValidationError

from onbeat.plugins.python import Call
from onbeat.ports import Outcome
from tests.plugins.context import FakeWorkers, FakeWorld


async def test_a_call_gives_the_functions_result() -> None:
    """Target, arguments and mode go to the workers as they are."""
    world = FakeWorld(workers=FakeWorkers(result=[1]))
    outcome = await world.run(Call, {"target": "shop.orders:Order.total", "kwargs": {"n": 1}, "mode": "process"})
    assert outcome == Outcome(outputs={"value": [1]})
    assert world.workers.calls == [("shop.orders:Order.total", {"n": 1}, "process")]


@pytest.mark.parametrize("target", ["shop", "shop:", ":f", "shop.orders.f", "shop:f()", "os:system;", "../x:f", "shop: f"])
def test_a_target_is_a_module_and_a_name(target: str) -> None:
    """What cannot be one is refused when the flow is checked."""
    with pytest.raises(ValidationError, match="target"):
        Call.model_validate({"target": target})
