"""Problems: what cannot be read of a request is named."""

import asyncio
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
from onbeat.settings import Quota
from onbeat.testing import ManualClock
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


async def test_past_a_quota_is_a_429_that_says_when(tmp_path: Path) -> None:
    """A start by hand, a webhook, a replay: with Retry-After, and nothing is created."""
    clock = ManualClock()
    async with api(tmp_path, clock=clock, quotas=[Quota(namespace="t", executions_per_minute=2)]) as call:
        hook = "/api/v1/main/executions/webhook/t/hook/abc"
        first = await call("POST", hook, {"n": 1}, token=None, **JSON)
        assert first.status == 200
        assert (await call("POST", hook, {"n": 2}, token=None, **JSON)).status == 200
        for method, path, body in (
            ("POST", hook, {"n": 3}),
            ("POST", "/api/v1/main/executions/t/hook", None),
            ("POST", f"/api/v1/main/executions/{first.json['id']}/replay", None),
        ):
            refused = await call(method, path, body, **(JSON if body else {}))
            assert (refused.status, refused.headers["retry-after"]) == (429, "30"), path
            assert "quota" in refused.json["detail"]
        assert await call.node.queries.count() == 2
        await clock.advance(30)
        assert (await call("POST", hook, {"n": 4}, token=None, **JSON)).status == 200


async def test_a_flood_of_webhooks_is_cut_exactly(tmp_path: Path) -> None:
    """All at once: as many are taken as may, the rest are told; who was refused holds no place for a task."""
    async with api(tmp_path, clock=ManualClock(), quotas=[Quota(namespace="t", executions_per_minute=5)]) as call:
        hook = "/api/v1/main/executions/webhook/t/hook/abc"
        answers = await asyncio.gather(*(call("POST", hook, {"n": n}, token=None, **JSON) for n in range(1, 61)))
        assert sorted(each.status for each in answers) == [200] * 5 + [429] * 55
        for each in answers:
            if each.status == 200:
                await call.node.engine.ended(each.json["id"])
        assert await call.node.queries.count() == 5
        assert not call.node.engine.at_work()


async def test_a_value_past_a_quota_is_a_422(tmp_path: Path) -> None:
    """And what there was stays."""
    async with api(tmp_path, quotas=[Quota(kv_bytes=1_000)]) as call:
        path = "/api/v1/main/namespaces/t/kv/k"
        assert (await call("PUT", path, b'"x"', **JSON)).status in (200, 204)
        refused = await call("PUT", path, b'"' + b"x" * 2_000 + b'"', **JSON)
        assert refused.status == 422
        assert "quota" in refused.json["detail"]
        kept = await call.node.values.get("t", "k")
        assert kept is not None
        assert kept.value == "x"


async def test_how_full_a_quota_is_can_be_seen(tmp_path: Path) -> None:
    """In the metrics and in the status, from the start."""
    async with api(tmp_path, clock=ManualClock(), quotas=[Quota(namespace="t", running=3), Quota(executions_per_minute=60)]) as call:
        assert (await call("POST", "/api/v1/main/executions/webhook/t/hook/abc", {"n": 1}, token=None, **JSON)).status == 200
        text = (await call("GET", "/metrics")).body.decode()
        assert 'onbeat_quota_used{namespace="*",quota="executions_per_minute"} 1.0' in text
        assert 'onbeat_quota_limit{namespace="t",quota="running"} 3.0' in text
        figures = (await call("GET", "/api/v1/main/status")).json["figures"]
        assert {"namespace": "*", "quota": "executions_per_minute", "used": 1.0, "limit": 60} in figures["quotas"]
