"""Every route by every kind of caller: enumerated from the routes, so that a new one is asked, too, before anybody thinks of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.routing import Route

from onbeat.api.app import all_routes
from onbeat.api.routing import Within
from onbeat.core.access import GRANTABLE, ROLES, Grant, Permission, Role
from tests.api.client import FLOWS, Client
from tests.api.house import PASSWORD, House, basic, house

FILLED = {"namespace": "t", "flow": "hello", "key": "k", "key:path": "a/b", "topic": "things", "name": "ada"}
STREAMS = ("follow", "tail")
SAFE = ("GET", "HEAD")


class Asked(NamedTuple):
    """One method of one route. path: filled in, `{id}` excepted."""

    method: str
    path: str
    permission: Permission
    within: Within

    @property
    def streams(self) -> bool:
        """Whether a good answer does not end."""
        return self.path.endswith(STREAMS)


def asked() -> Iterator[Asked]:
    """Every method of every route that asks who is calling."""
    for route in all_routes():
        assert isinstance(route, Route)
        path = route.path
        for name, value in FILLED.items():
            path = path.replace("{" + name + "}", value)
        permission, within = route.permission, route.within  # type: ignore[attr-defined]  # routing sets them
        for method in sorted(route.methods or ()):
            if permission not in (Permission.PUBLIC, Permission.KEY) and method != "HEAD":
                yield Asked(method, path, permission, within)


ROUTES = list(asked())


async def status(home: House, each: Asked, id_: str, query: str = "", **headers: str) -> tuple[int, str]:
    """Status and body of the answer, whatever it is."""
    target = each.path.replace("{id}", id_) + query
    found = await Client.__call__(home, each.method, target, token=None, **headers)
    return found.status, found.body.decode("utf-8", "replace")


async def execution_of(home: House) -> str:
    """One of t.hello that has ended."""
    made = await home.node.start("t", "hello", {"name": "canary"})
    return (await home.node.engine.ended(made.head.id)).head.id


async def test_who_has_lost_his_access_has_lost_it_on_every_route(tmp_path: Path) -> None:
    """By an expired and a revoked token, as a disabled user, with an ended session, with two sets of credentials."""
    async with house(tmp_path, FLOWS) as home:
        _, expired = await home.accounts.create_token("test", "expired", user="root", expires=home.clock.now() + 1_000_000)
        revoked, text = await home.accounts.create_token("test", "revoked", user="root")
        session = await home.accounts.sessions.open("user:root")
        await home.clock.advance(2)
        await home.accounts.delete_token("test", revoked.id)
        await home.accounts.sessions.close(session)
        await home.accounts.change_user("test", "ada", disabled=True)
        _, orphan = await home.accounts.create_token("test", "orphan", user="ada")
        lost: list[dict[str, str]] = [{"authorization": f"Bearer {each}"} for each in (expired, text, orphan)]
        lost += [{"cookie": f"onbeat_session={session}"}, {"cookie": "onbeat_session="}, {"authorization": basic("x", expired)}]
        for each in ROUTES:
            for headers in lost:
                assert (await status(home, each, "x", **headers))[0] == 401, (each, headers)


async def test_another_namespaces_editor_sees_and_changes_nothing(tmp_path: Path) -> None:
    """What is there is not there for him; no list shows it, no change by query reaches it."""
    async with house(tmp_path, FLOWS) as home:
        await home.accounts.create_user("test", "otto", password=PASSWORD, grants=[Grant(Role.EDITOR, "other"), Grant(Role.ADMIN, "t2")])
        id_, me = await execution_of(home), {"authorization": basic("otto", PASSWORD), "content_type": "application/json"}
        before, served = await home.node.engine.load(id_), home.node.catalog.names()
        for each in ROUTES:
            if each.within is Within.NOTHING or (each.streams and each.within is Within.LIST):
                continue
            for query in ("", "?all=true", "?namespace=t"):
                found, body = await status(home, each, id_, query, **me)
                assert "canary" not in body, (each, body)
                match each.within:
                    case Within.NAMESPACE | Within.TOPIC:
                        assert found == 404, (each, body)
                    case Within.SERVER:
                        assert found == 403, (each, body)
                    case Within.OBJECT:
                        assert found in ((400, 404) if each.method in SAFE else (400, 403, 404, 415, 422)), (each, body)
                    case _:
                        assert found not in (401, 403, 500), (each, body)
                        assert id_ not in body, each
                        assert '"t"' not in body, (each, body)
        assert await home.node.engine.load(id_) == before
        assert home.node.catalog.names() == served


@pytest.mark.parametrize("role", Role)
async def test_a_role_reaches_what_it_names_and_nothing_else(tmp_path: Path, role: Role) -> None:
    """In its own namespace; what is the whole server's needs a grant for all of it."""
    async with house(tmp_path, FLOWS) as home:
        await home.accounts.create_user("test", "otto", password=PASSWORD, grants=[Grant(role, "t", ("things",))])
        id_, me = await execution_of(home), {"authorization": basic("otto", PASSWORD)}
        for each in ROUTES:
            if each.permission not in GRANTABLE:
                continue
            if each.permission not in ROLES[role] or each.within is Within.SERVER or each.permission is Permission.ADMIN:
                assert (await status(home, each, id_, **me))[0] == 403, each
            elif each.method in SAFE and not each.streams:
                found, body = await status(home, each, id_, **me)
                assert found not in (401, 403, 500), (each, body)


async def test_a_tokens_scope_is_a_wall_on_every_route(tmp_path: Path) -> None:
    """An admin's token that may publish only does nothing else."""
    async with house(tmp_path, FLOWS) as home:
        scope = {"permissions": ["publish"], "topics": ["things"]}
        made = await home.by("root", "POST", "/api/v1/tokens", {"name": "narrow", "scopes": [scope]})
        me = {"authorization": f"Bearer {made.json['token']}"}
        for each in ROUTES:
            if each.permission in GRANTABLE and each.permission is not Permission.PUBLISH:
                assert (await status(home, each, "x", **me))[0] in (403, 404), each
