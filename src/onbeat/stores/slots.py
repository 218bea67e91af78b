"""Hand out places of concurrency limits, within the transaction that asks for them or gives them back.

Kept apart from the executions it would go wrong in a crash: a place given back and nobody woken, or two for one. The rules are here;
how the lines of those who wait are kept is each store's own.

Rules
1. Who came first is served first, in every line; the newest limit that a scope was claimed with counts.
2. An execution asks for its places one after the other and is told when it has all. All of a flow ask in the same order, so no two wait
   for each other; and who waits for one place does not stand in the way of those who need another.
3. A place that is given back passes on in the same transaction; a wait is given back like a place.
4. A refused claim leaves nothing behind, also of the places that were granted before it.
5. What it costs follows those who are served, not those who wait.

Called by: stores/memory.py and stores/sqlite/write.py.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from onbeat.core.signals import AnySignal, SlotGranted, SlotQueued, SlotRefused
from onbeat.core.states import State
from onbeat.ports import SlotClaim

Told = list[tuple[str, AnySignal]]
"""Executions and what each is told."""


class Lines(Protocol):
    """The places of a store: who has one, who waits for one, and what those who wait will ask for next."""

    def enter(self, execution: str, claims: Sequence[SlotClaim]) -> bool:
        """Keep what it asks for; it stands in no line yet. False when it has asked already: then nothing is done."""

    def ask(self, execution: str) -> tuple[str, str] | None:
        """Put it into the line of its next claim; that claim's scope and behaviour. None: it has all its places."""

    def fill(self, scope: str) -> Sequence[str]:
        """Give the free places of a scope to the first in line; who got one, in order."""

    def leave(self, execution: str) -> Sequence[str]:
        """Take back all it has and waits for; the scopes."""

    def force(self, execution: str) -> bool:
        """Give it all that it asked for, free or not; False when it waits for nothing."""


def claim(lines: Lines, execution: str, claims: Sequence[SlotClaim]) -> Told:
    """Ask for places, if for any; what is to be told to whom."""
    if not claims or not lines.enter(execution, claims):
        return []
    told = _serve(lines, [execution], [each.scope for each in claims[1:]])  # their limits may have changed
    if all(other != execution for other, _ in told):
        told.append((execution, SlotQueued()))
    return told


def release(lines: Lines, execution: str) -> Told:
    """Give back all places, and waits for them; what is to be told to whom."""
    return _serve(lines, [], lines.leave(execution))


def force(lines: Lines, execution: str) -> Told:
    """Let one that waits run, whatever the limits say."""
    return [(execution, SlotGranted())] if lines.force(execution) else []


def _serve(lines: Lines, asking: Iterable[str], freed: Iterable[str]) -> Told:
    """Until nobody moves any more."""
    told: Told = []
    movers, scopes = deque(asking), deque(freed)
    while movers or scopes:
        if not movers:
            movers.extend(lines.fill(scopes.popleft()))
            continue
        execution = movers.popleft()
        asked = lines.ask(execution)
        if asked is None:
            told.append((execution, SlotGranted()))
            continue
        scope, behavior = asked
        served = lines.fill(scope)
        movers.extend(served)
        if behavior != "QUEUE" and execution not in served:
            scopes.extend(lines.leave(execution))
            told.append((execution, SlotRefused(state=State.CANCELLED if behavior == "CANCEL" else State.FAILED)))
    return told
