"""Run a jq program, in a warm worker that may be lost: never in the daemon.

libjq holds the interpreter while it works and cannot be stopped; its programs may never end, fill the memory, show the environment
and read files that they `import`. Here nothing of that matters: see engine/outside_jq.py, which calls `run` over engine/workers.py.

Rules
1. A program has CPU seconds of processor time; then the kernel ends the process, wherever it is.
2. The process has no environment, opens no file from the first call on, and may use MEMORY bytes.
3. What jq says is told without the values in it.
"""

import os
import re
import resource
import signal
from functools import lru_cache
from typing import Any

import jq
import orjson

from onbeat.errors import UserError

CPU = 1.0
MEMORY = 1_500_000_000
LARGEST = 10_000_000
"""Bytes of JSON that a program may give."""

_VALUE = re.compile(r"\b(null|boolean|number|string|array|object) \(.*?\)(?= and | cannot | is | has | not |[,;]|$)", re.DOTALL)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_LONGEST = 300


def run(program: str, text: str) -> list[Any]:
    """All that the program gives for the value of a JSON text. Raises UserError."""
    _confine()
    signal.setitimer(signal.ITIMER_PROF, CPU)
    try:
        found = _compiled(program).input_text(text).text()
        if len(found) > LARGEST:
            raise UserError(f"gives more than {LARGEST // 1_000_000} MB; do this work in a task")
        return orjson.loads("[" + found.replace("\n", ",") + "]")  # type: ignore[no-any-return]  # a list of what jq wrote, a line each
    except ValueError as wrong:
        raise UserError(_told(str(wrong), program)) from None
    except MemoryError:
        raise UserError("needs too much memory; do this work in a task") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@lru_cache(maxsize=256)
def _compiled(program: str) -> Any:
    try:
        return jq.compile(program)
    except ValueError as wrong:
        raise UserError(f"is not right: {_first_line(str(wrong))}") from None


@lru_cache(maxsize=1)
def _confine() -> None:
    """Rule 2, once: what the worker needs is loaded by now."""
    os.environ.clear()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _told(reason: str, program: str) -> str:
    """Rule 3. What a program raises itself may be any value of its data."""
    if "error" in program:
        return "raised an error of its own"
    plain = _VALUE.sub(r"\1", reason.partition(" (while parsing")[0])
    plain = _QUOTED.sub(lambda found: found[0] if found[0][1:-1] in program else "…", plain)
    return f"cannot work on this value: {_first_line(plain)}"


def _first_line(reason: str) -> str:
    return reason.removeprefix("jq: error: ").partition("\n")[0].removesuffix(":")[:_LONGEST]
