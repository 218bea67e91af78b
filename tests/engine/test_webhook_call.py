"""A webhook that is told of something, against a real HTTP server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from onbeat.engine import webhook_call
from onbeat.engine.webhook_call import call
from onbeat.errors import OutsideError
from tests.services.ports import HOST, free_port

SECRET = "s3cret-part-of-the-address"


class Server:
    """Answers as it is told; keeps what it got."""

    def __init__(self) -> None:
        self.url = f"http://{HOST}:{free_port()}/{SECRET}"
        self.answers = 204
        self.got: list[tuple[str, str | None, bytes]] = []
        self.silent = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        """Take it."""
        self.got.append((request.method, request.headers.get("Idempotency-Key"), await request.read()))
        if self.answers == 0:
            await self.silent.wait()
        headers = {"Location": self.url} if self.answers == 307 else {}
        return web.Response(status=self.answers or 204, headers=headers)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """One that listens."""
    made = Server()
    app = web.Application()
    app.router.add_post(f"/{SECRET}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, HOST, int(made.url.split(":")[2].split("/")[0])).start()
    yield made
    made.silent.set()
    await runner.cleanup()


async def test_it_is_posted(server: Server) -> None:
    """With its headers and body."""
    await call(server.url, {"Idempotency-Key": "a/1"}, b"{}")
    assert server.got == [("POST", "a/1", b"{}")]


@pytest.mark.parametrize("status", [400, 404, 500, 503, 307])
async def test_what_is_no_2xx_was_not_taken(server: Server, status: int) -> None:
    """A redirection is not followed: it was not meant for there. The address is in no text."""
    server.answers = status
    with pytest.raises(OutsideError, match=str(status)) as wrong:
        await call(server.url, {}, b"{}")
    assert (len(server.got), SECRET in str(wrong.value)) == (1, False)


async def test_who_does_not_answer_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time; and where nobody listens, and what is no address."""
    monkeypatch.setattr(webhook_call, "PATIENCE", 0.05)
    server.answers = 0
    for url in (server.url, f"http://{HOST}:{free_port()}/{SECRET}", f"nonsense:{SECRET}"):
        with pytest.raises(OutsideError, match="did not answer") as wrong:
            await call(url, {}, b"{}")
        assert SECRET not in str(wrong.value)
