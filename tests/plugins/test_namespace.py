"""The tasks for files of namespaces: on a storage of real files."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from onbeat.engine.namespace_files import KeptFiles
from onbeat.engine.storage import LocalStorage
from onbeat.errors import NotFound, UserError
from onbeat.plugins.namespace import DeleteFiles, DownloadFiles, PurgeFiles, UploadFiles
from onbeat.ports import TaskFailed
from tests.plugins.context import FakeWorld

ID = "5Xkz6sVY0AFVuPuRMG3OQh"
FOLDER = f"kestra:///company/team/sales/executions/{ID}/tasks/work/{ID}-1"
OWN = "kestra:///company/team/_files"


@pytest.fixture
def world(tmp_path: Path) -> Any:
    storage = LocalStorage(tmp_path / "storage")
    return FakeWorld(storage=storage, files=KeptFiles(storage))  # type: ignore[arg-type]


async def test_files_of_storage_are_put_into_a_namespace(world: FakeWorld) -> None:
    """Each under its path and the destination; a map, JSON text of one, or addresses."""
    uri = await world.storage.put("a/in.txt", b"one")
    for options, path in (
        ({"filesMap": {"d/x.txt": uri}}, "d/x.txt"),
        ({"filesMap": f'{{"/y.txt": "{uri}"}}', "destination": "/z/"}, "z/y.txt"),
        ({"files": {"m.txt": uri}}, "m.txt"),
        ({"files": [uri], "destination": "/up"}, "up/in.txt"),
        ({"files": uri}, "in.txt"),
    ):
        outcome = await world.run(UploadFiles, options)
        assert outcome.outputs == {"files": {path: f"{OWN}/{path}"}}
        assert [(metric.name, metric.value) for metric in outcome.metrics] == [("uploaded", 1)]
        assert await world.files.read("company.team", path) == b"one"
    await world.run(UploadFiles, {"filesMap": {"x": uri}, "namespace": "other"})
    assert await world.files.names("other") == ["x"]


async def test_files_of_the_directory_are_put_into_a_namespace(world: FakeWorld, tmp_path: Path) -> None:
    """By patterns; a link is not followed."""
    folder = tmp_path / "work"
    for name in ("dbt/a.sql", "dbt/deep/b.sql", "c.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "dbt" / "link.sql").symlink_to(folder / "c.txt")
    outcome = await world.run(UploadFiles, {"files": ["glob:**/dbt/**"]}, directory=folder)
    assert outcome.outputs is not None
    assert sorted(outcome.outputs["files"]) == ["dbt/a.sql", "dbt/deep/b.sql"]
    outcome = await world.run(UploadFiles, {"files": "c.txt", "destination": "to"}, directory=folder)
    assert outcome.outputs == {"files": {"to/c.txt": f"{OWN}/to/c.txt"}}


async def test_what_is_there_already(world: FakeWorld) -> None:
    """Is replaced, left, or an error."""
    one, two = await world.storage.put("a/1", b"1"), await world.storage.put("a/2", b"2")
    await world.run(UploadFiles, {"filesMap": {"x": one}})
    assert (await world.run(UploadFiles, {"filesMap": {"x": two}, "conflict": "skip"})).outputs == {"files": {}}
    with pytest.raises(TaskFailed, match="a file `x` in namespace"):
        await world.run(UploadFiles, {"filesMap": {"x": two}, "conflict": "ERROR"})
    assert await world.files.read("company.team", "x") == b"1"
    await world.run(UploadFiles, {"filesMap": {"x": two}})
    assert await world.files.read("company.team", "x") == b"2"


async def test_what_cannot_be_uploaded_is_told(world: FakeWorld) -> None:
    """Nothing named, a path that leads out, a file that is not there."""
    with pytest.raises(ValidationError, match="say which"):
        await world.run(UploadFiles, {})
    with pytest.raises(ValidationError, match="a map of names"):
        await world.run(UploadFiles, {"filesMap": "x"})
    uri = await world.storage.put("a/1", b"1")
    with pytest.raises(UserError, match="not a path"):
        await world.run(UploadFiles, {"filesMap": {"../x": uri}})
    with pytest.raises(NotFound):
        await world.run(UploadFiles, {"filesMap": {"x": "kestra:///a/none"}})


async def test_files_are_copied_for_later_tasks(world: FakeWorld) -> None:
    """The copy stays as it is when the file changes; keys begin with a slash, as Kestra's do."""
    for path in ("a.sql", "d/b.sql", "c.txt"):
        await world.files.write("other", path, path.encode())
    outcome = await world.run(DownloadFiles, {"namespace": "other", "files": ["**.sql"]})
    assert outcome.outputs == {"files": {"/a.sql": f"{FOLDER}/a.sql", "/d/b.sql": f"{FOLDER}/d/b.sql"}}
    assert [(metric.name, metric.value) for metric in outcome.metrics] == [("downloaded", 2)]
    await world.files.write("other", "a.sql", b"changed")
    assert await world.storage.get(f"{FOLDER}/a.sql") == b"a.sql"
    assert (await world.run(DownloadFiles, {"namespace": "other", "files": "c.txt", "destination": "to/"})).outputs == {
        "files": {"/c.txt": f"{FOLDER}/to/c.txt"}
    }
    assert (await world.run(DownloadFiles, {"files": "**"})).outputs == {"files": {}}


async def test_files_are_removed(world: FakeWorld) -> None:
    """Those that fit; the others stay."""
    for path in ("a.upl", "d/b.upl", "d/c.txt"):
        await world.files.write("company.team", path, b"")
    outcome = await world.run(DeleteFiles, {"files": "**.upl"})
    assert outcome.outputs == {"files": {"a.upl": f"{OWN}/a.upl", "d/b.upl": f"{OWN}/d/b.upl"}}
    assert [(metric.name, metric.value) for metric in outcome.metrics] == [("deleted", 2)]
    assert await world.files.names("company.team") == ["d/c.txt"]


async def test_a_purge_never_removes_the_last_version(world: FakeWorld) -> None:
    """And there is one of each file."""
    await world.files.write("company", "a.sql", b"")
    options = {"namespaces": ["company"], "filePattern": "**", "behavior": {"type": "version", "before": "2025-01-01T00:00:00Z"}}
    assert (await world.run(PurgeFiles, options)).outputs == {"size": 0}
    assert await world.files.names("company") == ["a.sql"]
