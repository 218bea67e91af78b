"""Plugins over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat import __version__
from tests.api.client import Client, api
from tests.api.shapes import Shaped

BASE = "/api/v1/plugins"


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client whose answers are held to their shapes."""
    async with api(tmp_path, sources=False) as made:
        yield Shaped(made.node)


async def test_plugins_are_listed(call: Client) -> None:
    """As a list, or by pages where one is asked for; without the tenant, as Kestra's clients ask."""
    found = (await call("GET", BASE)).json
    assert "io.kestra.plugin.core" in [each["group"] for each in found]
    paged = (await call("GET", f"{BASE}?page=2&size=1")).json
    assert (paged["results"], paged["total"]) == (found[1:2], len(found))
    assert len((await call("GET", f"{BASE}/groups/subgroups")).json) > len(found)
    assert (await call("GET", f"{BASE}/icons")).json == (await call("GET", f"{BASE}/icons/groups")).json == {}
    assert (await call("GET", f"{BASE}/icons/core.log.Log")).status == 404
    triggers = (await call("GET", f"{BASE}/triggers")).json["results"]
    assert {each["cls"]: each["group"] for each in triggers}["io.kestra.plugin.kafka.RealtimeTrigger"] == "REALTIME"


async def test_types_have_pages(call: Client) -> None:
    """In the one version that there is."""
    found = (await call("GET", f"{BASE}/io.kestra.plugin.core.log.Log?all=true")).json
    assert found["markdown"].startswith("# io.kestra.plugin.core.log.Log")
    assert (await call("GET", f"{BASE}/core.log.Log/versions")).json == {"type": "core.log.Log", "versions": [__version__]}
    assert (await call("GET", f"{BASE}/core.log.Log/versions/{__version__}")).json == found
    assert (await call("GET", f"{BASE}/core.log.Log/versions/0.0.0")).status == 404
    missing = await call("GET", f"{BASE}/core.log.Lg")
    assert (missing.status, "did you mean `core.log.Log`" in missing.json["message"]) == (404, True)


async def test_schemas_and_inputs(call: Client) -> None:
    """For editors."""
    assert (await call("GET", f"{BASE}/schemas/flow")).json["$defs"]
    assert (await call("GET", f"{BASE}/schemas/task?arrayOf=true")).json["type"] == "array"
    assert "tasks" in (await call("GET", f"{BASE}/properties/flow")).json["properties"]
    assert (await call("GET", f"{BASE}/schemas/nothing")).status == 404
    assert "STRING" in [each["type"] for each in (await call("GET", f"{BASE}/inputs")).json]
    assert "validator" in (await call("GET", f"{BASE}/inputs/STRING")).json["schema"]["properties"]["properties"]
    assert (await call("GET", f"{BASE}/inputs/none")).status == 404
    assert (await call("GET", BASE, token=None)).status == 401
