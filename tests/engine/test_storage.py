"""Storage: whole files by address, and no way out of the root."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from onbeat.engine.storage import LocalStorage
from onbeat.errors import NotFound, OutsideError, Overloaded, UserError


async def test_what_is_put_is_got(tmp_path: Path) -> None:
    """Under its address, replaced when put again; no half file is left beside it."""
    storage = LocalStorage(tmp_path)
    uri = await storage.put("ns/flow/x.json", b"one")
    assert uri == "kestra:///ns/flow/x.json"
    assert await storage.get(uri) == b"one"
    assert await storage.put("ns/flow/x.json", b"two") == uri
    assert await storage.get(uri) == b"two"
    assert [path.name for path in (tmp_path / "ns" / "flow").iterdir()] == ["x.json"]


async def test_delete_removes_all_under_a_path(tmp_path: Path) -> None:
    """And says how many files; a path with nothing under it is no error."""
    storage = LocalStorage(tmp_path)
    for name in ("a/1", "a/b/2", "c/3"):
        await storage.put(name, b"x")
    assert await storage.delete("a") == 2
    assert await storage.delete("a") == 0
    assert await storage.delete("c/3") == 1
    with pytest.raises(NotFound):
        await storage.get("kestra:///a/1")


async def test_files_lists_what_is_under_a_path(tmp_path: Path) -> None:
    """With sizes, sorted; hidden names too; nothing is no error."""
    storage = LocalStorage(tmp_path)
    for name in ("a/b/.env", "a/1", "c/3"):
        await storage.put(name, b"xy")
    assert await storage.files("a") == [("a/1", 2), ("a/b/.env", 2)]
    assert await storage.files("b") == []


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "", "a/\0b", "..", "a/.."])
async def test_no_address_leads_out(tmp_path: Path, path: str) -> None:
    """Whatever is in it, for reading, writing and deleting."""
    storage = LocalStorage(tmp_path)
    for action in (storage.put(path, b"x"), storage.get(f"kestra:///{path}"), storage.delete(path)):
        with pytest.raises(UserError):
            await action


async def test_a_directory_is_not_a_value(tmp_path: Path) -> None:
    """Reading one is as if it were not there."""
    storage = LocalStorage(tmp_path)
    await storage.put("a/b", b"x")
    with pytest.raises(NotFound):
        await storage.get("kestra:///a")


@pytest.mark.parametrize(
    ("code", "error"), [(errno.ENOSPC, Overloaded), (errno.EDQUOT, Overloaded), (errno.EIO, OutsideError)], ids=["full", "quota", "broken"]
)
async def test_a_disk_that_refuses_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, error: type[Exception]
) -> None:
    """A full one is Overloaded: whoever keeps a value waits. What was there stays, and no half file is left."""
    storage = LocalStorage(tmp_path)
    uri = await storage.put("a/b.json", b"old")

    def refuse(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(error):
            await storage.put("a/b.json", b"new")
    assert await storage.get(uri) == b"old"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]


async def test_the_size_of_a_value(tmp_path: Path) -> None:
    """Without reading it; nothing there, or a directory, is not found."""
    storage = LocalStorage(tmp_path)
    assert await storage.size(await storage.put("a/b.json", b"12345")) == 5
    for uri in ("kestra:///a", "kestra:///a/none"):
        with pytest.raises(NotFound):
            await storage.size(uri)


async def test_a_large_file_is_copied_in_and_out(tmp_path: Path) -> None:
    """From and to a local file; what is not there is told, and no file is left."""
    storage = LocalStorage(tmp_path / "s")
    (tmp_path / "in").write_bytes(b"x" * 3_000_000)
    uri = await storage.keep("a/b", tmp_path / "in")
    await storage.fetch(uri, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"x" * 3_000_000
    with pytest.raises(NotFound):
        await storage.fetch("kestra:///a/none", tmp_path / "other")
    with pytest.raises(OutsideError):
        await storage.keep("a/c", tmp_path / "none")
    assert [path.name for path in (tmp_path / "s" / "a").iterdir()] == ["b"]


async def test_executions_are_found_wherever_their_flow_is(tmp_path: Path) -> None:
    """With dots as folders, as before, of flows whose names look like folders; what an execution holds is none."""
    storage = LocalStorage(tmp_path)
    id_ = "5Xkz6sVY0AFVuPuRMG3OQh"
    there = [f"a/b/f/executions/{id_}", f"a.b/f/executions/{id_}", f"a/b/executions/executions/{id_}", f"a/f/executions/{id_}"]
    for path in there:
        await storage.put(f"{path}/executions/{id_}/x", b"")
    for path in ("a/b/f/executions/short", f"executions/{id_}", f"a/executions/{id_}", f"a/_files/executions/{id_}"):
        await storage.put(f"{path}/x", b"")
    assert await storage.executions() == sorted(there)


async def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    """Writing and tidying the same folder at once loses no file."""
    storage = LocalStorage(tmp_path)

    async def one(n: int) -> None:
        await storage.put(f"a/b/{n}", b"x")
        await storage.delete(f"a/b/{n}")
        await storage.tidy("a/b", "a")

    await asyncio.gather(*(one(n) for n in range(50)))
    await storage.put("a/b/last", b"x")
    assert await storage.files("a") == [("a/b/last", 1)]
