"""Directories of tasks: no name and no link leads out, nothing is endless, nothing stays."""

import os
import stat
import tarfile
from pathlib import Path

import pytest

from onbeat.engine import directory
from onbeat.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory that was made."""
    made = tmp_path / "work" / "x"
    directory.make(made)
    return made


def test_only_this_user_may_look_in(folder: Path) -> None:
    """Two attempts never share one by accident."""
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    with pytest.raises(FileExistsError):
        directory.make(folder)


def test_it_is_removed_whole(folder: Path, tmp_path: Path) -> None:
    """Also what a script has closed to its own user; what a link leads to stays. Twice does no harm."""
    (tmp_path / "precious").write_text("x")
    (folder / "closed" / "deep").mkdir(parents=True)
    (folder / "closed").chmod(0)
    (folder / "link").symlink_to(tmp_path)
    folder.chmod(0o500)
    directory.remove(folder)
    directory.remove(folder)
    assert not folder.exists()
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", ".", "a\0b"])
def test_no_name_leads_out(folder: Path, name: str) -> None:
    """Names may come from events: they are refused before anything is done, for writing, looking and finding."""
    for act in (
        lambda: directory.write(folder, name, b"x", "inputFiles"),
        lambda: directory.has(folder, name, "inputFiles"),
        lambda: directory.find(folder, [name], "inputFiles"),
        lambda: directory.pack(folder, [name], "inputFiles", folder / "t"),
    ):
        with pytest.raises(UserError, match=r"`inputFiles`: .* is not a name inside the working directory"):
            act()
    assert list(folder.iterdir()) == []


def test_a_file_is_put_in_whatever_is_in_its_place(folder: Path) -> None:
    """Folders around it are made; a file or link that is there is replaced, not written through; a folder is not."""
    (folder / "target").write_text("old")
    (folder / "link").symlink_to("target")
    directory.write(folder, "link", b"new", "x")
    directory.write(folder, "a/b/c", b"1", "x")
    directory.write(folder, f"{folder}/d", b"2", "x")
    assert (folder / "target").read_text() == "old"
    assert (folder / "link").read_text() == "new"
    assert not (folder / "link").is_symlink()
    assert ((folder / "a/b/c").read_bytes(), (folder / "d").read_bytes()) == (b"1", b"2")
    with pytest.raises(UserError, match="is a folder"):
        directory.write(folder, "a/b", b"1", "x")
    directory.write(folder, "target/deep", b"3", "x")
    assert (folder / "target/deep").read_bytes() == b"3"


def test_nothing_is_written_behind_a_link_that_leads_out(folder: Path, tmp_path: Path) -> None:
    """A script may have left one for the next task of its WorkingDirectory."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "out").symlink_to(outside)
    (folder / "in").symlink_to("real")
    (folder / "real").mkdir()
    for name in ("out/x", "out/deep/x"):
        with pytest.raises(UserError, match="behind a link that leads out"):
            directory.write(folder, name, b"x", "inputFiles")
    directory.write(folder, "in/x", b"x", "inputFiles")
    assert list(outside.iterdir()) == []
    assert (folder / "real" / "x").exists()


def test_files_are_found_by_name_and_pattern(folder: Path) -> None:
    """Each once, in order; patterns that nothing fits are told. Folders, pipes and links that lead nowhere are no files."""
    for name in ("b.txt", "a.txt", "deep/c.txt", "deep/.hidden"):
        directory.write(folder, name, b"", "x")
    os.mkfifo(folder / "pipe.txt")
    (folder / "dangling.txt").symlink_to("nowhere")
    (folder / "folder.txt").mkdir()
    (folder / "again").symlink_to("deep")
    found, missing = directory.find(folder, ["*.txt", "**/*.txt", "again/c.txt", "deep/*", "no.csv", "*.md", "pipe.txt"], "x")
    assert list(found) == ["a.txt", "again/c.txt", "b.txt", "deep/.hidden", "deep/c.txt"]
    assert found["again/c.txt"] == (folder / "deep" / "c.txt").resolve()
    assert missing == ["no.csv", "*.md", "pipe.txt"]


