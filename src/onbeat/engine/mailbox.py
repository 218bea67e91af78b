"""Hold an execution that is in memory: what it was told and what the world is doing for it.

One step works on a mailbox at a time, so an execution has one line of history; many mailboxes are worked on at once.

Rules
1. What a step costs follows the task runs it touches: neither the commands nor the timers of the others are looked at.

Called by: engine, compose and effects.
"""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from onbeat.core import changes as c
from onbeat.core.changes import AnyChange
from onbeat.core.commands import ACTIVE, AnyCommand, ArmTimer, of_execution, of_run
from onbeat.core.event import Micros
from onbeat.core.execution import ROOT, Execution
from onbeat.core.signals import AnySignal
from onbeat.core.states import State
from onbeat.engine.catalog import LoadedFlow
from onbeat.ports import LogLine, MetricRow, Record


class Told(NamedTuple):
    """A signal with what is to be written in the transaction that answers it. seq: its inbox row, 0: none."""

    signal: AnySignal
    seq: int = 0
    records: tuple[Record, ...] = ()
    logs: tuple[LogLine, ...] = ()
    metrics: tuple[MetricRow, ...] = ()
    answer: "asyncio.Future[Execution] | None" = None


Commands = dict[int, tuple[AnyCommand, ...]]
"""What is outstanding, by task run; ROOT for the execution itself."""


class Mailbox:
    """One execution in memory. fresh: nothing has been performed for it yet, so all that is outstanding is to be.

    active: how many commands need an engine. due: its armed timers as (instant, task run), the earliest first. worker: who works on it,
    itself or with an execution that restarts it.
    """

    __slots__ = ("active", "commands", "due", "execution", "fresh", "id", "loaded", "told", "worker")

    def __init__(self, id_: str, execution: Execution | None = None, loaded: LoadedFlow | None = None) -> None:
        self.id = id_
        self.execution = execution
        self.loaded = loaded
        self.told: list[Told] = []
        self.worker: asyncio.Task[None] | None = None
        self.fresh = True
        self.commands: Commands = {}
        self.active = 0
        self.due: list[tuple[Micros, int]] = []

    def now_outstanding(self, after: Execution, changes: Sequence[AnyChange], also: Iterable[int] = ()) -> Commands:
        """The commands of the task runs that the changes touched (of all, where the execution itself moved), and of those in `also`."""
        touched = None if self.fresh else touched_runs(changes)
        if after.ended:
            return dict.fromkeys(self.commands, ())
        if touched is None:
            touched = {*self.commands, *after.open, ROOT}
        touched.update(also)
        return {n: _of(after, n) for n in touched}

    def active_after(self, new: Commands) -> int:
        """How many commands need an engine once `new` is what is outstanding."""
        count = self.active
        for n, commands in new.items():
            count += _active(commands) - _active(self.commands.get(n, ()))
        return count

    def wake_after(self, new: Commands) -> Micros | None:
        """When the earliest timer is due once `new` is what is outstanding."""
        due = [command.due for commands in new.values() for command in commands if isinstance(command, ArmTimer)]
        kept = next((instant for instant, n in self.due if n not in new), None)
        if kept is not None:
            due.append(kept)
        return min(due, default=None)

    def arm(self, n: int, instant: Micros) -> None:
        """A timer is armed."""
        insort(self.due, (instant, n))

    def spend(self, n: int, instant: Micros) -> None:
        """A timer fired: what asked for it has had it, and the same instant is another timer when it is asked for again."""
        self.disarm(n, instant)
        left = tuple(command for command in self.commands.get(n, ()) if command != ArmTimer(n, instant))
        if left:
            self.commands[n] = left
        else:
            self.commands.pop(n, None)

    def disarm(self, n: int, instant: Micros) -> None:
        """A timer is disarmed."""
        at = bisect_left(self.due, (instant, n))
        if at < len(self.due) and self.due[at] == (instant, n):
            del self.due[at]


def _of(execution: Execution, n: int) -> tuple[AnyCommand, ...]:
    if n == ROOT:
        return tuple(of_execution(execution))
    run = execution.runs.get(n)
    return () if run is None or run.ended else tuple(of_run(execution, run))


def _active(commands: Iterable[AnyCommand]) -> int:
    return sum(isinstance(command, ACTIVE) for command in commands)


def touched_runs(changes: Iterable[AnyChange]) -> set[int] | None:
    """The task runs whose commands may differ after the changes; None: any may, because the execution itself moved."""
    touched: set[int] = set()
    for change in changes:
        kind = type(change)
        if kind in _OF_RUN:
            touched.add(change.n)  # type: ignore[union-attr]  # these are of a task run
        elif kind in _OF_EXECUTION:
            touched.add(ROOT)
        elif isinstance(change, c.Copied) or (isinstance(change, c.Moved) and change.before is not State.CREATED):
            return None
        elif kind is c.Moved:
            touched.add(ROOT)
    return touched


_OF_RUN = frozenset(
    (
        *(c.RunCreated, c.RunMoved, c.RunTimed, c.RunSet, c.RunRemoved, c.EventAwaited, c.Asked, c.Answered),
        *(c.Opened, c.BlockFailed, c.BlockReset, c.FanReset),
        *(c.ChildStarted, c.ChildMoved, c.ChildOver, c.ChildRestarted, c.ChildReplaced),
    )
)
_OF_EXECUTION = frozenset((c.Waiting, c.Deadline, c.SlaBroken))


def answer(told: Iterable[Told], after: Execution) -> None:
    """Whoever asked hears what came of it."""
    for each in told:
        if each.answer is not None and not each.answer.done():
            each.answer.set_result(after)


def fail(told: Iterable[Told], why: Exception) -> None:
    """Whoever asked hears why nothing came of it."""
    for each in told:
        if each.answer is not None and not each.answer.done():
            each.answer.set_exception(why)
