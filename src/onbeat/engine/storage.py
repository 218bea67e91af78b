"""Keep bytes in files under the data directory, by `kestra:///…` addresses.

Rules
1. A file is whole or not there: written beside, synced, renamed, the directory synced.
2. No address leads out of the root, whatever is in it.

Called by: payloads for large values, tasks that keep files.
"""

import asyncio
import os
import shutil
from pathlib import Path, PurePosixPath

from onbeat.errors import NotFound, UserError

SCHEME = "kestra:///"


class LocalStorage:
    """ports.Storage on a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, path: str, data: bytes) -> str:
        """Keep it; returns the address."""
        target = self._file(path)
        await asyncio.to_thread(_write, target, data)
        return SCHEME + path

    async def get(self, uri: str) -> bytes:
        """The bytes of an address. Raises NotFound."""
        target = self._file(uri.removeprefix(SCHEME))
        try:
            return await asyncio.to_thread(target.read_bytes)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise NotFound(f"there is nothing at {uri}") from None

    async def delete(self, prefix: str) -> int:
        """Remove all under a path."""
        return await asyncio.to_thread(_remove, self._file(prefix))

    def _file(self, path: str) -> Path:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or any(part in ("..", ".") or "\0" in part for part in parts):
            raise UserError(f"`{path[:200]}` is not an address in storage")
        return self._root.joinpath(*parts)


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = target.with_name(f".{target.name}.{os.getpid()}.{id(data):x}")
    with open(half, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    half.replace(target)
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
