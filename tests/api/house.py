"""An application with users: what the tests of access, logins and accounts call."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from onbeat.api import accounts, audit, login, status
from onbeat.api.access import Access, Permission
from onbeat.api.headers import SecurityHeaders
from onbeat.core.access import Grant, Role
from onbeat.engine.accounts import Accounts
from onbeat.engine.node import Node
from onbeat.errors import Unauthorized
from onbeat.stores.memory import MemoryStore
from onbeat.testing.clock import ManualClock
from tests.api.client import TOKEN, Answer, Client
from tests.engine.harness import node_with

PASSWORD = "correct horse"
JSON = {"content_type": "application/json"}


class Asked(Access):
    """Access whose routes ask for the caller that was found before them."""

    def allows(self, request: Request, permission: Permission) -> bool:
        """Whether the caller may."""
        caller = getattr(request.state, "caller", None)
        return permission in (Permission.PUBLIC, Permission.KEY) or (caller is not None and caller.may_somewhere(permission))


class Asking:
    """Finds the caller before the route, as routing does."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        with suppress(Unauthorized):
            request.state.caller = await self._access.caller(request)
        await self._app(scope, receive, send)


class House(Client):
    """Requests to an application with ada (editor of shop), vic (viewer of all) and root (admin)."""

    def __init__(self, node: Node, clock: ManualClock, token: str | None = TOKEN, public_url: str | None = None) -> None:
        super().__init__(node)
        self.clock = clock
        self.accounts = Accounts(node.store, node.queries, clock)
        self.access = Asked(token, (), self.accounts, public_url)
        app = Starlette(routes=[*login.routes(), *accounts.routes(), *audit.routes(), *status.routes()])
        app.state.node, app.state.access, app.state.max_body, app.state.patience = node, self.access, 100_000, 5.0
        self.app: Any = SecurityHeaders(Asking(app, self.access))

    async def furnish(self) -> None:
        """Let the users in."""
        await self.accounts.create_user("test", "ada", email="ada@example.org", password=PASSWORD, grants=[Grant(Role.EDITOR, "shop")])
        await self.accounts.create_user("test", "vic", password=PASSWORD, grants=[Grant(Role.VIEWER)])
        await self.accounts.create_user("test", "root", password=PASSWORD, grants=[Grant(Role.ADMIN)])

    async def by(self, name: str, method: str, target: str, body: Any = None, password: str = PASSWORD, **headers: str) -> Answer:
        """A request with a name and a password."""
        return await self(method, target, body, token=None, authorization=basic(name, password), **{**JSON, **headers})

    async def actions(self) -> list[tuple[str, str, str]]:
        """The audit log since the house was furnished, oldest first."""
        return [(row.who, row.action, row.what) for row in reversed(await self.node.queries.audit()) if row.who != "test"]


def basic(name: str, password: str) -> str:
    """The header of Basic."""
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def cookie_of(answer: Answer) -> str:
    """What a browser sends back."""
    return answer.headers["set-cookie"].partition(";")[0]


@asynccontextmanager
async def house(directory: Path, **more: Any) -> AsyncIterator[House]:
    """One that is furnished."""
    clock = ManualClock()
    async with node_with(MemoryStore(), {}, directory, clock=clock) as node:
        made = House(node, clock, **more)
        await made.furnish()
        yield made
