"""Files of executions over HTTP."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.stores.memory import MemoryStore
from tests.api.client import TOKEN, Client, _receiver
from tests.engine.harness import node_with

FLOWS = {
    "w.yaml": """
id: w
namespace: a.b
inputs: [{id: file, type: STRING, required: false}, {id: size, type: INT, defaults: 1}]
tasks: [{id: write, type: core.storage.Write, content: "{{ 'hello' }}", extension: .html}]
outputs: [{id: uri, type: STRING, value: "{{ outputs.write.uri }}"}]
""",
}


async def test_a_file_of_an_execution_is_sent(tmp_path: Path) -> None:
    """As bytes to keep, whatever it is; its size by itself; without the tenant too."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        client = Client(node)
        ended = await node.engine.ended((await node.start("a.b", "w")).id)
        uri = (ended.outputs or {})["uri"]
        assert uri.startswith(f"kestra:///a/b/w/executions/{ended.id}/tasks/write/")
        found = await client("GET", f"/api/v1/main/executions/{ended.id}/file?path={uri}")
        assert (found.status, found.body) == (200, b"hello")
        assert found.headers["content-type"] == "application/octet-stream"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["content-disposition"] == "attachment; filename*=UTF-8''write.html"
        assert (await client("GET", f"/api/v1/executions/{ended.id}/file/metas?path={uri}")).json == {"size": 5}
        assert (await client("GET", f"/api/v1/main/executions/{ended.id}/file?path={uri}", token=None)).status == 401


async def test_a_large_file_comes_whole(tmp_path: Path) -> None:
    """In pieces."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        client = Client(node)
        execution = await node.engine.ended((await node.start("a.b", "w")).id)
        data = bytes(range(256)) * 4_000
        uri = await node.storage.put(f"a/b/w/executions/{execution.id}/x.bin", data)
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        scope = client._scope("GET", f"/api/v1/main/executions/{execution.id}/file?path={uri}", TOKEN, {})
        await client.app(scope, _receiver(None, hang=True), send)
        pieces = [message["body"] for message in messages[1:]]
        assert (messages[0]["status"], dict(messages[0]["headers"])[b"content-length"]) == (200, str(len(data)).encode())
        assert b"".join(pieces) == data
        assert max(map(len, pieces)) < len(data)


async def test_only_files_of_the_execution_are_sent(tmp_path: Path) -> None:
    """Its own and what it was given; no other's, none that is not there, nothing that is no address."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        client = Client(node)
        other = await node.engine.ended((await node.start("a.b", "w")).id)
        theirs = (other.outputs or {})["uri"]
        given = await node.engine.ended((await node.start("a.b", "w", {"file": theirs})).id)
        assert (await client("GET", f"/api/v1/main/executions/{given.id}/file?path={theirs}")).body == b"hello"
        own = await node.engine.ended((await node.start("a.b", "w")).id)
        await node.files.write("a.b", "x", b"of the namespace")
        for path in (
            theirs,
            theirs.replace(other.id, f"{own.id}/../{other.id}"),
            "kestra:///a/b/_files/x",
            f"a/b/w/executions/{own.id}/x",
            "file:///etc/passwd",
        ):
            refused = await client("GET", f"/api/v1/main/executions/{own.id}/file?path={path}")
            assert (refused.status, refused.json["title"]) == (422, "Not a file of the execution")
        nothing = f"kestra:///a/b/w/executions/{own.id}/nothing"
        assert (await client("GET", f"/api/v1/main/executions/{own.id}/file?path={nothing}")).status == 404
        assert (await client("GET", f"/api/v1/main/executions/{own.id}/file/metas?path={nothing}")).status == 404
        assert (await client("GET", f"/api/v1/main/executions/{own.id}/file")).status == 400
        assert (await client("GET", f"/api/v1/main/executions/{'0' * 22}/file?path={theirs}")).status == 404


async def test_a_large_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything of it is sent."""
    async with node_with(MemoryStore(), FLOWS, tmp_path, sources=False) as node:
        client = Client(node)
        execution = await node.engine.ended((await node.start("a.b", "w")).id)
        path = f"a/b/w/executions/{execution.id}/x.bin"
        uri = await node.storage.put(path, bytes(300_000))

        async def gone(uri: str, target: Path) -> None:
            await node.storage.delete(path)
            await type(node.storage).fetch(node.storage, uri, target)

        monkeypatch.setattr(node.storage, "fetch", gone)
        assert (await client("GET", f"/api/v1/main/executions/{execution.id}/file?path={uri}")).status == 404
