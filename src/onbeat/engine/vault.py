"""Encrypt the secrets that are kept, and open them for tasks.

Without this, whoever can read the database, a backup or the API's answers can read every password that a flow was ever started with.

Rules
1. AES-GCM with a random nonce for each value; what it is about is bound in, so that a text moved elsewhere opens nothing.
2. The key is the setting `secret_key` (base64 of 16, 24 or 32 bytes; with commas several), else it is made once in DATA/secret.key,
   readable by its owner only.
3. The first key seals, every one opens: each sealed text names its key, so that keys are changed without losing what is kept.
4. The library that encrypts is loaded with the first secret.

Called by: payloads, sealing and kept secrets.
"""

import base64
import binascii
import hashlib
import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from onbeat.errors import Refused, UserError

FILE = "secret.key"
OLDER_FILE = "encryption-key"
"""Where the key was before there could be several."""
_NONCE = 12
_LENGTHS = (16, 24, 32)


class Vault:
    """Seals and opens texts. key: the setting's; folder: where the key is made when none is set, None: in memory."""

    def __init__(self, key: str | None = None, folder: Path | None = None) -> None:
        self._set = () if key is None else _keys_of(key.replace(",", "\n"), "the setting secret_key")
        self._folder = folder
        self._made: tuple[bytes, ...] = ()

    def seal(self, about: str, text: str) -> str:
        """The text, encrypted: the key's id, a dot, base64. about: what it is, bound in."""
        return f"{_id_of(self._first())}.{base64.b64encode(self.seal_bytes(about, text.encode())).decode()}"

    def open(self, about: str, text: str) -> str:
        """The text that was sealed. Raises UserError when this daemon's keys do not open it."""
        id_, _, data = text.rpartition(".")
        with suppress(ValueError):
            return self.open_bytes(about, base64.b64decode(data, validate=True), id_).decode()
        raise UserError(_CANNOT)

    def seal_bytes(self, about: str, data: bytes) -> bytes:
        """The bytes, encrypted by the first key."""
        nonce = os.urandom(_NONCE)
        sealed: bytes = _cipher(self._first()).encrypt(nonce, data, about.encode())
        return nonce + sealed

    def open_bytes(self, about: str, data: bytes, id_: str = "") -> bytes:
        """The bytes that were sealed, by the key of that id or by any. Raises UserError."""
        for key in self._keys():
            if not id_ or _id_of(key) == id_:
                with suppress(ValueError, _library().InvalidTag):
                    clear: bytes = _cipher(key).decrypt(data[:_NONCE], data[_NONCE:], about.encode())
                    return clear
        raise UserError(_CANNOT)

    def is_current(self, text: str) -> bool:
        """Whether a sealed text is of the key that seals now."""
        return text.partition(".")[0] == _id_of(self._first())

    def renew(self) -> str:
        """Make a new key that seals from now on; those before go on opening. Returns its id. Raises Refused where the key is a setting."""
        if self._set:
            raise Refused("the key is the setting secret_key: put a new one before it, with a comma, and start again")
        key = os.urandom(32)
        if self._folder is not None:
            _replace(self._folder / FILE, (key, *_read(self._folder / FILE)))
            self._made = ()
        else:
            self._made = (key, *self._made)
        return _id_of(key)

    def _first(self) -> bytes:
        return (self._set or self._made_keys(make=True))[0]

    def _keys(self) -> Iterator[bytes]:
        yield from self._set
        yield from self._made_keys(make=False)
        if self._folder is not None:
            yield from _read(self._folder / OLDER_FILE)

    def _made_keys(self, make: bool) -> tuple[bytes, ...]:
        """The keys that are made where none is set; empty when there are none."""
        if not self._made and self._folder is not None:
            self._made = _read(self._folder / FILE) or ((_write(self._folder / FILE)) if make else ())
        elif not self._made and make:
            self._made = (os.urandom(32),)
        return self._made


_CANNOT = "a secret cannot be opened with this daemon's key; put back DATA/secret.key, or set ONBEAT_SECRET_KEY to the key that sealed it"


def _library() -> Any:
    """cryptography, loaded late: it costs 9 MB and most flows have no secret that is kept."""
    return importlib.import_module("onbeat.engine.cipher")


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> Any:
    return _library().AESGCM(key)


@lru_cache(maxsize=16)
def _id_of(key: bytes) -> str:
    """What names a key without telling it."""
    return hashlib.sha256(b"onbeat key id" + key).hexdigest()[:8]


def _keys_of(text: str, where: str) -> tuple[bytes, ...]:
    keys: list[bytes] = []
    for line in text.split("\n"):
        if line.strip() or not keys:
            try:
                key = base64.b64decode(line.strip(), validate=True)
            except (binascii.Error, ValueError):
                key = b""
            if len(key) not in _LENGTHS:
                raise UserError(f"{where} is not base64 of 16, 24 or 32 bytes; make one with: openssl rand -base64 32")
            keys.append(key)
    return tuple(keys)


def _read(path: Path) -> tuple[bytes, ...]:
    try:
        return _keys_of(path.read_text(), str(path))
    except FileNotFoundError:
        return ()


def _write(path: Path) -> tuple[bytes, ...]:
    """Make the key once: whole or not there, whoever else makes it at the same time."""
    key = os.urandom(32)
    half = _half(path, (key,))
    try:
        os.link(half, path)
    except FileExistsError:
        return _read(path)
    finally:
        os.unlink(half)
    _sync(path.parent)
    return (key,)


def _replace(path: Path, keys: tuple[bytes, ...]) -> None:
    os.replace(_half(path, keys), path)
    _sync(path.parent)


def _half(path: Path, keys: tuple[bytes, ...]) -> str:
    """The keys in a file beside it, on disk, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, half = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        os.write(descriptor, b"\n".join(base64.b64encode(key) for key in keys) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return half


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
