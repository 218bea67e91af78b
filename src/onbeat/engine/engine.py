"""Keep executions going: tell them signals, write what they decide, then let the world move.

An execution in memory is a mailbox. A step takes all signals that wait, decides them (core), writes the changes in one transaction
(compose), and only then starts and stops what differs between what was outstanding before and after (effects).

Rules
1. Nothing is done before the change that asks for it is durable; what is durable is done, whoever stopped waiting meanwhile.
2. A Conflict is answered by loading and deciding again; nothing was written. While the disk is full a step is tried again.
3. A bug in one execution sets that execution aside: its tasks are stopped, who waits for it is told, the others go on. It is tried
   again when it is told something, and at the next start. A broken store stops the process.
4. At boot each open execution is told Recover; recovery has no other code.
5. Idle executions leave memory, with all that was kept for them.

Called by: intake starts executions, runner, timers and API tell them things; daemon runs it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from onbeat.core import signals as s
from onbeat.core.changes import Created
from onbeat.core.errors_text import short
from onbeat.core.event import Micros
from onbeat.core.evolve import create
from onbeat.core.execution import Execution, Head
from onbeat.engine.answering import Answering
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.compose import Decided, Step, one_by_one
from onbeat.engine.deciding import decided_by
from onbeat.engine.dispatch import Dispatch
from onbeat.engine.effects import Effects
from onbeat.engine.listening import Listening
from onbeat.engine.mailbox import Mailbox, Told, answer, fail
from onbeat.engine.memory import WAKE, Memory
from onbeat.engine.meters import Meters
from onbeat.engine.once import Once
from onbeat.engine.places import Kind, Places
from onbeat.engine.prepared import Prepared
from onbeat.engine.quotas import Quotas
from onbeat.engine.runner import Runner
from onbeat.engine.timers import Timers
from onbeat.engine.together import Together
from onbeat.engine.trigger_states import TriggerStates
from onbeat.engine.waiters import Waiters
from onbeat.errors import Conflict, NotFound, OutsideError, Refused, StoreBroken
from onbeat.ports import Clock, Delivery, LogLine, MetricRow, Record, Store, Work, Written

_log = structlog.get_logger("onbeat.engine")
_BETWEEN_TRIES = 1.0
"""Seconds between tries while the disk is full."""


class Engine:
    """The executions of this process. quarantined: those set aside, with the reason. watch: sees what is durable."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        runner: Runner,
        answering: Answering,
        listening: Listening,
        clock: Clock,
        group: asyncio.TaskGroup,
        places: Mapping[Kind, int],
        max_active: int,
        triggers: TriggerStates,
    ) -> None:
        self._store, self._catalog = store, catalog
        self._clock, self._group, self._triggers = clock, group, triggers
        self._memory = Memory(max_active)
        self.undecided = self._memory.told
        self._waiters, self.quotas, self._stopping = Waiters(), Quotas(), False
        self.quarantined: dict[str, str] = {}
        self.watch: Callable[[Work, Written], None] = Meters().written
        self.places = Places(places, self._placed)
        self.timers = self._memory.timers = Timers(clock, self._fire)
        self._dispatch = Dispatch(self.places, runner)
        self._effects = Effects(runner, self._dispatch, self.timers, answering, listening, group, self.tell)
        self._listening, listening.execution = listening, self.load
        runner.tell, runner.places, listening.tell = self.tell, self.places, self.tell

    def full(self) -> bool:
        """Whether as many executions are at work as the limit allows."""
        return self._memory.full()

    async def wait_room(self) -> None:
        """Returns when there is room for more executions; who waits longest comes first."""
        await self._memory.room.wait()

    def at_work(self) -> int:
        """How many executions are in memory with work outstanding."""
        return len(self._memory)

    async def prepare(self, head: Head, loaded: LoadedFlow) -> Prepared:
        """Decide how an execution begins, and reserve places for its first tasks where some are free. `commit` or `drop` it afterwards."""
        first = Created(at=head.created, head=head)
        changes, after = await decided_by(loaded, create(head), [s.Begin()], head.created)
        if Prepared.alone(changes):
            changes, after, _ = self._dispatch.reserve(loaded, after, changes, head.created)
            prepared = Prepared(loaded, after, (first, *changes))
            if Prepared.alone(changes):
                return prepared
            self.drop(prepared)
        return Prepared(loaded, create(head), (first,), begun=False)

    def drop(self, prepared: Prepared) -> None:
        """It was not written: give its places back."""
        for n in prepared.execution.open:
            self.places.give_back(prepared.execution.id, n)
        self.quotas.give_back(prepared.execution.id)

    async def commit(self, work: Work, starts: Sequence[Prepared]) -> Written:
        """Write a Work that creates these executions, in this order, and let them move; they do also when the caller is cancelled."""
        written: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._group.create_task(self._commit(work, starts, written))
        return await written

    async def start(self, head: Head, loaded: LoadedFlow, begins: Decided | None = None, once: Once | None = None) -> Execution:
        """Create an execution that no event started. begins: how, where that is decided already. once: it may have been created before."""
        if begins is None:
            prepared = await self.prepare(head, loaded)
        else:
            prepared = Prepared(loaded, begins[1], (Created(at=head.created, head=head), *begins[0]), begun=False)
        work = Work(creations=(prepared.creation(once and once.key),), ledger=(once.row(head.created),) if once else ())
        written = await self.commit(work, [prepared])
        return prepared.execution if written.fresh[0] else await self.load(written.created[0])

    async def recover(self, owner: str) -> int:
        """Take over all executions that have not ended; returns how many."""
        await self._listening.load()
        count = 0
        while claimed := await self._store.claim(owner, 500):
            for open_ in claimed:
                count += 1
                if open_.active:
                    self.tell(open_.id, s.Recover())
                elif open_.wake is not None:
                    self._memory.sleep(open_.id, open_.wake)
        return count

    def stop(self) -> None:
        """Begin nothing more: what runs may end, what is decided is written; the next start goes on from there."""
        self._stopping = True
        self._listening.stop()
        self.places.close()

    async def _commit(self, work: Work, starts: Sequence[Prepared], told: "asyncio.Future[Written]") -> None:
        work = self._triggers.remembering(work)
        try:
            if self.quotas.on:
                self.quotas.admit([prepared.execution.head for prepared in starts if not prepared.again])
            written = await self._store.write(work)
        except BaseException as problem:
            for prepared in starts:
                self.drop(prepared)
            if not isinstance(problem, Exception) or (told.done() and isinstance(problem, StoreBroken)):
                raise
            if not told.done():
                told.set_exception(problem)
            return
        self._triggers.learn(work, written)
        self.watch(work, written)
        for prepared, fresh in zip(starts, written.fresh, strict=True):
            (self._admit if fresh else self.drop)(prepared)
        self._deliver(written.delivered)
        if not told.done():
            told.set_result(written)

    def _admit(self, prepared: Prepared) -> None:
        """It is durable: let the world move."""
        box = Mailbox(prepared.execution.id, prepared.execution, prepared.loaded)
        self._memory.add(box)
        self._effects.perform(box, prepared.commands)
        if prepared.begun:
            self._rest(box)
        else:
            self.tell(box.id, s.Begin())

    # ---- telling -----------------------------------------------------------------------------------------------

    def tell(
        self,
        execution: str,
        signal: s.Signal,
        *,
        seq: int = 0,
        records: tuple[Record, ...] = (),
        logs: tuple[LogLine, ...] = (),
        metrics: tuple[MetricRow, ...] = (),
        answer: "asyncio.Future[Execution] | None" = None,
    ) -> None:
        """Tell an execution something; it is worked on as soon as the loop comes to it."""
        box = self._memory.take(execution)
        assert isinstance(signal, s.AnySignal)
        box.told.append(Told(signal, seq, records, logs, metrics, answer))
        self._schedule(box)

    async def ask(self, execution: str, signal: s.Signal) -> Execution:
        """Tell it and wait until what it decided is durable; returns the execution then. Raises NotFound, Refused when it is set aside."""
        decided_on: asyncio.Future[Execution] = asyncio.get_running_loop().create_future()
        self.tell(execution, signal, answer=decided_on)
        return await decided_on

    async def ended(self, execution: str) -> Execution:
        """Wait until an execution has ended; returns it. Raises NotFound, Refused when it is set aside."""
        with self._waiters.on(execution) as end:
            loaded = await self.load(execution)
            if loaded.ended:
                return loaded
            if execution in self.quarantined and not self._memory.works(execution):
                raise self._set_aside(execution)
            return await end

    async def load(self, execution: str) -> Execution:
        """The execution as it is now. Raises NotFound."""
        box = self._memory.look(execution)
        if box is not None and box.execution is not None:
            return box.execution
        if (loaded := await self._store.load(execution)) is None:
            raise NotFound(f"there is no execution {execution}")
        return loaded

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Hand out inbox rows that a write made."""
        for delivery in deliveries:
            self.tell(delivery.execution, delivery.signal, seq=delivery.seq)

    def _schedule(self, box: Mailbox) -> None:
        if box.worker is None:
            box.worker = self._group.create_task(self._work(box))

    def _placed(self, execution: str, run: int) -> None:
        self.tell(execution, s.Dispatched(run))

    def _fire(self, execution: str, run: int, due: Micros) -> None:
        if run == WAKE:  # loading it arms its own timers
            self._schedule(self._memory.take(execution))
        else:
            self._memory.take(execution).spend(run, due)
            self.tell(execution, s.TimerFired(run, due))

    # ---- working -----------------------------------------------------------------------------------------------

    async def _work(self, box: Mailbox) -> None:
        try:
            while box.told or box.fresh:
                told, box.told = box.told, []
                await self._step(box, told)
        except StoreBroken:
            raise
        except Exception as bug:
            self._quarantine(box, bug)
            return
        finally:
            box.worker = None
        self._rest(box)

    async def _step(self, box: Mailbox, told: list[Told]) -> None:
        """Decide all that was told, write it, do it."""
        step: Step | None = None
        try:
            if box.execution is None and not await self._load(box, told):
                return
            step = await self._decide(box, told)
            await self._write(box, step)
        except Conflict:
            self._again(box, told, step)
            box.execution, box.fresh = None, True
        except OutsideError as late:
            self._again(box, told, step)
            if self._stopping:
                self._give_up(box, Refused("the daemon stops"))
            else:
                _log.warning("an execution waits for the store", execution=box.id, problem=str(late))
                await self._clock.sleep(_BETWEEN_TRIES)
        except BaseException:
            self._again(box, told, step)
            raise
        else:
            assert step is not None
            self.quarantined.pop(box.id, None)
            answer(told, step.after)

    async def _decide(self, box: Mailbox, told: list[Told]) -> Step:
        """What follows from what was told, with RUNNING where there is a place."""
        execution, loaded = box.execution, box.loaded
        assert execution is not None
        assert loaded is not None
        now = self._clock.now()
        step = Step(execution, told)
        if any(each.records for each in told):  # whether an attempt's end counts may follow from what was told before it
            changes, after, records = one_by_one(loaded, execution, told, now)
            step.records = records
        else:
            changes, after = await decided_by(loaded, execution, [each.signal for each in told], now)
        step.changes, step.after, step.placed = self._dispatch.reserve(loaded, after, changes, now)
        early = [signal.run for each in told if isinstance(signal := each.signal, s.TimerFired) and signal.due > now]
        step.new = box.now_outstanding(step.after, step.changes, early)
        return step

    async def _write(self, box: Mailbox, step: Step) -> None:
        """Write what was decided, then let the world move."""
        together = Together(box, step)
        try:
            work = self._triggers.remembering(await together.gather(self.prepare, self._hold, self._catalog, self._clock.now()))
            written = await self._store.write(work) if work.appends or work.logs or work.metrics else Written()
        except BaseException:
            for child in together.children:
                self.drop(child)
            for held in together.held:
                self._let_go(held)
            raise
        box.execution = step.after
        self._triggers.learn(work, written)
        self.watch(work, written)
        self._effects.perform(box, step.new)
        self._dispatch.settle(step.after, step.told)
        for child in together.children:
            self._admit(child)
        for revived, its in together.revived:
            revived.execution = its.after
            self._effects.perform(revived, its.new)
        for held in together.held:
            self._let_go(held)
        self._deliver(written.delivered)

    async def _hold(self, execution: str, told: list[Told]) -> Mailbox:
        """Its mailbox, loaded, for the caller alone; what waits in its inbox is added to `told`."""
        box = self._memory.take(execution)
        while box.worker is not None:
            await asyncio.wait({box.worker})
            box = self._memory.take(execution)
        box.worker = asyncio.current_task()
        try:
            if box.execution is None:
                await self._load(box, told)
        except BaseException:
            self._let_go(box)
            raise
        return box

    def _let_go(self, box: Mailbox) -> None:
        """Others may work on it again."""
        box.worker = None
        if box.told or (box.fresh and box.execution is not None and not box.execution.ended):
            self._schedule(box)
        else:
            self._rest(box)

    async def _load(self, box: Mailbox, told: list[Told]) -> bool:
        """Bring an execution into memory, with what waits in its inbox; False when there is none."""
        if (execution := await self._store.load(box.id)) is None:
            box.fresh = False
            fail(told, NotFound(f"there is no execution {box.id}"))
            return False
        head = execution.head
        box.loaded = await self._catalog.revision(head.namespace, head.flow, head.revision)
        known = {each.seq for each in (*told, *box.told)}
        waiting = [Told(each.signal, each.seq) for each in await self._store.inbox(box.id) if each.seq not in known]
        told[:] = [*waiting, *told] if execution.ended else [*told, *waiting]  # what it was told before its end is not of a restart
        if box.id in self.quarantined and not any(isinstance(each.signal, s.Recover) for each in told):
            told.insert(0, Told(s.Recover()))  # what ran for it was stopped when it was set aside
        box.execution, box.fresh = execution, True
        self._effects.recall(box)
        return True

    def _again(self, box: Mailbox, told: list[Told], step: Step | None) -> None:
        """Nothing was written: what was told is to be decided again."""
        if step is not None:
            self._dispatch.undo(box.id, step.placed, told)
        box.told[:0] = told

    def _rest(self, box: Mailbox) -> None:
        """Let an execution that has nothing to do leave memory."""
        if box.execution is not None and box.execution.ended:
            self._waiters.ended(box.execution)
        if box.told or box.worker is not None:
            return
        if box.execution is None or box.execution.ended or not box.active:
            self._memory.rest(box)

    def _quarantine(self, box: Mailbox, bug: Exception) -> None:
        """Stop all that is done for an execution, and tell who waits for it."""
        _log.error("an execution was set aside", execution=box.id, exc_info=bug)
        self.quarantined[box.id] = f"{type(bug).__name__}: {short(bug)}"
        self._effects.abandon(box)
        self.places.forget(box.id)
        self._give_up(box, self._set_aside(box.id))
        self._memory.drop(box.id)

    def _give_up(self, box: Mailbox, why: Exception) -> None:
        told, box.told, box.fresh = box.told, [], False
        fail(told, why)
        self._waiters.fail(box.id, why)

    def _set_aside(self, execution: str) -> Refused:
        return Refused(f"execution {execution} was set aside, the daemon's log says where ({self.quarantined[execution]})")
