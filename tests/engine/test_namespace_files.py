"""Files of namespaces: kept under the namespace, chosen by patterns, never outside."""

from pathlib import Path

import pytest

from onbeat.engine.namespace_files import KeptFiles, chooser
from onbeat.engine.storage import LocalStorage
from onbeat.errors import NotFound, Refused, UserError


@pytest.fixture
def files(tmp_path: Path) -> KeptFiles:
    return KeptFiles(LocalStorage(tmp_path))


async def test_what_is_written_is_read(files: KeptFiles, tmp_path: Path) -> None:
    """By its path, with or without a slash before it; by its address too; of its own namespace only."""
    await files.write("a.b", "/d/x.sql", b"one")
    await files.write("a.b", "d/x.sql", b"two")
    assert await files.read("a.b", "d/x.sql") == await files.read("a.b", "/d/x.sql") == b"two"
    assert await LocalStorage(tmp_path).get("kestra:///a/b/_files/d/x.sql") == b"two"
    with pytest.raises(NotFound, match=r"no file `d/x.sql` in namespace a$"):
        await files.read("a", "d/x.sql")
    assert await files.namespaces() == ["a.b"]


@pytest.mark.parametrize("namespaces", [("a.b", "a..b"), ("a", "a._files"), ("a", "a.b"), ("a.b", "a-b")])
async def test_namespaces_do_not_share(files: KeptFiles, namespaces: tuple[str, str]) -> None:
    """Whatever they are called."""
    for namespace in namespaces:
        await files.write(namespace, "b/_files/x", namespace.encode())
    for namespace in namespaces:
        assert await files.read(namespace, "b/_files/x") == namespace.encode()
        assert await files.names(namespace) == ["b/_files/x"]
    assert await files.namespaces() == sorted(namespaces)


@pytest.mark.parametrize("path", ["", "/", "../x", "a/../../x", "a/./b", "a\0"])
async def test_no_path_leads_out(files: KeptFiles, path: str) -> None:
    """For reading, writing, removing, moving and making folders."""
    for action in (
        files.read("a", path),
        files.write("a", path, b""),
        files.delete("a", path),
        files.move("a", path, "x"),
        files.move("a", "x", path),
        files.make_folder("a", path),
    ):
        with pytest.raises(UserError, match="not a path"):
            await action
    for action in (files.read("../a", "x"), files.names("a/b"), files.entries("A"), files.look(".")):
        with pytest.raises(UserError, match="not a namespace"):
            await action


@pytest.mark.parametrize(
    ("include", "exclude", "chosen"),
    [
        ([], [], ["a.sql", "d/a.sql", "d/e/b.py", "z.txt"]),
        (["a.sql"], [], ["a.sql", "d/a.sql"]),
        (["/a.sql"], [], ["a.sql"]),
        (["glob:a.sql"], [], ["a.sql"]),
        (["*.sql"], [], ["a.sql"]),
        (["**.sql", "e/*"], [], ["a.sql", "d/a.sql", "d/e/b.py"]),
        (["**/d/**"], [], ["d/a.sql", "d/e/b.py"]),
        (["d/**"], ["**.py"], ["d/a.sql"]),
        ([], ["d/**", "z.txt"], ["a.sql"]),
    ],
)
async def test_files_are_chosen_as_kestra_does(files: KeptFiles, include: list[str], exclude: list[str], chosen: list[str]) -> None:
    """Included first, then excluded."""
    for path in ("a.sql", "d/a.sql", "d/e/b.py", "z.txt"):
        await files.write("n", path, b"")
    assert await files.names("n", include, exclude) == chosen


def test_a_regular_expression_is_told() -> None:
    """With what to write instead."""
    with pytest.raises(UserError, match="do not choose files"):
        chooser(["regex:.*"], [])


async def test_removing_takes_empty_folders_along(files: KeptFiles) -> None:
    """A file, a folder with all in it; the namespace's own folder stays."""
    for path in ("d/e/a", "d/e/b", "d/c", "x"):
        await files.write("n", path, b"")
    assert await files.delete("n", "d/e/a") == 1
    assert await files.delete("n", "d/e") == 1
    assert [entry.name for entry in await files.entries("n", "d")] == ["c"]
    assert await files.delete("n", "d/c") == 1
    assert [entry.name for entry in await files.entries("n")] == ["x"]
    assert await files.delete("n", "nothing") == 0


async def test_folders_are_listed(files: KeptFiles) -> None:
    """With what they hold; the namespace's own is there even with nothing in it."""
    assert await files.entries("n") == []
    await files.make_folder("n", "d/empty")
    await files.write("n", "d/a.txt", b"123")
    found = await files.entries("n", "d")
    assert [(entry.name, entry.folder, entry.size) for entry in found] == [("a.txt", False, 3), ("empty", True, 0)]
    assert (await files.look("n", "d/a.txt")).size == 3
    assert (await files.look("n", "d")).folder
    assert (await files.look("n")).folder
    with pytest.raises(NotFound):
        await files.look("n", "nothing")
    with pytest.raises(NotFound):
        await files.entries("n", "d/a.txt")


async def test_moving(files: KeptFiles) -> None:
    """A file or a folder, to where nothing is; not into itself."""
    await files.write("n", "d/a", b"1")
    await files.write("n", "b", b"2")
    await files.move("n", "d/a", "e/f/a")
    assert await files.names("n") == ["b", "e/f/a"]
    await files.move("n", "e", "g")
    assert await files.names("n") == ["b", "g/f/a"]
    with pytest.raises(Refused, match="already"):
        await files.move("n", "b", "g/f/a")
    with pytest.raises(UserError, match="into itself"):
        await files.move("n", "g", "g/h")
    with pytest.raises(NotFound):
        await files.move("n", "nothing", "x")


async def test_a_file_is_no_folder(files: KeptFiles) -> None:
    """Told as what it is, not as a broken disk."""
    await files.write("n", "a", b"1")
    await files.write("n", "d/b", b"1")
    for action in (files.write("n", "a/b", b"2"), files.write("n", "d", b"2"), files.make_folder("n", "a/c"), files.move("n", "d", "a/d")):
        with pytest.raises(UserError, match="cannot have the same path"):
            await action
    with pytest.raises(UserError, match="too long"):
        await files.write("n", "x" * 300, b"")
