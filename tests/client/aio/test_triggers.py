"""Calls about triggers, each by both clients, against a real daemon."""

from datetime import UTC, datetime
from typing import Any

import pytest

from onbeat.client.aio import triggers as for_asyncio
from onbeat.client.sync import triggers as for_threads
from onbeat.errors import NotFound, Refused, UserError
from tests.client.conftest import collect

HEARD, YEARLY = "shop.heard.on_order", "shop.nightly.yearly"


async def test_triggers_are_listed_over_all_pages(client: Any, monkeypatch: pytest.MonkeyPatch):
    """Of a namespace, of a flow, by a text in the name."""
    for module in (for_asyncio, for_threads):
        monkeypatch.setattr(module, "_PAGE", 2)
    found = {trigger.name: trigger for trigger in await collect(client.triggers.list("shop"))}
    assert found.keys() == {HEARD, YEARLY, "shop.picky.on_picky"}
    assert (found[HEARD].id, found[HEARD].flows, found[HEARD].state) == ("on_order", ["shop.heard"], "ready")
    assert [each.name for each in await collect(client.triggers.list(flow="nightly"))] == [YEARLY]
    assert [each.name for each in await collect(client.triggers.list(text="picky"))] == ["shop.picky.on_picky"]


async def test_a_trigger_is_switched_off_and_on(client: Any):
    """It starts nothing meanwhile."""
    off = await client.triggers.disable(HEARD)
    try:
        assert (off.name, off.disabled) == (HEARD, True)
        assert (await client.publish("orders", {"id": 7})).executions == []
    finally:
        on = await client.triggers.enable(HEARD)
    assert not on.disabled
    assert len((await client.publish("orders", {"id": 7})).executions) == 1
    with pytest.raises(NotFound, match="nobody"):
        await client.triggers.disable("shop.nobody")


async def test_a_schedule_runs_for_times_that_are_past(client: Any):
    """Looked at before, held up, gone on with, given up."""
    preview = await client.triggers.preview_backfill(YEARLY, datetime(2000, 1, 1, tzinfo=UTC), datetime(2009, 6, 1, tzinfo=UTC))
    assert (preview.total, preview.dates[0]) == (10, datetime(2000, 1, 1, tzinfo=UTC))
    begun = await client.triggers.backfill(
        YEARLY, "1500-01-01T00:00:00Z", "2009-06-01T00:00:00Z", inputs={"what": "old"}, labels={"of": "test"}, paused=True
    )
    assert (begun.backfill.total, begun.backfill.paused, begun.backfill.start) == (510, True, datetime(1500, 1, 1, tzinfo=UTC))
    with pytest.raises(Refused, match="backfill"):
        await client.triggers.backfill(YEARLY, "2000-01-01T00:00:00Z")
    assert not (await client.triggers.resume_backfill(YEARLY)).backfill.paused
    await client.triggers.pause_backfill(YEARLY)
    assert (await client.triggers.end_backfill(YEARLY)).backfill is None
    with pytest.raises(UserError):
        await client.triggers.backfill(HEARD, "2000-01-01T00:00:00Z")
