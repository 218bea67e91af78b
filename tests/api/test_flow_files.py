"""Flows are carried in and out whole."""

import io
import os
import zipfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from onbeat.core.access import Grant, Role
from onbeat.engine.flow_files import Draft
from tests.api.client import FLOWS, Answer, Client, api
from tests.api.shapes import Shaped
from tests.api.test_flow_changes import text
from tests.api.test_lookup import as_caller

BASE = "/api/v1/main/flows"


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Client]:
    """A client whose answers are held to their shapes."""
    async with api(tmp_path) as made:
        yield Shaped(made.node)


def unpacked(found: Answer) -> dict[str, str]:
    """The files of an archive."""
    with zipfile.ZipFile(io.BytesIO(found.body)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


async def send(call: Client, content: bytes, query: str = "", name: str = "flows.zip") -> Answer:
    """Import a file."""
    head = f'--b\r\nContent-Disposition: form-data; name="fileUpload"; filename="{name}"\r\n\r\n'.encode()
    body = head + content + b"\r\n--b--\r\n"
    return await call("POST", f"{BASE}/import{query}", body, content_type="multipart/form-data; boundary=b")


def served(call: Client) -> list[str]:
    """The names of what is served in `company`."""
    return [name for name in call.node.catalog.names() if name.startswith("company.")]


async def test_texts_are_packed(call: Client) -> None:
    """By query and by ids, byte for byte."""
    found = await call("GET", f"{BASE}/export/by-query?filters[flowId][IN]=hello,hook")
    assert (found.headers["content-type"], found.headers["content-disposition"]) == (
        "application/octet-stream",
        'attachment; filename="flows.zip"',
    )
    assert unpacked(found) == {"t.hello.yaml": FLOWS["hello.yaml"], "t.hook.yaml": FLOWS["hook.yaml"]}
    ids = [{"namespace": "t", "id": "hello"}]
    json = {"content_type": "application/json"}
    assert unpacked(await call("POST", f"{BASE}/export/by-ids", ids, **json)) == {"t.hello.yaml": FLOWS["hello.yaml"]}
    assert unpacked(await call("POST", f"{BASE}/export/by-ids", [], **json)) == {}
    assert (await call("POST", f"{BASE}/export/by-ids", [{"namespace": "t", "id": "none"}], **json)).status == 404
    assert (await call("GET", f"{BASE}/export/by-query?flowid=x")).status == 400


async def test_what_was_packed_can_be_imported(call: Client) -> None:
    """Files that are no YAML are left out."""
    await call.node.flow_files.save(Draft(text("a").decode()))
    archive = (await call("GET", f"{BASE}/export/by-query?namespace=company")).body
    await call.node.flow_files.delete("company.team", "a")
    found = await send(call, archive)
    assert (found.status, found.json, served(call)) == (200, [], ["company.team.a"])
    stored = await call.node.store.flow("company.team", "a")
    assert stored is not None
    assert stored.source == text("a").decode()
    both = {"x/b.yaml": text("b") + b"---\n" + text("c"), "readme.md": b"# no flow", "d/": b""}
    assert (await send(call, packed(both))).json == []
    assert served(call) == ["company.team.a", "company.team.b", "company.team.c"]


async def test_one_text_can_be_imported(call: Client) -> None:
    """What is wrong is named by its index; or stops all."""
    body = text("a") + b"---\nid: b\n---\n" + text("c")
    assert (await send(call, body, "?failOnError=true", "flows.yml")).status == 422
    assert served(call) == []
    assert (await send(call, body, "", "flows.yml")).json == ["1"]
    assert served(call) == ["company.team.a", "company.team.c"]
    assert (await send(call, text("d"), "?failOnError=true", "flows.yml")).json == []
    assert (await send(call, b"", "", "flows.yml")).json == []


async def test_an_archive_is_data_from_somewhere(call: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is bounded before it is unpacked, and its names are names."""
    monkeypatch.setattr("onbeat.api.flow_files._MOST_BYTES", 3_000_000)
    bomb = packed({f"{n}.yaml": b"#" * 900_000 for n in range(10)})
    for wrong in (bomb, packed({"a.yaml": b"#" * 2_000_000}), b"PK\x03\x04 no archive", bomb[:200], packed({"a.yaml": b"\xff"})):
        assert (await send(call, wrong)).status == 400
    assert (await send(call, packed({"a.yaml": bytes(9_000_000)}, zipfile.ZIP_STORED))).status == 413
    damaged = bytearray(packed({"a.yaml": text("a")}, zipfile.ZIP_LZMA))
    damaged[40:60] = bytes(20)
    assert (await send(call, bytes(damaged))).status == 400
    many = packed({f"{n}.yaml": b"" for n in range(1_001)})
    assert (await send(call, many)).status == 400
    assert (await send(call, packed({"../../evil.yaml": b"id: x", "ok.yaml": text("a")}))).json == ["../../evil.yaml"]
    assert served(call) == ["company.team.a"]
    assert not any("evil" in name for _, _, files in os.walk(tmp_path) for name in files)
    assert (await call("POST", f"{BASE}/import", b"id: a", content_type="application/x-yaml")).status == 400


async def test_a_table_of_flows(call: Client) -> None:
    """No cell of it is a formula."""
    evil = text("evil").replace(b"tasks:", b"description: =1+1\ntasks:", 1)
    await call.node.flow_files.save(Draft(evil.decode()))
    found = await call("GET", f"{BASE}/export/by-query/csv?namespace=company")
    assert found.headers["content-type"].startswith("text/csv")
    assert found.body.decode().splitlines() == [
        "namespace,id,revision,disabled,description,labels,triggers",
        "company.team,evil,1,false,'=1+1,,",
    ]


async def test_who_may(call: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is one's own comes out, and goes in."""
    await call.node.flow_files.save(Draft(text("a").decode()))
    await as_caller(call, monkeypatch, Grant(Role.EDITOR, "company"))
    assert list(unpacked(await call("GET", f"{BASE}/export/by-query"))) == ["company.team.a.yaml"]
    assert len((await call("GET", f"{BASE}/export/by-query/csv")).body.splitlines()) == 2
    ids = [{"namespace": "t", "id": "hello"}]
    assert (await call("POST", f"{BASE}/export/by-ids", ids, content_type="application/json")).status == 404
    both = {"mine.yaml": text("b"), "theirs.yaml": text("theirs", "t")}
    assert (await send(call, packed(both), "?failOnError=true")).status == 404
    assert (await send(call, packed(both))).json == ["theirs.yaml"]
    assert "t.theirs" not in call.node.catalog.names()
