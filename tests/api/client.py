"""Call the application as a server does, without a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson

from onbeat.api.access import Access
from onbeat.api.app import build
from onbeat.engine.node import Node
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

TOKEN = "test-token"
NEVER = object()
"""A body that never comes."""


class Answer(NamedTuple):
    """What the application answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


class Client:
    """Requests to one application, with the admin's token unless told otherwise."""

    def __init__(self, node: Node, token: str | None = TOKEN, max_body: int = 100_000, hosts: tuple[str, ...] = ()) -> None:
        self.node = node
        self.app = build(node, Access(token, hosts), max_body)
        self.stays = True
        """Whether the caller stays until it has its answer, as browsers and curl do."""

    async def __call__(self, method: str, target: str, body: Any = None, token: str | None = TOKEN, **headers: str) -> Answer:
        """One request. body: bytes as they are, anything else as JSON."""
        messages: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            messages.append(message)

        await self.app(self._scope(method, target, token, headers), _receiver(body, hang=self.stays), send)
        start = messages[0]
        return Answer(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in messages[1:]),
        )

    @asynccontextmanager
    async def stream(self, target: str, **headers: str) -> AsyncIterator[AsyncIterator[tuple[str, int, Any]]]:
        """Server-sent events as (event, id, data)."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()

        begun = asyncio.Event()

        async def send(message: Any) -> None:
            begun.set()
            if message["type"] == "http.response.body":
                queue.put_nowait(message["body"] if message.get("more_body") else None)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.app(self._scope("GET", target, TOKEN, headers), _receiver(None, hang=True), send))
            await begun.wait()
            yield _frames(queue)
            task.cancel()

    def _scope(self, method: str, target: str, token: str | None, headers: dict[str, str]) -> dict[str, Any]:
        path, _, query = target.partition("?")
        sent = {"host": "127.0.0.1:8080", **({"authorization": f"Bearer {token}"} if token else {})}
        sent |= {name.replace("_", "-").lower(): value for name, value in headers.items()}
        return {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "http_version": "1.1",
            "scheme": "http",
            "server": ("127.0.0.1", 8080),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }


def _receiver(body: Any, hang: bool = False) -> Any:
    content = body if isinstance(body, bytes) else b"" if body is None or body is NEVER else orjson.dumps(body)
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if body is NEVER:
            await asyncio.Event().wait()
        if sent:
            if hang:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


async def _frames(queue: "asyncio.Queue[bytes | None]") -> AsyncIterator[tuple[str, int, Any]]:
    while (frame := await queue.get()) is not None:
        if frame.startswith(b":") or not frame:
            continue
        lines = dict(line.split(": ", 1) for line in frame.decode().strip().splitlines())
        yield lines["event"], int(lines["id"]), orjson.loads(lines["data"])


FLOWS = {
    "hello.yaml": """
id: hello
namespace: t
inputs: [{id: name, type: STRING, defaults: you}]
tasks: [{id: say, type: core.log.Log, message: "Hello {{ inputs.name }}"}]
outputs: [{id: text, type: STRING, value: "Hello {{ inputs.name }}"}]
""",
    "hook.yaml": """
id: hook
namespace: t
tasks: [{id: r, type: core.debug.Return, format: "{{ trigger.body.n }}"}]
triggers:
  - {id: hook, type: core.trigger.Webhook, key: abc, when: "{{ trigger.body.n > 0 }}"}
outputs: [{id: n, type: STRING, value: "{{ outputs.r.value }}"}]
""",
    "waits.yaml": """
id: waits
namespace: t
tasks: [{id: r, type: core.debug.Return, format: "{{ trigger.body.n }}"}]
triggers: [{id: hook, type: core.trigger.Webhook, key: "{{ 'w' ~ 1 }}", wait: true, returnOutputs: true, responseCode: 201}]
outputs: [{id: n, type: STRING, value: "{{ outputs.r.value }}"}]
""",
    "event.yaml": """
id: event
namespace: t
tasks: [{id: r, type: core.debug.Return, format: "{{ trigger.data }}"}]
triggers: [{id: on, type: core.trigger.Event, topic: things, when: "{{ trigger.data.go }}"}]
""",
    "pause.yaml": """
id: pause
namespace: t
tasks: [{id: wait, type: core.flow.Pause, onResume: [{id: ok, type: BOOLEAN}]}]
""",
    "sleep.yaml": "{id: sleep, namespace: t, tasks: [{id: nap, type: core.flow.Sleep, duration: PT1H}]}",
    "fails.yaml": """
id: fails
namespace: t
tasks: [{id: bad, type: core.execution.Fail, condition: "{{ taskrun.attemptsCount == 0 }}"}]
""",
    "loops.yaml": """
id: loops
namespace: t
tasks: [{id: each, type: core.flow.Loop, values: [1], tasks: [{id: bad, type: core.execution.Fail}]}]
""",
    "asks.yaml": "{id: asks, namespace: t, tasks: [{id: ok, type: core.flow.Approval, denyBehavior: CONTINUE}]}",
}


@asynccontextmanager
async def api(directory: Path, **more: Any) -> AsyncIterator[Client]:
    """A client of a node with FLOWS."""
    async with node_with(MemoryStore(), FLOWS, directory, **more) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        yield Client(node)
