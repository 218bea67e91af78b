"""Keep bytes in files under the data directory, by `kestra:///…` addresses.

Rules
1. A file is whole or not there: written beside, synced, renamed, the directory synced.
2. No address leads out of the root, whatever is in it.
3. A full disk is Overloaded: whoever keeps a value waits, and nothing half written is left.
4. A large file is copied in and out piece by piece, never held in memory.

Called by: payloads for large values, tasks that keep files, namespace_files; housekeeping removes what nobody refers to any more.
"""

import asyncio
import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, TypeVar

from onbeat.core.addresses import EXECUTIONS, FILES, SCHEME, namespace_file_of
from onbeat.core.event import Micros
from onbeat.core.ids import LENGTH
from onbeat.errors import NotFound, OnbeatError, OutsideError, Overloaded, Refused, UserError

_HALF = ".~"
"""How the name of a file begins that is being written."""
_TRIES = 5
T = TypeVar("T")


class Entry(NamedTuple):
    """What is in a folder. size: of a file, in bytes."""

    name: str
    folder: bool
    size: int
    modified: Micros


class LocalStorage:
    """ports.Storage on a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, path: str, data: bytes) -> str:
        """Keep it; returns the address."""
        return await self._keep(path, lambda file: file.write(data))

    async def keep(self, path: str, source: Path) -> str:
        """Keep what a local file holds; returns the address."""

        def fill(file: BinaryIO) -> None:
            with open(source, "rb") as given:
                shutil.copyfileobj(given, file)

        return await self._keep(path, fill)

    async def _keep(self, path: str, fill: Callable[[BinaryIO], object]) -> str:
        target = self._file(path)
        try:
            await asyncio.to_thread(_write, target, fill)
        except OSError as problem:
            raise _explained(problem, "keep") from problem
        return SCHEME + path

    async def get(self, uri: str) -> bytes:
        """The bytes of an address. Raises NotFound."""
        return await self._look(uri, Path.read_bytes)

    async def fetch(self, uri: str, target: Path) -> None:
        """Copy what is at an address into a local file. Raises NotFound."""
        await self._look(uri, lambda found: shutil.copyfile(found, target))

    async def size(self, uri: str) -> int:
        """How many bytes are at an address. Raises NotFound."""
        return await self._look(uri, _size)

    async def _look(self, uri: str, look: Callable[[Path], T]) -> T:
        target = self._file(uri.removeprefix(SCHEME))
        try:
            return await asyncio.to_thread(look, target)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(f"there is nothing at {uri}") from None
        except OSError as problem:
            raise _explained(problem, "read") from problem

    async def executions(self) -> Sequence[str]:
        """The paths of all executions that have kept something: `<namespace>/<flow>/executions/<id>`."""
        return await asyncio.to_thread(lambda: sorted(_executions(self._root)))

    async def namespaces(self) -> Sequence[str]:
        """The namespaces that have a folder of files."""
        return await asyncio.to_thread(lambda: sorted(_namespaces(self._root)))

    async def delete(self, prefix: str) -> int:
        """Remove all under a path."""
        return await asyncio.to_thread(_remove, self._file(prefix))

    async def remove(self, uri: str) -> bool:
        """Remove the file at an address; whether it was there."""
        try:
            await self.size(uri)
        except NotFound:
            return False
        return await self.delete(uri.removeprefix(SCHEME)) > 0

    async def files(self, prefix: str) -> Sequence[tuple[str, int]]:
        """The files under a path, with their sizes."""
        return await asyncio.to_thread(self._list, self._file(prefix))

    def _list(self, under: Path) -> list[tuple[str, int]]:
        found = (path for path in under.rglob("*") if path.is_file() and not path.name.startswith(_HALF))
        return sorted((path.relative_to(self._root).as_posix(), path.stat().st_size) for path in found)

    # ---- folders, for the files of namespaces ----------------------------------------------------------------------

    async def entry(self, path: str) -> Entry:
        """What is at a path, a file or a folder. Raises NotFound."""
        return await self._look(path, _entry)

    async def entries(self, path: str) -> Sequence[Entry]:
        """What is in a folder, by name. Raises NotFound."""
        return await self._look(path, lambda folder: sorted(_entry(each) for each in folder.iterdir() if not each.name.startswith(_HALF)))

    async def make_folder(self, path: str) -> None:
        """Make a folder; one that is there is left as it is."""
        target = self._file(path)
        try:
            await asyncio.to_thread(target.mkdir, parents=True, exist_ok=True, mode=0o700)
        except OSError as problem:
            raise _explained(problem, "keep") from problem

    async def move(self, path: str, to: str) -> None:
        """Give a file or folder another path. Raises NotFound, Refused when there is something already."""
        source, target = self._file(path), self._file(to)
        try:
            await asyncio.to_thread(_move, source, target)
        except FileNotFoundError:
            raise NotFound(f"there is nothing at {path}") from None
        except OSError as problem:
            raise _explained(problem, "keep") from problem

    async def tidy(self, path: str, root: str) -> None:
        """Remove a folder that is empty, and those above it that then are, up to `root`, which stays."""
        await asyncio.to_thread(_tidy, self._file(path), self._file(root))

    def _file(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or any(part in ("..", ".") or "\0" in part for part in parts):
            raise UserError(f"`{path[:200]}` is not an address in storage")
        return self._root.joinpath(*parts)


def _explained(problem: OSError, what: str) -> OnbeatError:
    """Names what is wrong with the disk or the path, never what was kept."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return Overloaded("the disk is full: make room in the data folder")
    if problem.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
        return UserError("a file and a folder cannot have the same path; choose another")
    if problem.errno == errno.ENAMETOOLONG:
        return UserError("the path is too long; a name in it may have 255 bytes")
    return OutsideError(f"storage could not {what} a value: {problem.strerror}")


