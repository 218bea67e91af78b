"""A server that remembers what it is asked, for tests of plugins that call one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web


class Server:
    """Remembers requests; `answers` by path say what it does, `answer` what it does for every other."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.bodies: list[Any] = []
        self.answers: dict[str, Any] = {}
        self.answer: dict[str, Any] = {"text": "ok"}
        self.url = ""

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        multipart = request.content_type in ("multipart/form-data", "application/x-www-form-urlencoded")
        if multipart:
            parts = (await request.post()).items()
            self.bodies.append(
                {name: (item.filename, item.file.read()) if isinstance(item, web.FileField) else item for name, item in parts}
            )
        else:
            self.bodies.append(await request.read())
        answer = self.answers.get(request.path, self.answer)
        if callable(answer):
            return await answer(request)
        return answer if isinstance(answer, web.StreamResponse) else web.Response(**answer)


@contextlib.asynccontextmanager
async def raw_server(answer_: bytes) -> AsyncIterator[str]:
    """The address of a server that sends this and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer_)
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/x"
    listening.close()
    await listening.wait_closed()
