"""A real server on loopback, and one with a certificate that nobody signed."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.plugins.context import FakeWorld
from tests.plugins.http.server import Server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server that runs."""
    made = Server()
    runner = web.ServerRunner(web.Server(made))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def world() -> FakeWorld:
    """A task's surroundings."""
    return FakeWorld()


@pytest.fixture
async def tls(tmp_path: Path) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """The address of a server with a certificate that nobody signed."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    making = await asyncio.to_thread(_make_certificate, key, certificate)
    assert making == 0
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    runner = web.ServerRunner(web.Server(Server()))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}/", context
    await runner.cleanup()


def _make_certificate(key: Path, certificate: Path) -> int:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    return subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], stderr=subprocess.DEVNULL, check=False).returncode
