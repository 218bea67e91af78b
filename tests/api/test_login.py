"""Logging browsers in and out: cookies, links, too many tries."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from onbeat.api.access import Access
from tests.api.house import JSON, PASSWORD, TOKEN, House, cookie_of, house

LOGIN, LOGOUT, ME, LINK = (f"/api/v1/main/{path}" for path in ("login", "logout", "me", "login/link"))


async def log_in(home: House, name: str = "ada", **headers: str) -> tuple[str, str]:
    """The cookie and the CSRF token of a new session."""
    answered = await home("POST", LOGIN, {"username": name, "password": PASSWORD}, token=None, **{**JSON, **headers})
    assert answered.status == 200, answered.json
    return cookie_of(answered), answered.json["csrfToken"]


async def test_a_login_opens_a_session(tmp_path: Path) -> None:
    """HttpOnly, SameSite=Strict, for all paths; whoever holds it is the user."""
    async with house(tmp_path) as home:
        answered = await home("POST", LOGIN, {"username": "ADA@example.org", "password": PASSWORD}, token=None, **JSON)
        places = {name: ["shop"] for name in ("evaluate", "publish", "read", "run", "write")}
        assert answered.json.items() >= {"name": "ada", "kind": "user", "namespaces": places}.items()
        cookie, *attributes = answered.headers["set-cookie"].split("; ")
        assert cookie.startswith("onbeat_session=")
        assert sorted(attributes) == ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=Strict"]
        me = (await home("GET", ME, token=None, cookie=cookie)).json
        assert (me["name"], me["csrfToken"]) == ("ada", answered.json["csrfToken"])
        assert await home.actions() == [("ada", "login", "user:ada")]


@pytest.mark.parametrize("headers", [{"origin": "https://127.0.0.1:8080"}, {"origin": "https://onbeat.example"}])
async def test_under_https_the_cookie_is_secure(tmp_path: Path, headers: dict[str, str]) -> None:
    """And bound to this host: `__Host-` lets no other one set it."""
    async with house(tmp_path, public_url="https://onbeat.example/") as home:
        cookie, csrf = await log_in(home, **headers)
        assert cookie.startswith("__Host-onbeat_session=")
        answered = await home("POST", LOGOUT, token=None, cookie=cookie, x_csrf_token=csrf, **headers)
        assert (answered.status, "; Secure" in answered.headers["set-cookie"]) == (204, True)


async def test_a_wrong_login_says_nothing(tmp_path: Path) -> None:
    """The same for a name that is not there; no cookie, no audit row."""
    async with house(tmp_path) as home:
        bodies = set()
        for name in ("ada", "nobody"):
            answered = await home("POST", LOGIN, {"username": name, "password": "wrong horse"}, token=None, **JSON)
            assert (answered.status, "set-cookie" in answered.headers) == (401, False)
            bodies.add(answered.body)
        assert len(bodies) == 1
        assert await home.actions() == []


async def test_a_hundred_tries(tmp_path: Path) -> None:
    """Five are looked at at once; then 429 with the seconds to wait, also for the right password and for Basic."""
    async with house(tmp_path) as home:
        answers = [await home("POST", LOGIN, {"username": "ada", "password": f"guess number {n}"}, token=None, **JSON) for n in range(100)]
        assert [each.status for each in answers] == [401] * 5 + [429] * 95
        assert answers[-1].headers["retry-after"] == "1"
        assert (await home("POST", LOGIN, {"username": "ada", "password": PASSWORD}, token=None, **JSON)).status == 429
        assert (await home.by("ada", "GET", ME)).status == 429
        assert (await home.by("vic", "GET", ME)).status == 200
        await home.clock.advance(1)
        await log_in(home)


async def test_a_session_changes_nothing_without_its_csrf_token(tmp_path: Path) -> None:
    """Another site's form has the cookie at most, never the token; reading needs none."""
    async with house(tmp_path) as home:
        cookie, csrf = await log_in(home)
        other = (await log_in(home))[1]
        for given in ({}, {"x_csrf_token": ""}, {"x_csrf_token": other}, {"x_csrf_token": csrf[:-1]}):
            assert (await home("POST", LOGOUT, token=None, cookie=cookie, **given)).status == 403
        assert (await home("GET", ME, token=None, cookie=cookie)).status == 200
        assert (await home("POST", LOGOUT, token=None, cookie=cookie, x_csrf_token=csrf)).status == 204
        assert (await home("GET", ME, token=None, cookie=cookie)).status == 401


async def test_a_logout_ends_the_session(tmp_path: Path) -> None:
    """On the server, not only in the browser; a program's logout does no harm."""
    async with house(tmp_path) as home:
        cookie, csrf = await log_in(home)
        answered = await home("POST", LOGOUT, token=None, cookie=cookie, x_csrf_token=csrf)
        assert "Max-Age=0" in answered.headers["set-cookie"]
        assert (await home("GET", ME, token=None, cookie=cookie)).status == 401
        assert (await home("POST", LOGOUT)).status == 204
        assert await home.actions() == [("ada", "login", "user:ada"), ("ada", "logout", "session")]


