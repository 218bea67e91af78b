"""Files that come over the network: whole or not at all, named safely, never in memory."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from onbeat.errors import OutsideError, Overloaded
from onbeat.plugins.http import Download, download
from onbeat.ports import Outcome, TaskFailed
from tests.plugins.context import FakeStorage, FakeWorld
from tests.plugins.http.server import Server, raw_server


class KeepingStorage(FakeStorage):
    """Keeps local files, too."""

    async def keep(self, path: str, source: Path) -> str:
        return await self.put(path, await asyncio.to_thread(source.read_bytes))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    """With a folder for temporary files of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return FakeWorld(storage=KeepingStorage())


def left_in(folder: Path) -> list[Path]:
    """What was not removed."""
    return list(folder.iterdir())


async def get(world: FakeWorld, server: Server, path: str = "/a/orders.csv", **options: Any) -> Outcome:
    return await world.run(Download, {"uri": server.url + path, **options})


async def test_a_file_is_kept_with_its_length(world: FakeWorld, server: Server, tmp_path: Path) -> None:
    """Bytes as they came, larger than a response may be; nothing is left beside."""
    body = bytes(range(256)) * 50_000
    server.answers["/a/orders.csv"] = {"body": body, "headers": {"X-One": "1"}}
    outputs = (await get(world, server)).outputs
    assert outputs
    assert (outputs["code"], outputs["length"], outputs["headers"]["X-One"]) == (200, len(body), ["1"])
    assert outputs["uri"] == f"kestra:///{world.context().folder}/orders.csv"
    assert world.storage.files[outputs["uri"]] == body
    assert left_in(tmp_path) == []


async def test_a_compressed_file_is_unpacked_on_the_way(world: FakeWorld, server: Server) -> None:
    """Content-Encoding is of the transport; the promised length is of what was sent."""
    response = web.Response(body=b"x" * 100_000)
    response.enable_compression(web.ContentCoding.gzip)
    server.answers["/a/orders.csv"] = response
    outputs = (await get(world, server)).outputs
    assert outputs
    assert outputs["length"] == 100_000


@pytest.mark.parametrize(
    ("path", "headers", "options", "name"),
    [
        ("/a/b%20c.csv?k=1", {}, {}, "b_c.csv"),
        ("/", {}, {}, "file"),
        ("/a/", {}, {}, "file"),
        ("/x", {"Content-Disposition": 'attachment; filename="report.pdf"'}, {}, "report.pdf"),
        ("/x", {"Content-Disposition": 'attachment; filename="../../etc/passwd"'}, {}, "passwd"),
        ("/x", {"Content-Disposition": 'attachment; filename="..\\\\..\\\\evil.exe"'}, {}, "evil.exe"),
        ("/x", {"Content-Disposition": "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe.csv"}, {}, "größe.csv"),
        ("/x", {"Content-Disposition": 'attachment; filename=".."'}, {}, "x"),
        ("/x", {"Content-Disposition": 'attachment; filename="report.pdf"'}, {"saveAs": "mine.pdf"}, "mine.pdf"),
        ("/x", {}, {"saveAs": "/etc/passwd"}, "passwd"),
        ("/%2e%2e%2f%2e%2e%2fx", {}, {}, "x"),
    ],
)
async def test_a_file_is_named_by_the_flow_the_server_or_the_address(
    world: FakeWorld, server: Server, path: str, headers: dict[str, str], options: dict[str, Any], name: str
) -> None:
    """And whatever the name, it is one name in the task's own folder."""
    server.answer = {"text": "x", "headers": headers}
    outputs = (await get(world, server, path, **options)).outputs
    assert outputs
    assert outputs["uri"] == f"kestra:///{world.context().folder}/{name}"


async def test_an_empty_file_is_a_failure_unless_allowed(world: FakeWorld, server: Server) -> None:
    """An export without rows is often a mistake elsewhere."""
    server.answers["/a/orders.csv"] = {"body": b""}
    with pytest.raises(TaskFailed, match="is empty") as failed:
        await get(world, server)
    assert failed.value.outputs
    assert failed.value.outputs["length"] == 0
    outputs = (await get(world, server, failOnEmptyResponse=False)).outputs
    assert outputs
    assert world.storage.files[outputs["uri"]] == b""


async def test_a_failing_status_keeps_no_file(world: FakeWorld, server: Server, tmp_path: Path) -> None:
    """The error page is no export; what it says is in the log."""
    server.answers["/a/orders.csv"] = {"status": 403, "text": "not yours"}
    with pytest.raises(TaskFailed, match="status 403"):
        await get(world, server)
    assert (world.storage.files, world.log.lines) == ({}, [("WARN", "not yours")])
    assert left_in(tmp_path) == []
    assert await get(world, server, options={"allowFailed": True})


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nonly ",
    ],
)
async def test_a_file_that_breaks_off_is_not_kept(world: FakeWorld, tmp_path: Path, head: bytes) -> None:
    """Half a file would look like a whole one."""
    async with raw_server(head) as uri:
        with pytest.raises(OutsideError, match=r"no answer from|was cut"):
            await world.run(Download, {"uri": uri})
    assert world.storage.files == {}
    assert left_in(tmp_path) == []


async def test_a_full_disk_is_told(world: FakeWorld, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It may be tried again later; nothing is left beside."""
    monkeypatch.setattr(download, "_make_file", lambda: Path("/dev/full"))
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok: None)
    server.answers["/a/orders.csv"] = {"body": b"x" * 1_000_000}
    with pytest.raises(Overloaded, match="the disk is full"):
        await get(world, server)
    assert world.storage.files == {}
