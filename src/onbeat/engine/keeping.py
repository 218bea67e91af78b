"""Make of what a task gives what rows may hold: outputs, variables, labels, and events that it publishes.

Rules
1. What is large is kept in storage, what holds a secret is sealed; a label is masked, for people look for executions by it.
2. What cannot be kept because the disk is full waits until it can.

Called by: runner.
"""

import msgspec
import orjson
import structlog

from onbeat.core.addresses import value_folder
from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.refs import INLINE_LIMIT
from onbeat.core.signals import Facts
from onbeat.core.values import normalise
from onbeat.engine.masking import Hidden
from onbeat.engine.payloads import Payloads
from onbeat.errors import Overloaded
from onbeat.ports import Clock, Record

_log = structlog.get_logger("onbeat.runner")
_BETWEEN_TRIES = 1.0
"""Seconds between tries while the disk is full."""
replace = msgspec.structs.replace


class Keeping:
    """Keeps what tasks give."""

    def __init__(self, payloads: Payloads, clock: Clock) -> None:
        self._payloads = payloads
        self._clock = clock

    async def facts(self, execution: Execution, attempt: str, facts: Facts | None, hidden: Hidden) -> Facts | None:
        """What a task changes about its execution. attempt: `<task run>/<attempt>`."""
        if facts is not None and facts.labels:
            facts = replace(facts, labels=hidden().mask_value(facts.labels))
        if facts is not None and facts.variables:
            room = max(0, INLINE_LIMIT - len(orjson.dumps(execution.variables)))
            facts = replace(facts, variables=await self.values(execution, f"variables/{attempt}", facts.variables, hidden, room))
        return facts

    async def record(self, record: Record, hidden: Hidden) -> Record:
        """An event that a task publishes on the embedded bus."""
        return replace(record, data=(await self._payloads.seal_values({"": normalise(record.data)}, hidden()))[""])

    async def values(
        self, execution: Execution, where: str, values: dict[str, Json] | None, hidden: Hidden, room: int = INLINE_LIMIT
    ) -> dict[str, Json] | None:
        """Outputs or variables: of what is larger than `room` the addresses, of what holds a secret its seal."""
        if not values:
            return values
        head = execution.head
        folder = f"{value_folder(head.namespace, head.flow, head.id)}/{where}"
        plain = normalise(values)
        while True:
            try:
                return await self._payloads.keep(plain, folder, room, hidden())
            except Overloaded as full:
                _log.warning("what a task gives waits for room on the disk", execution=head.id, problem=str(full))
                await self._clock.sleep(_BETWEEN_TRIES)
