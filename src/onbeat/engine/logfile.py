"""Keep the log of one attempt in a file in storage, where its task says `logToFile`, instead of among the execution's log lines.

A task that prints a million lines would fill the store with them, or lose all but the first.

Rules
1. A line is its instant, its level and its text; a text of several lines stays together.
2. The file is bounded; a last line says that more was logged.
3. Where it lies follows from the attempt, so that one which came too late to tell is found too.
4. Trouble with the disk costs the log, not the attempt.

Called by: tasklog makes one, runner keeps it at the attempt's end.
"""

import asyncio
from pathlib import Path
from typing import TextIO

import structlog

from onbeat.core.event import Micros
from onbeat.core.times import iso
from onbeat.errors import OnbeatError
from onbeat.ports import Storage

_log = structlog.get_logger("onbeat.logfile")
MOST = 100 * 1024 * 1024
"""Characters of an attempt's log that are kept."""


class LogFile:
    """The log of an attempt on its way to storage. path: where it is written meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._left = MOST

    def write(self, at: Micros, level: str, message: str) -> None:
        """One more line."""
        if self._left <= 0:
            return
        line = f"{iso(at)} {level} {message}\n"
        self._left -= len(line)
        if self._left <= 0:
            line = f"{iso(at)} WARN more than {MOST // 1024 // 1024} MB: the rest of this attempt's log is not kept\n"
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file = open(self._path, "w", encoding="utf-8", errors="replace")  # noqa: SIM115  # closed by `close`
            self._file.write(line)
        except OSError as problem:
            self._left = 0
            _log.warning("the log of an attempt cannot be written", path=self._path.name, problem=str(problem))

    async def keep(self, storage: Storage, target: str) -> str | None:
        """Put it into storage; its address, None when there is no room for it."""
        try:
            if self._file is None:
                return await storage.put(target, b"")
            await asyncio.to_thread(self._file.flush)
            return await storage.keep(target, self._path)
        except (OnbeatError, OSError) as problem:
            _log.warning("the log of an attempt is not kept", path=target, problem=str(problem))
            return None

    def close(self) -> None:
        """Remove what was written meanwhile; twice does no harm."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)
