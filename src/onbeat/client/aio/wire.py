"""Carry requests to a daemon and answers back, for asyncio, by aiohttp.

Rules
1. Connections are kept and used again; one that was idle longer than the daemon keeps it is not.
2. No proxy of the environment, no cookie, no redirect: a request goes where it says, and nowhere else.
3. Every wait ends: in time, or as `Lost`.

Called by: connection.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from onbeat.client.form import Form
from onbeat.client.wire import IDLE, SILENCE, Lost, Reply, Request


class AsyncStreamed:
    """An answer that is read as it comes."""

    def __init__(self, answer: aiohttp.ClientResponse, until: float | None) -> None:
        self.status, self.kind = answer.status, answer.headers.get("Content-Type")
        self._answer, self._until = answer, until

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What comes, until the daemon ends it. Raises Lost, TimeoutError."""
        while True:
            async with asyncio.timeout_at(_at(self._until)):
                try:
                    piece = await self._answer.content.readany()
                except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                    raise Lost(_why(problem), sent=True) from None
            if not piece:
                return
            yield piece

    async def reply(self) -> Reply:
        """All of it, for an answer that is no stream."""
        return await _whole(self._answer)


class AsyncWire:
    """The way to one daemon. url: without a slash at its end; headers: of every request."""

    def __init__(self, url: str, headers: dict[str, str], patience: float) -> None:
        self._url = url
        self._headers = headers
        self._patience = aiohttp.ClientTimeout(total=None, sock_connect=patience, sock_read=patience)
        self._silence = aiohttp.ClientTimeout(total=None, sock_connect=patience, sock_read=SILENCE)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, asked: Request) -> Reply:
        """Its answer. Raises Lost."""
        if not asked.again:
            await self._look_up()
        try:
            async with self._asking(asked, self._patience) as answer:
                return await _whole(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            raise _lost(problem) from None

    @asynccontextmanager
    async def open(self, asked: Request, until: float | None) -> AsyncIterator[AsyncStreamed]:
        """Its answer while it comes. until: the moment of the monotonic clock at which waiting ends. Raises Lost, TimeoutError."""
        try:
            async with asyncio.timeout_at(_at(until)):
                try:
                    answer = await self._asking(asked, self._silence)
                except (aiohttp.ClientError, TimeoutError, OSError) as problem:
                    raise _lost(problem) from None
        except TimeoutError:
            raise TimeoutError("the time is over") from None
        try:
            yield AsyncStreamed(answer, until)
        finally:
            answer.close()

    async def pause(self, seconds: float, until: float | None = None) -> None:
        """Wait. Raises TimeoutError when the moment comes before that."""
        async with asyncio.timeout_at(_at(until)):
            await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _look_up(self) -> None:
        """Let the loop see which connections were closed meanwhile: what may not be sent twice is not sent by one of them."""
        for _ in range(2):
            await asyncio.sleep(0)

    def _asking(self, asked: Request, patience: aiohttp.ClientTimeout) -> "aiohttp.client._RequestContextManager":
        if self._session is None:
            tls = ssl.create_default_context() if self._url.startswith("https:") else True  # aiohttp's own is as old as its import
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE, ssl=tls)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        return self._session.request(
            asked.method,
            URL(self._url + asked.target, encoded=True),
            data=_read_off_loop(asked.content) if isinstance(asked.content, Form) else asked.content,
            headers={**self._headers, **asked.headers},
            timeout=patience,
            allow_redirects=False,
        )


def _at(until: float | None) -> float | None:
    """A moment of the monotonic clock as the loop has it."""
    return None if until is None else asyncio.get_running_loop().time() + until - time.monotonic()


async def _whole(answer: aiohttp.ClientResponse) -> Reply:
    return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, await answer.read())


async def _read_off_loop(form: Form) -> AsyncGenerator[bytes, None]:
    """A form's pieces; its files are read where nobody waits for them."""
    pieces = iter(form)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


def _lost(problem: Exception) -> Lost:
    unsent = isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    return Lost(_why(problem), sent=not unsent)


def _why(problem: Exception) -> str:
    if isinstance(problem, TimeoutError):
        return "it does not answer"
    cause = getattr(problem, "certificate_error", None) or getattr(problem, "os_error", problem)
    return str(cause) or type(problem).__name__
