"""Keep files that hold a secret encrypted: what a task writes with a password in it is in the data folder and in every backup.

Rules
1. A file in which the mask finds a secret is sealed as it is kept, piece by piece; another one is kept as it is.
2. Whoever reads by this gets what was kept; `size` is that of the clear bytes. What only looks sealed is sealed itself.
3. An attempt's files are searched for what was made of secrets in it, too (`lent`).

Called by: all of the engine, instead of LocalStorage.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from onbeat.engine.masking import Hidden, Mask
from onbeat.engine.storage import LocalStorage
from onbeat.engine.vault import Vault
from onbeat.errors import OutsideError, UserError
from onbeat.ports import Storage

_MAGIC = b"onbeat:sealed:1\n"
_PIECE = 1024 * 1024
_OVERLAP = 16 * 1024
"""Bytes that two searched pieces share: no form of a secret that is looked for is cut."""


class SealedStorage(LocalStorage):
    """ports.Storage on a directory, its secrets sealed. mask: finds them."""

    def __init__(self, root: Path, vault: Vault, mask: Callable[[], Mask]) -> None:
        super().__init__(root)
        self._vault = vault
        self._mask = mask

    def lent(self, mask: Callable[[], Mask]) -> "SealedStorage":
        """The same for one who has more to hide."""
        return SealedStorage(self._root, self._vault, mask)

    async def put(self, path: str, data: bytes) -> str:
        """Keep it; returns the address."""
        mask = self._mask()
        if not data.startswith(_MAGIC) and not (mask and mask.spans(data.decode("utf-8", "replace"))):
            return await super().put(path, data)
        pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]
        return await super().put(path, b"".join(self._sealed(iter(pieces), len(data))))

    async def keep(self, path: str, source: Path) -> str:
        """Keep what a local file holds; returns the address."""
        mask = self._mask()
        if not await asyncio.to_thread(_is_secret, source, mask):
            return await super().keep(path, source)
        with tempfile.TemporaryDirectory(prefix=".~", dir=await self._beside()) as folder:
            sealed = Path(folder, "sealed")
            await asyncio.to_thread(self._seal_file, source, sealed)
            return await super().keep(path, sealed)

    async def get(self, uri: str) -> bytes:
        """The bytes of an address. Raises NotFound."""
        data = await super().get(uri)
        return b"".join(self._opened(iter([data]))) if data.startswith(_MAGIC) else data

    async def fetch(self, uri: str, target: Path) -> None:
        """Copy what is at an address into a local file. Raises NotFound."""
        await super().fetch(uri, target)
        await asyncio.to_thread(self._open_file, target)

    async def size(self, uri: str) -> int:
        """How many bytes are at an address. Raises NotFound."""
        size = await self._look(uri, _clear_size)
        return await super().size(uri) if size is None else size

    async def is_sealed(self, uri: str) -> bool:
        """Whether there is a secret in what is at an address. Raises NotFound."""
        return await self._look(uri, _clear_size) is not None

    async def _beside(self) -> Path:
        await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True, mode=0o700)
        return self._root

    def _sealed(self, pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
        yield _MAGIC + size.to_bytes(8)
        for number, piece in enumerate(pieces):
            sealed = self._vault.seal_bytes(f"file {number}", piece)
            yield len(sealed).to_bytes(4) + sealed

    def _opened(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The clear pieces. Raises OutsideError for a file that is cut, UserError for one of another key."""
        held = bytearray(next(chunks))
        del held[: len(_MAGIC) + 8]
        number = 0
        while True:
            while len(held) < 4 or len(held) < 4 + int.from_bytes(held[:4]):
                more = next(chunks, None)
                if more is None:
                    if held:
                        raise OutsideError("a file in storage is not whole")
                    return
                held += more
            size = int.from_bytes(held[:4])
            yield self._vault.open_bytes(f"file {number}", bytes(held[4 : 4 + size]))
            del held[: 4 + size]
            number += 1

    def _seal_file(self, source: Path, target: Path) -> None:
        with open(source, "rb") as given, open(target, "wb") as file:
            for part in self._sealed(_pieces(given), source.stat().st_size):
                file.write(part)

    def _open_file(self, target: Path) -> None:
        if _clear_size(target) is None:
            return
        clear = target.with_name(f".~{target.name}")
        try:
            with open(target, "rb") as given, open(os.open(clear, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                for part in self._opened(_pieces(given)):
                    file.write(part)
            clear.replace(target)
        except (OutsideError, UserError):
            clear.unlink()
            target.unlink()
            raise


def lent_to(storage: Storage, hidden: Hidden) -> Storage:
    """The storage for one attempt."""
    return storage.lent(hidden) if isinstance(storage, SealedStorage) else storage


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _clear_size(path: Path) -> int | None:
    """The size of what is sealed in a file; None when it is not sealed."""
    with open(path, "rb") as file:
        head = file.read(len(_MAGIC) + 8)
    return int.from_bytes(head[len(_MAGIC) :]) if head.startswith(_MAGIC) else None


def _is_secret(path: Path, mask: Mask) -> bool:
    with open(path, "rb") as file:
        before = b""
        for number, piece in enumerate(_pieces(file)):
            if number == 0 and piece.startswith(_MAGIC):
                return True
            if not mask:
                return False
            if mask.spans((before + piece).decode("utf-8", "replace")):
                return True
            before = piece[-_OVERLAP:]
    return False
