"""Remember which triggers are switched off, over restarts, and switch off those that say `stopAfter`.

A file says what a trigger is; whether it may start anything now is decided at run time, by people, by tasks, and by how its executions
end. Kept in memory it would be forgotten by a crash; written into the file it would fight with whoever edits that.

Rules
1. A trigger that is switched off starts nothing, whatever its source; it is so at once, and after a restart. What comes meanwhile is
   skipped.
2. `disabled: true` in the file counts too, and only the file takes it back.
3. An execution (not an iteration of its loops) that ends in a state of its trigger's `stopAfter` switches the trigger off, in the
   transaction in which it ends: no crash comes between, and nothing that waits for the end starts the next one before.

Called by: loader gives it the triggers, it gives them on to intake; API, CLI and tasks switch; the engine has it add to what it writes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
import structlog

from onbeat.core.backfill import Backfill
from onbeat.core.changes import AnyChange, Moved
from onbeat.core.execution import Execution
from onbeat.core.names import did_you_mean
from onbeat.core.states import TERMINATED
from onbeat.engine.subscription import LoadedTrigger
from onbeat.errors import NotFound, Refused
from onbeat.ports import Clock, LedgerRow, Store, Work, Written

_log = structlog.get_logger("onbeat.triggers")
LEDGER = "triggers"
replace = msgspec.structs.replace


class TriggerState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was decided about a trigger at run time. at: when. why: a sentence for people."""

    disabled: bool = False
    at: int = 0
    why: str = ""


