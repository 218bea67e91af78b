"""The OpenAPI document: whole, and of use to programs."""

from pathlib import Path

from onbeat.api.access import Permission
from onbeat.api.app import all_routes
from onbeat.api.openapi import document
from onbeat.api.routing import Documented
from tests.api.client import api

DOCUMENT = document(all_routes())


def test_every_route_is_in_it() -> None:
    """With each of its methods, its permission and its path's parameters."""
    for route in all_routes():
        if not isinstance(route, Documented):
            continue
        for method in route.methods or ():
            operation = DOCUMENT["paths"][route.path_format][method.lower()]
            assert operation["x-permission"] == route.permission.value  # type: ignore[attr-defined]
            assert operation["summary"]
            given = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            assert given == set(route.param_convertors)


def test_operations_have_names_of_their_own() -> None:
    """A client is made from them."""
    ids = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_every_operation_says_what_fails_and_who_may() -> None:
    """A problem; a token, or name and password; nothing where nothing is asked."""
    for item in DOCUMENT["paths"].values():
        for operation in item.values():
            assert {"4XX", "5XX"} <= set(operation["responses"])
            open_ = operation["x-permission"] in (Permission.PUBLIC, Permission.KEY)
            assert bool(operation["security"]) is not open_
    assert "Problem" in DOCUMENT["components"]["schemas"]


async def test_it_is_served(tmp_path: Path) -> None:
    """To those who have an account."""
    async with api(tmp_path) as call:
        assert (await call("GET", "/api/v1/main/openapi.json")).json["info"]["title"] == "onbeat"
        assert (await call("GET", "/api/v1/main/openapi.json", token=None)).status == 401
