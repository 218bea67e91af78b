"""The bad network of the tests."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.services.ports import HOST
from tests.services.proxy import Proxy


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what comes."""
    try:
        while data := await reader.read(1000):
            writer.write(data)
    except ConnectionError:
        pass
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A proxy before an echo server."""
    async with await asyncio.start_server(echo, HOST, 0) as server, Proxy(HOST, server.sockets[0].getsockname()[1]) as proxy:
        yield proxy


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes) -> bytes:
    """Send a text and give what comes back."""
    writer.write(text)
    return await reader.readexactly(len(text))


async def test_bytes_are_carried_both_ways(proxy):
    """Without a fault the proxy is not noticed."""
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await ask(reader, writer, b"hello") == b"hello"
    assert proxy.connections == 1
    writer.close()


async def test_delay_holds_bytes_back(proxy):
    """Rule 1: an answer takes at least the delay of both directions."""
    proxy.delay = 0.05
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    loop = asyncio.get_running_loop()
    before = loop.time()
    await ask(reader, writer, b"hello")
    assert loop.time() - before >= 0.09
    writer.close()


async def test_cut_resets_the_connection_and_serves_the_next(proxy):
    """Rule 2: an error, not an orderly end; a client that reconnects is served."""
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    await ask(reader, writer, b"hello")
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await ask(reader, writer, b"again") == b"again"
    writer.close()


async def test_half_open_says_nothing_until_it_is_lifted(proxy):
    """Rule 3: the connection stands, bytes vanish into it, and come when the network is back."""
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    await ask(reader, writer, b"hello")
    proxy.half_open = True
    asked = asyncio.ensure_future(ask(reader, writer, b"hello?"))
    done, _ = await asyncio.wait({asked}, timeout=0.1)
    assert not done
    assert not writer.is_closing()
    proxy.half_open = False
    assert await asked == b"hello?"
    writer.close()


async def test_refuse_turns_new_connections_away(proxy):
    """Rule 4: nobody gets through until it is lifted."""
    proxy.refuse = True
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await ask(reader, writer, b"hello")
    writer.close()
    proxy.refuse = False
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    assert await ask(reader, writer, b"hello") == b"hello"
    writer.close()


async def test_a_target_that_is_down_looks_like_a_reset():
    """A proxy before a dead broker takes the connection and drops it."""
    async with await asyncio.start_server(echo, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
    async with Proxy(HOST, port) as proxy:
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await ask(reader, writer, b"hello")
        writer.close()
