"""Users and API tokens: list, make, change, remove.

Rules
1. Users are the server's admin's to keep. A user makes and revokes tokens of his own; the admin sees and revokes all.
2. A token makes no tokens: what was cut from it would come back. Only an admin's does, who could as well make users.
3. A token's text is in the answer that makes it, and never again. It expires, unless it is said that it never does.
4. What belongs to somebody else is not there, for whoever may not see it.

Called by: app.
"""

from datetime import timedelta
from typing import Annotated

from fastapi import Body, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat import __version__
from onbeat.api.access import Caller, Permission, caller_of
from onbeat.api.bodies import ChangedUser, KestraUser, NewToken, NewUser
from onbeat.api.login import accounts_of
from onbeat.api.problems import Forbidden
from onbeat.api.questions import bounded
from onbeat.api.routing import answer, node_of, route
from onbeat.api.shapes.accounts import Configs, MadeToken, TokenShape, UserShape
from onbeat.api.shapes.base import Paged
from onbeat.core.access import Grant, Role
from onbeat.core.durations import parse_duration
from onbeat.core.event import Micros
from onbeat.core.times import from_iso, iso
from onbeat.engine.accounts import Token, User
from onbeat.errors import NotFound, UserError

LIFE: Micros = 90 * 24 * 3_600 * 1_000_000
"""How long a token lives of which nothing is said."""


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/users", list_users, Permission.ADMIN, answers=Paged[UserShape]),
        *route("/users", create_user, Permission.ADMIN, ("POST",), answers=UserShape, status=201),
        *route("/users/{name}", show_user, Permission.ADMIN, answers=UserShape),
        *route("/users/{name}", change_user, Permission.ADMIN, ("PATCH",), answers=UserShape),
        *route("/users/{name}", delete_user, Permission.ADMIN, ("DELETE",), status=204),
        *route("/me/api-tokens", list_own_tokens, Permission.SELF, answers=Paged[TokenShape]),
        *route("/tokens", list_tokens, Permission.SELF, answers=Paged[TokenShape]),
        *route("/tokens", create_token, Permission.SELF, ("POST",), answers=MadeToken, status=201),
        *route("/tokens/{id}", show_token, Permission.SELF, answers=TokenShape),
        *route("/tokens/{id}", delete_token, Permission.SELF, ("DELETE",), status=204),
        *route("/basicAuth", set_basic_auth, Permission.ADMIN, ("POST",), status=204),
        *route("/configs", configs, Permission.SELF, answers=Configs),
    ]


# ---- users -------------------------------------------------------------------------------------------------------


async def list_users(request: Request) -> Response:
    """All users, by name."""
    found = await accounts_of(request).users()
    return answer({"results": [_user(each) for each in found], "total": len(found)})


async def show_user(request: Request) -> Response:
    """One user."""
    return answer(_user(await accounts_of(request).need_user(request.path_params["name"])))


async def create_user(request: Request, given: Annotated[NewUser, Body()]) -> Response:
    """A new user; without a password he has tokens only."""
    caller = await caller_of(request)
    grants = [each.as_grant() for each in given.grants]
    made = await accounts_of(request).create_user(caller.name, given.name, email=given.email, password=given.password, grants=grants)
    return answer(_user(made), 201)


async def change_user(request: Request, given: Annotated[ChangedUser, Body()]) -> Response:
    """Another password, mail address, other grants; disabled or not."""
    caller, accounts, name = await caller_of(request), accounts_of(request), request.path_params["name"]
    fields: dict[str, object] = {each: getattr(given, each) for each in given.model_fields_set & {"email", "disabled"}}
    if "grants" in given.model_fields_set:
        fields["grants"] = tuple(each.as_grant() for each in given.grants)
    user = await accounts.need_user(name)
    if given.password is not None:
        user = await accounts.set_password(caller.name, name, given.password)
    if fields:
        user = await accounts.change_user(caller.name, name, **fields)
    return answer(_user(user))


async def delete_user(request: Request) -> Response:
    """Remove a user, with his tokens and sessions."""
    caller = await caller_of(request)
    await accounts_of(request).delete_user(caller.name, request.path_params["name"])
    return Response(status_code=204)