@pytest.mark.parametrize("pattern", ["out.txt", "*.txt", "keep/out.txt"])
def test_a_link_out_of_the_directory_is_not_found(folder: Path, tmp_path: Path, pattern: str) -> None:
    """What the engine may read a script may not have it publish."""
    (tmp_path / "secret").write_text("x")
    (folder / "keep").mkdir()
    (folder / "out.txt").symlink_to(tmp_path / "secret")
    (folder / "keep" / "out.txt").symlink_to("../../../secret")
    with pytest.raises(UserError, match="is a link that leads out of the working directory"):
        directory.find(folder, [pattern], "outputFiles")


def test_a_name_that_is_no_text_is_no_file(folder: Path) -> None:
    """It could not be an address."""
    (folder / os.fsdecode(b"\xff.txt")).write_text("x")
    assert directory.find(folder, ["*.txt"], "x") == ({}, ["*.txt"])


def test_how_much_is_kept_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many files, so large, and so many that are looked at."""
    for name in ("a", "b", "c"):
        directory.write(folder, name, b"xxx", "x")
    monkeypatch.setattr(directory, "LARGEST", 2)
    with pytest.raises(UserError, match="`outputFiles`: `a` is larger than"):
        directory.find(folder, ["a"], "outputFiles")
    with pytest.raises(UserError, match=r"larger than .* together"):
        directory.pack(folder, ["*"], "cache", folder.with_suffix(".tar"))
    monkeypatch.setattr(directory, "MOST_FILES", 2)
    with pytest.raises(UserError, match="more than 2 files"):
        directory.find(folder, ["*"], "outputFiles")
    monkeypatch.setattr(directory, "MOST_LOOKED_AT", 2)
    with pytest.raises(UserError, match="holds more than 2 files"):
        directory.find(folder, ["a*"], "outputFiles")


def test_what_is_packed_is_unpacked_as_it_was(folder: Path, tmp_path: Path) -> None:
    """Contents, modes, and links within; links that lead out are left out."""
    directory.write(folder, "bin/tool", b"#!", "x")
    (folder / "bin" / "tool").chmod(0o755)
    directory.write(folder, "data.txt", b"text", "x")
    (folder / "bin" / "alias").symlink_to("tool")
    (folder / "escape").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    archive, again = tmp_path / "a.tar", tmp_path / "again"
    assert directory.pack(folder, ["**", "none"], "cache", archive) == 3
    directory.make(again)
    assert directory.unpack(again, archive, "cache") == 3
    assert sorted(path.relative_to(again).as_posix() for path in again.rglob("*")) == ["bin", "bin/alias", "bin/tool", "data.txt"]
    assert os.access(again / "bin" / "tool", os.X_OK)
    assert os.readlink(again / "bin" / "alias") == "tool"
    assert directory.pack(folder, ["*.md"], "cache", archive) == 0


@pytest.mark.parametrize("kind", ["absolute", "up", "link out", "no archive"])
def test_an_archive_that_is_not_ours_leads_nowhere(folder: Path, tmp_path: Path, kind: str) -> None:
    """Whoever can write into storage cannot write anywhere else by it."""
    archive = tmp_path / "evil.tar"
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo({"absolute": "/tmp/evil", "up": "../evil"}.get(kind, "link"))
        if kind == "link out":
            member.type, member.linkname = tarfile.SYMTYPE, "../.."
        tar.addfile(member)
    if kind == "no archive":
        archive.write_bytes(b"x" * 2_000)
    if kind == "link out":
        directory.unpack(folder, archive, "cache")
    else:
        with pytest.raises(UserError, match="`cache`"):
            directory.unpack(folder, archive, "cache")
    assert list(folder.iterdir()) == []
