"""The values of namespaces over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.access import Grant, Role
from onbeat.testing import ManualClock
from tests.api.client import Client, api
from tests.api.shapes import Shaped
from tests.api.test_lookup import as_caller

KV = "/api/v1/main/namespaces/a.b/kv"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def client(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Client]:
    async with api(tmp_path, clock=clock) as made:
        yield Shaped(made.node)


async def test_a_value_is_put_shown_listed_and_removed(client: Client, clock: ManualClock) -> None:
    """In Kestra's JSON; flows read it."""
    put = await client("PUT", f"{KV}/k.1", {"field": "value"}, content_type="application/json", description="what it is")
    assert put.status == 200
    shown = (await client("GET", f"{KV}/k.1")).json
    (entry,) = (await client("GET", KV)).json
    assert shown == {"type": "JSON", "value": {"field": "value"}, "description": "what it is", "updated": entry["updateDate"]}
    assert (entry["namespace"], entry["key"], entry["expirationDate"], entry["description"]) == ("a.b", "k.1", None, "what it is")
    assert entry["creationDate"] == entry["updateDate"]
    assert (await client("GET", f"{KV}?prefix=x")).json == []
    assert (await client("GET", "/api/v1/namespaces/a.b/kv")).json == [entry]
    assert (await client.node.values.get("a.b", "k.1")) is not None
    assert (await client("DELETE", f"{KV}/k.1")).json is True
    assert (await client("DELETE", f"{KV}/k.1")).json is False
    missing = await client("GET", f"{KV}/k.1")
    assert (missing.status, missing.json["message"]) == (404, "there is no value `k.1` in namespace a.b")


@pytest.mark.parametrize(
    ("body", "kind", "value"),
    [
        (b'{"a": [1, null]}', "JSON", {"a": [1, None]}),
        (b'"hello"', "STRING", "hello"),
        (b"1", "NUMBER", 1),
        (b"1.5", "NUMBER", 1.5),
        (b"true", "BOOLEAN", True),
        (b'"PT5S"', "DURATION", "PT5S"),
        (b"2021-09-01", "DATE", "2021-09-01"),
        (b"2021-09-01T01:02:03Z", "DATETIME", "2021-09-01T01:02:03Z"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
async def test_a_body_shows_its_type(client: Client, body: bytes, kind: str, value: Any, content_type: str) -> None:
    """JSON, or a day or an instant without quotes."""
    assert (await client("PUT", f"{KV}/k", body, content_type=content_type)).status == 200
    shown = (await client("GET", f"{KV}/k")).json
    assert (shown["type"], shown["value"]) == (kind, value)


async def test_a_body_may_be_text(client: Client) -> None:
    """Unless it says that it is JSON."""
    assert (await client("PUT", f"{KV}/k", "grüß Gott {".encode(), content_type="text/plain")).status == 200
    assert (await client("GET", f"{KV}/k")).json["value"] == "grüß Gott {"
    refused = await client("PUT", f"{KV}/k", b"{", content_type="application/json")
    assert (refused.status, "not JSON" in refused.json["message"]) == (400, True)
    assert (await client("PUT", f"{KV}/k", b"\xff")).status == 400
    assert (await client("GET", f"{KV}/k")).json["value"] == "grüß Gott {"


async def test_a_value_expires(client: Client, clock: ManualClock) -> None:
    """After the header `ttl`."""
    assert (await client("PUT", f"{KV}/k", b"1", ttl="PT5M")).status == 200
    (entry,) = (await client("GET", KV)).json
    assert entry["expirationDate"] > entry["creationDate"]
    clock.set_wall(clock.now() + 300_000_000)
    assert (await client("GET", f"{KV}/k")).status == 404
    assert (await client("GET", KV)).json == []
    assert (await client("PUT", f"{KV}/k", b"1", ttl="5m")).status == 400


async def test_several_are_removed_at_once(client: Client) -> None:
    """The answer lists those that there were."""
    for key in ("a", "b", "c"):
        await client("PUT", f"{KV}/{key}", b"1")
    assert (await client("DELETE", KV, {"keys": ["a", "none", "c"]})).json == {"keys": ["a", "c"]}
    assert [entry["key"] for entry in (await client("GET", KV)).json] == ["b"]
    for wrong in ({}, [], {"keys": "a"}, {"keys": [1]}):
        assert (await client("DELETE", KV, wrong)).status == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_is_no_key_is_refused(client: Client, method: str) -> None:
    """With 422, as Kestra does; a namespace too."""
    for path in (f"{KV}/bad$key", "/api/v1/main/namespaces/BAD/kv/k"):
        refused = await client(method, path, b"1")
        assert (refused.status, "is not a" in refused.json["message"]) == (422, True)


async def test_nobody_reads_or_writes_without_a_token(client: Client) -> None:
    """Values may be worth something."""
    for method, path in (("GET", KV), ("GET", f"{KV}/k"), ("PUT", f"{KV}/k"), ("DELETE", f"{KV}/k"), ("DELETE", KV)):
        assert (await client(method, path, b"1", token=None)).status == 401


async def test_the_values_of_all_namespaces(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """By key and namespace; only those that one may see."""
    for namespace, key in (("a", "one"), ("a.b", "two"), ("c", "three")):
        await client.node.values.put(namespace, key, 1)

    async def keys(query: str = "") -> list[str]:
        return [each["key"] for each in (await client("GET", f"/api/v1/main/kv?{query}")).json["results"]]

    assert await keys() == ["one", "two", "three"]
    assert await keys("q=T") == ["two", "three"]
    assert await keys("namespace=a") == ["one", "two"]
    assert await keys("filters[namespace][EQUALS]=a") == ["one"]
    assert await keys("filters[q][EQUALS]=o&filters[key][NOT_EQUALS]=one") == ["two"]
    assert await keys("sort=key:desc&size=1&page=2") == ["three"]
    assert (await client("GET", "/api/v1/main/kv?nspace=a")).status == 400
    await as_caller(client, monkeypatch, Grant(Role.VIEWER, "a.b"))
    assert await keys() == ["two"]


async def test_values_of_the_namespaces_above_are_listed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest of each key, for who may see it there."""
    for namespace, key in (("a", "one"), ("a.b", "one"), ("a", "two"), ("b", "three")):
        await client.node.values.put(namespace, key, 1)

    async def found() -> list[tuple[str, str]]:
        return [(each["namespace"], each["key"]) for each in (await client("GET", f"{KV}/inheritance")).json]

    assert await found() == [("a.b", "one"), ("a", "two")]
    await as_caller(client, monkeypatch, Grant(Role.VIEWER, "a.b"))
    assert await found() == [("a.b", "one")]
