"""Secrets of namespaces over HTTP: in, and never out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.client import Client, api
from tests.api.shapes import ask

BASE = "/api/v1/main/namespaces/a.b"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with api(tmp_path) as made:
        yield made


async def test_a_secret_is_put_listed_and_removed(client: Client) -> None:
    """With the key in the path or, as Kestra's clients send it, in the body."""
    assert (await ask(client, "PUT", f"{BASE}/secrets/TOKEN", {"value": "s3cret-value"})).status == 200
    put = await ask(client, "PUT", f"{BASE}/secrets", {"key": "OTHER", "value": "s3cret-other", "description": "what for"})
    assert [(each["namespace"], each["key"], each["description"]) for each in put.json] == [("a.b", "OTHER", "what for")]
    listed = await ask(client, "GET", f"{BASE}/secrets")
    assert [(each["key"], each["description"]) for each in listed.json["results"]] == [("OTHER", "what for"), ("TOKEN", None)]
    assert b"s3cret" not in listed.body + put.body
    assert (await ask(client, "GET", f"{BASE}/secrets?q=tok")).json["total"] == 1
    told = await ask(client, "PATCH", f"{BASE}/secrets/OTHER", {"description": "what else for"})
    assert (told.json[0]["description"], client.node.secrets.find("a.b", "OTHER").reveal()) == ("what else for", "s3cret-other")
    assert (await ask(client, "PATCH", f"{BASE}/secrets/NONE", {"description": "x"})).status == 404
    assert (await ask(client, "GET", "/api/v1/main/namespaces/a.b.c/inherited-secrets")).json == {"a.b": ["OTHER", "TOKEN"]}
    assert (await ask(client, "DELETE", f"{BASE}/secrets/TOKEN")).status == 204
    assert (await ask(client, "DELETE", f"{BASE}/secrets/TOKEN")).status == 404
    assert (await ask(client, "GET", f"{BASE}/secrets/OTHER")).status == 405


@pytest.mark.parametrize("body", [None, [], {"value": 1}, {}, {"value": ""}, {"value": "x", "description": 1}, {"value": "x" * 100_001}])
async def test_what_is_no_secret_is_refused(client: Client, body: object) -> None:
    """With what it takes."""
    assert (await ask(client, "PUT", f"{BASE}/secrets/K", body)).status in (400, 413, 422), body


async def test_those_of_all_namespaces_are_listed(client: Client) -> None:
    """By namespace and name; filtered as everything else; none that the caller may not see is among them (test_permissions)."""
    for namespace, key in (("a.b", "ONE"), ("a.b.c", "TWO"), ("z", "THREE")):
        await ask(client, "PUT", f"/api/v1/main/namespaces/{namespace}/secrets/{key}", {"value": "s3cret-value"})
    for query, keys in {
        "": ["ONE", "TWO", "THREE"],
        "?namespace=a.b": ["ONE", "TWO"],
        "?filters[namespace][EQUALS]=z": ["THREE"],
        "?q=tw": ["TWO"],
        "?size=1&page=2": ["TWO"],
    }.items():
        found = await ask(client, "GET", f"/api/v1/main/secrets{query}")
        assert [each["key"] for each in found.json["results"]] == keys, query
    assert (await ask(client, "GET", "/api/v1/main/secrets?nmespace=a")).status == 400


async def test_the_key_is_changed(client: Client) -> None:
    """All secrets are sealed by the new one."""
    await ask(client, "PUT", f"{BASE}/secrets/TOKEN", {"value": "s3cret-value"})
    before = (await client.node.queries.documents("secret"))[0].value
    done = await ask(client, "POST", "/api/v1/main/secrets/rotate")
    after = (await client.node.queries.documents("secret"))[0].value
    assert done.json["secrets"] == 1
    assert after["sealed"].startswith(f"{done.json['keyId']}.")
    assert not before["sealed"].startswith(f"{done.json['keyId']}.")
