"""Load what answers the rarer functions of expressions when one of them is first called: their libraries cost time and memory.

Called by: outside.py.
"""

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from typing import Any

from onbeat.core.event import Json
from onbeat.engine.arguments import Arguments

Answer = Callable[[Any, Arguments], Awaitable[Json]]
"""Answers a call: for whom, with which arguments."""

_MODULES = {
    "decrypt": "onbeat.engine.outside_cipher",
    "encrypt": "onbeat.engine.outside_cipher",
    "http": "onbeat.engine.outside_http",
}


def late_answers() -> dict[str, Answer]:
    """The functions by name; each loads its module with its first call."""
    return {name: _late(name, module) for name, module in _MODULES.items()}


def _late(name: str, module: str) -> Answer:
    async def answer(asked: Any, arguments: Arguments) -> Json:
        loaded = await asyncio.to_thread(importlib.import_module, module)
        answers: dict[str, Answer] = loaded.ANSWERS
        return await answers[name](asked, arguments)

    return answer
