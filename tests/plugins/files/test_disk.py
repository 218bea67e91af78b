"""The way to files: below the root, no links, the version that was looked at."""

import os
import threading
from pathlib import Path

import pytest

from onbeat.plugins.files import disk
from onbeat.plugins.files.disk import Version


def scan(root: Path, deep: bool = True) -> disk.Listing:
    return disk.scan(str(root), deep, True, lambda path: path.endswith(".tmp"))


def version(root: Path, path: str) -> Version:
    found = disk.look(str(root), [path], True)[path]
    assert found is not None
    return found


def test_only_regular_files_are_listed_and_links_lead_nowhere(tmp_path: Path) -> None:
    """A link to a file, to a directory outside, to the root itself, a pipe and a socket are not files; nothing outside is seen."""
    root, outside = tmp_path / "in", tmp_path / "out"
    (root / "sub").mkdir(parents=True)
    outside.mkdir()
    for place in (root / "a", root / "sub" / "b", root / "c.tmp", outside / "secret"):
        place.write_text("x")
    (root / "file-link").symlink_to(outside / "secret")
    (root / "directory-link").symlink_to(outside)
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe")
    listing = scan(root)
    assert sorted(listing.files) == ["a", "sub/b"]
    assert sorted(listing.directories) == ["", "sub"]
    assert sorted(scan(root, deep=False).files) == ["a"]
    paths = ["file-link", "directory-link/secret", "loop/a", "pipe", "sub", "nothing", "../out/secret"]
    assert disk.look(str(root), paths[:-1], True) == dict.fromkeys(paths[:-1])
    assert not disk.is_directory(str(root), "directory-link")
    assert disk.is_directory(str(root), "sub")


def test_a_directory_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no evidence that its files have gone."""
    (tmp_path / "shut").mkdir()
    opened = os.open

    def refuse(path: object, *args: object, **kwargs: object) -> int:
        if path == "shut":
            raise PermissionError(13, "Permission denied", "shut")
        return opened(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)
    assert scan(tmp_path).unread == {"shut"}


def test_what_is_read_is_the_version_that_was_looked_at(tmp_path: Path) -> None:
    """Another content, a link put in its place, a pipe that would block: nothing is read."""
    root, file = str(tmp_path), tmp_path / "a"
    file.write_bytes(b"one")
    seen = version(tmp_path, "a")
    assert disk.read(root, "a", seen) == b"one"
    assert disk.digest(root, "a", seen) == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    file.write_bytes(b"other")
    assert (disk.read(root, "a", seen), disk.digest(root, "a", seen)) == (None, None)
    secret = tmp_path / "secret"
    secret.write_bytes(b"one")
    file.unlink()
    file.symlink_to(secret)
    assert disk.read(root, "a", version(tmp_path, "secret")) is None
    file.unlink()
    os.mkfifo(file)
    assert disk.read(root, "a", seen) is None


def test_a_directory_swapped_for_a_link_between_look_and_read_leads_nowhere(tmp_path: Path) -> None:
    """However often it is swapped, what is read is never the file outside."""
    root, outside = tmp_path / "in", tmp_path / "out"
    for place, text in ((root / "d", "inside"), (outside, "secret")):
        place.mkdir(parents=True)
        (place / "f").write_text(text)
    seen = version(outside, "f")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(root / "d", root / "kept")
            os.symlink(outside, root / "d")
            os.unlink(root / "d")
            os.rename(root / "kept", root / "d")

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for _ in range(2_000):
            assert disk.read(str(root), "d/f", seen) is None
            listing = scan(root)
            assert seen not in listing.files.values()
    finally:
        stop.set()
        swapper.join()


def test_a_file_that_is_open_for_writing_is_told_from_one_that_is_closed(tmp_path: Path) -> None:
    """The kernel knows; readers do not matter."""
    file = tmp_path / "a"
    with file.open("w") as writing:
        writing.write("x")
        assert not disk.is_closed(str(tmp_path), "a")
    with file.open():
        assert disk.is_closed(str(tmp_path), "a")
    assert not disk.is_closed(str(tmp_path), "nothing")


def test_moving_replaces_nothing_and_is_done_once(tmp_path: Path) -> None:
    """A name that is taken gets the version in it; a second move of the same is no error; another file in the way is."""
    root, done = str(tmp_path), tmp_path / "done"
    (tmp_path / "a.csv").write_text("one")
    seen = version(tmp_path, "a.csv")
    target = disk.free_name(str(done), "a.csv", seen, set())
    assert target == str(done / "a.csv")
    disk.link(root, "a.csv", seen, target)
    assert disk.free_name(str(done), "a.csv", seen, set()) == target, "after a crash the link is known again"
    disk.move(root, "a.csv", seen, target)
    assert [entry.name for entry in tmp_path.iterdir()] == ["done"]
    assert (done / "a.csv").read_text() == "one"
    with pytest.raises(FileNotFoundError):
        disk.move(root, "a.csv", seen, target)
    (tmp_path / "a.csv").write_text("two")
    second = version(tmp_path, "a.csv")
    other = disk.free_name(str(done), "a.csv", second, set())
    assert other == str(done / f"a-{second.modified}-{second.inode}.csv")
    with pytest.raises(FileExistsError):
        disk.move(root, "a.csv", second, target)
    disk.move(root, "a.csv", second, other)
    assert sorted(entry.read_text() for entry in done.iterdir()) == ["one", "two"]


def test_a_version_that_changed_is_neither_moved_nor_deleted(tmp_path: Path) -> None:
    """It has not been started yet."""
    file = tmp_path / "a"
    file.write_text("one")
    seen = version(tmp_path, "a")
    file.write_text("three")
    disk.link(str(tmp_path), "a", seen, str(tmp_path / "done" / "a"))
    disk.move(str(tmp_path), "a", seen, str(tmp_path / "done" / "a"))
    disk.delete(str(tmp_path), "a", seen)
    assert file.read_text() == "three"
    assert not (tmp_path / "done" / "a").exists()
    disk.delete(str(tmp_path), "a", version(tmp_path, "a"))
    assert not file.exists()


def test_a_local_directory_is_not_remote(tmp_path: Path) -> None:
    """What the kernel lists as the file system of the directory decides."""
    assert not disk.is_remote(str(tmp_path))
