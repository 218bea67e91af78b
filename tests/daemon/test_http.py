"""The HTTP server around the API: its start and its end."""

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive, Scope, Send

from onbeat.daemon.http import HttpServer
from tests.services.ports import HOST


class Hanging:
    """An application whose requests never end by themselves. begin: send the head and a first part."""

    def __init__(self, begin: bool) -> None:
        self.begin = begin
        self.waiting = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.begin:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
        self.waiting.set()
        await asyncio.Event().wait()


def ask(port: int) -> tuple[int, bytes]:
    """One call, to its end."""
    connection = http.client.HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@asynccontextmanager
async def served(app: Hanging) -> AsyncIterator[tuple[HttpServer, int]]:
    """A server that listens; ended and gone afterwards."""
    with socket.create_server((HOST, 0)) as listener:
        server = HttpServer(app, [])
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            await server.listening.wait()
            try:
                yield server, listener.getsockname()[1]
            finally:
                server.end()


async def test_an_open_stream_is_closed_as_complete():
    """Rule 2: its reader sees an end, not a broken connection."""
    app = Hanging(begin=True)
    async with served(app) as (server, port):
        asked = asyncio.get_running_loop().run_in_executor(None, ask, port)
        await app.waiting.wait()
        server.end()
        assert await asked == (200, b"part")


async def test_a_call_without_an_answer_gets_503():
    """Rule 2: it may be repeated elsewhere or later."""
    app = Hanging(begin=False)
    async with served(app) as (server, port):
        asked = asyncio.get_running_loop().run_in_executor(None, ask, port)
        await app.waiting.wait()
        server.end()
        status, body = await asked
        assert status == 503
        assert b"the daemon stops" in body
