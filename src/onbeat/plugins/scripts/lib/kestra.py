"""Stand in for Kestra's Python library in scripts: `from kestra import Kestra`.

It lies on the path of each Python script where Kestra's own library is not installed. It knows nothing of onbeat: it prints the lines
that whoever runs the script reads.
"""

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any


class Kestra:
    """Tells outputs, metrics and log lines."""

    @staticmethod
    def outputs(values: Mapping[str, Any] | None) -> None:
        """Give outputs: `{{ outputs.TASK.vars.NAME }}`."""
        _tell({"outputs": dict(values or {})})

    @staticmethod
    def counter(name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Count."""
        _measure("counter", name, value, tags)

    @staticmethod
    def timer(name: str, duration: float | Callable[[], object], tags: Mapping[str, str] | None = None) -> None:
        """Give a time in seconds, or call something and give how long it took."""
        if callable(duration):
            began = time.perf_counter()
            duration()
            duration = time.perf_counter() - began
        _measure("timer", name, duration, tags)

    @staticmethod
    def gauge(name: str, value: float, tags: Mapping[str, str] | None = None) -> None:
        """Give a level."""
        _measure("gauge", name, value, tags)

    @staticmethod
    def logger() -> logging.Logger:
        """A logger whose lines keep their level."""
        logger = logging.getLogger("Kestra")
        if not any(isinstance(handler, _Handler) for handler in logger.handlers):
            logger.addHandler(_Handler())
            logger.setLevel(logging.DEBUG)
            logger.propagate = False
        return logger


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _tell({"logs": [{"level": record.levelname, "message": self.format(record)}]})


def _measure(kind: str, name: str, value: float, tags: Mapping[str, str] | None) -> None:
    _tell({"metrics": [{"type": kind, "name": name, "value": value, "tags": dict(tags or {})}]})


def _tell(message: Mapping[str, Any]) -> None:
    sys.stdout.write(f"::{json.dumps(message)}::\n")
    sys.stdout.flush()
