"""Files: what can be read is, what cannot is told, changes are seen."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from onbeat.clock import SystemClock
from onbeat.engine import files
from onbeat.engine.files import read_files, watch
from onbeat.errors import StoreBroken
from onbeat.testing import ManualClock, settle


def test_what_cannot_be_read_hides_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links that go in circles or nowhere, a pipe, no permission: each is told; a directory by that name is a directory."""
    (tmp_path / "good.yaml").write_text("good")
    (tmp_path / "circle.yaml").symlink_to("circle.yaml")
    (tmp_path / "nowhere.yaml").symlink_to("missing")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "dir.yaml").mkdir()
    (tmp_path / "dir.yaml" / "inner.yml").write_text("inner")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "shut.yaml").write_text("shut")
    real = Path.open

    def guarded(self: Path, *args: Any) -> Any:
        if self.name == "shut.yaml":
            raise PermissionError(13, "Permission denied")
        return real(self, *args)

    monkeypatch.setattr(Path, "open", guarded)
    found = read_files([tmp_path])
    assert found.contents == {tmp_path / "dir.yaml" / "inner.yml": b"inner", tmp_path / "good.yaml": b"good"}
    assert {path.name: why.partition(":")[0] for path, why in found.unread.items()} == {
        "circle.yaml": "the file cannot be read",
        "nowhere.yaml": "this is a link that leads nowhere",
        "pipe.yaml": "this is not a file",
        "shut.yaml": "the file cannot be read",
    }
    assert found.unlisted == {}


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    """Only as much as shows that it is too large."""
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(10_000_000)
    assert len(read_files([tmp_path]).contents[tmp_path / "huge.yaml"]) == files.MAX_BYTES + 1


def test_a_directory_that_is_not_there_may_hide_files(tmp_path: Path) -> None:
    """What is below it is not deleted, what is beside it is."""
    found = read_files([tmp_path / "gone", tmp_path])
    assert found.hides(tmp_path / "gone" / "a" / "f.yaml")
    assert not found.hides(tmp_path / "f.yaml")


@asynccontextmanager
async def watching(*directories: Path, clock: Any = None) -> AsyncIterator[list[int]]:
    """A watch at work; collects how often it called."""
    calls: list[int] = []

    async def reload() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            raise ValueError("planted")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch(directories, reload, clock or SystemClock()))
        yield calls
        task.cancel()


def write(path: Path, text: str) -> None:
    """A file with that text."""
    path.write_text(text)


async def touched(path: Path, calls: list[int], more: int = 1) -> None:
    """Write until the watch has called so many times more: it may begin after the first write."""
    before, clock = len(calls), SystemClock()
    async with asyncio.timeout(30):
        while len(calls) < before + more:
            write(path, f"{clock.now()}")
            await clock.sleep(0.1)


async def test_a_change_is_told_whatever_the_last_reload_raised(tmp_path: Path) -> None:
    """A reload that raises does not end the watch."""
    async with watching(tmp_path) as calls:
        await touched(tmp_path / "a.yaml", calls, 2)


async def test_a_directory_made_later_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither was there at the start; one comes, then the other; one goes and comes again."""
    monkeypatch.setattr(files, "_LOOK_OFTEN", 100)
    first, second = tmp_path / "first", tmp_path / "second"
    async with watching(first, second) as calls:
        for directory in (first, second):
            directory.mkdir()
            await touched(directory / "a.yaml", calls)
        (second / "a.yaml").unlink()
        second.rmdir()
        second.mkdir()
        await touched(second / "b.yaml", calls, 3)


async def test_without_hints_there_is_a_look_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's limit of watches is reached: files are looked at every few seconds instead."""

    def refuse(*args: Any, **options: Any) -> Any:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr(files.watchfiles, "awatch", refuse)
    clock = ManualClock()
    async with watching(tmp_path, clock=clock) as calls:
        for n in range(1, 4):
            await clock.advance(5)
            assert len(calls) == n


async def test_a_broken_store_ends_the_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops the process, as everywhere."""

    async def broken() -> None:
        raise StoreBroken

    clock = ManualClock()
    monkeypatch.setattr(files, "_present", lambda directories: {tmp_path: (1, 1)} if clock.now() > clock_start else {})
    clock_start = clock.now()

    async def watched() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(watch([tmp_path], broken, clock))
            await clock.advance(3)
            await settle()

    with pytest.raises(ExceptionGroup) as caught:
        await watched()
    assert caught.group_contains(StoreBroken)
