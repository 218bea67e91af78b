"""Access: who is calling, the Host and Origin headers, the file that keeps the token."""

import base64
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from onbeat.api.access import Access, admin_token, is_loopback
from onbeat.api.problems import Forbidden
from onbeat.core.access import ADMIN_TOKEN, ANYBODY, Permission
from onbeat.engine.logins import TooManyTries
from onbeat.errors import Unauthorized, UserError
from tests.api.client import TOKEN, Client, api
from tests.api.house import PASSWORD, basic, house

STATUS = "/api/v1/status"


def request(method: str = "GET", scheme: str = "http", address: str = "192.0.2.1", **headers: str) -> Request:
    """A request as a server gives it to the application."""
    sent = {"host": "onbeat.example:8080", **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "scheme": scheme, "headers": raw, "client": (address, 1)}
    return Request(scope)


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


@pytest.mark.parametrize("token", ["", "admin", "test-token", "changeme", "x" * 50, "kestra" * 3])
def test_a_token_that_can_be_guessed_starts_nothing(tmp_path: Path, token: str) -> None:
    """Whoever put it there is told what to do; the file stays as it is, and the token is not repeated."""
    (tmp_path / "admin-token").write_text(token + "\n")
    with pytest.raises(UserError, match="can be guessed") as refused:
        admin_token(tmp_path)
    assert (tmp_path / "admin-token").read_text() == token + "\n"
    assert not token or f"`{token}`" not in str(refused.value)


async def test_each_kind_of_caller_is_known(tmp_path: Path) -> None:
    """The admin's token, a user, an API token by both ways; a Basic name beside a token does not matter."""
    async with house(tmp_path) as home:
        _, text = await home.accounts.create_token("test", "ci", user="vic")
        expected = {
            f"Bearer {TOKEN}": ("admin-token", "admin-token"),
            f"bearer  {TOKEN} ": ("admin-token", "admin-token"),
            basic("anybody", TOKEN): ("admin-token", "admin-token"),
            basic("Ada@Example.org", PASSWORD): ("ada", "user"),
            f"Bearer {text}": ("vic/ci", "token"),
            basic("anybody", text): ("vic/ci", "token"),
        }
        for header, who in expected.items():
            caller = await home.access.caller(request(authorization=header))
            assert (caller.name, caller.kind) == who


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", "Bearer wrong", f"Token {TOKEN}", TOKEN, "Basic", "Basic %%%", basic("ada", ""),
     basic("ada", "wrong"), basic("", PASSWORD), basic("nobody", PASSWORD), f"Bearer {PASSWORD}", "Bearer onbeat_0123456789abcdef_",
     basic("ada", "onbeat_x")],
)  # fmt: skip
async def test_wrong_credentials_are_refused(tmp_path: Path, header: str) -> None:
    """Whatever is wrong with them, and a valid session beside them does not help."""
    async with house(tmp_path) as home:
        session = await home.accounts.sessions.open("user:ada")
        for more in ({}, {"cookie": f"onbeat_session={session}"}):
            with pytest.raises(Unauthorized):
                await home.access.caller(request(authorization=header, **more))


async def test_a_password_may_begin_like_a_token(tmp_path: Path) -> None:
    """It is one all the same; a whole token is never tried as somebody's password."""
    async with house(tmp_path) as home:
        await home.accounts.set_password("test", "ada", "onbeat_my password")
        assert (await home.access.caller(request(authorization=basic("ada", "onbeat_my password")))).name == "ada"
        for _ in range(10):
            with pytest.raises(Unauthorized, match="revoked"):
                await home.access.caller(request(authorization=basic("ada", f"onbeat_{'0' * 16}_{'0' * 64}")))


async def test_two_sets_of_credentials_are_none(tmp_path: Path) -> None:
    """What stands before us may have looked at the other one."""
    async with house(tmp_path) as home:
        asked = request()
        asked.scope["headers"] += [(b"authorization", f"Bearer {TOKEN}".encode())] * 2
        with pytest.raises(Unauthorized, match="one Authorization"):
            await home.access.caller(asked)


