"""Calls about values, each by both clients, against a real daemon."""

from datetime import timedelta
from typing import Any

import pytest

from onbeat.errors import NotFound, UserError
from tests.client.conftest import collect


@pytest.mark.parametrize("value", [1.5, "text", "ä\n", [1, {"a": None}], {}, True, None])
async def test_a_value_comes_back_as_it_was(client: Any, value: Any):
    """Of every type that JSON has."""
    entry = await client.kv.set("kept", "value", value, description="of a test")
    assert (entry.namespace, entry.key, entry.expires) == ("kept", "value", None)
    assert await client.kv.get("kept", "value", "none") == value
    found = await client.kv.value("kept", "value")
    assert (found.value, found.description, found.type) == (value, "of a test", entry.type)


async def test_what_is_not_there_is_the_default_or_an_error(client: Any):
    """As one asks for it; removing it says so."""
    assert await client.kv.get("kept", "nothing") is None
    assert await client.kv.get("kept", "nothing", 7) == 7
    with pytest.raises(NotFound, match="nothing"):
        await client.kv.value("kept", "nothing")
    await client.kv.set("kept", "nothing", 1)
    assert [await client.kv.delete("kept", "nothing") for _ in range(2)] == [True, False]


@pytest.mark.parametrize("ttl", [timedelta(days=1, seconds=0.5), "P1D"])
async def test_a_value_can_have_an_end(client: Any, ttl: Any):
    """Said as a timedelta, or as the API has it."""
    entry = await client.kv.set("kept", "short", 1, ttl=ttl)
    assert timedelta(days=1) <= entry.expires - entry.updated <= timedelta(days=1, seconds=0.5)


async def test_keys_are_listed(client: Any):
    """Of a namespace, by how they begin."""
    for key in ("list_a", "list_b"):
        await client.kv.set("kept", key, 1)
    assert [entry.key for entry in await collect(client.kv.list("kept", "list_"))] == ["list_a", "list_b"]
    assert await collect(client.kv.list("empty")) == []


async def test_what_cannot_be_a_header_is_refused(client: Any):
    """Before anything is sent."""
    with pytest.raises(UserError, match="description is sent as a header"):
        await client.kv.set("kept", "value", 1, description="für")
