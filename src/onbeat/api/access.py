"""Say who is calling: by the admin's token, an API token, name and password, or a browser's session.

Access is on from the first start: `serve` makes a random token in DATA/admin-token that only its owner can read. Whether a route may
be called is a property of the route, never of its path: a path can be written in many ways, a route object cannot.

Rules
1. A token is compared in constant time and kept as a hash; it is never in an address and never logged.
2. Without `auth: none` only public routes answer without credentials; wrong ones are never made up for by other ones.
3. A Host header that is neither loopback nor allowed is refused, webhooks and what is public (health probes) excepted: a web page
   must not reach the daemon by DNS.
4. What a browser was made to send by another site is refused where it would change something: by Origin and Sec-Fetch-Site for all, and
   for a session also without its CSRF token. No answer ever lets another origin read.
5. Everything is asked anew for each request: who lost his access has lost it with the next one.

Called by: routing for every request, login and accounts, daemon at boot.
"""

import base64
import binascii
import hmac
import ipaddress
import os
import secrets
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request

from onbeat.api.problems import Forbidden
from onbeat.core.access import ADMIN_TOKEN, ANYBODY, Caller, Permission
from onbeat.engine.accounts import ADMIN, Accounts, User, is_token, subject_of
from onbeat.engine.sessions import csrf_token
from onbeat.errors import Unauthorized, UserError

__all__ = ["TOKEN_FILE", "Access", "Caller", "Permission", "admin_token", "caller_of", "is_loopback"]

TOKEN_FILE = "admin-token"
COOKIE = "onbeat_session"
SECURE_COOKIE = f"__Host-{COOKIE}"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}
_ANYBODY = "anybody"
_SHORTEST = 20
"""Characters of an admin's token that somebody put there himself."""
_HOW = "send a token as `Authorization: Bearer …`, or name and password as Basic; the admin's token is in DATA/admin-token"


