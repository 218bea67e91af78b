"""Browsers that log in by a provider: there, back, and into an account."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from onbeat.api import oidc
from onbeat.core.access import Role
from onbeat.engine.oidc import Oidc
from tests.api.client import Answer
from tests.api.house import House, cookie_of, house
from tests.services.oidc import CLIENT, SECRET, Provider

ME = "/api/v1/me"


@asynccontextmanager
async def served(directory: Path, role: Role | None = None, claim: str = "email") -> AsyncIterator[tuple[House, Provider]]:
    """A house with a provider."""
    async with house(directory) as home, Provider(home.clock) as provider:
        home.app.router.routes[:0] = oidc.routes()
        home.app.state.oidc = Oidc(provider.issuer, CLIENT, SECRET, claim, home.clock)
        home.app.state.oidc_role = role
        yield home, provider


async def log_in(home: House, provider: Provider) -> Answer:
    """All the way, as a browser goes it."""
    there = await home("GET", "/oidc/login", token=None)
    assert there.status == 303, there
    code, state = provider.log_in(there.headers["location"]), cookie_of(there).partition("=")[2]
    return await home("GET", f"/oidc/callback?code={code}&state={state}", token=None, cookie=cookie_of(there))


async def test_a_user_logs_in_by_his_provider(tmp_path: Path) -> None:
    """Into the account that is there; the page goes on by itself, so that the browser sends its cookie."""
    async with served(tmp_path) as (home, provider):
        there = await home("GET", "/oidc/login", token=None)
        assert there.headers["set-cookie"].endswith("; Path=/oidc; Max-Age=600; HttpOnly; SameSite=Lax")
        answered = await log_in(home, provider)
        assert (answered.status, "url=/" in answered.body.decode()) == (200, True)
        session = (await home.accounts.sessions.of("user:ada"))[0]
        assert session.subject == "user:ada"
        assert await home.actions() == [("ada", "login", "user:ada")]


async def test_the_session_is_the_users(tmp_path: Path) -> None:
    """As one of a password; the cookie of the way is ended."""
    async with served(tmp_path) as (home, provider):
        there = await home("GET", "/oidc/login", token=None)
        state = cookie_of(there).partition("=")[2]
        code = provider.log_in(there.headers["location"])
        cookies: list[str] = []

        async def send(message: dict[str, object]) -> None:
            cookies.extend(value.decode() for name, value in message.get("headers", ()) if name == b"set-cookie")  # type: ignore[attr-defined]

        scope = home._scope("GET", f"/oidc/callback?code={code}&state={state}", None, {"cookie": cookie_of(there)})
        await home.app(scope, None, send)
        session, ended = cookies
        assert "HttpOnly; SameSite=Strict" in session
        assert ended.startswith("onbeat_oidc=; Path=/oidc; Max-Age=0")
        assert (await home("GET", ME, token=None, cookie=session.partition(";")[0])).json["name"] == "ada"


async def test_another_browsers_login_is_none(tmp_path: Path) -> None:
    """Who is sent a way back that somebody else began is not logged in as him."""
    async with served(tmp_path) as (home, provider):
        there = await home("GET", "/oidc/login", token=None)
        code, state = provider.log_in(there.headers["location"]), cookie_of(there).partition("=")[2]
        for cookie in ("", "onbeat_oidc=", "onbeat_oidc=another"):
            answered = await home("GET", f"/oidc/callback?code={code}&state={state}", token=None, cookie=cookie)
            assert (answered.status, "set-cookie" in answered.headers) == (401, False)
        for query in ("", "?code=x", "?state=", f"?state={state}", f"?state={state}&error=access_denied"):
            assert (await home("GET", f"/oidc/callback{query}", token=None, cookie=cookie_of(there))).status == 401


@pytest.mark.parametrize("role", [None, Role.VIEWER])
async def test_who_is_new_gets_in_where_that_is_set_up(tmp_path: Path, role: Role | None) -> None:
    """With the role that is said; else an admin makes him an account first."""
    async with served(tmp_path, role) as (home, provider):
        provider.claims["email"] = "new@example.org"
        answered = await log_in(home, provider)
        assert answered.status == (403 if role is None else 200)
        user = await home.accounts.user("new@example.org")
        assert (user is None) is (role is None)
        assert user is None or [grant.role for grant in user.grants] == [role]
        assert (await log_in(home, provider)).status == answered.status


async def test_a_disabled_user_stays_out(tmp_path: Path) -> None:
    """Whatever the provider says; and a name that is none makes nobody."""
    async with served(tmp_path, Role.VIEWER, "preferred_username") as (home, provider):
        assert (await log_in(home, provider)).status == 200
        await home.accounts.change_user("test", "ada", disabled=True)
        assert (await log_in(home, provider)).status == 403
        provider.claims["preferred_username"] = "<b>x</b>"
        assert (await log_in(home, provider)).status == 400


async def test_a_person_reads_what_went_wrong_on_a_page(tmp_path: Path) -> None:
    """What comes from outside is text there; a program gets the problem."""
    async with served(tmp_path, Role.VIEWER, "preferred_username") as (home, provider):
        provider.claims["preferred_username"] = "<b>x</b>"
        for accept, kind in (("text/html,*/*", "text/html; charset=utf-8"), ("*/*", "application/problem+json")):
            there = await home("GET", "/oidc/login", token=None)
            code, state = provider.log_in(there.headers["location"]), cookie_of(there).partition("=")[2]
            way = f"/oidc/callback?code={code}&state={state}"
            answered = await home("GET", way, token=None, cookie=cookie_of(there), accept=accept)
            assert (answered.status, answered.headers["content-type"]) == (400, kind)
            shown = answered.body.decode()
            assert ("Try again" in shown, "<b>x</b>" in shown) == ((True, False) if kind.startswith("text") else (False, True))


async def test_without_a_provider_there_is_no_way(tmp_path: Path) -> None:
    """404; a foreign Host is refused, for the way back would lead there."""
    async with served(tmp_path) as (home, _):
        assert (await home("GET", "/oidc/login", token=None, host="evil.example")).status == 403
        home.app.state.oidc = None
        for path in ("login", "callback"):
            assert (await home("GET", f"/oidc/{path}", token=None)).status == 404
