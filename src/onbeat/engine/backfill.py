"""Keep the backfills of schedules: which ranges of past times are to run, which of them wait, and how far each has come.

The schedule's own source runs them, beside its times as they come and by the same rule of one at a time, so that it knows about both.

Rules
1. A trigger has one backfill at a time. It is durable when `begin` returns, and goes on where it was after a crash.
2. What people decide and how far it has come are two rows: neither write can undo the other.
3. What people decide at the same time happens one after the other: of two backfills one is refused, what is deleted stays so.
4. A range ends now at the latest, and has at most 100,000 runs; more is refused before anything runs.

Called by: API and CLI through the node; trigger_states gives the backfills on to the sources.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from onbeat.core.backfill import LEDGER, PROGRESS, Backfill, Progress, instants, progress_of
from onbeat.core.event import Json, Micros
from onbeat.core.timetable import Timetable
from onbeat.engine.subscription import LoadedTrigger
from onbeat.engine.trigger_states import TriggerStates
from onbeat.errors import Refused, UserError
from onbeat.ports import Clock, LedgerRow, Store, Work

replace = msgspec.structs.replace


class Backfills:
    """The backfills by trigger."""

    def __init__(self, store: Store, clock: Clock, new_id: Callable[[Micros], str], triggers: TriggerStates) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._triggers = triggers
        self._kept: dict[str, Backfill] = {}
        self._deciding = asyncio.Lock()
        triggers.backfill = self._kept.get

    async def load(self) -> None:
        """Read what was decided before; what is done is forgotten."""
        rows, progress = await self._store.ledger(LEDGER), await self._store.ledger(PROGRESS)
        found = {trigger: msgspec.json.decode(value, type=Backfill) for trigger, value in rows.items()}
        done = [trigger for trigger, backfill in found.items() if progress_of(progress, trigger, backfill).done]
        if done:
            gone = [LedgerRow(ledger, trigger, None) for trigger in done for ledger in (LEDGER, PROGRESS)]
            await self._store.write(Work(ledger=tuple(gone)))
        self._kept.update({trigger: backfill for trigger, backfill in found.items() if trigger not in done})

    async def of(self, trigger: str) -> tuple[Backfill, Progress] | None:
        """The backfill of a trigger that is going on, and how far it has come."""
        backfill = self._kept.get(trigger)
        if backfill is None:
            return None
        progress = progress_of(await self._store.ledger(PROGRESS, [trigger]), trigger, backfill)
        return None if progress.done else (backfill, progress)

    async def preview(self, trigger: LoadedTrigger, start: Micros, end: Micros | None) -> Sequence[datetime]:
        """The instants that a backfill of that range would run. Raises Refused when it is no schedule, UserError for a wrong range."""
        table: Timetable | None = getattr(trigger.options, "table", None)
        if table is None:
            raise Refused(f"trigger {trigger.spec.name} is a {trigger.spec.type}; only schedules have past times to run")
        return await asyncio.to_thread(instants, table, start, self._until(end))

    async def begin(
        self,
        trigger: LoadedTrigger,
        start: Micros,
        end: Micros | None,
        *,
        inputs: Mapping[str, Json] | None = None,
        labels: Mapping[str, str] | None = None,
        paused: bool = False,
    ) -> Backfill:
        """Run the schedule for these past times. Raises Refused while another backfill of it goes on, UserError when there are none."""
        name, now = trigger.spec.name, self._clock.now()
        end = self._until(end)
        total = len(await self.preview(trigger, start, end))
        if total == 0:
            raise UserError(f"trigger {name} has no times in that range")
        backfill = Backfill(
            id=self._new_id(now),
            start=start,
            end=end,
            inputs=dict(inputs or {}),
            labels=dict(labels or {}),
            paused=paused,
            total=total,
        )
        async with self._deciding:
            if await self.of(name) is not None:
                raise Refused(f"a backfill of trigger {name} is going on; delete it first")
            await self._keep(name, backfill)
        return backfill

    async def pause(self, trigger: LoadedTrigger, paused: bool) -> None:
        """Let its backfill wait, or go on. Raises UserError when there is none."""
        async with self._deciding:
            found = await self._present(trigger)
            if found.paused != paused:
                await self._keep(trigger.spec.name, replace(found, paused=paused))

    async def delete(self, trigger: LoadedTrigger) -> None:
        """Run nothing more of its backfill; what runs goes on. Raises UserError when there is none."""
        async with self._deciding:
            await self._present(trigger)
            await self._keep(trigger.spec.name, None)

    def _until(self, end: Micros | None) -> Micros:
        now = self._clock.now()
        return now if end is None else min(end, now)

    async def _present(self, trigger: LoadedTrigger) -> Backfill:
        found = await self.of(trigger.spec.name)
        if found is None:
            raise UserError(f"trigger {trigger.spec.name} has no backfill that is going on")
        return found[0]

    async def _keep(self, name: str, backfill: Backfill | None) -> None:
        value = None if backfill is None else msgspec.json.encode(backfill).decode()
        await self._store.write(Work(ledger=(LedgerRow(LEDGER, name, value),)))
        if backfill is None:
            self._kept.pop(name, None)
        else:
            self._kept[name] = backfill
        self._triggers.refresh()
