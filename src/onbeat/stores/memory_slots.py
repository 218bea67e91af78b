"""Keep the lines for places in memory: what stores/slots.py asks of a store.

Called by: memory.py.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import count

import msgspec

from onbeat.ports import SlotClaim


class _Slot(msgspec.Struct):
    """One claim. seq: the order of arrival. granted: it has its place."""

    seq: int
    claim: SlotClaim
    granted: bool = False


class _Line(msgspec.Struct):
    """One scope: the claims of each execution in order of arrival, how many places are taken, and who waits, the first on top."""

    slots: dict[str, _Slot] = {}
    taken: int = 0
    waiting: list[tuple[int, str]] = []


class MemoryLines:
    """Implements slots.Lines."""

    def __init__(self) -> None:
        self._arrivals = count(1)
        self._lines: dict[str, _Line] = {}
        self._claims: dict[str, list[_Slot]] = {}

    def enter(self, execution: str, claims: Sequence[SlotClaim]) -> bool:
        if execution in self._claims:
            return False
        self._claims[execution] = [_Slot(next(self._arrivals), claim) for claim in claims]
        for slot in self._claims[execution]:
            self._lines.setdefault(slot.claim.scope, _Line()).slots[execution] = slot
        return True

    def ask(self, execution: str) -> tuple[str, str] | None:
        slot = next((slot for slot in self._claims[execution] if not slot.granted), None)
        if slot is None:
            return None
        heappush(self._lines[slot.claim.scope].waiting, (slot.seq, execution))
        return slot.claim.scope, slot.claim.behavior

    def fill(self, scope: str) -> Sequence[str]:
        line = self._lines.get(scope)
        served: list[str] = []
        if line is None:
            return served
        limit = next(reversed(line.slots.values())).claim.limit
        while line.waiting and line.taken < limit:
            seq, execution = heappop(line.waiting)
            slot = line.slots.get(execution)
            if slot is not None and slot.seq == seq and not slot.granted:  # else it has left
                slot.granted = True
                line.taken += 1
                served.append(execution)
        return served

    def leave(self, execution: str) -> Sequence[str]:
        slots = self._claims.pop(execution, [])
        for slot in slots:
            line = self._lines[slot.claim.scope]
            line.taken -= slot.granted
            del line.slots[execution]
            if not line.slots:
                del self._lines[slot.claim.scope]
        return [slot.claim.scope for slot in slots]

    def force(self, execution: str) -> bool:
        slots = [slot for slot in self._claims.get(execution, ()) if not slot.granted]
        for slot in slots:
            slot.granted = True
            self._lines[slot.claim.scope].taken += 1
        return bool(slots)
