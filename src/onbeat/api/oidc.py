"""Log browsers in by an OpenID Connect provider: the way there and the way back.

Rules
1. The way back is taken by the browser that went there: a cookie holds the login's state, so that nobody is logged in as somebody else.
2. A user that is there logs in; one that is not is made only where the setting `oidc_role` says what he may.
3. A disabled user stays out, whatever the provider says.
4. Who is a person, and not a program, reads what went wrong on a page.

Called by: app.
"""

import hmac
from html import escape
from typing import Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from onbeat.api.access import Access, Permission
from onbeat.api.audit import row_of
from onbeat.api.login import accounts_of, session_cookie
from onbeat.api.pages import page
from onbeat.api.problems import PROBLEM, Forbidden, Handler, tried
from onbeat.api.routing import one_route
from onbeat.core.access import Caller, Grant, Role
from onbeat.engine.accounts import User, subject_of
from onbeat.errors import NotFound, Unauthorized

_COOKIE = "onbeat_oidc"
_BACK = "/oidc/callback"
# Not a redirect: a browser sends no SameSite=Strict cookie while it still comes from another site.
_GO_ON = '<meta http-equiv="refresh" content="0;url=/">'
_DONE = '<p>Logged in as {name}. <a href="/">Go on</a></p>'
_FAILED = '<p>You are not logged in: {why}.</p><p><a href="/oidc/login">Try again</a> · <a href="/">Log in otherwise</a></p>'


class Provider(Protocol):
    """Who knows users; engine/oidc, loaded where it is set up."""

    async def begin(self, redirect: str) -> tuple[str, str]:
        """Where to send the browser, and the state that it is to keep."""

    async def finish(self, state: str, code: str) -> str:
        """The name of who logged in."""


def routes() -> list[Route]:
    """The routes."""
    return [one_route("/oidc/login", begin, Permission.PUBLIC), one_route(_BACK, finish, Permission.PUBLIC)]


async def begin(request: Request) -> Response:
    """Send the browser to the provider."""
    return await _told(request, _begin)


async def finish(request: Request) -> Response:
    """Open a session for whom the provider says it is."""
    return await _told(request, _finish)


async def _told(request: Request, handler: Handler) -> Response:
    """What the handler answers; what went wrong as a page, where a person looks at it."""
    answered = await tried(request, handler, request.url.path)
    if answered.media_type != PROBLEM or "text/html" not in request.headers.get("accept", ""):
        return answered
    return page(_FAILED.format(why=escape(orjson.loads(answered.body)["detail"])), answered.status_code)


async def _begin(request: Request) -> Response:
    provider, access = _provider(request), _access(request)
    address, state = await provider.begin(f"{access.base_url(request)}{_BACK}")
    return Response(status_code=303, headers={"location": address, "set-cookie": _cookie(request, state)})


async def _finish(request: Request) -> Response:
    provider, access = _provider(request), _access(request)
    state, kept = request.query_params.get("state", ""), request.cookies.get(_COOKIE, "")
    if not state or not hmac.compare_digest(state.encode("utf-8", "surrogatepass"), kept.encode("utf-8", "surrogatepass")):
        raise Unauthorized("this login was not begun in this browser; begin again")
    code = request.query_params.get("code")
    if not code:
        raise Unauthorized("the provider refused the login")
    user = await _user(request, await provider.finish(state, code))
    request.state.caller = Caller(user.name, "user", user.grants, user=user.id)
    assert access.accounts is not None
    secret = await access.accounts.sessions.open(subject_of(user), [await row_of(request, "login", f"user:{user.id}")])
    answered = page(_DONE.format(name=escape(user.name)), head=_GO_ON)
    answered.headers.append("set-cookie", session_cookie(request, secret))
    answered.headers.append("set-cookie", _cookie(request, None))
    return answered


async def _user(request: Request, name: str) -> User:
    accounts = accounts_of(request)
    user = await accounts.user(name)
    role: Role | None = request.app.state.oidc_role
    if user is None and role is not None:
        user = await accounts.create_user("oidc", name, grants=(Grant(role),))
    if user is None or user.disabled:
        raise Forbidden("there is no account for you here; ask an admin")
    return user


def _provider(request: Request) -> Provider:
    provider: Provider | None = getattr(request.app.state, "oidc", None)
    if provider is None:
        raise NotFound("no OpenID Connect provider is set up")
    if not _access(request).knows_host(request):
        raise Forbidden("this Host is not allowed; add it to ONBEAT_ALLOWED_HOSTS")
    return provider


def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


def _cookie(request: Request, state: str | None) -> str:
    """SameSite=Lax: the way back begins at the provider."""
    more = "; Secure" if _access(request).is_secure(request) else ""
    return f"{_COOKIE}={state or ''}; Path=/oidc; Max-Age={0 if state is None else 600}; HttpOnly; SameSite=Lax{more}"
