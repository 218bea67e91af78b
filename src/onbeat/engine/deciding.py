"""Decide in this process: on the loop, or in a thread where thousands of task runs may be touched at once. Deciding is pure.

Called by: engine, together.
"""

import asyncio
from collections.abc import Sequence

from onbeat.core.decide import decided
from onbeat.core.event import Micros
from onbeat.core.execution import Execution
from onbeat.core.signals import AnySignal
from onbeat.engine.catalog import WIDE, LoadedFlow
from onbeat.engine.compose import Decided


async def decided_by(loaded: LoadedFlow, execution: Execution, signals: Sequence[AnySignal], now: Micros) -> Decided:
    """What an execution of the flow decides when it is told all that, and the execution after it."""
    if loaded.wide or len(execution.open) > WIDE:
        return await asyncio.to_thread(decided, loaded.flow, execution, signals, now)
    return decided(loaded.flow, execution, signals, now)
