"""Problems: what cannot be read of a request is named."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from onbeat.api.access import Access, Permission
from onbeat.api.problems import Forbidden, TooLarge, TooSlow, Unprocessable
from onbeat.api.routing import Within, answer, route
from onbeat.errors import Conflict
from tests.api.client import NEVER, Client, api


class Body(BaseModel):
    """What the route takes."""

    n: int


async def takes(request: Request, body: Body, page: int = 1) -> Response:
    """Show what came."""
    if body.n == 0:
        raise request.app.state.wrong
    return answer({"n": body.n, "page": page})


@pytest.fixture
async def call(tmp_path: Path):
    """An application with that route before all others."""
    async with api(tmp_path) as made:
        assert isinstance(made.app, FastAPI)
        made.app.router.routes[:0] = route("/takes", takes, Permission.READ, ("POST",), within=Within.NOTHING)
        yield made


PATH = "/api/v1/main/takes"
JSON = {"content_type": "application/json"}


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        (PATH, {"n": 1}, 200, None),
        (PATH, {"n": "x"}, 422, "body.n:"),
        (PATH, {}, 422, "body.n:"),
        (PATH, b"{", 400, "body.1:"),
        (f"{PATH}?page=x", {"n": 1}, 400, "query.page:"),
        (f"{PATH}?page=x", {"n": "x"}, 400, "query.page:"),
    ],
)
async def test_what_cannot_be_read_is_named(call: Client, path: str, body: object, status: int, told: str | None) -> None:
    """422 where it can be read as JSON and is not what is wanted, else 400."""
    found = await call("POST", path, body, **JSON)
    assert found.status == status
    if told is not None:
        assert told in found.json["detail"]


@pytest.mark.parametrize(
    ("wrong", "status"), [(Forbidden("a"), 403), (Unprocessable("b"), 422), (TooLarge("c"), 413), (TooSlow("d"), 408), (Conflict("e"), 409)]
)
async def test_each_error_has_its_status(call: Client, wrong: Exception, status: int) -> None:
    """And its sentence."""
    call.app.state.wrong = wrong
    found = await call("POST", PATH, {"n": 0}, **JSON)
    assert (found.status, found.json["detail"]) == (status, str(wrong))


async def test_a_body_that_is_read_for_the_route_is_bounded(call: Client) -> None:
    """In size and in time; who may not call it is not read at all."""
    assert (await call("POST", PATH, b'{"n": 1' + b" " * 100_001 + b"}", **JSON)).status == 413
    call.app.state.patience = 0.01
    assert (await call("POST", PATH, NEVER, **JSON)).status == 408
    assert (await call("POST", PATH, NEVER, token=None, **JSON)).status == 401


async def test_who_does_not_ask_answers_nothing(call: Client) -> None:
    """A handler of a list that forgot to filter it is a bug, and shows nothing."""

    async def forgot(request: Request) -> Response:
        return answer(["secret"])

    call.app.router.routes[:0] = route("/forgot", forgot, Permission.READ, within=Within.LIST)
    found = await call("GET", "/api/v1/main/forgot")
    assert (found.status, b"secret" in found.body) == (500, False)


def test_access_is_on() -> None:
    """These tests say nothing where it is off."""
    assert Access("x").admin
