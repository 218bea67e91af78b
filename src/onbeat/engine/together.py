"""Gather all that must be written with a step: the executions it starts, and those that a restart runs again.

Rules
1. What a step starts is created in its transaction; what starts in turn as it begins, begins in a step of its own.
2. An execution that a restarted parent waits for again is restarted in the parent's transaction; nobody else works on it meanwhile.
   One that is gone, or cannot be restarted, tells the parent how it ended; one that runs already is waited for.

Called by: engine.
"""

from collections.abc import Awaitable, Callable

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.event import Micros
from onbeat.core.execution import Head
from onbeat.core.states import State
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.compose import Step
from onbeat.engine.deciding import decided_by
from onbeat.engine.mailbox import Mailbox, Told
from onbeat.engine.prepared import Prepared
from onbeat.ports import Tell, Work

Prepare = Callable[[Head, LoadedFlow], Awaitable[Prepared]]
Hold = Callable[[str, list[Told]], Awaitable[Mailbox]]
"""Gives an execution's mailbox for the caller alone, loaded if there is such an execution, and adds what waits in its inbox."""
_MORE = frozenset((c.ChildStarted, c.ChildRestarted))
"""Changes that need other executions written with them."""
_JOINED = ("creations", "appends", "tells", "ledger", "records", "logs", "metrics")


class Together:
    """A step of an execution with what is written with it. children: what it starts. held: the mailboxes that are held for it. revived:
    what it runs again, each with its step."""

    def __init__(self, box: Mailbox, step: Step) -> None:
        self._first = (box, step)
        self.children: list[Prepared] = []
        self.held: list[Mailbox] = []
        self.revived: list[tuple[Mailbox, Step]] = []
        self._bounced: list[Tell] = []

    async def gather(self, prepare: Prepare, hold: Hold, catalog: Catalog, now: Micros) -> Work:
        """All of it as one Work."""
        box, step = self._first
        if _MORE.isdisjoint(map(type, step.changes)):
            return step.work(box, ())
        steps, works = [self._first], []
        for box, step in steps:  # grows meanwhile
            own: list[Prepared] = []
            for change in step.changes:
                if isinstance(change, c.ChildStarted):
                    head = change.child
                    own.append(await prepare(head, await catalog.revision(head.namespace, head.flow, head.revision)))
                    self.children.append(own[-1])
                elif isinstance(change, c.ChildRestarted):
                    revived = await self._revive(change.child, step.after.id, change.n, hold, now)
                    if revived is not None:
                        self.revived.append(revived)
                        steps.append(revived)
            works.append(step.work(box, own))
        return _joined([*works, Work(tells=tuple(self._bounced))])

    async def _revive(self, child: str, parent: str, run: int, hold: Hold, now: Micros) -> tuple[Mailbox, Step] | None:
        """Restart an execution; None when that cannot be."""
        told: list[Told] = []
        box = await hold(child, told)
        self.held.append(box)
        execution = box.execution
        if execution is None or (execution.head.parent, execution.head.parent_run) != (parent, run):
            self._bounced.append(Tell(parent, s.ChildEnded(run, child, State.FAILED)))
        elif execution.ended:  # one that has not was restarted by somebody, and tells its end itself
            assert box.loaded is not None, "it is loaded with its flow"
            step = Step(execution, [*told, Told(s.Restart())])
            step.changes, step.after = await decided_by(box.loaded, execution, [each.signal for each in step.told], now)
            step.new = box.now_outstanding(step.after, step.changes)
            if step.changes:
                return box, step
            self._bounced.append(Tell(parent, s.ChildEnded(run, child, execution.state, execution.outputs)))
        box.told[:0] = told
        return None


def _joined(works: list[Work]) -> Work:
    """All as one."""
    parts = {name: tuple(part for work in works for part in getattr(work, name)) for name in _JOINED}
    return Work(**parts)