class Access:
    """The callers that are let in. token: the admin's; None lets everybody in. accounts: users and API tokens beside it."""

    def __init__(
        self, token: str | None, allowed_hosts: Sequence[str] = (), accounts: Accounts | None = None, public_url: str | None = None
    ) -> None:
        self._digest = sha256(token.encode()).digest() if token is not None else None
        self._hosts = {host.lower() for host in allowed_hosts}
        self._public = None if public_url is None else _origin(public_url)
        self.public_url = None if public_url is None else public_url.rstrip("/")
        self.accounts = accounts
        self.admin = ADMIN if self._digest is None else f"{ADMIN}:{sha256(b'session' + self._digest).hexdigest()}"

    async def caller(self, request: Request) -> Caller:
        """Who is calling. Raises Unauthorized, Forbidden (made by another site), TooManyTries, Overloaded."""
        found = await self.behind(await self.subject(request))
        if found is None:
            raise Unauthorized(_HOW)
        return found

    async def subject(self, request: Request) -> str:
        """The name by which a session can stand for the caller. Raises as `caller`."""
        self.refuse_foreign(request)
        if self._digest is None:
            return _ANYBODY
        given = request.headers.getlist("authorization")
        if len(given) > 1:
            raise Unauthorized("send one Authorization header")
        if given:
            return await self._by_header(request, given[0])
        secret = self.session_secret(request)
        if secret is None or self.accounts is None:
            raise Unauthorized(_HOW)
        session = await self.accounts.sessions.find(secret)
        if session is None:
            raise Unauthorized("the session has ended; log in again")
        if request.method not in _SAFE and not _same(request.headers.get(CSRF_HEADER, ""), csrf_token(secret)):
            raise Forbidden(f"a change by a session needs the header {CSRF_HEADER}; `/api/v1/me` says its value")
        return session.subject

    async def behind(self, subject: str) -> Caller | None:
        """Who stands behind a subject; None when nobody does any more."""
        if subject == _ANYBODY:
            return ANYBODY if self._digest is None else None
        if subject == self.admin:
            return ADMIN_TOKEN if self._digest is not None else None
        return None if self.accounts is None else await self.accounts.caller(subject)

    def session_secret(self, request: Request) -> str | None:
        """What the browser holds of a session, if anything."""
        return request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE)

    def base_url(self, request: Request) -> str:
        """The address under which the caller reached the server, or the public one; for callers with a Host that is ours."""
        return self.public_url or f"{request.url.scheme}://{request.headers.get('host') or '127.0.0.1'}"

    def is_secure(self, request: Request) -> bool:
        """Whether the browser came by https, as far as can be seen behind a proxy."""
        if request.url.scheme == "https" or request.headers.get("origin", "").startswith("https:"):
            return True
        return self._public is not None and self._public == _origin(f"https://{request.headers.get('host', '')}")

    def knows_host(self, request: Request) -> bool:
        """Whether the Host header is one of ours."""
        host = request.headers.get("host", "")
        name = host.rsplit(":", 1)[0].strip("[]").lower() if not host.endswith("]") else host.strip("[]").lower()
        return not host or name in self._hosts or is_loopback(name)

    def refuse_foreign(self, request: Request) -> None:
        """Raises Forbidden for a change that another site's page makes a browser ask for."""
        if request.method in _SAFE:
            return
        if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise Forbidden("this request was made by a page of another site")
        for origin in request.headers.getlist("origin"):
            if not self._is_ours(origin, request):
                raise Forbidden("this request was made by a page of another origin")

    async def _by_header(self, request: Request, header: str) -> str:
        name, text = _given(header)
        if text is None:
            raise Unauthorized(_HOW)
        if self._is_admin(text):
            return self.admin
        if self.accounts is not None:
            if name is None or is_token(text):
                token = await self.accounts.token(text)
                if token is not None:
                    return subject_of(token)
            else:
                return subject_of(await self.user(request, name, text))
        raise Unauthorized("this token is wrong, has expired or was revoked")

    async def user(self, request: Request, name: str, password: str) -> User:
        """The user of that name and password. Raises Unauthorized, TooManyTries, Overloaded."""
        if self.accounts is None:
            raise Unauthorized(_HOW)
        await self.accounts.logins.check(name, password, address_of(request))
        found = await self.accounts.user(name)
        if found is None:
            raise Unauthorized("the name or the password is wrong")
        return found

    def _is_admin(self, text: str) -> bool:
        given = sha256(text.encode("utf-8", "surrogateescape")).digest()
        return self._digest is not None and hmac.compare_digest(given, self._digest)

    def _is_ours(self, origin: str, request: Request) -> bool:
        """Whether an Origin is where the request went: the address in Host, or the public one. https before us may be http here."""
        found = _origin(origin)
        if found is None:
            return False
        host = _origin(f"{found[0]}://{request.headers.get('host', '')}")
        return found == self._public or (found == host and (found[0] == "https" or request.url.scheme == "http"))


async def caller_of(request: Request) -> Caller:
    """Who is calling, as routing found out."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        access: Access = request.app.state.access
        known = request.state.caller = await access.caller(request)
    return known


def address_of(request: Request) -> str:
    """Where the request comes from; behind a trusted proxy, what that says."""
    return request.client.host if request.client is not None else ""


def _given(header: str) -> tuple[str | None, str | None]:
    """Name and secret of an Authorization header: Bearer has no name; what cannot be read is (None, None)."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return None, value.strip() or None
    if scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None, None
        return name, password or None
    return None, None


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())


def _origin(text: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None when it is no address of the web, `null` for one."""
    try:
        parts = urlsplit(text)
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host in ("localhost", ""):
        return host == "localhost"
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def admin_token(data: Path) -> str:
    """The token of DATA/admin-token; made on the first call, readable by its owner only. Raises UserError for one that can be guessed."""
    path = data / TOKEN_FILE
    try:
        token = path.read_text().strip()
    except FileNotFoundError:
        token = secrets.token_urlsafe(32)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token + "\n")
    if len(token) < _SHORTEST or len(set(token)) < _SHORTEST // 4:
        raise UserError(f"the token in {path} can be guessed; remove the file, and the next start makes a good one")
    return token
