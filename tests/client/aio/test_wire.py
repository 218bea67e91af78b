"""How requests travel, for both clients: by connections that are kept, past proxies, with what was said and nothing else."""

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from onbeat.client import Client
from onbeat.client.aio import wire as for_asyncio
from onbeat.client.sync import wire as for_threads
from onbeat.errors import OutsideError
from tests.client.scripted import Scripted, cable, says
from tests.services.daemon import Daemon
from tests.services.ports import HOST

Connect = Callable[..., Any]
UP = {"status": "UP", "version": "1"}


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A server to script."""
    made = Scripted()
    yield made
    made.close()


async def test_a_connection_is_used_again(connect: Connect, server: Scripted):
    """Rule 1: ten calls, one connection."""
    server.answers = [says(200, UP)] * 10
    client = connect(server.url, "t")
    for _ in range(10):
        await client.health()
    assert len(server.connections) == 1


async def test_a_connection_that_the_daemon_closed_is_not_used(connect: Connect, daemon: Daemon):
    """Rule 1: a start, which may not be sent twice, gets a new one."""
    with cable(daemon.port) as way:
        client = connect(way.url, daemon.token)
        for _ in range(3):
            await client.start("shop", "greet", {"name": "Ada"}, wait=60)
            await client.health()
            way.cut()


async def test_a_connection_that_was_idle_is_not_used(connect: Connect, server: Scripted, monkeypatch: pytest.MonkeyPatch):
    """Rule 1: the daemon is about to close it."""
    monkeypatch.setattr(for_asyncio, "IDLE", 0)
    monkeypatch.setattr(for_threads, "IDLE", 0)
    server.answers = [says(200, UP)] * 2
    client = connect(server.url, "t")
    for _ in range(2):
        await client.health()
    assert len(server.connections) == 2


async def test_no_proxy_cookie_or_redirect_takes_a_request_elsewhere(connect: Connect, server: Scripted, monkeypatch: pytest.MonkeyPatch):
    """Rule 2: the token goes to the daemon only."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers = [says(200, UP, Set_Cookie="a=b"), says(200, UP), says(302, {"detail": "elsewhere"}, Location="http://127.0.0.1:9/")]
    client = connect(server.url, "secret")
    for _ in range(2):
        await client.health()
    assert await client.call("GET", "/x") == {"detail": "elsewhere"}
    assert ["Cookie" in asked.headers for asked in server.asked] == [False] * 3
    assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer secret"}


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's, made for it; whoever trusts `folder / "certificate"` trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "onbeat")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2020, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "certificate").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return context


async def test_a_server_is_trusted_by_its_certificate_only(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rule 2: one that nobody vouches for gets no token; what is wrong is said."""
    server = Scripted(certificate(tmp_path))
    try:
        with pytest.raises(OutsideError, match=r"cannot reach onbeat at https://.*certificate"):
            await connect(server.url, "secret", tries=1).health()
        assert server.asked == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
        server.answers = [says(200, UP)] * 2
        client = connect(server.url, "secret")
        for _ in range(2):
            await client.health()
        assert len(server.connections) == 1
    finally:
        server.close()


async def test_threads_share_a_client(daemon: Daemon):
    """Rule 4: each call gets its own answer."""
    with Client(data=daemon.data) as client, ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(client.kv.set, "shared", f"key_{n}", n) for n in range(80)]
        await asyncio.to_thread(wait, calls)
        found = [pool.submit(client.kv.get, "shared", f"key_{n}") for n in range(80)]
        assert [each.result() for each in found] == list(range(80))


async def test_paths_and_queries_arrive_as_they_were_said(connect: Connect, server: Scripted):
    """Names are one segment of a path, whatever is in them; what is None is left out, lists are repeated."""
    server.answers = [says(200, {"value": 1, "type": "NUMBER"}), says(200, {"results": []})]
    client = connect(server.url + "/below/", "t")
    await client.kv.get("a.b", "x/y?z#ä %41")
    assert [each async for each in client.executions(state=["A", "B"], text="a&b=c +")] == []
    assert server.asked[0].path == "/below/api/v1/main/namespaces/a.b/kv/x%2Fy%3Fz%23%C3%A4%20%2541"
    assert server.asked[1].path == "/below/api/v1/main/executions/search?state=A&state=B&q=a%26b%3Dc+%2B&size=200"


async def test_a_form_is_sent_whole(connect: Connect, server: Scripted, tmp_path: Path):
    """With its length, which is known before."""
    (tmp_path / "f").write_bytes(b"y" * 200_000)
    server.answers = [says(200, {"id": "x"})] * 2
    client = connect(server.url, "t")
    with pytest.raises(OutsideError, match="is no Execution"):
        await client.start("a", "b", {"text": "t", "n": 1.5}, files={"f": tmp_path / "f"})
    (asked,) = server.asked
    assert int(asked.headers["Content-Length"]) == len(asked.body)
    assert asked.body.count(b"y") >= 200_000
    assert b'name="n"\r\n\r\n1.5\r\n' in asked.body