class TriggerStates:
    """The triggers, and which of them are switched off.

    serve: takes all triggers as they are to be served now. backfill: gives the backfill of a trigger.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.serve: Callable[[Sequence[LoadedTrigger]], None] = _nobody
        self.backfill: Callable[[str], Backfill | None] = _none
        self._loaded: dict[str, LoadedTrigger] = {}
        self._states: dict[str, TriggerState] = {}
        self._stopping: dict[tuple[str, str, str], list[LoadedTrigger]] = {}

    async def load(self) -> None:
        """Read what was decided before."""
        rows = await self._store.ledger(LEDGER)
        self._states = {name: msgspec.json.decode(value, type=TriggerState) for name, value in rows.items()}

    # ---- looking -----------------------------------------------------------------------------------------------

    def all(self) -> list[LoadedTrigger]:
        """Every trigger of the files, by name, as its file has it."""
        return [self._loaded[name] for name in sorted(self._loaded)]

    def state(self, trigger: str) -> TriggerState:
        """What was decided about a trigger."""
        return self._states.get(trigger, TriggerState())

    def disabled(self, trigger: str) -> bool:
        """Whether it starts nothing now."""
        loaded = self._loaded.get(trigger)
        return self.state(trigger).disabled or (loaded is not None and loaded.spec.disabled)

    def of_flow(self, namespace: str, flow: str) -> list[LoadedTrigger]:
        """The triggers that start a flow, by name."""
        return [each for each in self.all() if any((target.namespace, target.id) == (namespace, flow) for target in each.spec.targets)]

    def named(self, name: str) -> LoadedTrigger:
        """A trigger by its whole name, or by its id where only one has it. Raises NotFound with the nearest name."""
        loaded = self._loaded.get(name)
        same = [each for each in self._loaded.values() if each.spec.id == name]
        if loaded is None and len(same) == 1:
            return same[0]
        if loaded is None:
            raise NotFound(f"there is no trigger {name}{did_you_mean(name, sorted(self._loaded))}")
        return loaded

    def find(self, namespace: str, flow: str, trigger: str) -> LoadedTrigger:
        """The trigger with that id that starts the flow. Raises NotFound with the nearest id."""
        found = self.of_flow(namespace, flow)
        for each in found:
            if each.spec.id == trigger:
                return each
        ids = [each.spec.id for each in found]
        raise NotFound(f"flow {namespace}.{flow} has no trigger {trigger}{did_you_mean(trigger, ids)}")

    # ---- switching ---------------------------------------------------------------------------------------------

    def update(self, triggers: Iterable[LoadedTrigger]) -> None:
        """Serve these triggers and no others, but for those that are switched off."""
        self._loaded = {each.spec.name: each for each in triggers}
        self._stopping = {}
        for each in self._loaded.values():
            if each.spec.stop_after:
                for target in each.spec.targets:
                    self._stopping.setdefault((target.namespace, target.id, each.spec.id), []).append(each)
        self.refresh()

    def refresh(self) -> None:
        """Serve the triggers as they are now."""
        self.serve([self._now(each) for each in self.all()])

    async def set(self, trigger: str, *, disabled: bool, why: str = "") -> None:
        """Switch a trigger off or on; durable when it returns. Raises NotFound, Refused when its file switches it off."""
        loaded = self.named(trigger)
        name = loaded.spec.name
        if loaded.spec.disabled and not disabled:
            raise Refused(f"trigger {name} is switched off by its file; take `disabled: true` out of {loaded.path or 'it'}")
        if self.state(name).disabled == disabled:
            return
        row = self._row(name, disabled, why or ("it was switched off" if disabled else ""))
        await self._store.write(Work(ledger=(row,)))
        self._apply([row])

    def _row(self, name: str, disabled: bool, why: str) -> LedgerRow:
        if not disabled:
            return LedgerRow(LEDGER, name, None)
        return LedgerRow(LEDGER, name, msgspec.json.encode(TriggerState(True, self._clock.now(), why)).decode())

    def _apply(self, rows: Iterable[LedgerRow]) -> None:
        for row in rows:
            if row.value is None:
                self._states.pop(row.key, None)
            else:
                self._states[row.key] = msgspec.json.decode(row.value, type=TriggerState)
            _log.info("a trigger was switched", trigger=row.key, disabled=row.value is not None, why=self.state(row.key).why)
        self.refresh()

    def _now(self, trigger: LoadedTrigger) -> LoadedTrigger:
        """It as it is to be served: switched off as if its file said so, with its backfill."""
        off = self.state(trigger.spec.name).disabled and not trigger.spec.disabled
        backfill = self.backfill(trigger.spec.name)
        if not off and backfill is None:
            return trigger
        spec = trigger.spec.model_copy(update={"disabled": True}) if off else trigger.spec
        return LoadedTrigger(spec, trigger.options, trigger.path, backfill, off)

    # ---- stopAfter ---------------------------------------------------------------------------------------------

    def remembering(self, work: Work) -> Work:
        """The work, with the triggers that it switches off."""
        if not self._stopping or not (work.creations or work.appends):
            return work
        ended = [row for each in work.appends if _ends(each.changes) for row in self._stops(each.execution)]
        creations = tuple(
            replace(each, ledger=(*each.ledger, *self._stops(each.execution))) if each.execution.ended else each for each in work.creations
        )
        return replace(work, creations=creations, ledger=(*work.ledger, *ended))

    def learn(self, work: Work, written: Written) -> None:
        """It is durable: what it switches off starts nothing more."""
        if not self._stopping:
            return
        rows = [*work.ledger]
        rows += [row for each, fresh in zip(work.creations, written.fresh, strict=False) if fresh for row in each.ledger]
        mine = [row for row in rows if row.ledger == LEDGER]
        if mine:
            self._apply(mine)

    def _stops(self, execution: Execution) -> Iterator[LedgerRow]:
        head = execution.head
        if head.trigger is None or head.scope is not None or not execution.ended:
            return
        for each in self._stopping.get((head.namespace, head.flow, head.trigger.id), ()):
            name = each.spec.name
            if each.spec.type == head.trigger.type and execution.state in each.spec.stop_after and not self.disabled(name):
                yield self._row(name, True, f"execution {execution.id} ended {execution.state} (stopAfter)")


def _ends(changes: Iterable[AnyChange]) -> bool:
    return any(isinstance(change, Moved) and change.after in TERMINATED for change in changes)


def _none(trigger: str) -> Backfill | None:
    """Nobody keeps backfills."""
    return None


def _nobody(triggers: Sequence[Any]) -> None:
    """Where there are no sources nobody serves triggers."""
