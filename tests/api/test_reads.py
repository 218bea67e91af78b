"""What handlers read themselves is in the document, and held to it."""

import re
from pathlib import Path

import pytest

from onbeat.api import reads
from onbeat.api.app import all_routes
from onbeat.api.openapi import document
from tests.api.client import api

BASE = "/api/v1/main"
DOCUMENT = document(all_routes())["paths"]
API = Path(reads.__file__).parent


def declared(method: str, path: str) -> dict[str, str]:
    """The parameters of an operation: in what each is."""
    return {each["name"]: each["in"] for each in DOCUMENT[f"{BASE}{path}"][method]["parameters"] if each["in"] != "path"}


@pytest.mark.parametrize(
    ("method", "path", "names"),
    [
        (
            "post",
            "/executions/{namespace}/{flow}",
            {"labels", "wait", "revision", "scheduleDate", "kind", "breakpoints", "Idempotency-Key", "traceparent"},
        ),
        ("post", "/executions/{id}/replay", {"taskRunId", "revision", "breakpoints"}),
        ("post", "/executions/{id}/actions/restart", {"revision"}),
        ("post", "/executions/{id}/change-status", {"status"}),
        ("delete", "/executions/{id}/kill", {"isOnKillCascade"}),
        ("get", "/executions/{id}/follow", {"after", "delta", "Last-Event-ID"}),
        ("post", "/events/{topic}", {"key", "Idempotency-Key", "traceparent"}),
        ("get", "/events/{topic}/tail", {"from", "after", "execution", "Last-Event-ID"}),
        ("get", "/events/dead/list", {"size", "before"}),
        ("put", "/namespaces/{namespace}/kv/{key}", {"ttl", "description"}),
        ("put", "/flows/{namespace}/{id}", {"If-Match", "revision", "draft"}),
    ],
)
def test_what_is_read_is_in_the_document(method: str, path: str, names: set[str]) -> None:
    """Of the query and of the headers."""
    assert set(declared(method, path)) == names


def test_nothing_is_read_that_no_operation_declares() -> None:
    """Each name that a module looks up in a query by hand is a parameter of some operation."""
    known = {each["name"] for item in DOCUMENT.values() for operation in item.values() for each in operation.get("parameters", ())}
    looked = re.compile(r"(?:query_params|said)\.get(?:list)?\(\"(\w+)\"")
    found = {name for path in API.glob("*.py") if path.stem != "oidc" for name in looked.findall(path.read_text("utf-8"))}
    assert found
    assert found <= known


@pytest.mark.parametrize(
    "query",
    [
        "revision=0", "revision=x", "revision=%C2%B2", "revision=99999999999999999999", "wait=yes", "wait=true&wait=true", "kind=OTHER",
        "scheduleDate=now", "scheduleDate=0001-01-01T00:00:00%2B14:00", "breakpoints=a", "labels=none",
    ],
)  # fmt: skip
async def test_a_start_that_asks_for_nonsense_starts_nothing(tmp_path: Path, query: str) -> None:
    """It is refused before."""
    async with api(tmp_path) as call:
        assert (await call("POST", f"{BASE}/executions/t/hello?{query}")).status in (400, 422)
        assert (await call("GET", f"{BASE}/executions/search")).json["total"] == 0


@pytest.mark.parametrize("path", ["restart?revision=", "replay?revision="])
@pytest.mark.parametrize("revision", ["0", "99999999999999999999", "%C2%B2", "-1"])
async def test_a_revision_is_a_number_from_one(tmp_path: Path, path: str, revision: str) -> None:
    """No larger than the store's."""
    async with api(tmp_path) as call:
        id_ = (await call("POST", f"{BASE}/executions/t/fails?wait=TRUE")).json["id"]
        assert (await call("POST", f"{BASE}/executions/{id_}/{path}{revision}")).status == 400


async def test_dead_events_are_listed_by_a_number(tmp_path: Path) -> None:
    """One that Python's isdigit() takes and int() does not was a fault of ours."""
    async with api(tmp_path) as call:
        for size, status in {"%C2%B2": 400, "x": 400, "-1": 200, "0": 200, "99999999999999999999": 200}.items():
            assert (await call("GET", f"{BASE}/events/dead/list?size={size}")).status == status
