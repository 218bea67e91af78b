"""Routing: limits and errors, once for all routes."""

from pathlib import Path

import pytest

from onbeat.errors import NotFound, OutsideError, Overloaded, Refused, StoreBroken, Unauthorized, UserError
from tests.api.client import NEVER, api


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("a"), 404),
        (Refused("b"), 409),
        (Unauthorized("c"), 401),
        (UserError("d"), 400),
        (Overloaded("e"), 503),
        (OutsideError("f"), 502),
        (StoreBroken("g"), 503),
        (RuntimeError("with a secret value"), 500),
    ],
)
async def test_each_error_is_its_status(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int) -> None:
    """As problem+json; a bug shows nothing of itself."""
    async with api(tmp_path) as call:

        async def broken(*args: object) -> None:
            raise error

        monkeypatch.setattr(call.node.engine, "load", broken)
        answer = await call("GET", "/api/v1/executions/x")
        assert answer.status == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["status"] == status
        assert "secret" not in answer.body.decode()


async def test_a_body_is_counted_while_it_is_read(tmp_path: Path) -> None:
    """Also when its length is not told, or told wrong."""
    async with api(tmp_path) as call:
        assert (await call("POST", "/api/v1/events/things", b"1" * 100_001)).status == 413
        assert (await call("POST", "/api/v1/events/things", b"1" * 100_001, content_length="5")).status == 413
        assert (await call("POST", "/api/v1/events/things", b"1", content_length="999999")).status == 413


async def test_a_body_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    """A client that holds the connection open gets a 408 and holds nothing of ours."""
    async with api(tmp_path) as call:
        call.app.state.patience = 0.01
        answer = await call("POST", "/api/v1/events/things", NEVER)
        assert answer.status == 408


@pytest.mark.parametrize("path", [f"namespaces/{'a' * 151}/dependencies", f"metrics/names/t/{'f' * 101}", "flows/UPPER", "flows/a%0A"])
async def test_what_can_be_no_name_is_refused(tmp_path: Path, path: str) -> None:
    """By reading routes, too: an empty answer would say that it is a name."""
    async with api(tmp_path) as call:
        assert (await call("GET", f"/api/v1/main/{path}")).status == 422


async def test_allow_names_what_the_path_takes(tmp_path: Path) -> None:
    """Not what a path of another's takes that fits it: `by-ids` is an id to nobody."""
    async with api(tmp_path) as call:
        assert (await call("OPTIONS", "/api/v1/main/executions/by-ids")).headers["allow"] == "DELETE"
        assert (await call("OPTIONS", "/api/v1/main/dashboards/validate")).headers["allow"] == "POST"
