"""Secrets of namespaces over HTTP: in, and never out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.client import Client, api

BASE = "/api/v1/main/namespaces/a.b"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with api(tmp_path) as made:
        yield made


async def test_a_secret_is_put_listed_and_removed(client: Client) -> None:
    """With the key in the path or, as Kestra's clients send it, in the body."""
    assert (await client("PUT", f"{BASE}/secrets/TOKEN", {"value": "s3cret-value"})).status == 200
    put = await client("PUT", f"{BASE}/secrets", {"key": "OTHER", "value": "s3cret-other", "description": "what for"})
    assert put.json == {"namespace": "a.b", "key": "OTHER", "description": "what for"}
    listed = await client("GET", f"{BASE}/secrets")
    assert [(each["key"], each["description"]) for each in listed.json["results"]] == [("OTHER", "what for"), ("TOKEN", None)]
    assert b"s3cret" not in listed.body + put.body
    assert (await client("GET", f"{BASE}/secrets?q=tok")).json["total"] == 1
    assert (await client("GET", "/api/v1/main/namespaces/a.b.c/inherited-secrets")).json == {"a.b": ["OTHER", "TOKEN"]}
    assert (await client("DELETE", f"{BASE}/secrets/TOKEN")).status == 204
    assert (await client("DELETE", f"{BASE}/secrets/TOKEN")).status == 404
    assert (await client("GET", f"{BASE}/secrets/OTHER")).status == 405


@pytest.mark.parametrize("body", [None, [], {"value": 1}, {}, {"value": ""}, {"value": "x", "description": 1}, {"value": "x" * 100_001}])
async def test_what_is_no_secret_is_refused(client: Client, body: object) -> None:
    """With what it takes."""
    assert (await client("PUT", f"{BASE}/secrets/K", body)).status in (400, 413)


async def test_the_key_is_changed(client: Client) -> None:
    """All secrets are sealed by the new one."""
    await client("PUT", f"{BASE}/secrets/TOKEN", {"value": "s3cret-value"})
    before = (await client.node.queries.documents("secret"))[0].value
    done = await client("POST", "/api/v1/main/secrets/rotate")
    after = (await client.node.queries.documents("secret"))[0].value
    assert done.json["secrets"] == 1
    assert after["sealed"].startswith(f"{done.json['keyId']}.")
    assert not before["sealed"].startswith(f"{done.json['keyId']}.")