async def test_a_link_logs_in_once_and_only_by_its_button(tmp_path: Path) -> None:
    """A preview looks at it as often as it likes; it is used up by the first POST."""
    async with house(tmp_path) as home:
        made = await home("POST", LINK)
        assert made.json["expires"] == "2026-01-01T00:05:00.000000Z"
        parts = urlsplit(made.json["url"])
        assert (parts.scheme, parts.netloc, parts.query) == ("http", "127.0.0.1:8080", "")
        for _ in range(3):
            page = await home("GET", parts.path, token=None)
            assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert "set-cookie" not in page.headers
            assert "admin-token" in page.body.decode()
            assert "<script" not in page.body.decode()
            (nonce,) = re.findall("nonce-([A-Za-z0-9_-]+)", page.headers["content-security-policy"])
            assert f'<style nonce="{nonce}">' in page.body.decode()
            assert page.headers["cache-control"] == "no-store"
        assert (await home("HEAD", parts.path, token=None)).status == 405
        used = await home("POST", parts.path, token=None)
        assert (used.status, used.headers["location"]) == (303, "/ui/")
        me = (await home("GET", ME, token=None, cookie=cookie_of(used))).json
        assert (me["name"], me["kind"]) == ("admin-token", "admin-token")
        for method in ("GET", "POST"):
            gone = await home(method, parts.path, token=None)
            assert (gone.status, "set-cookie" in gone.headers, "prints a new one" in gone.body.decode()) == (404, False, True)
        assert [each[:2] for each in await home.actions()] == [("admin-token", "login.link"), ("admin-token", "login")]


async def test_a_link_is_for_five_minutes(tmp_path: Path) -> None:
    """Then its page says how to get another."""
    async with house(tmp_path) as home:
        path = urlsplit((await home("POST", LINK)).json["url"]).path
        await home.clock.advance(301)
        for method in ("GET", "POST"):
            assert (await home(method, path, token=None)).status == 404


async def test_another_site_logs_nobody_in(tmp_path: Path) -> None:
    """Neither as himself nor as somebody else: by the Origin, by Sec-Fetch-Site, by the Host."""
    async with house(tmp_path) as home:
        path = urlsplit((await home("POST", LINK)).json["url"]).path
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}, {"host": "evil.example"}):
            assert (await home("POST", path, token=None, **headers)).status == 403
            body = {"username": "ada", "password": PASSWORD}
            assert (await home("POST", LOGIN, body, token=None, **JSON, **headers)).status == 403
        assert (await home("POST", path, token=None, origin="http://127.0.0.1:8080", sec_fetch_site="same-origin")).status == 303


async def test_a_session_ends_with_what_it_stands_for(tmp_path: Path) -> None:
    """A user who is disabled, a token that is revoked, an admin's token that was made anew."""
    async with house(tmp_path) as home:
        cookies = [(await log_in(home))[0]]
        made = (await home.by("vic", "POST", "/api/v1/tokens", {"name": "ci", "scopes": [{"permissions": ["read"]}]})).json
        for token in (made["token"], TOKEN):
            path = urlsplit((await home("POST", LINK, token=token)).json["url"]).path
            cookies.append(cookie_of(await home("POST", path, token=None)))
        names = [(await home("GET", ME, token=None, cookie=cookie)).json["name"] for cookie in cookies]
        assert names == ["ada", "vic/ci", "admin-token"]
        await home.by("root", "PATCH", "/api/v1/users/ada", {"disabled": True})
        await home.by("root", "DELETE", f"/api/v1/tokens/{made['id']}")
        home.access._digest = Access("another")._digest
        home.access.admin = Access("another").admin
        assert [(await home("GET", ME, token=None, cookie=cookie)).status for cookie in cookies] == [401, 401, 401]


async def test_where_access_is_off_there_is_nobody_to_log_in_as(tmp_path: Path) -> None:
    """A link would be good for nothing; everybody is everybody."""
    async with house(tmp_path, token=None) as home:
        assert (await home("POST", LINK, token=None)).status == 409
        me = (await home("GET", ME, token=None, cookie="onbeat_session=x")).json
        assert (me["name"], "csrfToken" in me) == ("anonymous", False)


async def test_a_user_changes_his_own_password(tmp_path: Path) -> None:
    """Who knows the present one; not a token, not the admin's token, not as often as he likes."""
    async with house(tmp_path) as home:
        cookie, csrf = await log_in(home)
        body = {"current": PASSWORD, "password": "battery staple"}
        token = (await home.by("ada", "POST", "/api/v1/tokens", {"name": "ci"})).json["token"]
        for text in (token, TOKEN):
            assert (await home("PUT", f"{ME}/password", body, token=text, **JSON)).status == 403
        wrong = await home.by("ada", "PUT", f"{ME}/password", {**body, "current": "wrong horse"})
        assert (wrong.status, wrong.json["detail"]) == (400, "the present password is wrong")
        done = await home("PUT", f"{ME}/password", body, token=None, cookie=cookie, x_csrf_token=csrf, **JSON)
        assert done.status == 204
        assert (await home("GET", ME, token=None, cookie=cookie)).status == 401
        assert (await home.by("ada", "GET", ME)).status == 401
        assert (await home.by("ada", "GET", ME, password="battery staple")).status == 200
