"""What a query's scalars may be."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from tests.api.client import api

BASE = "/api/v1/main"


@pytest.mark.parametrize("text", ["%20", "%201", "1%20", "%0B1", "%E3%80%801", "1_0", "%2B1", "1.0", "", "%C2%B2"])
@pytest.mark.parametrize(
    "path", ["dashboards?page=", "flows/search?size=", "executions/search?size=", "audit?before=", "flows/t/hello?revision="]
)
async def test_a_number_is_digits(tmp_path: Path, path: str, text: str) -> None:
    """Also where Python's own reading takes white space, underlines and signs."""
    async with api(tmp_path) as call:
        refused = await call("GET", f"{BASE}/{path}{text}")
        assert refused.status == 400
        assert "in digits" in refused.json["detail"]
        assert (await call("GET", f"{BASE}/{path}1")).status == 200
    assert TypeAdapter(int).validate_python(" 1_0") == 10  # that is why


async def test_a_number_may_be_negative(tmp_path: Path) -> None:
    """A page before the first is the first."""
    async with api(tmp_path) as call:
        assert (await call("GET", f"{BASE}/dashboards?page=-1")).json == (await call("GET", f"{BASE}/dashboards?page=1")).json


@pytest.mark.parametrize(
    "query",
    [
        "namespaces/search?page=1&page=2", "secrets?size=1&q=a&size=2", "flows/search?size=1&page=1&size=1", "flows/search?q=a&q=b",
        "executions/search?flowId=a&flowId=b", "logs/search?minLevel=WARN&minLevel=INFO", "audit?who=a&who=a",
    ],
)  # fmt: skip
async def test_a_scalar_is_given_once(tmp_path: Path, query: str) -> None:
    """A number, a flag or a text: of two one would be left out in silence, and the same one twice is a mistake, too."""
    async with api(tmp_path) as call:
        refused = await call("GET", f"{BASE}/{query}")
        assert refused.status == 400
        assert "given twice" in refused.json["detail"]
        twice = f"{BASE}/flows/delete/by-query?dryRun=true&dryRun=false&all=true"
        assert (await call("DELETE", twice)).status == 400


@pytest.mark.parametrize("query", ["executions/search?state=FAILED&state=KILLED", "flows/search?sort=id:asc&sort=namespace:asc"])
async def test_a_list_is_given_as_often_as_it_has_parts(tmp_path: Path, query: str) -> None:
    """As Kestra's clients write one."""
    async with api(tmp_path) as call:
        assert (await call("GET", f"{BASE}/{query}")).status == 200
