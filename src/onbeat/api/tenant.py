"""Reach every route without the tenant, too: `/api/v1/flows/…` is `/api/v1/main/flows/…`, as Kestra had it until 0.22.

There is one tenant. Were each route there twice, the document would name each twice, and making them would take twice as long.

Called by: app.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

_ROOT, _TENANT = "/api/v1/", "/api/v1/main"


class Tenant:
    """An application that knows its routes under /api/v1/main, and is asked under /api/v1."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(_ROOT) and path != _TENANT and not path.startswith(f"{_TENANT}/"):
                scope = {**scope, "path": f"{_TENANT}/{path[len(_ROOT) :]}"}
        await self._app(scope, receive, send)
