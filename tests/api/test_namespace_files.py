"""The files of namespaces over HTTP."""

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.client import Client, api
from tests.api.shapes import Shaped

FILES = "/api/v1/main/namespaces/a.b/files"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with api(tmp_path, sources=False) as made:
        yield Shaped(made.node)


def form(name: str, file_name: str, data: bytes) -> tuple[bytes, dict[str, str]]:
    """A form with one file."""
    head = f'--xx\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n\r\n'
    return head.encode() + data + b"\r\n--xx--\r\n", {"content_type": "multipart/form-data; boundary=xx"}


async def test_a_file_is_put_shown_and_removed(client: Client) -> None:
    """As a form or as it is; the path with or without a slash; flows read it."""
    body, headers = form("fileContent", "x.sql", b"select 1")
    assert (await client("POST", f"{FILES}?path=/d/x.sql", body, **headers)).status == 200
    found = await client("GET", f"{FILES}?path=d/x.sql")
    assert (found.status, found.body, found.headers["content-type"]) == (200, b"select 1", "application/octet-stream")
    assert (await client("POST", f"{FILES}?path=d/x.sql", b"\0raw")).status == 200
    assert await client.node.files.read("a.b", "d/x.sql") == b"\0raw"
    assert (await client("DELETE", f"{FILES}?path=/d/x.sql")).status == 204
    for method in ("GET", "DELETE"):
        assert (await client(method, f"{FILES}?path=/d/x.sql")).status == 404
    assert (await client("GET", f"{FILES}/directory")).json == []


async def test_a_form_has_one_file(client: Client) -> None:
    """None, or a field, is told."""
    field = b'--xx\r\nContent-Disposition: form-data; name="fileContent"\r\n\r\ntext\r\n--xx--\r\n'
    refused = await client("POST", f"{FILES}?path=x", field, content_type="multipart/form-data; boundary=xx")
    assert (refused.status, "one part" in refused.json["message"]) == (400, True)


async def test_folders_are_listed_made_and_moved(client: Client) -> None:
    """In Kestra's JSON."""
    for path in ("a.txt", "d/b.txt"):
        await client("POST", f"{FILES}?path={path}", b"12345")
    assert (await client("POST", f"{FILES}/directory?path=/d/e")).status == 200
    found = (await client("GET", f"{FILES}/directory")).json
    assert [(each["fileName"], each["type"], each["size"]) for each in found] == [("a.txt", "File", 5), ("d", "Directory", 0)]
    found = (await client("GET", f"{FILES}/directory?path=/d")).json
    assert [(each["fileName"], each["type"]) for each in found] == [("b.txt", "File"), ("e", "Directory")]
    assert (await client("PUT", f"{FILES}?from=/d&to=/f")).status == 200
    assert (await client("GET", f"{FILES}/search?q=b")).json == ["/f/b.txt"]
    assert (await client("GET", f"{FILES}/search?q=/")).json == ["/a.txt", "/f/b.txt"]
    stats = (await client("GET", f"{FILES}/stats?path=f/b.txt")).json
    assert (stats["fileName"], stats["type"], stats["size"]) == ("b.txt", "File", 5)
    assert stats["lastModifiedTime"] == stats["creationTime"] > 1_600_000_000_000
    assert (await client("GET", f"{FILES}/stats")).json["type"] == "Directory"
    assert (await client("PUT", f"{FILES}?from=/a.txt&to=/f/b.txt")).status == 409
    assert (await client("PUT", f"{FILES}?from=/none&to=/x")).status == 404
    assert (await client("DELETE", f"{FILES}?path=f")).status == 204
    assert (await client("GET", f"{FILES}/search")).json == ["/a.txt"]


@pytest.mark.parametrize("path", ["", "../x", "/d/../../x", "a//b"])
async def test_no_path_leads_out(client: Client, path: str) -> None:
    """Whatever is asked; a namespace that is none neither."""
    for method, target in (
        ("GET", f"{FILES}?path={path}"),
        ("POST", f"{FILES}?path={path}"),
        ("DELETE", f"{FILES}?path={path}"),
        ("PUT", f"{FILES}?from={path}&to=x"),
        ("POST", f"{FILES}/directory?path={path}"),
    ):
        assert (await client(method, target, b"x")).status == 400
    for target in ("/api/v1/main/namespaces/A/files?path=x", "/api/v1/main/namespaces/A/files/directory"):
        assert (await client("GET", target)).status == 422


async def test_nobody_reads_or_writes_without_a_token(client: Client) -> None:
    """They are what flows run."""
    for method, target in (
        ("GET", f"{FILES}?path=x"),
        ("POST", f"{FILES}?path=x"),
        ("PUT", f"{FILES}?from=x&to=y"),
        ("DELETE", f"{FILES}?path=x"),
        ("GET", f"{FILES}/search"),
        ("GET", f"{FILES}/stats"),
        ("GET", f"{FILES}/directory"),
        ("POST", f"{FILES}/directory?path=x"),
    ):
        assert (await client(method, target, b"x", token=None)).status == 401


async def test_a_file_has_one_revision(client: Client) -> None:
    """The present one."""
    await client("POST", f"{FILES}?path=x.txt", b"1")
    await client("POST", f"{FILES}?path=x.txt", b"2")
    assert (await client("GET", f"{FILES}/revisions?path=x.txt")).json == [{"revision": 1}]
    assert (await client("GET", f"{FILES}?path=x.txt&revision=1")).body == b"2"
    assert (await client("GET", f"{FILES}?path=x.txt&revision=2")).status == 404
    assert (await client("GET", f"{FILES}/revisions?path=y.txt")).status == 404
    assert (await client("GET", f"{FILES}/revisions?path=../x")).status == 400


async def test_all_files_are_packed(client: Client) -> None:
    """But for those with a secret."""
    await client.node.secrets.put("a", "KEY", "a long secret value")
    for path, content in (("a.txt", b"1"), ("d/b.bin", b"\0" * 600_000), ("secret.txt", b"it is a long secret value!")):
        await client.node.files.write("a.b", path, content)
    found = await client("GET", f"{FILES}/export")
    assert (found.status, found.headers["content-type"]) == (200, "application/octet-stream")
    with zipfile.ZipFile(io.BytesIO(found.body)) as archive:
        assert {name: len(archive.read(name)) for name in archive.namelist()} == {"a.txt": 1, "d/b.bin": 600_000}
    empty = await client("GET", "/api/v1/main/namespaces/none/files/export")
    with zipfile.ZipFile(io.BytesIO(empty.body)) as archive:
        assert archive.namelist() == []
    assert (await client("GET", f"{FILES}/export", token=None)).status == 401