async def set_basic_auth(request: Request, given: Annotated[KestraUser, Body()]) -> Response:
    """As Kestra's set-up page: a user who may do all, or a new password for him."""
    caller, accounts = await caller_of(request), accounts_of(request)
    if await accounts.user(given.username) is None:
        await accounts.create_user(caller.name, given.username, password=given.password, grants=(Grant(Role.ADMIN),))
    else:
        await accounts.set_password(caller.name, given.username, given.password)
    return Response(status_code=204)


async def configs(request: Request) -> Response:
    """What Kestra's clients ask of a server before all else."""
    await caller_of(request)
    users = await accounts_of(request).users()
    return answer(
        {
            "version": __version__,
            "edition": "OSS",
            "isBasicAuthInitialized": any(user.password is not None for user in users),
            "isAnonymousUsageEnabled": False,
            "isTaskRunEnabled": False,
            "isOauthEnabled": False,
            "isTemplateEnabled": False,
            "isConcurrencyViewEnabled": True,
        }
    )


# ---- tokens ------------------------------------------------------------------------------------------------------


async def list_own_tokens(request: Request) -> Response:
    """The caller's own tokens, by the path that Kestra's clients know."""
    caller, accounts = await caller_of(request), accounts_of(request)
    found = [] if caller.user is None else await accounts.tokens(caller.user)
    return answer({"results": [_token(each) for each in found], "total": len(found)})


async def list_tokens(request: Request, user: Annotated[str | None, Query()] = None) -> Response:
    """The caller's tokens; for an admin all, or those of one `user`."""
    caller, accounts = await caller_of(request), accounts_of(request)
    found: list[Token] = []
    if caller.may(Permission.ADMIN):
        found = await accounts.tokens(None if user is None else user.casefold())
    elif caller.user is not None and user in (None, caller.user):
        found = await accounts.tokens(caller.user)
    return answer({"results": [_token(each) for each in found], "total": len(found)})


async def show_token(request: Request) -> Response:
    """One token, without its text."""
    return answer(_token(await _need_token(request)))


async def create_token(request: Request, given: Annotated[NewToken, Body()]) -> Response:
    """A new token; this answer alone has its text."""
    caller, accounts = await caller_of(request), accounts_of(request)
    admin = caller.may(Permission.ADMIN)
    if caller.kind == "token" and not admin:
        raise Forbidden("a token makes no tokens; log in, or use the admin's token")
    owner = caller.user
    if given.user is not None and given.user.casefold() != owner:
        if not admin:
            raise Forbidden("only an admin makes tokens for others")
        owner = (await accounts.need_user(given.user)).id
    now = node_of(request).clock.now()
    expires = _expiry(given.expires, now) if "expires" in given.model_fields_set else now + LIFE
    scopes = None if given.scopes is None else [each.as_scope() for each in given.scopes]
    token, text = await accounts.create_token(caller.name, given.name, user=owner, scopes=scopes, expires=expires)
    return answer({**_token(token), "token": text}, 201)


async def delete_token(request: Request) -> Response:
    """Revoke a token."""
    caller, token = await caller_of(request), await _need_token(request)
    if caller.kind == "token" and not caller.may(Permission.ADMIN):
        raise Forbidden("a token revokes no tokens; log in, or use the admin's token")
    await accounts_of(request).delete_token(caller.name, token.id)
    return Response(status_code=204)


async def _need_token(request: Request) -> Token:
    caller = await caller_of(request)
    token = await accounts_of(request).need_token(request.path_params["id"])
    if not caller.may(Permission.ADMIN) and not _owns(caller, token):
        raise NotFound("there is no such token")
    return token


def _owns(caller: Caller, token: Token) -> bool:
    return caller.user is not None and caller.user == token.user


def _expiry(text: str | None, now: Micros) -> Micros | None:
    try:
        if text is None or not text.startswith("P"):
            return None if text is None else bounded(from_iso(text))
        return bounded(now + parse_duration(text) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        raise UserError("`expires` is an instant such as 2027-01-31T12:00:00Z, a duration such as P30D, or null for never") from None


def _user(user: User) -> dict[str, object]:
    return {**user.shown(), "hasPassword": user.password is not None, "created": iso(user.created), "updated": iso(user.updated)}


def _token(token: Token) -> dict[str, object]:
    return {
        **token.shown(),
        "id": token.id,
        "created": iso(token.created),
        "expires": None if token.expires is None else iso(token.expires),
        "used": None if token.used is None else iso(token.used),
    }
