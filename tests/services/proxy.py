"""Stand between a client and its broker, and make the network bad on purpose.

A broker that is stopped says goodbye; a network that fails does not. Reconnecting is only tested when a connection is cut
in the middle, answers late, or stays open and says nothing.

    async with Proxy("127.0.0.1", kafka.port) as proxy:
        connect(proxy.port); proxy.delay = 0.2; proxy.cut(); proxy.half_open = True

Rules
1. `delay` holds every chunk back for that many seconds, in both directions.
2. `cut` resets every open connection at once; new ones are served.
3. `half_open` keeps connections open, takes new ones, and carries nothing until it is lifted.
4. `refuse` also turns new connections away until it is lifted.
"""

import asyncio
import contextlib
import struct
from socket import SO_LINGER, SOL_SOCKET
from types import TracebackType

from tests.services.ports import HOST

CHUNK = 65536
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """One listening port that carries bytes to `host:port` and back."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.target = host, port
        self.port = 0
        self.delay = 0.0
        self.refuse = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def half_open(self) -> bool:
        """Is everything silent?"""
        return not self._flows.is_set()

    @half_open.setter
    def half_open(self, silent: bool) -> None:
        self._flows.clear() if silent else self._flows.set()

    @property
    def connections(self) -> int:
        """How many clients are connected through us."""
        return len(self._writers) // 2

    def cut(self) -> None:
        """Reset every open connection, as a router does that forgets them."""
        for writer in self._writers:
            with contextlib.suppress(OSError, ValueError):  # one that is closed already has nothing to reset; uvloop says so by ValueError
                writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET_AT_CLOSE)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuse:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection(self.host, self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, back))
                both.create_task(self._carry(there, writer))
        finally:
            self._writers -= {writer, back}
            self._serving.remove(task)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(CHUNK):
                await self._flows.wait()
                await asyncio.sleep(self.delay)
                sink.write(chunk)
                await sink.drain()
        sink.close()

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None:
            self._server.close()
        self._flows.set()
        self.cut()
        if self._serving:
            await asyncio.wait(self._serving)
