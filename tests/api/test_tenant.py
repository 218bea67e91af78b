"""The tenant's segment of a path may be left out."""

from pathlib import Path

import pytest

from tests.api.client import api


@pytest.mark.parametrize("path", ["/flows/search", "/executions/search", "/flows/t/hello", "/events", "/openapi.json"])
async def test_each_route_is_there_twice(tmp_path: Path, path: str) -> None:
    """The same one answers."""
    async with api(tmp_path) as call:
        one, other = await call("GET", f"/api/v1/main{path}"), await call("GET", f"/api/v1{path}")
        assert (one.status, one.body) == (200, other.body)


async def test_another_tenant_is_not_there(tmp_path: Path) -> None:
    """There is one; nor is what only begins like it another."""
    async with api(tmp_path) as call:
        for path in ("/api/v1/other/flows/search", "/api/v1/mainly/flows/search", "/api/v1/main", "/api/v1/", "/api/v1"):
            assert (await call("GET", path)).status == 404, path


async def test_a_namespace_may_have_its_name(tmp_path: Path) -> None:
    """Only the first segment is the tenant."""
    async with api(tmp_path) as call:
        assert "main.flow" in (await call("POST", "/api/v1/executions/main/flow")).json["detail"]
