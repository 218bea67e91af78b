"""Write the daemon's own log: for operators, one line an event, JSON unless a person watches.

What an execution did is in its journal, not here. The libraries beneath log through `logging`; their warnings come out in the same
form, or an operator's tools would see half of what is wrong.

Rules
1. Every line has time, level, logger and event; `execution`, `task` and `attempt` are fields, never part of a sentence.
2. It goes to stderr: stdout belongs to what a command answers.
3. No secret that the daemon knows is in a line, its traceback included.

Called by: serve.py and the CLI's `run`.
"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import Processor

LIBRARY_LEVEL = logging.WARNING
"""Least level of what libraries log: the daemon says itself when a connection comes and goes."""


_masks: list[Callable[[str], str]] = []


@contextmanager
def hiding(mask: Callable[[str], str]) -> Iterator[None]:
    """Hide what the mask hides from every line of this process meanwhile."""
    _masks.append(mask)
    try:
        yield
    finally:
        _masks.remove(mask)


def _masked(logger: object, name: str, line: Any) -> Any:
    """A line as it is written, without secrets."""
    for mask in _masks:
        text = line.decode() if isinstance(line, bytes) else line
        shown = mask(text)
        if shown != text:
            line = shown.encode() if isinstance(line, bytes) else shown
    return line


class LibraryLog(logging.Handler):
    """Gives what a library logs to the daemon's log."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line of a library."""
        structlog.get_logger(record.name).log(record.levelno, record.getMessage(), exc_info=record.exc_info)


def configure(form: Literal["auto", "json", "pretty"], level: str) -> None:
    """Set up the log of this process."""
    pretty = form == "pretty" or (form == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    least = logging.getLevelNamesMapping()[level.upper()]
    if pretty:
        structlog.configure(
            processors=[*shared, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()), _masked],
            wrapper_class=structlog.make_filtering_bound_logger(least),
            logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        )
    else:
        structlog.configure(
            processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(orjson.dumps), _masked],
            wrapper_class=structlog.make_filtering_bound_logger(least),
            logger_factory=lambda *_: structlog.BytesLogger(sys.stderr.buffer),
        )
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, LibraryLog)]:
        root.removeHandler(handler)
    root.addHandler(LibraryLog())
    root.setLevel(max(least, LIBRARY_LEVEL))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the plugin says when a broker is gone, once
