"""An application with users: what the tests of access, logins and accounts call."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from onbeat.api.access import Access
from onbeat.api.app import build
from onbeat.core.access import Grant, Role
from onbeat.engine.accounts import Accounts
from onbeat.engine.node import Node
from onbeat.stores.memory import MemoryStore
from onbeat.testing.clock import ManualClock
from tests.api.client import TOKEN, Answer
from tests.api.shapes import Shaped
from tests.engine.harness import node_with

PASSWORD = "correct horse"
JSON = {"content_type": "application/json"}


class House(Shaped):
    """Requests to an application with ada (editor of shop), vic (viewer of all) and root (admin)."""

    def __init__(self, node: Node, clock: ManualClock, token: str | None = TOKEN, public_url: str | None = None) -> None:
        super().__init__(node)
        self.clock = clock
        self.accounts = Accounts(node.store, node.queries, clock)
        self.access = Access(token, (), self.accounts, public_url)
        self.app: Any = build(node, self.access, 100_000)
        self.app.state.patience = 5.0

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
async def house(directory: Path, flows: Mapping[str, str] | None = None, **more: Any) -> AsyncIterator[House]:
    """One that is furnished, with these flows."""
    clock = ManualClock()
    async with node_with(MemoryStore(), flows or {}, directory, clock=clock) as node:
        made = House(node, clock, **more)
        await made.furnish()
        yield made
