"""The beginning of a file of an execution is shown."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.api import preview
from onbeat.core.addresses import execution_folder
from tests.api.client import Client, api
from tests.api.shapes import ask
from tests.api.test_execution_bulk import started


async def shown(call: Client, name: str, data: bytes, query: str = "") -> tuple[int, Any]:
    """What is shown of a file of an execution."""
    (id_,) = await started(call, "hello", wait=True)
    uri = await call.node.storage.put(f"{execution_folder('t', 'hello', id_)}/{name}", data)
    answer = await ask(call, "GET", f"/api/v1/main/executions/{id_}/file/preview?path={uri}{query}")
    return answer.status, answer.json


@pytest.mark.parametrize(
    ("name", "data", "query", "content"),
    [
        ("a.txt", b"one\ntwo\nthree", "&maxRows=2", ("TEXT", "one\ntwo", True)),
        ("a.csv", b"a,b\n1,2\n", "", ("TEXT", "a,b\n1,2", False)),
        ("a.md", b"# Hi", "", ("MARKDOWN", "# Hi", False)),
        ("a.jsonl", b'{"n": 1}\n\nnot json {\n', "", ("LIST", [{"n": 1}, "not json {"], False)),
        ("a.ion", b'{n:1,name:"Ada"}\n{n:2}\n', "&maxRows=1", ("LIST", [{"n": 1, "name": "Ada"}], True)),
        ("a", "hé".encode("latin-1"), "&encoding=ISO-8859-1", ("TEXT", "hé", False)),
        ("a.txt", b"\xff", "", ("TEXT", "\ufffd", False)),
        ("a.png", b"\x89PNG", "", ("IMAGE", "iVBORw==", False)),
    ],
)
async def test_a_file_is_shown_as_what_it_is(tmp_path: Path, name: str, data: bytes, query: str, content: tuple[Any, ...]) -> None:
    """Rows, text, pictures; as many rows as are asked for."""
    async with api(tmp_path) as call:
        status, found = await shown(call, name, data, query)
        assert status == 200, found
        assert (found["type"], found["content"], found["truncated"]) == content


async def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large file the beginning, without half a line; a large picture is refused."""
    monkeypatch.setattr(preview, "_MOST_BYTES", 10)
    async with api(tmp_path) as call:
        assert (await shown(call, "a.txt", b"line\nline\nline"))[1]["content"] == "line\nline"
        assert (await shown(call, "a.txt", b"line\nlines\nline"))[1] == {
            "extension": "txt",
            "type": "TEXT",
            "content": "line",
            "truncated": True,
        }
        assert (await shown(call, "a.png", b"x" * 11))[0] == 422


async def test_what_is_not_the_executions_is_not_shown(tmp_path: Path) -> None:
    """Another's file, an encoding that is none, no address."""
    async with api(tmp_path) as call:
        assert (await shown(call, "a.txt", b"x", "&encoding=nope"))[0] == 422
        assert (await shown(call, "a.txt", b"x", "&encoding=base64"))[0] == 422
        (id_,) = await started(call, "hello", wait=True)
        other = await call.node.storage.put("t/other/executions/x/a.txt", b"x")
        assert (await call("GET", f"/api/v1/main/executions/{id_}/file/preview?path={other}")).status == 422
        assert (await call("GET", f"/api/v1/main/executions/{id_}/file/preview")).status == 400
