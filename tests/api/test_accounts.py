"""Users and tokens over HTTP: who may make, see and remove which."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.house import JSON, PASSWORD, House, house

USERS, TOKENS = "/api/v1/main/users", "/api/v1/main/tokens"


async def token_of(home: House, name: str, **body: Any) -> tuple[str, str]:
    """A new token of somebody: its id and its text."""
    made = await home.by(name, "POST", TOKENS, {"name": "ci", **body})
    assert made.status == 201, made.json
    return made.json["id"], made.json["token"]


async def test_an_admin_keeps_users(tmp_path: Path) -> None:
    """Make, show, change, remove; no answer has a hash."""
    async with house(tmp_path) as home:
        grants = [{"role": "operator", "namespace": "shop", "topics": ["orders.*"]}]
        made = await home("POST", USERS, {"name": "Bob", "email": "bob@example.org", "password": PASSWORD, "grants": grants}, **JSON)
        assert made.status == 201
        assert made.json.items() >= {"name": "Bob", "email": "bob@example.org", "grants": grants, "disabled": False}.items()
        listed = await home.by("root", "GET", USERS)
        assert [each["name"] for each in listed.json["results"]] == ["ada", "Bob", "root", "vic"]
        changed = await home.by("root", "PATCH", f"{USERS}/bob", {"grants": [{"role": "admin"}], "email": None})
        assert (changed.json["grants"], changed.json["email"]) == ([{"role": "admin"}], None)
        assert (await home.by("bob", "GET", USERS)).status == 200
        changed = await home.by("root", "PATCH", f"{USERS}/bob", {"disabled": True})
        assert changed.json["grants"] == [{"role": "admin"}]
        assert (await home.by("bob", "GET", USERS)).status == 401
        assert (await home.by("root", "DELETE", f"{USERS}/bob")).status == 204
        assert (await home.by("root", "GET", f"{USERS}/bob")).status == 404
        assert "argon2" not in (made.body + listed.body + changed.body).decode()
        assert [each[:2] for each in await home.actions()] == [
            ("admin-token", "user.create"), ("root", "user.change"), ("root", "user.change"), ("root", "user.delete"),
        ]  # fmt: skip


@pytest.mark.parametrize(("name", "status"), [("ada", 403), ("vic", 403), ("nobody", 401)])
async def test_who_is_no_admin_sees_no_users(tmp_path: Path, name: str, status: int) -> None:
    """Nor changes any, himself included."""
    async with house(tmp_path) as home:
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/ada"), ("PATCH", "/ada"), ("DELETE", "/ada")):
            assert (await home.by(name, method, USERS + path, {})).status == status
        assert await home.actions() == []


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"name": "x y"}, 400, "is not a name"),
        ({"name": "bob", "password": "short"}, 400, "a password has 8"),
        ({"name": "bob", "grants": [{"role": "king"}]}, 422, "body.grants.0.role"),
        ({"name": "bob", "grants": [{"role": "viewer", "namespace": "A B"}]}, 422, "body.grants.0.namespace"),
        ({"name": "bob", "grants": [{"role": "viewer", "topics": ["{a,b}" * 300]}]}, 422, "body.grants.0.topics"),
        ({"name": "bob", "rights": "all"}, 422, "body.rights: Extra inputs"),
        ({"name": "bob", "email": "nobody"}, 422, "body.email"),
        ({"name": "bob", "password": {"x": "hush-hush-hush"}}, 422, "body.password"),
        ([], 422, "body: Input should be"),
        (b"{", 400, "JSON decode error"),
    ],
)
async def test_a_bad_user_is_refused_by_name(tmp_path: Path, body: Any, status: int, said: str) -> None:
    """The refusal says which part, and repeats nothing."""
    async with house(tmp_path) as home:
        refused = await home("POST", USERS, body, **JSON)
        assert (refused.status, said in refused.json["detail"]) == (status, True), refused.json
        assert "hush" not in refused.json["detail"]


async def test_a_body_says_that_it_is_json(tmp_path: Path) -> None:
    """A form of another site cannot, without asking first."""
    async with house(tmp_path) as home:
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            refused = await home("POST", USERS, {"name": "bob"}, content_type=kind)
            assert refused.status == 422
            assert await home.accounts.user("bob") is None


async def test_a_token_is_shown_once(tmp_path: Path) -> None:
    """It works by Bearer and as the password of Basic, within its scopes, until it is revoked."""
    async with house(tmp_path) as home:
        id_, text = await token_of(home, "ada", scopes=[{"permissions": ["read"], "namespace": "shop.a"}])
        assert text.startswith(f"onbeat_{id_}_")
        for target in (TOKENS, f"{TOKENS}/{id_}"):
            assert text.rpartition("_")[2] not in (await home.by("ada", "GET", target)).body.decode()
        for answer in (await home("GET", "/api/v1/me", token=text), await home.by("whoever", "GET", "/api/v1/me", password=text)):
            assert answer.json.items() >= {"name": "ada/ci", "kind": "token", "namespaces": {"read": ["shop.a"]}}.items()
        assert (await home.by("ada", "DELETE", f"{TOKENS}/{id_}")).status == 204
        assert (await home("GET", "/api/v1/me", token=text)).status == 401
        assert [each[:2] for each in await home.actions()] == [("ada", "token.create"), ("ada", "token.delete")]


async def test_a_token_lives_ninety_days_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    """Until an instant, or for ever."""
    async with house(tmp_path) as home:
        made = await home.by("ada", "POST", TOKENS, {"name": "one"})
        assert made.json["expires"] == "2026-04-01T00:00:00.000000Z"
        made = await home.by("ada", "POST", TOKENS, {"name": "two", "expires": "2026-01-01T01:00:00+01:00"})
        assert (made.status, "in the future" in made.json["detail"]) == (400, True)
        made = await home.by("ada", "POST", TOKENS, {"name": "two", "expires": "2026-01-01T02:00:00+01:00"})
        await home.clock.advance(3_600)
        assert (await home("GET", "/api/v1/me", token=made.json["token"])).status == 401
        made = await home.by("ada", "POST", TOKENS, {"name": "late", "expires": "9999-12-31T23:59:59-14:00"})
        assert (made.status, made.json["expires"]) == (201, "9000-01-01T00:00:00.000000Z")
        made = await home.by("ada", "POST", TOKENS, {"name": "three", "expires": None})
        assert made.json["expires"] is None
        made = await home.by("ada", "POST", TOKENS, {"name": "four", "expires": "P30D"})
        assert made.json["expires"] == "2026-01-31T01:00:00.000000Z"
        for wrong in ("soon", "", "P1M", "P"):
            assert (await home.by("ada", "POST", TOKENS, {"name": "five", "expires": wrong})).status == 400


async def test_a_token_makes_and_revokes_no_tokens(tmp_path: Path) -> None:
    """What was cut from it would come back; it may look."""
    async with house(tmp_path) as home:
        id_, text = await token_of(home, "ada", scopes=[{"permissions": ["read"]}])
        assert (await home("POST", TOKENS, {"name": "more"}, token=text, **JSON)).status == 403
        assert (await home("DELETE", f"{TOKENS}/{id_}", token=text)).status == 403
        assert (await home("GET", TOKENS, token=text)).json["total"] == 1
        _, text = await token_of(home, "root", scopes=[{"permissions": ["admin"]}])
        assert (await home("POST", TOKENS, {"name": "more"}, token=text, **JSON)).status == 201


async def test_anothers_token_is_not_there(tmp_path: Path) -> None:
    """Not to be seen, not to be revoked, but by an admin."""
    async with house(tmp_path) as home:
        id_, text = await token_of(home, "ada")
        for method in ("GET", "DELETE"):
            assert (await home.by("vic", method, f"{TOKENS}/{id_}")).status == 404
        assert (await home.by("vic", "GET", f"{TOKENS}?user=ada")).json["results"] == []
        assert (await home.by("vic", "POST", TOKENS, {"name": "x", "user": "ada"})).status == 403
        assert [each["user"] for each in (await home.by("root", "GET", TOKENS)).json["results"]] == ["ada"]
        assert (await home.by("root", "GET", f"{TOKENS}?user=vic")).json["results"] == []
        assert (await home.by("root", "DELETE", f"{TOKENS}/{id_}")).status == 204
        assert (await home("GET", "/api/v1/me", token=text)).status == 401


async def test_an_admin_makes_tokens_for_others_and_for_the_server(tmp_path: Path) -> None:
    """For a user they may what he may; the admin's token's own may all within their scopes."""
    async with house(tmp_path) as home:
        made = await home.by("root", "POST", TOKENS, {"name": "ci", "user": "Ada"})
        me = (await home("GET", "/api/v1/me", token=made.json["token"])).json
        assert (me["user"], me["namespaces"]["write"]) == ("ada", ["shop"])
        made = await home("POST", TOKENS, {"name": "ci", "scopes": [{"permissions": ["run"]}]}, **JSON)
        me = (await home("GET", "/api/v1/me", token=made.json["token"])).json
        assert (me["name"], me["namespaces"]) == ("admin-token/ci", {"run": None})
        assert (await home("POST", TOKENS, {"name": "ci", "user": "nobody"}, **JSON)).status == 404


@pytest.mark.parametrize("permissions", [[], ["self"], ["key"], ["everything"]])
async def test_a_scope_names_what_can_be_granted(tmp_path: Path, permissions: list[str]) -> None:
    """Anything else is a mistake, not nothing."""
    async with house(tmp_path) as home:
        refused = await home.by("ada", "POST", TOKENS, {"name": "x", "scopes": [{"permissions": permissions}]})
        assert (refused.status, "scopes.0.permissions" in refused.json["detail"]) == (422, True)


async def test_kestras_set_up_makes_an_admin(tmp_path: Path) -> None:
    """For who is one already; a second time it is another password."""
    async with house(tmp_path) as home:
        body = {"uid": "main", "username": "kestra@example.org", "password": "Kestra123-long"}
        for _ in range(2):
            assert (await home("POST", "/api/v1/main/basicAuth", body, **JSON)).status == 204
        assert (await home.by("kestra@example.org", "GET", USERS, password="Kestra123-long")).status == 200
        assert (await home.by("vic", "POST", "/api/v1/main/basicAuth", body)).status == 403
        assert (await home.by("vic", "GET", "/api/v1/configs")).json["isBasicAuthInitialized"] is True
        assert (await home("GET", "/api/v1/configs", token=None)).status == 401
