"""Put on every answer what keeps browsers from doing harm with it.

Rules
1. Nothing is guessed to be another type, shown in another site's frame, or runs a script that the page does not name by address.
2. Answers of the API are not kept by browsers and proxies in between.
3. What a route says itself stays, and there is never a header that lets another origin read.
4. It costs a webhook nothing that can be measured: the headers are made once.
5. The web UI's page may have styles in its text that bear the nonce of this one answer, and nothing more than others.

Called by: app, ui.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""A page loads what comes from here, and only that; nothing in the page's own text runs."""
_STYLES = "style-src 'self'"
_Headers = tuple[tuple[bytes, bytes], ...]
_ALWAYS: _Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not `no-referrer`: with that a browser names the origin of a form as `null`, and our own could not be told from others.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", CSP.encode()),
)
_API: _Headers = (*_ALWAYS, (b"cache-control", b"no-store"))
_NAMES = frozenset(name for name, _ in _API)


def page_policy(nonce: str) -> str:
    """The policy of one answer whose page has styles with this nonce.

    Attributes `style` are allowed: a browser writes them itself into text that is edited, and blocks its own with an error otherwise.
    """
    return CSP.replace(_STYLES, f"{_STYLES} 'nonce-{nonce}'; style-src-attr 'unsafe-inline'")


class SecurityHeaders:
    """An application whose answers carry them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = _API if scope["path"].startswith("/api/") else _ALWAYS

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                own = {name for name, _ in given if name in _NAMES}
                message["headers"] = [*given, *([pair for pair in wanted if pair[0] not in own] if own else wanted)]
            await send(message)

        await self._app(scope, receive, with_headers)
