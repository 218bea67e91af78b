"""The tasks that make, join, measure and remove files: on a storage of real files."""

from pathlib import Path
from typing import Any

import pytest

from onbeat.engine.namespace_files import KeptFiles
from onbeat.engine.storage import LocalStorage
from onbeat.errors import NotFound, UserError
from onbeat.plugins.storage import Concat, Delete, LocalFiles, PurgeCurrentExecutionFiles, Size, Write
from onbeat.ports import TaskFailed
from tests.plugins.context import FakeWorld

ID = "5Xkz6sVY0AFVuPuRMG3OQh"
FOLDER = f"company/team/sales/executions/{ID}/tasks/work/{ID}-1"


@pytest.fixture
def world(tmp_path: Path) -> Any:
    storage = LocalStorage(tmp_path / "storage")
    return FakeWorld(storage=storage, files=KeptFiles(storage))  # type: ignore[arg-type]


async def test_a_text_becomes_a_file(world: FakeWorld) -> None:
    """Under the task run, with its extension; a later attempt has a place of its own."""
    outputs = (await world.run(Write, {"content": "Grüße", "extension": ".txt"})).outputs
    assert outputs == {"uri": f"kestra:///{FOLDER}/work.txt"}
    assert await world.storage.get(outputs["uri"]) == "Grüße".encode()
    outputs = (await world.run(Write, {"content": {"a": [1]}, "extension": "json"}, attempt=2)).outputs
    assert outputs == {"uri": f"kestra:///{FOLDER}/2/work.json"}
    assert await world.storage.get(outputs["uri"]) == b'{"a":[1]}'
    assert (await world.run(Write, {"content": ""})).outputs == {"uri": f"kestra:///{FOLDER}/work"}


@pytest.mark.parametrize("extension", ["a/b", "/../../x", "\0"])
async def test_an_extension_is_no_path(world: FakeWorld, extension: str) -> None:
    """It may come from an event."""
    with pytest.raises(UserError, match="not an extension"):
        await world.run(Write, {"content": "", "extension": extension})


@pytest.mark.parametrize("as_text", [False, True])
async def test_files_are_joined(world: FakeWorld, as_text: bool) -> None:
    """In order, the separator after each; from a list or JSON text of one; files of the namespace too."""
    one, two = await world.storage.put("a/1", b"one"), await world.storage.put("a/2", b"two\n")
    await world.files.write("company.team", "x.txt", b"three")
    files: Any = [one, two, one, "nsfile:///x.txt"]
    if as_text:
        files = str(files).replace("'", '"')
    outputs = (await world.run(Concat, {"files": files, "separator": ";", "extension": "txt"})).outputs
    assert outputs == {"uri": f"kestra:///{FOLDER}/work.txt"}
    assert await world.storage.get(outputs["uri"]) == b"one;two\n;one;three;"
    outputs = (await world.run(Concat, {"files": []})).outputs
    assert outputs is not None
    assert await world.storage.get(outputs["uri"]) == b""
    assert outputs["uri"].endswith(".tmp")
    for wrong, error in (("kestra:///a/none", NotFound), ("file:///etc/passwd", UserError), ("kestra:///../x", UserError)):
        with pytest.raises(error):
            await world.run(Concat, {"files": [wrong]})


async def test_size_and_removing(world: FakeWorld) -> None:
    """Of a file; a folder is none, and nothing of it goes."""
    uri = await world.storage.put("a/1", b"12345")
    assert (await world.run(Size, {"uri": uri})).outputs == {"size": 5}
    assert (await world.run(Delete, {"uri": "kestra:///a"})).outputs == {"uri": "kestra:///a", "deleted": False}
    assert (await world.run(Delete, {"uri": uri})).outputs == {"uri": uri, "deleted": True}
    assert (await world.run(Delete, {"uri": uri})).outputs == {"uri": uri, "deleted": False}
    with pytest.raises(TaskFailed, match="there is no file"):
        await world.run(Delete, {"uri": uri, "errorOnMissing": True})
    with pytest.raises(NotFound):
        await world.run(Size, {"uri": uri})


async def test_a_purge_takes_the_files_of_its_execution(world: FakeWorld) -> None:
    """Those of its tasks and inputs; large values and logs stay, and so does what is another's."""
    own, other = f"company/team/sales/executions/{ID}", f"company/team/sales/executions/{ID[::-1]}"
    for path in (f"{own}/tasks/a/r/x", f"{own}/inputs/f/y", f"{own}/_values/inputs/z.json", f"{own}/logs/l", f"{other}/tasks/a/r/x"):
        await world.storage.put(path, b"")
    outputs = (await world.run(PurgeCurrentExecutionFiles, {})).outputs
    assert outputs == {"uris": [f"kestra:///{own}/inputs/f/y", f"kestra:///{own}/tasks/a/r/x"]}
    left = [path for path, _ in await world.storage.files("company")]
    assert left == [f"{own}/_values/inputs/z.json", f"{own}/logs/l", f"{other}/tasks/a/r/x"]
    assert (await world.run(PurgeCurrentExecutionFiles, {})).outputs == {"uris": []}


async def test_files_are_put_in_and_taken_out(world: FakeWorld, tmp_path: Path) -> None:
    """Contents, addresses and files of the namespace; what is not there is no error."""
    folder = tmp_path / "work"
    folder.mkdir()
    uri = await world.storage.put("a/1", b"\0\1")
    await world.files.write("company.team", "q.sql", b"select")
    given = {"d/a.txt": "text", "b.bin": uri, "c.sql": "nsfile:///q.sql", "e.json": {"x": 1}, "empty": None}
    assert (await world.run(LocalFiles, {"inputs": given}, directory=folder)).outputs == {"uris": {}}
    assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        "a.txt": b"text",
        "b.bin": b"\0\1",
        "c.sql": b"select",
        "e.json": b'{"x":1}',
        "empty": b"",
    }
    outputs = (await world.run(LocalFiles, {"outputs": ["d/*", "*.bin", "none"]}, directory=folder)).outputs
    assert outputs == {"uris": {"b.bin": f"kestra:///{FOLDER}/b.bin", "d/a.txt": f"kestra:///{FOLDER}/d/a.txt"}}
    assert await world.storage.get(outputs["uris"]["d/a.txt"]) == b"text"


async def test_a_map_of_files_may_be_a_file(world: FakeWorld, tmp_path: Path) -> None:
    """Or JSON text; one that is no map is told."""
    for inputs in ('{"a": "1"}', await world.storage.put("a/map", b'{"a": "1"}')):
        await world.run(LocalFiles, {"inputs": inputs}, directory=tmp_path)
        assert (tmp_path / "a").read_text() == "1"
    with pytest.raises(UserError, match="a JSON map"):
        await world.run(LocalFiles, {"inputs": await world.storage.put("a/map", b"[1]")}, directory=tmp_path)


async def test_no_name_leads_out_of_the_directory(world: FakeWorld, tmp_path: Path) -> None:
    """Not by dots, not by a link; a link in a file's place is replaced, and none is taken out."""
    folder, outside = tmp_path / "work", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (folder / "link").symlink_to(outside)
    (folder / "file").symlink_to(outside / "secret")
    for name in ("../x", "a/../../x", "link/x"):
        with pytest.raises(UserError):
            await world.run(LocalFiles, {"inputs": {name: "x"}}, directory=folder)
    assert (await world.run(LocalFiles, {"outputs": ["**"]}, directory=folder)).outputs == {"uris": {}}
    await world.run(LocalFiles, {"inputs": {"file": "mine"}}, directory=folder)
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"
