"""The application: every route asks for a permission, and nothing answers without one."""

from pathlib import Path

import pytest
from starlette.routing import Route

from onbeat.api.access import Permission
from onbeat.api.app import all_routes
from tests.api.client import api

OPEN = {(path, Permission.PUBLIC) for path in ("/health", "/", "/login/{code}", "/ui", "/ui/{path:path}", "/assets/{name:path}")}
"""All that answers to anybody; a route that joins it must be put here by hand."""
FILLED = {"namespace": "t", "flow": "hello", "id": "x", "key": "k", "key:path": "a/b", "topic": "things"}


def concrete(path: str) -> str:
    """The route's path with its parameters filled in."""
    for name, value in FILLED.items():
        path = path.replace("{" + name + "}", value)
    return path


def guarded() -> list[tuple[str, str]]:
    """Every method of every route that is not open to all or has a key of its own."""
    found = []
    for route in all_routes():
        assert isinstance(route, Route)
        permission = route.permission  # type: ignore[attr-defined]
        if permission not in (Permission.PUBLIC, Permission.KEY):
            found += [(method, concrete(route.path)) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


def test_only_these_routes_are_open() -> None:
    """Health, the web UI, which knows nothing by itself, and webhooks with their own key."""
    found = {(route.path, route.permission) for route in all_routes()}  # type: ignore[attr-defined]
    assert {each for each in found if each[1] is Permission.PUBLIC} == OPEN
    assert {path.rpartition("/main")[2] for path, permission in found if permission is Permission.KEY} >= {
        "/executions/webhook/{namespace}/{flow}/{key}"
    }
    assert len(guarded()) > 30


async def test_every_guarded_route_refuses_wrong_callers(tmp_path: Path) -> None:
    """No token, a wrong one, an empty one, the right one in the wrong place: 401, whatever the method."""
    async with api(tmp_path) as call:
        for method, path in guarded():
            for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer "}, {"authorization": "Basic %%%"}):
                answer = await call(method, path, token=None, **headers)
                assert answer.status == 401, (method, path, headers)
            assert (await call(method, f"{path}?token=test-token", token=None)).status == 401


@pytest.mark.parametrize(
    "trick", ["{}/", "{};x", "/{}", "{}/configs", "{}%2fhealth", "{}/../../health", "{}%00", "{}/.", "{}?/health", "{}#/health"]
)
async def test_no_path_goes_around_access(tmp_path: Path, trick: str) -> None:
    """Whatever the path looks like, it is refused or not there: never answered."""
    async with api(tmp_path) as call:
        for method, path in guarded():
            answer = await call(method, trick.format(path), token=None)
            assert answer.status in (401, 404, 405), (method, trick.format(path), answer.status)


async def test_unknown_routes_and_methods_are_problems_too(tmp_path: Path) -> None:
    """JSON with the title and Kestra's `message`."""
    async with api(tmp_path) as call:
        missing = await call("GET", "/nope")
        assert (missing.status, missing.headers["content-type"]) == (404, "application/problem+json")
        assert missing.json["message"]
        for path, methods in (("/api/v1/events", "GET"), ("/api/v1/main/namespaces/t/kv/k", "DELETE, GET, PUT")):
            refused = await call("PATCH", path)
            assert (refused.status, refused.headers["allow"]) == (405, methods)


async def test_head_and_options_do_nothing(tmp_path: Path) -> None:
    """A link preview or a browser's preflight starts no flow."""
    async with api(tmp_path) as call:
        for method in ("HEAD", "OPTIONS"):
            assert (await call(method, "/api/v1/main/executions/webhook/t/hook/abc", token=None)).status == 405
            assert (await call(method, "/api/v1/main/executions/t/hello")).status == 405
        assert await call.node.queries.count() == 0
