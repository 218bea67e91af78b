"""What a directory begins with: files of namespaces, then `inputFiles`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.execution import Head
from onbeat.core.workspace import TaskFiles
from onbeat.engine.storage import LocalStorage
from onbeat.engine.workspace_files import WorkspaceFiles
from onbeat.errors import NotFound, OutsideError, UserError

HEAD = Head(id="e", namespace="company.team", flow="f", revision=1, created=0, correlation_id="e")


class Shelf:
    """Files of namespaces, in memory."""

    def __init__(self, **files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[tuple[str, Sequence[str], Sequence[str]]] = []

    async def names(self, namespace: str, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> list[str]:
        self.asked.append((namespace, include, exclude))
        return sorted(self.files.get(namespace.replace(".", "_"), {}))

    async def read(self, namespace: str, path: str) -> bytes:
        try:
            return self.files[namespace.replace(".", "_")][path]
        except KeyError:
            raise NotFound(f"there is no file {path} in namespace {namespace}") from None


class Bench:
    """A directory, a storage and a shelf."""

    def __init__(self, folder: Path) -> None:
        self.shelf: Any = Shelf(company_team={"a.txt": b"own a", "lib/b.txt": b"own b"}, other={"a.txt": b"other a"})
        self.storage = LocalStorage(folder / "storage")
        self.folder = folder / "work"
        self.folder.mkdir()
        self.lines: list[tuple[str, str]] = []

    async def bring(self, **options: Any) -> dict[str, str]:
        """Put these files in; what is there then."""
        files = TaskFiles.model_validate(options)
        await WorkspaceFiles(self.storage, self.shelf).bring(self.folder, files, HEAD, lambda level, line: self.lines.append((level, line)))
        return self.found()

    def found(self) -> dict[str, str]:
        """What is in the directory."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_text() for path in paths}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An empty directory."""
    return Bench(tmp_path)


async def test_contents_are_written_and_addresses_are_followed(bench: Bench) -> None:
    """Text as it is, null as nothing, other values as JSON; files in storage and of namespaces whole."""
    stored = await bench.storage.put("x/y.bin", b"stored")
    found = await bench.bring(
        inputFiles={
            "text.txt": "kestra:// ü\n",
            "empty": None,
            "data.json": {"x": [1]},
            "deep/stored": stored,
            "line": f"{stored}\n",
            "ns": "nsfile:///lib/b.txt",
            "other": "nsfile://other/a.txt",
        }
    )
    assert found == {
        "text.txt": "kestra:// ü\n",
        "empty": "",
        "data.json": '{"x":[1]}',
        "deep/stored": "stored",
        "line": "stored",
        "ns": "own b",
        "other": "other a",
    }


async def test_the_map_itself_may_lie_in_a_file(bench: Bench) -> None:
    """In storage or in the namespace; what is no JSON map there is told."""
    stored = await bench.storage.put("map.json", b'{"a": "1"}')
    assert await bench.bring(inputFiles=stored) == {"a": "1"}
    bench.shelf.files["company_team"]["bad.json"] = b"[]"
    with pytest.raises(UserError, match="is no JSON map of names and contents"):
        await bench.bring(inputFiles="nsfile:///bad.json")


@pytest.mark.parametrize("value", ["file:///etc/passwd", "file://etc/passwd\n"])
async def test_the_machines_own_files_are_not_read(bench: Bench, value: str) -> None:
    """An event could name any; a text of several lines is a text."""
    with pytest.raises(UserError, match="files of this machine are not read"):
        await bench.bring(inputFiles={"a": value})
    assert await bench.bring(inputFiles={"a": "file:///x\ny"}) == {"a": "file:///x\ny"}


@pytest.mark.parametrize("value", ["kestra:///no/thing", "nsfile:///nothing"])
async def test_what_is_not_there_is_told(bench: Bench, value: str) -> None:
    """With the address."""
    with pytest.raises(NotFound, match=r"nothing|no/thing"):
        await bench.bring(inputFiles={"a": value})


async def test_files_of_namespaces_come_first(bench: Bench) -> None:
    """What `inputFiles` gives takes their place."""
    found = await bench.bring(namespaceFiles={}, inputFiles={"a.txt": "mine"})
    assert found == {"a.txt": "mine", "lib/b.txt": "own b"}
    assert bench.shelf.asked == [("company.team", (), ())]


async def test_patterns_and_namespaces_are_chosen(bench: Bench) -> None:
    """The later namespaces over the earlier, or each in a folder of its name."""
    wish = {"namespaces": ["company.team", "other"], "include": ["*.txt"], "exclude": "b.txt"}
    assert (await bench.bring(namespaceFiles=wish))["a.txt"] == "other a"
    assert bench.shelf.asked[1] == ("other", ("*.txt",), ("b.txt",))
    found = await bench.bring(namespaceFiles={**wish, "folderPerNamespace": True})
    assert {"company.team/a.txt", "other/a.txt"} <= found.keys()


async def test_namespace_files_that_are_not_wanted_are_not_asked_for(bench: Bench) -> None:
    """`enabled: false`, as a boolean or as text."""
    assert await bench.bring(namespaceFiles={"enabled": "false"}) == {}
    assert bench.shelf.asked == []


@pytest.mark.parametrize(("rule", "kept", "told"), [("OVERWRITE", "other a", 0), ("IGNORE", "own a", 0), ("WARN", "own a", 1)])
async def test_what_is_there_already_is_dealt_with(bench: Bench, rule: str, kept: str, told: int) -> None:
    """As `ifExists` says."""
    found = await bench.bring(namespaceFiles={"namespaces": ["company.team", "other"], "ifExists": rule})
    assert (found["a.txt"], len(bench.lines)) == (kept, told)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"namespaces": ["company.team", "other"], "ifExists": "FAIL"}, "there is a file `a.txt` already"),
        ({"ifExists": "PANIC"}, "`namespaceFiles`"),
    ],
)
async def test_what_must_not_be_fails(bench: Bench, wish: dict[str, Any], said: str) -> None:
    """With a sentence."""
    with pytest.raises(UserError, match=said):
        await bench.bring(namespaceFiles=wish)


async def test_how_many_files_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of namespaces and of inputs."""
    monkeypatch.setattr("onbeat.engine.directory.MOST_FILES", 1)
    with pytest.raises(UserError, match="more than 1 files"):
        await bench.bring(namespaceFiles={})
    with pytest.raises(UserError, match="more than 1 files"):
        await bench.bring(inputFiles={"a": "", "b": ""})


async def test_trouble_with_the_disk_is_the_outsides(bench: Bench) -> None:
    """It is tried again, as the flow says."""
    bench.folder.rmdir()
    with pytest.raises(OutsideError, match="the working directory cannot be used"):
        await bench.bring(inputFiles={"a": "x"})
