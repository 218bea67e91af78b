"""Namespaces over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from tests.api.client import Client, api
from tests.api.shapes import Shaped
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/namespaces"
JSON = {"content_type": "application/json"}


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client whose answers are held to their shapes; there is a value in `a.b`, a file in `f`, a secret in `s`, flows in `t`."""
    async with api(tmp_path) as made:
        await made.node.values.put("a.b", "k", 1)
        await made.node.files.write("f", "x.txt", b"x")
        await made.node.secrets.put("s", "KEY", "a long secret value")
        yield Shaped(made.node)


async def names(call: Client, query: str = "") -> list[str]:
    """What a search finds."""
    return [each["id"] for each in (await call("GET", f"{BASE}/search?{query}")).json["results"]]


async def test_what_holds_something_is_a_namespace(call: Client) -> None:
    """And what is above it."""
    assert await names(call) == ["a", "a.b", "f", "s", "t"]
    assert await names(call, "existing=true") == ["a.b", "f", "s", "t"]
    assert await names(call, "q=A&sort=id:desc") == ["a.b", "a"]
    assert await names(call, "filters[q][EQUALS]=b") == ["a.b"]
    assert await names(call, "filters[namespace][PREFIX]=a") == ["a", "a.b"]
    assert await names(call, "size=2&page=2") == ["f", "s"]
    assert (await call("GET", f"{BASE}/a")).json == {"id": "a", "description": None, "deleted": False, "disabled": True}
    assert (await call("GET", f"{BASE}/a.b")).json["disabled"] is False
    assert (await call("GET", f"{BASE}/none")).status == 404
    assert (await call("GET", f"{BASE}/search?query=x")).status == 400
    assert (await call("GET", f"{BASE}/a.b/inherited-variables")).json == {}
    assert (await call("GET", f"{BASE}/a.b/inherited-plugindefaults")).json == []


async def test_names_are_completed(call: Client) -> None:
    """By a part of them."""
    assert (await call("POST", f"{BASE}/autocomplete", {"q": "A"}, **JSON)).json == ["a", "a.b"]
    asked = {"q": "b", "ids": ["t", "none"], "existingOnly": True}
    assert (await call("POST", f"{BASE}/autocomplete", asked, **JSON)).json == ["a.b", "t"]
    assert (await call("POST", f"{BASE}/autocomplete", {}, **JSON)).json == ["a", "a.b", "f", "s", "t"]


async def test_a_namespace_is_made_before_anything_is_in_it(call: Client) -> None:
    """Described, and removed as long as there is nothing."""
    made = await call("POST", BASE, {"id": "new.one", "deleted": False, "description": "soon"}, **JSON)
    assert (made.status, made.json["description"]) == (200, "soon")
    assert await names(call, "existing=true&q=new") == ["new.one"]
    assert (await call("POST", BASE, {"id": "new.one"}, **JSON)).status == 422
    changed = await call("PUT", f"{BASE}/new.one", {"id": "new.one", "description": "later"}, **JSON)
    assert changed.json["description"] == (await call("GET", f"{BASE}/new.one")).json["description"] == "later"
    assert (await call("PUT", f"{BASE}/new.one", {"id": "other"}, **JSON)).status == 422
    assert (await call("DELETE", f"{BASE}/new.one")).status == 204
    assert (await call("DELETE", f"{BASE}/new.one")).status == 404
    rows = reversed(await call.node.queries.audit())
    assert [(row.action, row.after) for row in rows] == [
        ("namespace.create", {"description": "soon"}),
        ("namespace.update", {"description": "later"}),
        ("namespace.delete", None),
    ]


@pytest.mark.parametrize("namespace", ["a.b", "f", "s", "t"])
async def test_what_holds_something_is_not_removed(call: Client, namespace: str) -> None:
    """A flow, a value, a file, a secret."""
    assert (await call("DELETE", f"{BASE}/{namespace}")).status == 409


@pytest.mark.parametrize("body", [{"id": "../x"}, {"id": "X"}, {}, {"id": "x", "variables": {"a": 1}}, {"id": "x" * 151}])
async def test_what_is_no_namespace_is_refused(call: Client, body: object) -> None:
    """And what would have no meaning."""
    assert (await call("POST", BASE, body, **JSON)).status == 422


async def test_who_may(call: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One's own, and what is below; what is above is not seen."""
    await as_caller(call, monkeypatch, Grant(Role.EDITOR, "a.b"), Grant(Role.VIEWER, "f"))
    assert await names(call) == ["a.b", "f"]
    for path in ("a", "t", "s"):
        assert (await call("GET", f"{BASE}/{path}")).status == 404
    assert (await call("POST", BASE, {"id": "a.b.c"}, **JSON)).status == 200
    assert (await call("POST", BASE, {"id": "a.c"}, **JSON)).status == 404
    assert (await call("POST", BASE, {"id": "f.g"}, **JSON)).status == 403
    assert (await call("DELETE", f"{BASE}/f")).status == 403
    assert (await call("POST", f"{BASE}/autocomplete", {"ids": ["t"]}, **JSON)).json == ["a.b", "a.b.c", "f"]
