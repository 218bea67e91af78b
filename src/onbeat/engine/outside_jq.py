"""Answer the filter `jq` where its program is more than a path: in a process of its own, which may be lost.

Rules
1. At most PLACES programs run at once; others wait. A process begins with the first program and stays.
2. A program that takes more than a second of processor time, or too much memory, is an ExpressionError, and costs only its process.
3. A value has at most LARGEST bytes as JSON.

Called by: outside.py.
"""

import asyncio
from typing import Any

import orjson

from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError
from onbeat.errors import UserError
from onbeat.ports import TaskFailed, Workers

PLACES = 2
LARGEST = 10_000_000
LONGEST = 30.0
"""Seconds on the clock, waiting for a place and for a new process included."""

_PROGRAM = "onbeat.engine.jq_program:run"


class Jq:
    """Runs programs on these workers."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def answer(self, asked: object, arguments: tuple[Any, ...]) -> Json:
        """All that the program gives for the value, as a list. Raises ExpressionError."""
        program, value = arguments
        text = orjson.dumps(value)
        if len(text) > LARGEST:
            raise ExpressionError(f"the filter `jq` takes values of up to {LARGEST // 1_000_000} MB; do this work in a task")
        given = {"program": program, "text": text.decode()}
        try:
            async with asyncio.timeout(LONGEST):
                return await self._workers.call(_PROGRAM, given, mode="process", log=_nobody)
        except UserError as wrong:
            raise ExpressionError(f"the program of the filter `jq` {wrong}") from None
        except (TaskFailed, TimeoutError):
            raise ExpressionError("the program of the filter `jq` takes too long or too much memory; do this work in a task") from None


def _nobody(level: str, message: str) -> None:
    """What a program writes by `debug` or `stderr` could be any value: nobody reads it."""
