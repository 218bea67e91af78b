"""The HTTP server around the API: its start and its end."""

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

import onbeat.daemon.http
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
async def served(app: Hanging, most: int = 100) -> AsyncIterator[tuple[HttpServer, int]]:
    """A server that listens; ended and gone afterwards."""
    with socket.create_server((HOST, 0)) as listener:
        server = HttpServer(app, [], most)
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


async def refused(port: int, sent: bytes = b"") -> bytes:
    """What a connection is told that sends this, until the server closes it."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(sent)
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("part", [b"X-More: " + b"a" * 70_000, b"x: y\r\n" * 12_000])
async def test_a_head_that_does_not_end_is_refused(part: bytes):
    """Rule 5: nobody fills the memory with headers, in one long line or in many."""
    async with served(Hanging(begin=True)) as (_, port):
        told = await refused(port, b"GET / HTTP/1.1\r\nhost: x\r\n" + part)
        assert told.startswith(b"HTTP/1.1 431")


async def test_a_line_that_does_not_end_is_refused():
    """Rule 5: nor with an address."""
    async with served(Hanging(begin=True)) as (_, port):
        assert (await refused(port, b"GET /" + b"a" * 70_000)).startswith(b"HTTP/1.1 431")


async def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    """Rule 5: a connection that says nothing, or half of it, is closed; one that waits for its answer is not."""
    monkeypatch.setattr(onbeat.daemon.http, "HEAD_PATIENCE", 0.05)
    app = Hanging(begin=False)
    async with served(app) as (server, port):
        asked = asyncio.get_running_loop().run_in_executor(None, ask, port)
        await app.waiting.wait()
        assert (await refused(port)).startswith(b"HTTP/1.1 408")
        assert (await refused(port, b"GET / HTTP/1.1\r\n")).startswith(b"HTTP/1.1 408")
        assert not asked.done()
        server.end()
        assert (await asked)[0] == 503


async def test_more_connections_than_there_may_be_are_told_so():
    """Rule 5: at once, without a request; who is there already keeps his place."""
    app = Hanging(begin=False)
    async with served(app, most=1) as (server, port):
        asked = asyncio.get_running_loop().run_in_executor(None, ask, port)
        await app.waiting.wait()
        assert (await refused(port)).startswith(b"HTTP/1.1 503")
        assert not asked.done()
        server.end()
        assert (await asked)[0] == 503
