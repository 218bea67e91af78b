"""Keep a second engine from the same data folder.

Two engines on one file would each believe that an execution is theirs, and SQLite itself is safe here only with one writer (libraries
below 3.51.3 can corrupt a WAL that two connections write). SQLite's own locks last for a transaction; this one lasts for a life.

Rules
1. The lock goes with the process: after kill -9 the next engine starts at once.
2. Who is refused learns the process that holds it.

Called by: store.py, backup.py.
"""

import fcntl
import os
from pathlib import Path

from onbeat.errors import Refused

FILE = "engine.lock"


class EngineLock:
    """The lock of one data folder."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take it. Raises Refused when another process has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise Refused(f"process {holder} serves {self._path.parent} already: stop it, or choose another folder with --data") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give it back; the file stays, for a file that is removed could be locked twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
