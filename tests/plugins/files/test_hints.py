"""The real watcher, and what ends it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from watchfiles import Change

from onbeat.errors import OutsideError
from onbeat.plugins.files import hints as module
from onbeat.plugins.files.hints import MANY, Hints


@pytest.fixture
async def hints() -> AsyncIterator[Hints]:
    hints = Hints(polling=False)
    yield hints
    hints.close()


def inodes(*places: Path) -> dict[str, int]:
    return {str(place): place.stat().st_ino for place in places}


async def heard(hints: Hints, what: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not what():
            await hints.wait()
            hints._heard.clear()


async def test_when_watch_returns_changes_are_heard(hints: Hints, tmp_path: Path) -> None:
    """No change after that is missed; one in a directory that is not watched is not heard."""
    below = tmp_path / "below"
    below.mkdir()
    assert await hints.watch(inodes(tmp_path))
    (below / "b").write_text("x")
    (tmp_path / "a").write_text("x")
    await heard(hints, lambda: bool(hints.paths))
    assert hints.take() == ({str(tmp_path / "a")}, set(), False)
    assert await hints.watch(inodes(tmp_path, below))
    (below / "c").write_text("x")
    await heard(hints, lambda: str(below / "c") in hints.paths)
    assert not await hints.watch(inodes(tmp_path, below)), "the same directories are not listened to anew"


async def test_a_directory_replaced_by_another_is_listened_to_anew(hints: Hints, tmp_path: Path) -> None:
    """The name is the same, the directory is not."""
    place = tmp_path / "in"
    place.mkdir()
    await hints.watch(inodes(place))
    place.rename(tmp_path / "old")
    place.mkdir()
    assert await hints.watch(inodes(place))
    (place / "a").write_text("x")
    await heard(hints, lambda: str(place / "a") in hints.paths)


async def test_a_rename_is_told(hints: Hints, tmp_path: Path) -> None:
    """The new name is one that arrived; a file that is created is not."""
    await hints.watch(inodes(tmp_path))
    (tmp_path / "a.tmp").write_text("x")
    (tmp_path / "a.tmp").rename(tmp_path / "a")
    await heard(hints, lambda: str(tmp_path / "a") in hints.arrived)
    hints.take()
    hints.hear({(Change.added, "/in/b"), (Change.deleted, "/other/c"), (Change.modified, "/in/d")})
    assert hints.take() == ({"/in/b", "/other/c", "/in/d"}, set(), False)


async def test_a_name_that_is_not_utf8_loses_the_watcher_and_is_told(hints: Hints, tmp_path: Path) -> None:
    """watchfiles ends there; whoever listens is told to look at everything, and may listen again."""
    await hints.watch(inodes(tmp_path))
    (tmp_path / os.fsdecode(b"\xff")).write_text("x")
    await heard(hints, lambda: hints.lost)
    assert hints.directories == {}
    assert await hints.watch(inodes(tmp_path))
    (tmp_path / "a").write_text("x")
    await heard(hints, lambda: str(tmp_path / "a") in hints.paths)


async def test_too_many_changes_are_told_as_lost(hints: Hints) -> None:
    """A queue may have run over: no list of them can be trusted, and none is kept."""
    hints.hear({(Change.added, f"/in/{number}") for number in range(MANY)})
    assert hints.take() == (set(), set(), True)
    for start in range(0, module.KEPT + MANY, MANY - 1):
        hints.hear({(Change.added, f"/in/{number}") for number in range(start, start + MANY - 1)})
    assert hints.lost
    assert len(hints.paths) < module.KEPT


async def test_a_directory_that_went_meanwhile_is_told_as_lost(hints: Hints, tmp_path: Path) -> None:
    """It is for the next look to find out."""
    assert not await hints.watch({str(tmp_path / "gone"): 1})
    assert hints.take() == (set(), set(), True)


async def test_without_watches_left_it_polls_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's limit is reached: slower, but nothing is missed."""
    watch = module.watch

    def limited(*paths: str, force_polling: bool, **options: object) -> object:
        if not force_polling:
            raise OSError("OS file watch limit reached")
        return watch(*paths, force_polling=True, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "watch", limited)
    monkeypatch.setattr(module, "_POLL", 20)
    hints = Hints(polling=False)
    await hints.watch(inodes(tmp_path))
    assert "max_user_watches" in (hints.trouble or "")
    (tmp_path / "a").write_text("x")
    await heard(hints, lambda: str(tmp_path / "a") in hints.paths)
    hints.close()


async def test_where_nothing_can_be_watched_it_is_an_error_of_the_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The source is run again with back-off."""

    def broken(*paths: str, **options: object) -> object:
        raise OSError("no")

    monkeypatch.setattr(module, "watch", broken)
    with pytest.raises(OutsideError, match="no"):
        await Hints(polling=False).watch(inodes(tmp_path))
