"""Keep bytes in files under the data directory, by `kestra:///…` addresses.

Rules
1. A file is whole or not there: written beside, synced, renamed, the directory synced.
2. No address leads out of the root, whatever is in it.
3. A full disk is Overloaded: whoever keeps a value waits, and nothing half written is left.

Called by: payloads for large values, tasks that keep files; housekeeping removes what nobody refers to any more.
"""

import asyncio
import errno
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

from onbeat.errors import NotFound, OutsideError, Overloaded, UserError

SCHEME = "kestra:///"
_EXECUTIONS = "*/*/executions/*"
T = TypeVar("T")


class LocalStorage:
    """ports.Storage on a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, path: str, data: bytes) -> str:
        """Keep it; returns the address."""
        target = self._file(path)
        try:
            await asyncio.to_thread(_write, target, data)
        except OSError as problem:
            raise _explained(problem, "keep") from problem
        return SCHEME + path

    async def get(self, uri: str) -> bytes:
        """The bytes of an address. Raises NotFound."""
        return await self._look(uri, Path.read_bytes)

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
        return await asyncio.to_thread(lambda: sorted(path.relative_to(self._root).as_posix() for path in self._root.glob(_EXECUTIONS)))

    async def delete(self, prefix: str) -> int:
        """Remove all under a path."""
        return await asyncio.to_thread(_remove, self._file(prefix))

    async def files(self, prefix: str) -> Sequence[tuple[str, int]]:
        """The files under a path, with their sizes."""
        return await asyncio.to_thread(self._list, self._file(prefix))

    def _list(self, under: Path) -> list[tuple[str, int]]:
        found = (path for path in under.rglob("*") if path.is_file() and not path.name.startswith(".~"))
        return sorted((path.relative_to(self._root).as_posix(), path.stat().st_size) for path in found)

    def _file(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or any(part in ("..", ".") or "\0" in part for part in parts):
            raise UserError(f"`{path[:200]}` is not an address in storage")
        return self._root.joinpath(*parts)


def _explained(problem: OSError, what: str) -> OutsideError:
    """Names what is wrong with the disk, never what was kept."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return Overloaded("the disk is full: make room in the data folder")
    return OutsideError(f"storage could not {what} a value: {problem.strerror}")


def _size(target: Path) -> int:
    if target.is_dir():
        raise IsADirectoryError
    return target.stat().st_size


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = target.with_name(f".~{target.name}.{os.getpid()}.{id(data):x}")
    try:
        with open(half, "wb") as file:
            file.write(data)
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


def _remove(target: Path) -> int:
    if target.is_file():
        target.unlink()
        return 1
    count = sum(1 for path in target.rglob("*") if path.is_file()) if target.is_dir() else 0
    shutil.rmtree(target, ignore_errors=True)
    return count
