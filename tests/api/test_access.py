"""Access: the token, the Host header, the file that keeps the token."""

import base64
from pathlib import Path

import pytest

from onbeat.api.access import admin_token, is_loopback
from tests.api.client import TOKEN, Client, api

STATUS = "/api/v1/status"


async def test_bearer_and_basic_are_both_taken(tmp_path: Path) -> None:
    """As Kestra's clients send them; the user's name of Basic does not matter."""
    async with api(tmp_path) as call:
        assert (await call("GET", STATUS)).status == 200
        basic = base64.b64encode(f"anybody:{TOKEN}".encode()).decode()
        assert (await call("GET", STATUS, token=None, authorization=f"Basic {basic}")).status == 200
        wrong = base64.b64encode(f"{TOKEN}:x".encode()).decode()
        refused = await call("GET", STATUS, token=None, authorization=f"Basic {wrong}")
        assert refused.status == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in refused.body.decode()


async def test_without_access_everybody_is_let_in(tmp_path: Path) -> None:
    """`auth: none` is an Access without a token."""
    async with api(tmp_path) as call:
        open_ = Client(call.node, token=None)
        assert (await open_("GET", STATUS, token=None)).status == 200


async def test_a_foreign_host_is_refused_except_for_webhooks(tmp_path: Path) -> None:
    """A web page that points its own name at 127.0.0.1 gets nothing, not even with a token; allowed hosts do."""
    async with api(tmp_path) as call:
        assert (await call("GET", STATUS, host="evil.example")).status == 421
        assert (await call("GET", "/health", token=None, host="10.1.2.3:8080")).status == 200  # a probe by the pod's address
        assert (await call("GET", STATUS, host="localhost:8080")).status == 200
        assert (await call("GET", STATUS, host="[::1]:8080")).status == 200
        allowed = Client(call.node, hosts=("onbeat.example",))
        assert (await allowed("GET", STATUS, host="onbeat.example")).status == 200
        hook = "/api/v1/executions/webhook/t/hook/abc"
        assert (await call("POST", hook, {"n": 1}, token=None, host="evil.example", content_type="application/json")).status == 200


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("x.localhost.evil", False),
        ("", False),
    ],
)
def test_what_is_loopback(host: str, own: bool) -> None:
    """This machine's own names and addresses, and no others."""
    assert is_loopback(host) is own


def test_the_token_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    """Random, kept with mode 0600, the same at the next start."""
    token = admin_token(tmp_path)
    assert len(token) > 40
    assert admin_token(tmp_path) == token
    assert (tmp_path / "admin-token").stat().st_mode & 0o777 == 0o600
    other = tmp_path / "other"
    other.mkdir()
    assert admin_token(other) != token
