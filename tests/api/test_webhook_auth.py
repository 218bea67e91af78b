"""Webhooks that check who is calling, over HTTP: 401 before anything is parsed or kept."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from onbeat.stores.memory import MemoryStore
from onbeat.testing.clock import START, ManualClock
from tests.api.client import Client
from tests.engine.harness import node_with

SECRET = "It's a Secret to Everybody"
NOW = START // 1_000_000
FLOW = """
id: hook
namespace: t
variables: {secret: "It's a Secret to Everybody"}
tasks: [{id: say, type: core.log.Log, message: "{{ trigger.body }}"}]
triggers:
  - {id: github, type: core.trigger.Webhook, key: git, auth: {type: github, secret: "{{ vars.secret }}"}}
  - id: slack
    type: core.trigger.Webhook
    key: slk
    auth: {type: slack, secret: ["another-one", "{{ vars.secret }}"]}
    invalidJson: refuse
  - {id: token, type: core.trigger.Webhook, key: tok, auth: {type: token, secret: "{{ vars.secret }}"}}
  - {id: open, type: core.trigger.Webhook, key: opn, auth: none}
"""
HOOK = "/api/v1/main/executions/webhook/t/hook"


@asynccontextmanager
async def served(directory: Path, **more: Any) -> AsyncIterator[Client]:
    """A client of that flow."""
    async with node_with(MemoryStore(), {"hook.yaml": FLOW}, directory, clock=ManualClock(), **more) as node:
        yield Client(node)


def github(body: bytes) -> dict[str, str]:
    """As GitHub signs."""
    return {"x_hub_signature_256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}


def slack(body: bytes, time: int = NOW) -> dict[str, str]:
    """As Slack signs."""
    digest = hmac.new(SECRET.encode(), f"v0:{time}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x_slack_signature": f"v0={digest}", "x_slack_request_timestamp": str(time)}


async def test_a_signed_request_starts_and_an_unsigned_one_does_not(tmp_path: Path) -> None:
    """The secret comes from an expression; a delivery that is sent again is the same execution."""
    async with served(tmp_path) as call:
        body = b'{"n": 1}'
        first = await call("POST", f"{HOOK}/git", body, token=None, x_github_delivery="d1", **github(body))
        again = await call("POST", f"{HOOK}/git", body, token=None, x_github_delivery="d1", **github(body))
        assert (first.status, again.status, again.json["duplicate"]) == (200, 200, True)
        assert first.json["id"] == again.json["id"]
        for headers in ({}, github(b'{"n": 2}'), {"x_hub_signature": "sha1=00"}, {"authorization": "Bearer test-token"}):
            refused = await call("POST", f"{HOOK}/git", body, token=None, **headers)
            assert (refused.status, refused.json["title"]) == (401, "Not authentic")
            assert "Everybody" not in refused.body.decode()
        assert await call.node.queries.count() == 1
        assert await call.node.queries.dead_events() == []


async def test_who_does_not_know_the_key_is_not_told_of_signatures(tmp_path: Path) -> None:
    """A right signature with a wrong key is a 404."""
    async with served(tmp_path) as call:
        assert (await call("POST", f"{HOOK}/gix", b"{}", token=None, **github(b"{}"))).status == 404
        assert (await call("POST", f"{HOOK}/tok", b"{}", token=None, **github(b"{}"))).status == 401


async def test_nothing_is_parsed_before_it_is_authentic(tmp_path: Path) -> None:
    """A broken body is a 401 to a stranger and a 400 to Slack; too large is 413 to all, for it is not read."""
    async with served(tmp_path) as call:
        broken, large = b'{"n":', b"x" * 2_000_000
        json = {"content_type": "application/json"}
        assert (await call("POST", f"{HOOK}/slk", broken, token=None, **json)).status == 401
        assert (await call("POST", f"{HOOK}/slk", broken, token=None, **json, **slack(broken))).status == 400
        assert (await call("POST", f"{HOOK}/slk", large, token=None, **json)).status == 413


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (300, 200), (301, 401), (-301, 401)])
async def test_an_old_request_is_not_taken_again(tmp_path: Path, seconds: int, status: int) -> None:
    """Five minutes, by the server's clock."""
    async with served(tmp_path) as call:
        assert (await call("POST", f"{HOOK}/slk", b"{}", token=None, **slack(b"{}", NOW - seconds))).status == status


async def test_slacks_challenge_is_answered_and_starts_nothing(tmp_path: Path) -> None:
    """To Slack only."""
    async with served(tmp_path) as call:
        body = orjson.dumps({"type": "url_verification", "challenge": "abc"})
        assert (await call("POST", f"{HOOK}/slk", body, token=None)).status == 401
        answered = await call("POST", f"{HOOK}/slk", body, token=None, content_type="application/json", **slack(body))
        assert (answered.status, answered.json) == (200, {"challenge": "abc"})
        assert await call.node.queries.count() == 0


async def test_a_token_is_enough_where_it_is_asked_for(tmp_path: Path) -> None:
    """Bearer; it is masked in what the flow sees."""
    async with served(tmp_path) as call:
        started = await call("POST", f"{HOOK}/tok", b"{}", token=SECRET)
        execution = await call.node.engine.ended(started.json["id"])
        assert execution.head.trigger is not None
        assert execution.head.trigger.variables["headers"]["authorization"] == ["********"]
        for token in (None, "wrong", "test-token"):
            assert (await call("POST", f"{HOOK}/tok", b"{}", token=token)).status == 401


async def test_a_webhook_for_anybody_is_served_where_the_server_allows_it(tmp_path: Path) -> None:
    """Else it is not there, and the daemon says why."""
    async with served(tmp_path) as call:
        assert (await call("POST", f"{HOOK}/opn", b"{}", token=None)).status == 404
        assert [said for said in call.node.trouble() if "ONBEAT_PUBLIC_WEBHOOKS" in said]
    (tmp_path / "other").mkdir()
    async with served(tmp_path / "other", public_webhooks=True) as call:
        assert (await call("POST", f"{HOOK}/opn", b"{}", token=None)).status == 200
        assert not call.node.trouble()
