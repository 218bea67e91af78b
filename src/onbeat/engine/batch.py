"""Collect what the events of one emit start, and which of them are dead, until all of it is written in one transaction.

Called by: intake.
"""

from collections.abc import Callable, Sequence

from onbeat.core.event import Event, Micros
from onbeat.engine.prepared import Prepared
from onbeat.engine.subscription import Subscription
from onbeat.ports import DeadEvent, Key, Started


class Batch:
    """What the events of one emit start, and what of them is dead. patient: whether the present one is."""

    def __init__(self, subscription: Subscription, new_id: Callable[[Micros], str], now: Micros) -> None:
        self.subscription = subscription
        self.now = now
        self.starts: list[tuple[Prepared, Key]] = []
        self.dead: list[DeadEvent] = []
        self.patient = False
        self._new_id = new_id
        self._marks: list[tuple[int, int]] = []

    def begin(self, patient: bool = False) -> None:
        """The next event."""
        self.patient = patient
        self._marks.append((len(self.starts), len(self.dead)))

    def add(self, prepared: Prepared, key: Key) -> None:
        """The event starts this."""
        self.starts.append((prepared, key))

    def bury(self, key: str, reason: str, *, event: Event | None = None, raw: bytes | None = None, trigger: str | None = None) -> None:
        """The event cannot start what it should."""
        dead = DeadEvent(
            id=self._new_id(self.now),
            at=self.now,
            reader=self.subscription.name,
            reason=reason,
            key=key if trigger is None else f"{trigger}\n{key}",
            trigger=trigger,
            event=event,
            raw=raw,
        )
        self.dead.append(dead)

    def results(self, created: Sequence[str], fresh: Sequence[bool]) -> tuple[Started, ...]:
        """Per event, what it did."""
        ends = [*self._marks[1:], (len(self.starts), len(self.dead))]
        results = []
        for (start, grave), (end, last) in zip(self._marks, ends, strict=True):
            ids = tuple(created[start:end])
            buried = self.dead[grave:last]
            results.append(
                Started(
                    started=ids,
                    duplicate=bool(ids) and not any(fresh[start:end]),
                    dead=buried[0].reason if buried else None,
                    unmatched=not ids and not buried,
                )
            )
        return tuple(results)
