"""Say who is calling and whether they may.

Access is on from the first start: `serve` makes a random token in DATA/admin-token that only its owner can read. Whether a route may
be called is a property of the route, never of its path: a path can be written in many ways, a route object cannot.

Rules
1. A token is compared in constant time and kept as a hash; it is never in an address and never logged.
2. Without `auth: none` only public routes answer without a token.
3. A Host header that is neither loopback nor allowed is refused, webhooks and what is public (health probes) excepted: a web page
   must not reach the daemon by DNS.

Called by: routing for every request, daemon at boot.
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

from starlette.requests import Request

from onbeat.core.access import Permission

__all__ = ["TOKEN_FILE", "Access", "Permission", "admin_token", "is_loopback"]

TOKEN_FILE = "admin-token"


class Access:
    """The callers that are let in. token: the admin's; None lets everybody in."""

    def __init__(self, token: str | None, allowed_hosts: Sequence[str] = ()) -> None:
        self._digest = sha256(token.encode()).digest() if token is not None else None
        self._hosts = {host.lower() for host in allowed_hosts}

    def allows(self, request: Request, permission: Permission) -> bool:
        """Whether the caller may use a route of that permission."""
        if permission in (Permission.PUBLIC, Permission.KEY) or self._digest is None:
            return True
        given = _given(request)
        return given is not None and hmac.compare_digest(sha256(given.encode("utf-8", "surrogateescape")).digest(), self._digest)

    def knows_host(self, request: Request) -> bool:
        """Whether the Host header is one of ours."""
        host = request.headers.get("host", "")
        name = host.rsplit(":", 1)[0].strip("[]").lower() if not host.endswith("]") else host.strip("[]").lower()
        return not host or name in self._hosts or is_loopback(name)


def _given(request: Request) -> str | None:
    """The token of a request: Bearer, or the password of Basic (any user), as Kestra's clients send."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
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
    """The token of DATA/admin-token; made on the first call, readable by its owner only."""
    path = data / TOKEN_FILE
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        token = secrets.token_urlsafe(32)
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token + "\n")
        return token
