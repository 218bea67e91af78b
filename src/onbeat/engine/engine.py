"""Keep executions going: tell them signals, write what they decide, then let the world move.

An execution in memory is a mailbox. A step takes all signals that wait, decides them (core), writes the changes in one transaction,
and only then starts and stops what differs between what was outstanding before and after.

Rules
1. Nothing is done before the change that asks for it is durable.
2. A Conflict is answered by loading and deciding again; nothing was written.
3. A bug in one execution sets that execution aside; the others go on. A broken store stops the process.
4. At boot each open execution is told Recover; recovery has no other code.
5. Idle executions leave memory.

Called by: intake starts executions, runner, timers and API tell them things; daemon runs it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import structlog

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.changes import AnyChange, ChildStarted, Created, RunMoved
from onbeat.core.decide import decided
from onbeat.core.errors_text import short
from onbeat.core.event import Json, Micros
from onbeat.core.evolve import create
from onbeat.core.execution import ROOT, Execution, Head
from onbeat.core.expressions import ExpressionError, compile_value
from onbeat.core.states import State
from onbeat.core.values import normalise
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.mailbox import Commands, Mailbox, Told, touched_runs
from onbeat.engine.places import Kind, Places
from onbeat.engine.runner import Runner
from onbeat.engine.timers import Timers
from onbeat.errors import Conflict, NotFound, Overloaded, StoreBroken, UserError
from onbeat.ports import Append, Clock, Creation, Delivery, Key, LogLine, Record, SlotClaim, Store, Tell, Work

_log = structlog.get_logger("onbeat.engine")
_IDLE_KEPT = 1_000
_WHILE_FULL = 1.0
"""Seconds between tries while the disk is full."""


class Prepared:
    """An execution that is decided but not written: its first changes, and the execution after them."""

    __slots__ = ("changes", "commands", "execution", "loaded")

    def __init__(self, loaded: LoadedFlow, execution: Execution, changes: tuple[AnyChange, ...]) -> None:
        self.loaded = loaded
        self.execution = execution
        self.changes = changes
        self.commands = Mailbox(execution.id).now_outstanding(execution, changes)

    def creation(self, key: Key | None = None) -> Creation:
        """It as part of a Work."""
        box = Mailbox(self.execution.id)
        concurrency = self.loaded.flow.concurrency
        claim = SlotClaim(self.loaded.flow.name, concurrency.limit, concurrency.behavior) if concurrency else None
        return Creation(
            execution=self.execution,
            changes=self.changes,
            key=key,
            claim=claim,
            active=box.active_after(self.commands) > 0,
            wake=box.wake_after(self.commands),
        )


class Engine:
    """The executions of this process."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        runner: Runner,
        evaluator: Evaluator,
        clock: Clock,
        group: asyncio.TaskGroup,
        places: Mapping[Kind, int],
        max_active: int,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._runner = runner
        self._evaluator = evaluator
        self._clock = clock
        self._group = group
        self._max_active = max_active
        self._boxes: dict[str, Mailbox] = {}
        self._idle: OrderedDict[str, Mailbox] = OrderedDict()
        self._room = asyncio.Event()
        self._room.set()
        self._waiters: dict[str, list[asyncio.Future[Execution]]] = {}
        self.quarantined: dict[str, str] = {}
        self.places = Places(places, self._placed)
        self.timers = Timers(clock, self._fire)
        runner.tell = self.tell
        runner.free = self.places.withdraw

    # ---- starting ----------------------------------------------------------------------------------------------

    def full(self) -> bool:
        """Whether as many executions are at work as the limit allows."""
        return len(self._boxes) >= self._max_active

    async def wait_room(self) -> None:
        """Returns when there is room for more executions."""
        while self.full():
            self._room.clear()
            await self._room.wait()

    def at_work(self) -> int:
        """How many executions are in memory with work outstanding."""
        return len(self._boxes)

    def prepare(self, head: Head, loaded: LoadedFlow) -> Prepared:
        """Decide how an execution begins, and reserve places for its first tasks where some are free. `admit` or `drop` it afterwards."""
        first = Created(at=head.created, head=head)
        changes, after = decided(loaded.flow, create(head), [s.Begin()], head.created)
        changes, after = self._dispatch(loaded, after, changes, head.created)
        return Prepared(loaded, after, (first, *changes))

    def admit(self, prepared: Prepared) -> None:
        """It is durable: let the world move."""
        box = Mailbox(prepared.execution.id, prepared.execution, prepared.loaded)
        self._boxes[box.id] = box
        self._perform(box, prepared.commands)
        self._rest(box)

    def drop(self, prepared: Prepared) -> None:
        """It was not written: give its places back."""
        for n in prepared.execution.open:
            self.places.withdraw(prepared.execution.id, n)

    async def start(self, head: Head, loaded: LoadedFlow) -> Execution:
        """Create an execution that no event started."""
        prepared = self.prepare(head, loaded)
        try:
            written = await self._store.write(Work(creations=(prepared.creation(),)))
        except BaseException:
            self.drop(prepared)
            raise
        self.admit(prepared)
        self.deliver(written.delivered)
        return prepared.execution

    async def recover(self, owner: str) -> int:
        """Take over all executions that have not ended; returns how many."""
        count = 0
        while claimed := await self._store.claim(owner, 500):
            for open_ in claimed:
                count += 1
                if open_.active:
                    self.tell(open_.id, s.Recover())
                elif open_.wake is not None:
                    self.timers.arm(open_.id, -1, open_.wake)
        return count

    # ---- telling -----------------------------------------------------------------------------------------------

    def tell(
        self,
        execution: str,
        signal: s.Signal,
        *,
        seq: int = 0,
        records: tuple[Record, ...] = (),
        logs: tuple[LogLine, ...] = (),
        answer: "asyncio.Future[Execution] | None" = None,
    ) -> None:
        """Tell an execution something; it is worked on as soon as the loop comes to it."""
        box = self._box(execution)
        assert isinstance(signal, s.AnySignal)
        box.told.append(Told(signal, seq, records, logs, answer))
        self._schedule(box)

    async def ask(self, execution: str, signal: s.Signal) -> Execution:
        """Tell it and wait until what it decided is durable; returns the execution then. Raises NotFound."""
        answer: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        self.tell(execution, signal, answer=answer)
        return await answer

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Hand out inbox rows that a write made."""
        for delivery in deliveries:
            self.tell(delivery.execution, delivery.signal, seq=delivery.seq)

    async def ended(self, execution: str) -> Execution:
        """Wait until an execution has ended; returns it. Raises NotFound."""
        waiter: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(execution, [])
        waiters.append(waiter)
        try:
            loaded = await self.load(execution)
            return loaded if loaded.ended else await waiter
        finally:
            waiters.remove(waiter)
            if not waiters:
                self._waiters.pop(execution, None)

    async def load(self, execution: str) -> Execution:
        """The execution as it is now. Raises NotFound."""
        box = self._boxes.get(execution) or self._idle.get(execution)
        if box is not None and box.execution is not None:
            return box.execution
        loaded = await self._store.load(execution)
        if loaded is None:
            raise NotFound(f"there is no execution {execution}")
        return loaded

    def _box(self, execution: str) -> Mailbox:
        box = self._boxes.get(execution)
        if box is None:
            box = self._idle.pop(execution, None) or Mailbox(execution)
            self._boxes[execution] = box
        return box

    def _schedule(self, box: Mailbox) -> None:
        if not box.busy:
            box.busy = True
            self._group.create_task(self._work(box))

    def _placed(self, execution: str, run: int) -> None:
        self.tell(execution, s.Dispatched(run))

    def _fire(self, execution: str, run: int, due: Micros) -> None:
        if run < 0:  # armed at boot for an execution that was not loaded: loading it arms its own timers
            self._schedule(self._box(execution))
        else:
            self.tell(execution, s.TimerFired(run, due))

    # ---- working -----------------------------------------------------------------------------------------------

    async def _work(self, box: Mailbox) -> None:
        try:
            while box.told or box.fresh:
                await self._step(box)
        except StoreBroken:
            raise
        except Exception as bug:
            self._quarantine(box, bug)
            return
        finally:
            box.busy = False
        self._rest(box)

    async def _step(self, box: Mailbox) -> None:
        told, box.told = box.told, []
        if box.execution is None and not await self._load(box, told):
            return
        execution, loaded = box.execution, box.loaded
        assert execution is not None
        assert loaded is not None
        now = self._clock.now()
        changes, after = decided(loaded.flow, execution, [each.signal for each in told], now)
        changes, after = self._dispatch(loaded, after, changes, now)
        consumed = tuple(each.seq for each in told if each.seq)
        new = box.now_outstanding(after, changes)
        if changes or consumed:
            try:
                await self._write(box, execution, after, changes, new, told, consumed)
            except (Conflict, Overloaded) as late:
                self._undispatch(execution, after, changes)
                box.told[:0] = told
                if isinstance(late, Conflict):
                    box.execution, box.fresh = None, True
                else:
                    await self._clock.sleep(_WHILE_FULL)
                return
        else:
            await self._write_logs(told)
            self._perform(box, new)
        self._undispatch_stale(after, told)
        for each in told:
            if each.answer is not None and not each.answer.done():
                each.answer.set_result(after)

    async def _write(
        self,
        box: Mailbox,
        execution: Execution,
        after: Execution,
        changes: tuple[AnyChange, ...],
        new: Commands,
        told: list[Told],
        consumed: tuple[int, ...],
    ) -> None:
        assert box.loaded is not None
        children = [
            self.prepare(change.child, await self._catalog.revision(change.child.namespace, change.child.flow, change.child.revision))
            for change in changes
            if isinstance(change, ChildStarted)
        ]
        released = box.loaded.flow.name if after.ended and not execution.ended and box.loaded.flow.concurrency else None
        append = Append(
            execution=after,
            expected=execution.version,
            changes=changes,
            consumed=consumed,
            released=released,
            active=box.active_after(new) > 0,
            wake=box.wake_after(new),
        )
        work = Work(
            creations=tuple(child.creation() for child in children),
            appends=(append,),
            tells=tuple(_tells(execution, after, changes)),
            records=tuple(record for each in told if _fits(execution, each.signal) for record in each.records),
            logs=tuple(line for each in told for line in each.logs),
        )
        try:
            written = await self._store.write(work)
        except BaseException:
            for child in children:
                self.drop(child)
            raise
        box.execution = after
        self._perform(box, new)
        for child in children:
            self.admit(child)
        self.deliver(written.delivered)
        if after.ended:
            for waiter in self._waiters.get(after.id, ()):
                if not waiter.done():
                    waiter.set_result(after)

    async def _write_logs(self, told: list[Told]) -> None:
        lines = tuple(line for each in told for line in each.logs)
        if lines:
            await self._store.write(Work(logs=lines))

    async def _load(self, box: Mailbox, told: list[Told]) -> bool:
        """Bring an execution into memory, with what waits in its inbox; False when there is none."""
        execution = await self._store.load(box.id)
        if execution is None:
            for each in told:
                if each.answer is not None and not each.answer.done():
                    each.answer.set_exception(NotFound(f"there is no execution {box.id}"))
            box.fresh = False
            return False
        head = execution.head
        box.loaded = await self._catalog.revision(head.namespace, head.flow, head.revision)
        box.execution, box.fresh = execution, True
        known = {each.seq for each in (*told, *box.told)}
        told.extend(Told(each.signal, each.seq) for each in await self._store.inbox(box.id) if each.seq not in known)
        return True

    def _rest(self, box: Mailbox) -> None:
        """Let an execution that has nothing to do leave memory."""
        if box.told or box.busy:
            return
        if box.execution is None or box.execution.ended or not box.active:
            if self._boxes.get(box.id) is box:
                del self._boxes[box.id]
            if box.execution is not None and not box.execution.ended:
                self._idle[box.id] = box
                while len(self._idle) > _IDLE_KEPT:
                    self._idle.popitem(last=False)
            if not self.full():
                self._room.set()

    def _quarantine(self, box: Mailbox, bug: Exception) -> None:
        _log.exception("an execution was set aside", execution=box.id)
        self.quarantined[box.id] = f"{type(bug).__name__}: {short(bug)}"
        self._boxes.pop(box.id, None)
        self._room.set()
        for each in box.told:
            if each.answer is not None and not each.answer.done():
                each.answer.set_exception(bug)

    # ---- places ------------------------------------------------------------------------------------------------

    def _dispatch(
        self, loaded: LoadedFlow, after: Execution, changes: tuple[AnyChange, ...], now: Micros
    ) -> tuple[tuple[AnyChange, ...], Execution]:
        """Where a place is free, RUNNING is committed together with what made the task run ready."""
        fresh: tuple[AnyChange, ...] = changes
        while fresh and after.state is State.RUNNING:
            touched = touched_runs(fresh)
            ready = [n for n in sorted(touched if touched is not None else after.open) if n and _dispatchable(after, n)]
            placed = [n for n in ready if self.places.try_reserve(after.id, n, self._kind(loaded, after, n))]
            if not placed:
                break
            fresh, after = decided(loaded.flow, after, [s.Dispatched(n) for n in placed], now)
            changes = (*changes, *fresh)
            for n in placed:
                if after.runs[n].state is not State.RUNNING:
                    self.places.withdraw(after.id, n)
        return changes, after

    def _kind(self, loaded: LoadedFlow, execution: Execution, n: int) -> Kind:
        return self._runner.kind(loaded.flow.by_id[execution.runs[n].task])

    def _undispatch(self, execution: Execution, after: Execution, changes: tuple[AnyChange, ...]) -> None:
        """The changes were not written: give back the places that were taken for them."""
        for change in changes:
            if isinstance(change, RunMoved) and change.attempt is not None:
                before = execution.runs.get(change.n)
                if before is None or before.attempt < change.attempt:
                    self.places.withdraw(after.id, change.n)

    def _undispatch_stale(self, after: Execution, told: list[Told]) -> None:
        """A place came for a task run that no longer wants it."""
        for each in told:
            if isinstance(each.signal, s.Dispatched):
                run = after.runs.get(each.signal.run)
                if run is None or run.state is not State.RUNNING:
                    self.places.withdraw(after.id, each.signal.run)

    # ---- doing -------------------------------------------------------------------------------------------------

    def _perform(self, box: Mailbox, new: Commands) -> None:
        """Make the world do what is outstanding now, and no longer what was."""
        box.active = box.active_after(new)
        box.fresh = False
        for n, commands in new.items():
            old = box.commands.get(n, ())
            if old != commands:
                for command in old:
                    if command not in commands:
                        self._undo(box, command)
                for command in commands:
                    if command not in old:
                        self._do(box, command)
            if commands:
                box.commands[n] = commands
            else:
                box.commands.pop(n, None)

    def _do(self, box: Mailbox, command: cmd.AnyCommand) -> None:
        assert box.execution is not None
        assert box.loaded is not None
        match command:
            case cmd.RunTask():
                self._runner.start(box.loaded, box.execution, command.run, command.attempt)
            case cmd.Dispatch():
                self.places.ask(box.id, command.run, self._kind(box.loaded, box.execution, command.run))
            case cmd.StopTask():
                self._runner.stop(box.id, command.run, command.attempt)
            case cmd.Evaluate():
                self._group.create_task(self._evaluate(box.loaded, box.execution, command.run, command.ask))
            case cmd.ArmTimer():
                self.timers.arm(box.id, command.run, command.due)
            case _:
                pass

    def _undo(self, box: Mailbox, command: cmd.AnyCommand) -> None:
        assert box.execution is not None
        match command:
            case cmd.RunTask():
                self._runner.cancel(box.id, command.run, command.attempt)
            case cmd.Dispatch():
                run = box.execution.runs.get(command.run)
                if run is None or run.state is not State.RUNNING:
                    self.places.withdraw(box.id, command.run)
            case cmd.ArmTimer():
                self.timers.disarm(box.id, command.run, command.due)
            case _:
                pass

    async def _evaluate(self, loaded: LoadedFlow, execution: Execution, n: int, ask: str) -> None:
        if n == ROOT:
            expression: Json = {output.id: output.value for output in loaded.flow.outputs}
        else:
            expression = getattr(loaded.flow.by_id[execution.runs[n].task], ask)
        try:
            value = normalise(await self._evaluator.render(compile_value(expression), loaded.flow, execution, n))
            self.tell(execution.id, s.Evaluated(n, ask, value))
        except (ExpressionError, UserError) as problem:
            self.tell(execution.id, s.Evaluated(n, ask, None, short(problem)))


def _dispatchable(execution: Execution, n: int) -> bool:
    run = execution.runs.get(n)
    return run is not None and not run.ended and any(isinstance(command, cmd.Dispatch) for command in cmd.of_run(execution, run))


def _fits(execution: Execution, signal: s.Signal) -> bool:
    """Whether an attempt's end is of the attempt under way, so that what it publishes is written."""
    if not isinstance(signal, s.TaskEnded):
        return True
    run = execution.runs.get(signal.run)
    return run is not None and run.state is State.RUNNING and run.attempt == signal.attempt


def _tells(execution: Execution, after: Execution, changes: Sequence[AnyChange]) -> list[Tell]:
    """What other executions are told in the same transaction: a parent of its child's end, children of their parent's kill."""
    tells = []
    head = after.head
    if after.ended and not execution.ended and head.parent is not None and head.parent_run is not None:
        tells.append(Tell(head.parent, s.ChildEnded(head.parent_run, after.id, after.state, after.outputs)))
    stopped = (State.KILLING, State.FAILED, State.RETRYING, State.CANCELLED)
    for change in changes:
        if isinstance(change, RunMoved) and change.state in stopped:
            run = execution.runs.get(change.n)
            if run is not None and run.child is not None:
                tells.append(Tell(run.child, s.Kill()))
    return tells