def _size(target: Path) -> int:
    if target.is_dir():
        raise IsADirectoryError
    return target.stat().st_size


def _entry(target: Path) -> Entry:
    facts, folder = target.stat(), target.is_dir()
    return Entry(target.name, folder, 0 if folder else facts.st_size, facts.st_mtime_ns // 1_000)


def _write(target: Path, fill: Callable[[BinaryIO], object]) -> None:
    half = target.with_name(f"{_HALF}{target.name[:200]}.{os.getpid()}.{id(fill):x}")
    try:
        with _opened(half) as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        half.replace(target)
    except OSError:
        half.unlink(missing_ok=True)
        raise
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _opened(half: Path) -> BinaryIO:
    """The file, its folder made. Somebody may take an empty folder away at this moment: then it is made again."""
    for _ in range(_TRIES):
        half.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return open(half, "wb")
        except FileNotFoundError:
            continue
    raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))


def _remove(target: Path) -> int:
    if target.is_file():
        target.unlink()
        return 1
    count = sum(1 for path in target.rglob("*") if path.is_file()) if target.is_dir() else 0
    shutil.rmtree(target, ignore_errors=True)
    return count


def _move(source: Path, target: Path) -> None:
    if not source.exists():
        raise FileNotFoundError
    if target.exists():
        raise Refused(f"there is something at `{target.name}` already; remove it first")
    if source in target.parents:
        raise UserError("a folder cannot be moved into itself")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    source.rename(target)


def _tidy(folder: Path, root: Path) -> None:
    while root in folder.parents:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return
        folder = folder.parent


def _executions(root: Path) -> Iterator[str]:
    for place, below in _folders(root):
        if place.name == EXECUTIONS and len(place.relative_to(root).parts) > 2:
            yield from ((place / name).relative_to(root).as_posix() for name in below if len(name) == LENGTH)


def _namespaces(root: Path) -> Iterator[str]:
    for place, below in _folders(root):
        found = namespace_file_of(f"{place.relative_to(root).as_posix()}/{FILES}/x") if FILES in below else None
        if found is not None:
            yield found[0]


def _folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folders of namespaces and flows with the names of those in them; what executions hold is not walked through."""
    for place, below, _ in os.walk(root):
        yield Path(place), list(below)
        inside = Path(place).name == EXECUTIONS
        below[:] = [name for name in below if name != FILES and not (inside and len(name) == LENGTH)]
