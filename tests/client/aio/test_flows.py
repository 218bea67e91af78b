"""Calls about flows, each by both clients, against a real daemon."""

from typing import Any

import pytest

from onbeat.client.aio import flows as for_asyncio
from onbeat.client.sync import flows as for_threads
from onbeat.errors import NotFound, Refused, UserError
from tests.client.conftest import FLOWS, collect

SAVED = "id: saved\nnamespace: shop.sub\ntasks: [{id: a, type: core.debug.Return, format: one}]\n"


async def test_flows_are_listed_over_all_pages(client: Any, monkeypatch: pytest.MonkeyPatch):
    """Each once; of a namespace, or with a text in the name."""
    for module in (for_asyncio, for_threads):
        monkeypatch.setattr(module, "_PAGE", 3)
    found = [flow.name for flow in await collect(client.flows("shop"))]
    assert {f"shop.{name}" for name in FLOWS if name != "obsolete"} <= set(found)
    assert len(found) == len(set(found))
    assert [flow.id for flow in await collect(client.flows(text="greet"))] == ["greet"]
    assert await collect(client.flows("nowhere")) == []


async def test_a_flow_is_shown_with_its_text(client: Any):
    """As it is now, or was."""
    flow = await client.flow("shop", "greet")
    assert (flow.name, flow.revision, flow.disabled) == ("shop.greet", 1, False)
    assert flow.source.strip() == FLOWS["greet"].strip()
    assert flow.inputs[0]["id"] == "name"
    assert (await client.flow("shop", "greet", revision=1)).source == flow.source
    with pytest.raises(NotFound, match="great"):
        await client.flow("shop", "great")


async def test_a_flow_is_saved_changed_and_deleted(client: Any):
    """New, again, by somebody who edited what is no longer the newest; and gone."""
    made = await client.save_flow(SAVED, revision=0)
    assert (made.name, made.source) == ("shop.sub.saved", SAVED)
    assert (await client.start("shop.sub", "saved", wait=60)).task_runs[0].outputs == {"value": "one"}

    changed = await client.save_flow(SAVED.replace("one", "two"), revision=made.revision)
    assert changed.revision == made.revision + 1
    assert (await client.start("shop.sub", "saved", wait=60)).task_runs[0].outputs == {"value": "two"}
    with pytest.raises(Refused, match="revision"):
        await client.save_flow(SAVED.replace("one", "three"), revision=made.revision)
    assert (await client.save_flow(SAVED.replace("one", "four"))).revision == changed.revision + 1

    await client.delete_flow("shop.sub", "saved")
    with pytest.raises(NotFound):
        await client.flow("shop.sub", "saved")
    with pytest.raises(NotFound):
        await client.delete_flow("shop.sub", "saved")


@pytest.mark.parametrize("text", [SAVED.replace("format", "formt"), "id: saved", "{", ""])
async def test_what_is_wrong_with_a_flow_is_said_before_and_instead_of_saving_it(client: Any, text: str):
    """In the same words."""
    checked = await client.validate(text)
    assert not checked.ok
    with pytest.raises(UserError) as caught:
        await client.save_flow(text)
    assert checked.problems in str(caught.value)
    assert (await client.validate(SAVED)).ok
