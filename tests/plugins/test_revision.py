"""The task that lets old revisions go; which may go is tested in tests/stores/test_store_purge.py."""

import pytest
from pydantic import ValidationError

from onbeat.core.times import from_iso
from onbeat.plugins.revision import PurgeFlows
from tests.plugins.context import FakeWorld
from tests.plugins.fake_actions import FakeActions


async def test_old_revisions_are_purged() -> None:
    """By namespace or flow, keeping the newest; how many went is told."""
    actions = FakeActions()
    world = FakeWorld(actions=actions)
    assert (await world.run(PurgeFlows, {})).outputs == {"size": 3}
    behavior = {"type": "version", "keepAmount": 5, "before": "2026-01-01T00:00:00Z"}
    await world.run(PurgeFlows, {"namespace": "a", "flowId": "f", "behavior": behavior})
    before = from_iso("2026-01-01T00:00:00Z")
    assert actions.done == [("purge_flows", {"keep": 1}), ("purge_flows", {"namespace": "a", "flow": "f", "keep": 5, "before": before})]


def test_the_newest_revision_stays() -> None:
    """None can be left out of what is kept."""
    with pytest.raises(ValidationError, match="keepAmount"):
        PurgeFlows.model_validate({"behavior": {"keepAmount": 0}})
