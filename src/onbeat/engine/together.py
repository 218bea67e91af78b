"""Gather all that must be written with a step: the executions it starts, and those that a restart runs again.

Rules
1. What a step starts is created in its transaction; what starts in turn as it begins, begins in a step of its own.
2. An execution that a restarted parent waits for again is restarted in the parent's transaction. One that is gone, or cannot be
   restarted, tells the parent how it ended.

Called by: engine.
"""

from collections.abc import Awaitable, Callable, Iterator

import msgspec

from onbeat.core import changes as c
from onbeat.core import signals as s
from onbeat.core.decide import decided
from onbeat.core.event import Micros
from onbeat.core.execution import Execution, Head
from onbeat.core.states import State
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.compose import Step
from onbeat.engine.mailbox import Mailbox, Told
from onbeat.engine.prepared import Prepared
from onbeat.ports import Store, Tell, Work

Prepare = Callable[[Head, LoadedFlow], Awaitable[Prepared]]
_JOINED = ("creations", "appends", "tells", "positions", "ledger", "records", "dead", "logs", "metrics")


class Together:
    """A step of an execution with what is written with it. children: what it starts. revived: what it runs again, each with its step."""

    def __init__(self, box: Mailbox, step: Step) -> None:
        self.steps = [(box, step)]
        self.children: list[Prepared] = []
        self._bounced: list[Tell] = []

    @property
    def revived(self) -> "list[tuple[Mailbox, Step]]":
        """The executions that are run again."""
        return self.steps[1:]

    async def gather(self, prepare: Prepare, store: Store, catalog: Catalog, now: Micros) -> Work:
        """All of it as one Work."""
        work = Work()
        for box, step in self.steps:  # grows meanwhile
            own: list[Prepared] = []
            for change in step.changes:
                if isinstance(change, c.ChildStarted):
                    head = change.child
                    own.append(await prepare(head, await catalog.revision(head.namespace, head.flow, head.revision)))
            self.children += own
            for child, run in _again(step.after, step.changes):
                await self._revive(child, step.after.id, run, store, catalog, now)
            work = _joined(work, step.work(box, own))
        return _joined(work, Work(tells=tuple(self._bounced)))

    async def _revive(self, child: str, parent: str, run: int, store: Store, catalog: Catalog, now: Micros) -> None:
        execution = await store.load(child)
        if execution is None:
            self._bounced.append(Tell(parent, s.ChildEnded(run, child, State.FAILED)))
            return
        head = execution.head
        loaded = await catalog.revision(head.namespace, head.flow, head.revision)
        box = Mailbox(child, execution, loaded)
        step = Step(execution, [Told(s.Restart())])
        step.changes, step.after = decided(loaded.flow, execution, [s.Restart()], now)
        if not step.changes:
            self._bounced.append(Tell(parent, s.ChildEnded(run, child, execution.state, execution.outputs)))
            return
        step.new = box.now_outstanding(step.after, step.changes)
        self.steps.append((box, step))


def _again(after: Execution, changes: tuple[c.AnyChange, ...]) -> Iterator[tuple[str, int]]:
    """The executions that are to run again, each with the task run that waits for it."""
    for change in changes:
        if isinstance(change, c.ChildRestarted):
            yield change.child, change.n
        elif isinstance(change, c.FanReset) and change.n in after.blocks:
            fan = after.blocks[change.n].fan
            started = {other.child.id for other in changes if isinstance(other, c.ChildStarted)}
            for child in fan.children if fan is not None else ():
                if child not in started:
                    yield child, change.n


def _joined(work: Work, more: Work) -> Work:
    """Both as one."""
    return msgspec.structs.replace(work, **{name: (*getattr(work, name), *getattr(more, name)) for name in _JOINED})
