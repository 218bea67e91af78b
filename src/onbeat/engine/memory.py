"""Hold which executions are in memory: those at work, those that wait and may be wanted soon, and when the others are to be woken.

Rules
1. At work is what has commands outstanding; only these count against the limit.
2. Of those that wait, the KEPT that were used last stay; the others leave but for the instant at which they are woken.
3. An execution is at one of these places only.

Called by: engine.
"""

from collections import OrderedDict

from onbeat.core.event import Micros
from onbeat.engine.mailbox import Mailbox
from onbeat.engine.room import Room
from onbeat.engine.timers import Timers

KEPT = 1_000
WAKE = -1
"""Stands for the task run in the timer of an execution that is not in memory."""


class Memory:
    """The mailboxes in memory. limit: how many may be at work before no more are taken. timers: brought by the engine, which they tell."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._working: dict[str, Mailbox] = {}
        self._idle: OrderedDict[str, Mailbox] = OrderedDict()
        self._asleep: dict[str, Micros] = {}
        self.room = Room(self.full)
        self.timers: Timers

    def __len__(self) -> int:
        return len(self._working)

    def told(self) -> int:
        """How many signals wait in the mailboxes. Looks through all that are at work."""
        return sum(len(box.told) for box in self._working.values())

    def full(self) -> bool:
        """Whether as many executions are at work as the limit allows."""
        return len(self._working) >= self._limit

    def works(self, execution: str) -> bool:
        """Whether it is at work."""
        return execution in self._working

    def look(self, execution: str) -> Mailbox | None:
        """Its mailbox, if it is in memory."""
        return self._working.get(execution) or self._idle.get(execution)

    def take(self, execution: str) -> Mailbox:
        """Its mailbox, at work from now on; a new one when it is not in memory."""
        box = self._working.get(execution)
        if box is None:
            box = self._idle.pop(execution) if execution in self._idle else Mailbox(execution)
            self._working[execution] = box
            if (due := self._asleep.pop(execution, None)) is not None:
                self.timers.disarm(execution, WAKE, due)
        return box

    def add(self, box: Mailbox) -> None:
        """One that has just been written is at work."""
        self._idle.pop(box.id, None)
        self._working[box.id] = box

    def rest(self, box: Mailbox) -> None:
        """It has nothing to do, or has ended: let it leave the work."""
        if self._working.get(box.id) is box:
            del self._working[box.id]
        if box.execution is not None and not box.execution.ended:
            self._idle[box.id] = box
            while len(self._idle) > KEPT:
                self._evict()
        self.room.open()

    def drop(self, execution: str) -> None:
        """It is not worked on any more."""
        self._working.pop(execution, None)
        self.room.open()

    def sleep(self, execution: str, due: Micros) -> None:
        """It is not in memory, and is to be woken then."""
        self._asleep[execution] = due
        self.timers.arm(execution, WAKE, due)

    def _evict(self) -> None:
        """Forget the execution that has been idle longest, but for the instant at which it is to be woken."""
        id_, box = self._idle.popitem(last=False)
        for due, n in box.due:
            self.timers.disarm(id_, n, due)
        if box.due:
            self.sleep(id_, box.due[0][0])
