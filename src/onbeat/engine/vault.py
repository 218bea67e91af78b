"""Encrypt the values of SECRET inputs where they are kept, and open them for tasks.

Without this, whoever can read the database, a backup or the API's answers can read every password that a flow was ever started with.

Rules
1. AES-GCM with a random nonce for each value; the flow and the input are bound in, so that a text moved elsewhere opens nothing.
2. The key is the setting `encryption_key` (base64 of 16, 24 or 32 bytes), else it is made once in DATA, readable by its owner only.
3. A key that is set later takes over: what the made one sealed is still opened with that.
4. The library that encrypts is loaded with the first secret.

Called by: payloads.
"""

import base64
import binascii
import importlib
import os
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from onbeat.errors import UserError

FILE = "encryption-key"
_NONCE = 12
_LENGTHS = (16, 24, 32)


class Vault:
    """Seals and opens texts. key: the setting's; folder: where the key is made when none is set, None: in memory."""

    def __init__(self, key: str | None = None, folder: Path | None = None) -> None:
        self._set = None if key is None else _key_of(key, "the setting encryption_key")
        self._folder = folder
        self._made = b""

    def seal(self, about: str, text: str) -> str:
        """The text, encrypted. about: what it is, bound in."""
        nonce = os.urandom(_NONCE)
        sealed: bytes = _cipher(self._set or self._made_key(make=True)).encrypt(nonce, text.encode(), about.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, about: str, text: str) -> str:
        """The text that was sealed. Raises UserError when this daemon's keys do not open it."""
        for key in (self._set, self._made_key(make=False)):
            if key:
                with suppress(ValueError, _library().InvalidTag):
                    data = base64.b64decode(text, validate=True)
                    clear: bytes = _cipher(key).decrypt(data[:_NONCE], data[_NONCE:], about.encode())
                    return clear.decode()
        raise UserError("a SECRET input cannot be opened with this daemon's key; set ONBEAT_ENCRYPTION_KEY to the key it was started with")

    def _made_key(self, make: bool) -> bytes:
        """The key that is made where none is set; empty when there is none."""
        if not self._made and self._folder is not None:
            self._made = _read(self._folder / FILE) or (_write(self._folder / FILE) if make else b"")
        elif not self._made and make:
            self._made = os.urandom(32)
        return self._made


def _library() -> Any:
    """cryptography, loaded late: it costs 9 MB and most flows have no SECRET input."""
    return importlib.import_module("onbeat.engine.cipher")


@lru_cache(maxsize=4)
def _cipher(key: bytes) -> Any:
    return _library().AESGCM(key)


def _key_of(text: str, where: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _LENGTHS:
        raise UserError(f"{where} is not base64 of 16, 24 or 32 bytes; make one with: openssl rand -base64 32")
    return key


def _read(path: Path) -> bytes:
    try:
        return _key_of(path.read_text(), str(path))
    except FileNotFoundError:
        return b""


def _write(path: Path) -> bytes:
    """Make the key once: whole or not there, whoever else makes it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = os.urandom(32)
    descriptor, half = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        os.write(descriptor, base64.b64encode(key))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(half, path)
    except FileExistsError:
        return _key_of(path.read_text(), str(path))
    finally:
        os.unlink(half)
    _sync(path.parent)
    return key


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
