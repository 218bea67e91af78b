"""One daemon for all tests that only talk to one, and each test of a call twice: by the client for asyncio and by the one for threads."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

from onbeat.client import Client
from onbeat.client.aio.client import AsyncClient
from tests.cli.conftest import FLOWS as FLOWS_OF_COMMANDS
from tests.services.daemon import Daemon

FLOWS = {
    **FLOWS_OF_COMMANDS,
    "fails": "{id: fails, namespace: shop, tasks: [{id: bad, type: core.execution.Fail, errorMessage: too bad}]}",
    "talks": """
id: talks
namespace: shop
tasks:
  - {id: first, type: core.log.Log, message: [one, two, three]}
  - {id: nap, type: core.flow.Sleep, duration: PT0.2S}
  - {id: last, type: core.log.Log, message: four}
""",
    "reads": """
id: reads
namespace: shop
inputs: [{id: file, type: FILE}, {id: n, type: INT}]
tasks: [{id: say, type: core.debug.Return, format: "{{ read(inputs.file) | length }} {{ inputs.n + 1 }}"}]
""",
    "picky": """
id: picky
namespace: shop
inputs: [{id: n, type: INT}]
tasks: [{id: say, type: core.debug.Return, format: "{{ inputs.n }}"}]
triggers: [{id: on_picky, type: core.trigger.Event, topic: picky, inputs: {n: "{{ trigger.data }}"}}]
""",
    "obsolete": "{id: obsolete, namespace: shop, tasks: [{id: a, type: core.debug.Return, format: x}]}",
}
KINDS = ("asyncio", "threads")


class Waited:
    """The client for threads, called as the other one is: what would keep the loop waiting is done in a thread."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in ("kv", "triggers"):
            return Waited(found)
        if not callable(found):
            return found

        def called(*args: Any, **named: Any) -> Any:
            if inspect.isgeneratorfunction(found) or name == "stream":
                return _stepped(found(*args, **named))
            return asyncio.to_thread(found, *args, **named)

        return called


async def _stepped(generator: Generator[Any, None, None]) -> AsyncGenerator[Any, None]:
    nothing = object()
    try:
        while (found := await asyncio.to_thread(next, generator, nothing)) is not nothing:
            yield found
    finally:
        generator.close()


async def collect(found: AsyncIterator[Any], most: int | None = None) -> list[Any]:
    """What an iterator gives, so many at most."""
    got = []
    async for each in found:
        got.append(each)
        if len(got) == most:
            break
    return got


@pytest.fixture(scope="session")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that serves FLOWS. Do not stop it."""
    made = Daemon(tmp_path_factory.mktemp("client"))
    for name, text in FLOWS.items():
        made.add_flow(name, text)
    with made:
        yield made


@pytest.fixture(autouse=True)
def nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of our environment's settings reaches a client."""
    for name in ("SERVER", "TOKEN", "DATA", "EVENTS_TOPIC"):
        monkeypatch.delenv(f"ONBEAT_{name}", raising=False)


@pytest.fixture(params=KINDS)
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Callable[..., Any]]:
    """Makes clients: as AsyncClient and Client are made."""
    opened: list[Any] = []

    def made(*args: Any, **named: Any) -> Any:
        client = AsyncClient(*args, **named) if request.param == "asyncio" else Waited(Client(*args, **named))
        opened.append(client)
        return client

    yield made
    for client in opened:
        await client.close()


@pytest.fixture
def client(connect: Callable[..., Any], daemon: Daemon) -> Any:
    """A client of the daemon."""
    return connect(data=daemon.data)
