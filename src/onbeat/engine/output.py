"""Turn what a program prints into log lines, outputs and metrics, within bounds.

A program may print anything: gigabytes, one endless line, escape sequences that rewrite the reader's terminal. None of it may take the
engine's memory or its loop, or stop the program; and the few lines that carry its results must come through all the same.

Rules
1. A line longer than LINE is cut, with a mark; what follows of it is not kept.
2. A line costs its length and LINE_COST more; past `limit` for both streams together one line says so, and no more are logged.
3. Lines `::{"outputs": {…}, "metrics": […], "logs": […]}::` are Kestra's protocol, on both streams, also past the limit.
   What is not valid JSON there is a line like any other.
4. Outputs and metrics are bounded by PROTOCOL bytes for the whole attempt; past it they are lines like any other.
5. stdout is INFO, stderr is ERROR. Lines end as Kestra reads them: at LF, CR or both.
6. Escape sequences are taken out; other control and direction characters, NUL and invalid UTF-8 become visible signs.

Called by: process for programs, workers for calls in a process. Pure: it reads nothing itself.
"""

import json
import re
from collections.abc import Iterator
from typing import Literal

from onbeat.core.event import Json
from onbeat.core.values import normalise
from onbeat.errors import UserError
from onbeat.ports import TaskLog

LINE = 64 * 1024
LINE_COST = 64
LIMIT = 10 * 1024 * 1024
PROTOCOL = 4 * 1024 * 1024
METRICS = 1000
Stream = Literal["stdout", "stderr"]
LEVELS: dict[Stream, str] = {"stdout": "INFO", "stderr": "ERROR"}
_CUT = " … (cut: the line is longer than 64 kB)"
_NAMES = {"TRACE": "TRACE", "DEBUG": "DEBUG", "INFO": "INFO", "WARN": "WARN", "WARNING": "WARN", "ERROR": "ERROR", "CRITICAL": "ERROR"}
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|[]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC and other strings: titles, links, the clipboard
    r"|[ -/]*[0-~]?)"
    r"|\x9b[0-?]*[ -/]*[@-~]?|[\x90\x98\x9d-\x9f][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
)
_UNSEEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def harmless(text: str) -> str:
    """The text without anything a terminal or a page would act on."""
    if text.isprintable():
        return text
    return _UNSEEN.sub(_sign, _ESCAPES.sub("", text))


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


class Lines:
    """Cuts a stream of bytes into lines of bounded length."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._cut = False
        self._after_cr = False

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """The lines that are whole now, and whether each was cut."""
        *whole, rest = self._unix(chunk).split(b"\n")
        for part in whole:
            self._hold(part)
            yield self._take()
        self._hold(rest)

    def skip(self, chunk: bytes) -> int | None:
        """Count lines that nobody will read; None when one of them may be the protocol's and must be fed."""
        if b"::{" in chunk or self._held[:1] == b":":
            return None
        chunk = self._unix(chunk)
        _, newline, rest = chunk.rpartition(b"\n")
        if newline:
            self._take()
        self._hold(rest)
        return chunk.count(b"\n")

    def end(self) -> Iterator[tuple[bytes, bool]]:
        """The last line, when it did not end in a newline."""
        if self._held:
            yield self._take()

    def _unix(self, chunk: bytes) -> bytes:
        if not chunk:
            return chunk
        if self._after_cr and chunk[:1] == b"\n":
            chunk = chunk[1:]
        self._after_cr = chunk[-1:] == b"\r"
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in chunk else chunk

    def _hold(self, part: bytes) -> None:
        start = bytes(self._held[:3]) + part[:3]
        room = (PROTOCOL if start.startswith(b"::{") else LINE) - len(self._held)
        self._cut = self._cut or len(part) > room
        self._held += part[: max(room, 0)]

    def _take(self) -> tuple[bytes, bool]:
        line = bytes(self._held), self._cut
        self._held.clear()
        self._cut = False
        return line


class Output:
    """What one attempt printed on both streams: logged, counted and its results collected."""

    streams: tuple[Stream, ...] = ("stdout", "stderr")

    def __init__(self, log: TaskLog, limit: int = LIMIT) -> None:
        self.outputs: dict[str, Json] = {}
        self.metrics: list[dict[str, Json]] = []
        self.counts: dict[Stream, int] = {"stdout": 0, "stderr": 0}
        self.full = False
        self._log = log
        self._limit = limit
        self._spent = 0
        self._results = 0
        self._lines: dict[Stream, Lines] = {"stdout": Lines(), "stderr": Lines()}

    def feed(self, stream: Stream, chunk: bytes) -> None:
        """More of a stream."""
        skipped = self._lines[stream].skip(chunk) if self.full else None
        if skipped is not None:
            self.counts[stream] += skipped
            return
        for line, cut in self._lines[stream].feed(chunk):
            self._line(stream, line, cut)

    def end(self, stream: Stream) -> None:
        """The stream has ended."""
        for line, cut in self._lines[stream].end():
            self._line(stream, line, cut)

    def _line(self, stream: Stream, line: bytes, cut: bool) -> None:
        self.counts[stream] += 1
        if line.startswith(b"::{") and line.endswith(b"}::") and not cut and self._protocol(line):
            return
        if self.full:
            return
        text = line[:LINE].decode("utf-8", "replace") + (_CUT if cut or len(line) > LINE else "")
        self.write(LEVELS[stream], text)

    def write(self, level: str, text: str) -> None:
        """Log one line, under any of the usual level names, within the same bounds."""
        if self.full:
            return
        self._spent += len(text) + LINE_COST
        if self._spent > self._limit:
            self.full = True
            self._log("WARN", f"More output than {_megabytes(self._limit)} in one attempt: the rest is not kept")
            return
        self._log(_NAMES.get(level.upper(), "INFO"), harmless(text))

    def _protocol(self, line: bytes) -> bool:
        """Take the results out of a line; False when it is none."""
        if self._results + len(line) > PROTOCOL:
            return False
        try:
            message = normalise(json.loads(line[2:-2]))
        except (ValueError, RecursionError, UserError):
            return False
        outputs, metrics, logs = (message.get(name) for name in ("outputs", "metrics", "logs"))
        if not (isinstance(outputs, dict | None) and isinstance(metrics, list | None) and isinstance(logs, list | None)):
            return False
        if outputs is None and metrics is None and logs is None:
            return False
        if outputs or metrics:
            self._results += len(line)
        self.outputs.update(outputs or {})
        self.metrics += [metric for metric in metrics or () if isinstance(metric, dict)][: METRICS - len(self.metrics)]
        for item in logs or ():
            if isinstance(item, dict):
                self.write(str(item.get("level")), str(item.get("message", ""))[:LINE])
        return True


def _megabytes(count: int) -> str:
    return f"{count / 1024 / 1024:.3g} MB"
