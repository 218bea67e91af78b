"""The examples in the docstrings of all calls run: for asyncio and for threads, against a real daemon."""

import ast
import asyncio
import inspect
import re
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from onbeat.client import Client
from onbeat.client.aio.client import AsyncClient
from onbeat.client.aio.kv import AsyncValues
from onbeat.client.aio.triggers import AsyncTriggers
from onbeat.client.sync.kv import Values
from onbeat.client.sync.triggers import Triggers
from onbeat.client.wire import API
from onbeat.errors import UserError
from tests.client.conftest import FLOWS
from tests.services.daemon import Daemon

OF_THREADS, OF_ASYNCIO = (Client, Values, Triggers), (AsyncClient, AsyncValues, AsyncTriggers)
NO_EXAMPLE = {"close", "place"}
NAMES = {"ended", "failed", "running", "paused", "undecided", "dead", "backfilled", "filed"}
"""What examples name; World makes them."""
YEARLY = "shop.nightly.yearly"


def calls(kinds: tuple[type, ...]) -> list[tuple[str, Any]]:
    """The public methods, and the classes themselves where they have an example."""
    found: list[tuple[str, Any]] = [(kinds[0].__name__, kinds[0])]
    for kind in kinds:
        found += [(f"{kind.__name__}.{name}", method) for name, method in inspect.getmembers(kind) if name[0] != "_"]
    return [(name, each) for name, each in found if name.rpartition(".")[2] not in NO_EXAMPLE]


def shown(parameter: Any) -> str:
    """The name of a test."""
    return parameter if isinstance(parameter, str) else ""


def example(of: Any) -> str:
    """The code of its docstring's example."""
    found = re.search(r"^Example:\n((?:    .*\n|\n)+)", inspect.getdoc(of) + "\n", re.MULTILINE)
    assert found is not None, f"{of} has no example"
    return textwrap.dedent(found[1])


class World:
    """What examples name, made when they do."""

    def __init__(self, daemon: Daemon, client: Client) -> None:
        self._daemon, self._client = daemon, client

    def prepare(self, code: str) -> dict[str, Any]:
        """What the code needs to be there, and what it names."""
        self._end_backfill()
        if "obsolete" in code:
            self._daemon.add_flow("obsolete", FLOWS["obsolete"])
            self._daemon.until(lambda: any(flow.id == "obsolete" for flow in self._client.flows()), "the flow is served")
        named = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
        return {name: getattr(self, name)() for name in named if name in NAMES}

    def ended(self) -> Any:
        """An execution that ended well."""
        return self._client.start("shop", "greet", {"name": "Bob"}, wait=60)

    def failed(self) -> Any:
        """One that failed."""
        return self._client.start("shop", "fails", wait=60)

    def filed(self) -> Any:
        """One that was given a file."""
        return self._client.start("shop", "reads", {"n": 1}, files={"file": __file__}, wait=60)

    def running(self) -> Any:
        """One that runs, and will have ended soon."""
        return self._client.start("shop", "talks")

    def paused(self) -> Any:
        """One that waits for an answer."""
        return self._reach("asks", "PAUSED")

    def undecided(self) -> Any:
        """One that waits for a decision."""
        return self._reach("decides", "PAUSED")

    def dead(self) -> Any:
        """An event that could not start anything, and now can."""
        self._serve_picky("INT")
        self._client.publish("picky", "seven")
        dead = self._daemon.until(lambda: next(self._client.dead_events(), None), "there is a dead event")
        self._serve_picky("STRING")
        return dead

    def backfilled(self) -> Any:
        """A schedule that runs for times that are past, and waits."""
        return self._client.triggers.backfill(YEARLY, "2000-01-01T00:00:00Z", "2010-01-01T00:00:00Z", paused=True)

    def _serve_picky(self, kind: str) -> None:
        self._daemon.add_flow("picky", FLOWS["picky"].replace("INT", kind))
        self._daemon.until(lambda: self._client.flow("shop", "picky").inputs[0]["type"] == kind, f"it takes {kind}")

    def _end_backfill(self) -> None:
        for each in self._client.call("GET", f"{API}/triggers/search")["results"]:
            if each["triggerContext"]["backfill"] is not None:
                with suppress(UserError):  # it has come to its end by itself
                    self._client.triggers.end_backfill(each["name"])

    def _reach(self, flow: str, state: str) -> Any:
        id_ = self._client.start("shop", flow).id
        return next(each for each in self._client.follow(id_) if each.state == state)


@pytest.fixture
def world(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The daemon as examples find it."""
    monkeypatch.setenv("ONBEAT_TOKEN", daemon.token)
    with Client(data=daemon.data) as own:
        yield World(daemon, own)


@pytest.mark.parametrize(("name", "call"), calls(OF_THREADS), ids=shown)
def test_an_example_for_threads_runs(name: str, call: Any, world: World, daemon: Daemon):
    """As it stands there."""
    code = example(call)
    with Client(data=daemon.data) as client:
        exec(compile(code, name, "exec"), {"Client": Client, "server": daemon.url, "client": client, **world.prepare(code)})


@pytest.mark.parametrize(("name", "call"), calls(OF_ASYNCIO), ids=shown)
async def test_an_example_for_asyncio_runs(name: str, call: Any, world: World, daemon: Daemon):
    """As it stands there, in a coroutine."""
    code = example(call)
    async with AsyncClient(data=daemon.data) as client:
        names = {"AsyncClient": AsyncClient, "server": daemon.url, "client": client, **await asyncio.to_thread(world.prepare, code)}
        exec(compile(f"async def example():\n{textwrap.indent(code, '    ')}", name, "exec"), names)
        await names["example"]()