async def test_without_accounts_there_is_the_admins_token() -> None:
    """And nobody else."""
    access = Access(TOKEN)
    assert await access.caller(request(authorization=f"Bearer {TOKEN}")) is ADMIN_TOKEN
    for header in (basic("ada", PASSWORD), "Bearer onbeat_x"):
        with pytest.raises(Unauthorized):
            await access.caller(request(authorization=header))
    with pytest.raises(Unauthorized):
        await access.caller(request(cookie="onbeat_session=x"))
    assert await access.behind("user:ada") is None
    assert await Access(None).caller(request()) is ANYBODY
    assert await Access(None).behind("admin-token") is None
    assert await access.behind("anybody") is None


@pytest.mark.parametrize(
    ("origin", "scheme", "ours"),
    [
        ("http://onbeat.example:8080", "http", True),
        ("HTTP://ONBEAT.example:8080", "http", True),
        ("https://onbeat.example:8080", "http", True),
        ("https://onbeat.example:8080", "https", True),
        ("https://public.example", "http", True),
        ("http://onbeat.example:8080", "https", False),
        ("http://public.example", "http", False),
        ("null", "http", False),
        ("https://evil.example", "http", False),
        ("http://onbeat.example:8080.evil.example", "http", False),
        ("http://onbeat.example.evil.example:8080", "http", False),
        ("http://onbeat.example:8081", "http", False),
        ("http://onbeat.example", "http", False),
        ("http://sub.onbeat.example:8080", "http", False),
        ("http://onbeat.example:99999", "http", False),
        ("file://", "http", False),
        ("", "http", False),
    ],
)
async def test_a_change_comes_from_our_own_pages_or_from_no_page(origin: str, scheme: str, ours: bool) -> None:
    """Whatever the credentials: the admin's token, none where access is off. To read asks for no Origin."""
    for access, header in (
        (Access(TOKEN, public_url="https://public.example/"), f"Bearer {TOKEN}"),
        (Access(None, public_url="https://public.example"), ""),
    ):
        for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
            asked = request(method, scheme, origin=origin, authorization=header)
            if ours:
                assert (await access.caller(asked)).may(Permission.ADMIN)
            else:
                with pytest.raises(Forbidden):
                    await access.caller(asked)
        assert (await access.caller(request("GET", scheme, origin=origin, authorization=header))).may(Permission.ADMIN)


@pytest.mark.parametrize(
    ("site", "ours"), [("same-origin", True), ("none", True), ("same-site", False), ("cross-site", False), ("x", False)]
)
async def test_a_browser_that_says_where_it_is_is_believed(site: str, ours: bool) -> None:
    """A form of another site is sent with the Basic credentials that the browser remembers: it is refused, without an Origin, too."""
    asked = request("POST", authorization=basic("x", TOKEN), sec_fetch_site=site)
    if ours:
        assert await Access(TOKEN).caller(asked) is ADMIN_TOKEN
    else:
        with pytest.raises(Forbidden):
            await Access(TOKEN).caller(asked)


async def test_tries_are_counted_by_the_address_that_a_trusted_proxy_names(tmp_path: Path) -> None:
    """One caller behind it waits, the others do not; who is no trusted proxy names nobody."""
    async with house(tmp_path) as home:
        seen: list[type[Exception]] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await home.access.caller(Request(scope))
            except Unauthorized as wrong:
                seen.append(type(wrong))

        proxied: Any = ProxyHeadersMiddleware(app, trusted_hosts=["10.0.0.1"])

        async def tries(proxy: str, client: str) -> type[Exception]:
            """What one more guess at one more account gives."""
            asked = request(address=proxy, x_forwarded_for=client, authorization=basic(f"user{len(seen)}", "Password1"))
            await proxied(asked.scope, None, None)
            return seen[-1]

        assert [await tries("10.0.0.1", "192.0.2.7") for _ in range(21)] == [Unauthorized] * 20 + [TooManyTries]
        assert await tries("10.0.0.1", "192.0.2.8") is Unauthorized
        assert [await tries("10.6.6.6", f"192.0.2.{n}") for n in range(21)] == [Unauthorized] * 20 + [TooManyTries]


async def test_no_answer_lets_another_origin_read(tmp_path: Path) -> None:
    """No CORS header, whatever asks; a preflight is refused."""
    async with house(tmp_path) as home:
        for origin in ("null", "https://evil.example", "http://127.0.0.1:8080.evil", "http://127.0.0.1:8080"):
            for method in ("GET", "POST", "OPTIONS"):
                answer = await home(method, "/api/v1/me", origin=origin, access_control_request_method="POST")
                assert not [name for name in answer.headers if name.startswith("access-control")]
