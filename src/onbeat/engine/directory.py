"""Make, fill, look through and remove the directory that a task works in: the part that blocks, for threads.

A name may come from an event and a link from a script: followed blindly, either reads or overwrites what the engine may and its writer
may not.

Rules
1. Only this user may look into a directory.
2. No name leads out of it, and no link: not when files are put in, not when they are found or packed.
3. How many files are looked at, and how large they are, is bounded.
4. It is removed whole, also what a script has closed to its own user.

Called by: workspace.
"""

import os
import shutil
import stat
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from onbeat.core.globs import Globs, is_pattern
from onbeat.errors import UserError

MEGABYTE = 1024 * 1024
LARGEST = 1024 * MEGABYTE
"""Bytes of one file that is kept, and of all the files of an archive."""
MOST_FILES = 10_000
"""Files that are put in or kept at once."""
MOST_LOOKED_AT = 500_000


def make(folder: Path) -> None:
    """A new, empty directory. Raises FileExistsError."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(mode=0o700)


def remove(folder: Path) -> None:
    """Remove it with all that is in it; there may be none, or a file in its place."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        folder.chmod(0o700)
        for where, names, _ in os.walk(folder):
            for path in (os.path.join(where, name) for name in names):
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(folder, ignore_errors=True)


def place(folder: Path, name: str, what: str) -> Path:
    """Where to write a file of that name: the folders around it are there, nothing is in its place. Raises UserError.

    what: the option that names it.
    """
    *above, last = _parts(folder, name, what)
    parent, root = folder, folder.resolve()
    for part in above:
        parent = parent / part
        if not parent.is_dir():
            _clear(parent, name, what)
            parent.mkdir(mode=0o700)
        elif not parent.resolve().is_relative_to(root):
            raise UserError(f"`{what}`: `{name[:200]}` is behind a link that leads out of the working directory")
    _clear(parent / last, name, what)
    return parent / last


def write(folder: Path, name: str, data: bytes, what: str) -> None:
    """Write a file in it, in place of one that is there. Raises UserError."""
    place(folder, name, what).write_bytes(data)


def has(folder: Path, name: str, what: str) -> bool:
    """Whether there is something of that name in it. Raises UserError."""
    return os.path.lexists(folder.joinpath(*_parts(folder, name, what)))


def find(folder: Path, patterns: Sequence[str], what: str) -> tuple[dict[str, Path], list[str]]:
    """The files that fit one of the patterns, by name, with where each really is; and the patterns that no file fits. Raises UserError."""
    wanted = ["/".join(_parts(folder, pattern, what)) for pattern in patterns]
    fits = {pattern: Globs([pattern]) for pattern in wanted if is_pattern(pattern)}
    found = {name for name in wanted if name not in fits and _is_file(folder / name)}
    met = set(found)
    for name in _names(folder) if fits else ():
        here = [pattern for pattern, fit in fits.items() if fit(name)]
        if here and _is_file(folder / name):
            found.add(name)
            met.update(here)
            if len(found) > MOST_FILES:
                raise UserError(f"`{what}`: more than {MOST_FILES:,} files; pack them into one")
    return {name: _sound(folder, name, what) for name in sorted(found)}, [each for each in dict.fromkeys(wanted) if each not in met]


def pack(folder: Path, patterns: Sequence[str], what: str, target: Path) -> int:
    """Write an archive of the files that fit, links within the directory as links; how many. Raises UserError."""
    fits = Globs("/".join(_parts(folder, pattern, what)) for pattern in patterns)
    root, count, room = folder.resolve(), 0, LARGEST
    with tarfile.open(target, mode="w") as tar:
        for name in _names(folder):
            path = folder / name
            if not fits(name) or not path.resolve().is_relative_to(root):
                continue
            if path.is_symlink():
                tar.addfile(tar.gettarinfo(path, name))
            elif _is_file(path):
                with _opened(path) as file:
                    member = tar.gettarinfo(arcname=name, fileobj=file)
                    room -= member.size
                    if room < 0:
                        raise UserError(f"`{what}`: the files are larger than {LARGEST // MEGABYTE:,} MB together")
                    tar.addfile(member, file)
            else:
                continue
            count += 1
    return count


def unpack(folder: Path, source: Path, what: str) -> int:
    """Put the files of an archive of ours into it; how many. Raises UserError."""
    root, count = folder.resolve(), 0
    try:
        with tarfile.open(source, mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is not None:
                    path = place(folder, member.name, what)
                    with content, open(path, "wb") as file:
                        shutil.copyfileobj(content, file)
                    path.chmod(member.mode & 0o700 | stat.S_IRUSR | stat.S_IWUSR)
                elif member.issym():
                    path = place(folder, member.name, what)
                    if (path.parent / member.linkname).resolve().is_relative_to(root):
                        path.symlink_to(member.linkname)
                count += 1
    except tarfile.TarError as problem:
        raise UserError(f"`{what}`: what was kept is no archive: {problem}") from None
    return count


def _parts(folder: Path, name: str, what: str) -> tuple[str, ...]:
    """The names on the way to a file. Raises UserError when it is not one inside of the directory."""
    inner = name.removeprefix(f"{folder}/")
    parts = PurePosixPath(inner).parts
    if not parts or inner.startswith("/") or ".." in parts or "\0" in name:
        raise UserError(f"`{what}`: `{name[:200]}` is not a name inside the working directory")
    return parts


def _clear(path: Path, name: str, what: str) -> None:
    """Take away what is in the place of something new."""
    if path.is_dir() and not path.is_symlink():
        raise UserError(f"`{what}`: `{name[:200]}` is a folder in the working directory")
    path.unlink(missing_ok=True)


def _sound(folder: Path, name: str, what: str) -> Path:
    """Where a file of the directory really is. Raises UserError when that is outside, and when it is too large."""
    real = (folder / name).resolve()
    if not real.is_relative_to(folder.resolve()):
        raise UserError(f"`{what}`: `{name}` is a link that leads out of the working directory")
    if real.stat().st_size > LARGEST:
        raise UserError(f"`{what}`: `{name}` is larger than {LARGEST // MEGABYTE:,} MB")
    return real


def _opened(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _names(folder: Path) -> Iterator[str]:
    """The paths of all in it that is no folder; a link to a folder is not gone into. Raises UserError when there are too many."""
    count = 0
    for where, below, names in os.walk(folder):
        inner = os.path.relpath(where, folder)
        links = [name for name in below if os.path.islink(os.path.join(where, name))]
        for name in sorted([*names, *links]):
            count += 1
            if count > MOST_LOOKED_AT:
                raise UserError(f"the working directory holds more than {MOST_LOOKED_AT:,} files")
            path = name if inner == "." else f"{inner}/{name}"
            if _is_text(path):
                yield path
        below.sort()


def _is_text(path: str) -> bool:
    """Whether the name is UTF-8: another one cannot be an address."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
