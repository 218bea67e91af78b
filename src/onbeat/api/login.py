"""Log browsers in and out: by name and password, or by a link that `onbeat login` prints.

Rules
1. A link is used up by pressing its button, never by looking at it: previews and scanners look at every link.
2. The cookie is HttpOnly, SameSite=Strict, and Secure where the browser came by https; scripts of the page get a CSRF token instead.
3. Too many tries are 429 with the seconds to wait. What was wrong, name or password, is not told.
4. A session stands for whoever made it and ends with his access; an API token's session may what the token may.

Called by: app.
"""

from html import escape
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import Body
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import COOKIE, SECURE_COOKIE, Access, Permission, caller_of
from onbeat.api.audit import row_of
from onbeat.api.bodies import Credentials, NewPassword
from onbeat.api.pages import page
from onbeat.api.problems import Forbidden
from onbeat.api.routing import answer, node_of, one_route, route
from onbeat.api.shapes.accounts import LoginLink, Me
from onbeat.api.ui import HOME
from onbeat.core.access import GRANTABLE, Caller
from onbeat.core.times import iso
from onbeat.engine.accounts import Accounts, subject_of
from onbeat.engine.logins import TooManyTries
from onbeat.engine.sessions import LINK, csrf_token
from onbeat.errors import NotFound, Refused, Unauthorized, UserError

_BUTTON = """<p>Log in as <strong>{name}</strong>?</p><form method="post" action="/login/{code}"><button autofocus>Log in</button></form>"""
_GONE = """<p>This link has been used or is too old. <code>onbeat login</code> prints a new one.</p>"""


def routes() -> list[BaseRoute]:
    """The routes."""
    return [
        *route("/login", login, Permission.KEY, ("POST",), answers=Me),
        *route("/login/link", make_link, Permission.SELF, ("POST",), answers=LoginLink),
        *route("/logout", logout, Permission.SELF, ("POST",), status=204),
        *route("/me", me, Permission.SELF, answers=Me),
        *route("/me/password", change_password, Permission.SELF, ("PUT",), status=204),
        one_route("/login/{code}", show_link, Permission.PUBLIC),
        one_route("/login/{code}", use_link, Permission.KEY, ("POST",)),
    ]


async def login(request: Request, given: Annotated[Credentials, Body()]) -> Response:
    """Open a session for a name and a password."""
    access = _access(request)
    _refuse_foreign(access, request)
    user = await access.user(request, given.username, given.password)
    caller = Caller(user.name, "user", user.grants, user=user.id)
    request.state.caller = caller
    secret = await accounts_of(request).sessions.open(subject_of(user), [await row_of(request, "login", f"user:{user.id}")])
    return answer({**_shown(caller), "csrfToken": csrf_token(secret)}, headers={"set-cookie": session_cookie(request, secret)})


async def make_link(request: Request) -> Response:
    """A link that logs a browser in as the caller, once."""
    access = _access(request)
    await caller_of(request)
    subject = await access.subject(request)
    if access.admin == subject or ":" in subject:
        secret = await accounts_of(request).sessions.make_link(subject, [await row_of(request, "login.link", subject.partition(":")[0])])
        return answer(
            {
                "url": f"{access.base_url(request)}/login/{secret}",
                "expires": iso(node_of(request).clock.now() + LINK * 1_000_000),
            }
        )
    raise Refused("access is off (`auth: none`): there is nobody to log in as")


async def show_link(request: Request) -> Response:
    """The page with the button."""
    code = request.path_params["code"]
    access = _access(request)
    subject = None if access.accounts is None else await access.accounts.sessions.peek(code)
    caller = None if subject is None else await access.behind(subject)
    if caller is None:
        return page(_GONE, 404)
    return page(_BUTTON.format(name=escape(caller.name), code=escape(quote(code, safe=""))))


async def use_link(request: Request) -> Response:
    """Press the button: open the session, go to the web UI."""
    access = _access(request)
    _refuse_foreign(access, request)
    code = request.path_params["code"]
    sessions = accounts_of(request).sessions
    subject = await sessions.peek(code)
    caller = None if subject is None else await access.behind(subject)
    if subject is None or caller is None:
        return page(_GONE, 404)
    request.state.caller = caller
    secret = await sessions.redeem(code, [await row_of(request, "login", subject.partition(":")[0])])
    if secret is None:
        return page(_GONE, 404)
    return Response(status_code=303, headers={"location": HOME, "set-cookie": session_cookie(request, secret)})


async def logout(request: Request) -> Response:
    """End the session, and let the browser forget it."""
    access = _access(request)
    await caller_of(request)
    secret = access.session_secret(request)
    if secret is not None and access.accounts is not None:
        await access.accounts.sessions.close(secret, [await row_of(request, "logout", "session")])
    return Response(status_code=204, headers={"set-cookie": session_cookie(request, None)})


async def me(request: Request) -> Response:
    """Who the caller is and what he may."""
    access = _access(request)
    caller = await caller_of(request)
    secret = None if "authorization" in request.headers else access.session_secret(request)
    csrf = {} if secret is None or caller.kind == "anonymous" else {"csrfToken": csrf_token(secret)}
    return answer({**_shown(caller), **csrf})


async def change_password(request: Request, given: Annotated[NewPassword, Body()]) -> Response:
    """A new password for the caller, who knows the present one; his sessions end."""
    access, caller = _access(request), await caller_of(request)
    if caller.kind != "user" or caller.user is None:
        raise Forbidden("only a user who is logged in has a password to change")
    try:
        await access.user(request, caller.user, given.current)
    except TooManyTries:
        raise
    except Unauthorized:
        raise UserError("the present password is wrong") from None
    await accounts_of(request).set_password(caller.name, caller.user, given.password)
    return Response(status_code=204)


def accounts_of(request: Request) -> Accounts:
    """The users and tokens. Raises NotFound where there are none."""
    accounts = _access(request).accounts
    if accounts is None:
        raise NotFound("this server keeps no users")
    request.state.audited = True  # each of their changes is written with its row
    return accounts


def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


def _refuse_foreign(access: Access, request: Request) -> None:
    """What routing does for other routes. Raises Forbidden."""
    if not access.knows_host(request):
        raise Forbidden("this Host is not allowed; add it to ONBEAT_ALLOWED_HOSTS")
    access.refuse_foreign(request)


def session_cookie(request: Request, secret: str | None) -> str:
    """The cookie of a session; None ends it."""
    name, more = (SECURE_COOKIE, "; Secure") if _access(request).is_secure(request) else (COOKIE, "")
    age = 0 if secret is None else int(accounts_of(request).sessions.lifetime.longest)
    return f"{name}={secret or ''}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{more}"


def _shown(caller: Caller) -> dict[str, object]:
    """A caller as he sees himself. namespaces: by permission, where he has it; null is everywhere."""
    namespaces = {each.value: caller.namespaces(each) for each in sorted(GRANTABLE) if caller.may_somewhere(each)}
    grants = msgspec.to_builtins(caller.grants)
    scopes = msgspec.to_builtins(caller.scopes, order="deterministic")
    return {"name": caller.name, "kind": caller.kind, "user": caller.user, "grants": grants, "scopes": scopes, "namespaces": namespaces}
