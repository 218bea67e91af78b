"""Take events in: match them against the triggers, start what matches, all in one transaction; then the source may acknowledge.

Rules
1. When `emit` returns, every start of every event is durable, together with the source's position.
2. A start that was there already is success: the same (trigger, flow, key) starts once.
3. What cannot start what it should becomes a dead event in the same transaction: nothing is dropped, nothing retried for ever.
4. Past the limit of executions at work nothing is written and Overloaded is raised.
5. What a trigger remembers that waits for several events is in the same transaction too; and what a deadline starts, with the deadline.
6. A trigger that waits for something not to come first lets its sources read what came while we were away, for a minute at most.

Called by: sources and the API's webhook route emit; loader updates the triggers.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import msgspec
import structlog

from onbeat.core.correlate import CORRELATED
from onbeat.core.correlation import Fired
from onbeat.core.event import MAX_HOPS, Event, Micros
from onbeat.core.expressions import ExpressionError
from onbeat.core.matching import Beside, Fit
from onbeat.core.trigger import TriggerSpec
from onbeat.engine.batch import Batch
from onbeat.engine.catalog import Catalog
from onbeat.engine.correlator import Correlator, Desk
from onbeat.engine.engine import Engine
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.meters import Meters
from onbeat.engine.payloads import Payloads
from onbeat.engine.sources import WEBHOOK, Sources
from onbeat.engine.starting import Starter
from onbeat.engine.subscription import LoadedTrigger, Subscription
from onbeat.errors import NotFound, Overloaded, QuotaReached, Refused, StoreBroken, UserError
from onbeat.ports import Clock, DeadEvent, Key, LedgerRow, Position, Queries, Received, Started, Store, Work, Written

_log = structlog.get_logger("onbeat.intake")
__all__ = ["WEBHOOK", "Intake", "LoadedTrigger", "Subscription"]
_PATIENCE: Micros = 60_000_000
"""How long a decision that something did not come waits for sources that have not read what came before we began."""
_BETWEEN_TRIES = 1.0
"""Seconds between tries while the disk is full."""
_T = TypeVar("_T")


class Intake(Sources):
    """The sources of this process and the way from an event to executions. correlator: what triggers remember."""

    def __init__(
        self,
        store: Store,
        queries: Queries,
        engine: Engine,
        catalog: Catalog,
        evaluator: Evaluator,
        payloads: Payloads,
        clock: Clock,
        new_id: Callable[[Micros], str],
        settings: Mapping[str, Any],
        group: asyncio.TaskGroup,
    ) -> None:
        super().__init__(store, clock, settings, group, engine.wait_room)
        self._queries = queries
        self._engine = engine
        self._evaluator = evaluator
        self._new_id = new_id
        self.starter = Starter(engine, catalog, evaluator, payloads, new_id, store.find_key)
        self._expected: dict[str, list[asyncio.Future[Started]]] = {}
        self._began = clock.now()
        self._deadlines: asyncio.Task[None] | None = None
        self._caught_up: set[str] = set()
        self.correlator = Correlator(store, clock)
        self.meters = Meters()

    def update(self, triggers: Iterable[LoadedTrigger]) -> None:
        """Serve these triggers and no others."""
        triggers = list(triggers)
        super().update(triggers)
        if self._open:
            self.correlator.update(trigger.spec for trigger in triggers if trigger.spec.correlation is not None)
            if self.correlator and self._deadlines is None:
                self._deadlines = self._group.create_task(self.correlator.serve(self._settle))

    async def stop(self) -> None:
        """Stop all sources: nothing new comes in, and nothing falls due."""
        await super().stop()
        if self._deadlines is not None:
            self._deadlines.cancel()
            await asyncio.wait([self._deadlines])

    @contextmanager
    def expecting(self, key: str, topic: str) -> Iterator[asyncio.Future[Started]]:
        """A future of what the event with this key will have started; it is there at once when nobody listens to the topic."""
        future: asyncio.Future[Started] = asyncio.get_running_loop().create_future()
        listened = any(
            trigger.hears(topic) and not trigger.spec.disabled
            for subscription in self._subscriptions.values()
            for trigger in subscription.triggers.values()
        )
        if not listened:
            future.set_result(Started(unmatched=True))
        self._expected.setdefault(key, []).append(future)
        try:
            yield future
        finally:
            waiting = self._expected[key]
            waiting.remove(future)
            if not waiting:
                del self._expected[key]

    # ---- events ------------------------------------------------------------------------------------------------

    async def emit(
        self,
        subscription: Subscription,
        received: Sequence[Received],
        *,
        positions: Sequence[Position] = (),
        ledger: Sequence[LedgerRow] = (),
        dead: Sequence[DeadEvent] = (),
    ) -> tuple[Started, ...]:
        """Match, start and remember in one transaction. Raises Overloaded past the limit: nothing was written."""
        since = self.meters.now()
        if received and (not self._open or self._engine.full()):
            self.meters.refused(subscription, len(received))
            raise Overloaded("as many executions are at work as the limit allows; try again later")
        work = Work(positions=tuple(positions), ledger=tuple(ledger), dead=tuple(dead))
        waiting = self._waiting(subscription, received) if self.correlator else set()
        try:
            if waiting:
                batch, written = await self._to_the_end(partial(self._emit_holding, subscription, received, work, waiting))
            else:
                batch = await self._batch(subscription, received, None)
                written = await self._commit(batch, work)
        except Overloaded as full:
            seconds = full.seconds if isinstance(full, QuotaReached) else _BETWEEN_TRIES
            subscription.closed_until = self._clock.monotonic() + seconds
            self.meters.refused(subscription, len(received))
            raise
        self.meters.emitted(batch, len(received), written, since)
        if received:
            subscription.received += len(received)
            subscription.last_event = batch.now
        results = batch.results(written.created, written.fresh)
        if self._expected:
            for item, result in zip(received, results, strict=True):
                for future in self._expected.get(item.event.key if item.event else item.key, ()):
                    if not future.done():
                        future.set_result(result)
        return results

    def _waiting(self, subscription: Subscription, received: Sequence[Received]) -> set[str]:
        """The triggers that some of it is for, and that wait for several events."""
        names: set[str] = set()
        for item in received:
            names.update(subscription.triggers if item.triggers is None else item.triggers)
        return {name for name in names if name in subscription.triggers and self.correlator.book(name) is not None}

    async def _emit_holding(
        self, subscription: Subscription, received: Sequence[Received], work: Work, names: Set[str]
    ) -> tuple[Batch, Written]:
        """The same, where triggers wait for several events: what they remember is held until it is written."""
        identities = [item.event.key for item in received if item.event is not None]
        async with self.correlator.holding(names, identities) as desk:
            batch = await self._batch(subscription, received, desk)
            written = await self._commit(batch, work, desk)
        return batch, written

    async def _batch(self, subscription: Subscription, received: Sequence[Received], desk: Desk | None) -> Batch:
        """Decide what all of it starts."""
        batch, since = Batch(subscription, self._new_id, self._clock.now()), self.meters.now()
        with self._dropping(batch):
            for item in received:
                batch.begin(item.patient)
                await self._take(batch, item, desk)
        self.meters.expect(batch, since)
        return batch

    @contextmanager
    def _dropping(self, batch: Batch) -> Iterator[None]:
        """What goes wrong before the write gives the places back."""
        try:
            yield
        except BaseException:
            for prepared, _ in batch.starts:
                self._engine.drop(prepared)
            raise

    async def _commit(self, batch: Batch, work: Work, desk: Desk | None = None) -> Written:
        whole = msgspec.structs.replace(
            work,
            creations=tuple(prepared.creation(key) for prepared, key in batch.starts),
            ledger=(*work.ledger, *(desk.rows() if desk is not None else ())),
            dead=(*work.dead, *batch.dead),
        )
        written = await self._engine.commit(whole, [prepared for prepared, _ in batch.starts])
        if desk is not None:
            self.correlator.kept(desk)
        return written

    async def _to_the_end(self, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Do it whole, also when the caller is cancelled: what is remembered and what is written stay the same."""
        done: asyncio.Future[_T] = asyncio.get_running_loop().create_future()

        async def do() -> None:
            try:
                result = await work()
            except Exception as problem:
                if done.done() and isinstance(problem, StoreBroken):
                    raise
                if not done.done():
                    done.set_exception(problem)
            else:
                if not done.done():
                    done.set_result(result)

        self._group.create_task(do()).add_done_callback(lambda _: done.cancel())
        return await done

    async def _take(self, batch: Batch, item: Received, desk: Desk | None) -> None:
        """Decide what one received thing starts."""
        event = item.event
        if event is None:
            batch.bury(item.key, item.reason or "it could not be decoded", raw=item.raw)
            return
        if event.hops > MAX_HOPS:
            batch.bury(event.key, f"it came through more than {MAX_HOPS} flows: a loop", event=event)
            return
        for name, trigger in list(batch.subscription.triggers.items()):
            if item.triggers is not None and name not in item.triggers:
                continue
            found: Fit | None = None
            with self.starter.burying(batch, event, name, event.key):
                seen, found = await self.starter.fit(trigger.spec, event)
            if found is None:
                continue
            if trigger.spec.correlation is None:
                beside = Beside(item.inputs, item.labels) if item.inputs or item.labels else None
                await self.starter.start(batch, trigger.spec, seen, found.identity, beside)
            elif desk is not None and name in desk.books:
                await self._count(batch, trigger.spec, seen, found, desk)
            else:
                batch.bury(found.identity, "its trigger was edited while the event was taken; give it again", event=event, trigger=name)

    async def _count(self, batch: Batch, trigger: TriggerSpec, event: Event, found: Fit, desk: Desk) -> None:
        """The event is one of several: start what it completes."""
        fired: tuple[Fired, ...] = ()
        with self.starter.burying(batch, event, trigger.name, found.identity):
            fired = await self.correlator.arrive(desk, trigger.name, found, event)
        for each in fired:
            await self.starter.complete(batch, trigger, each)

    async def fit(self, trigger: TriggerSpec, event: Event) -> tuple[Event, Fit | None]:
        """What the event was to the trigger when it came, and the event as the trigger sees it. Raises ExpressionError, UserError."""
        return await self.starter.fit(trigger, event, event.time)

    # ---- what sources ask ----------------------------------------------------------------------------------------

    async def running(self, subscription: Subscription, received: Received) -> Sequence[str]:
        """The executions that it started before, and that have not ended."""
        found = []
        for trigger in _meant(subscription, received):
            assert received.event is not None
            with suppress(ExpressionError, UserError):
                _, fit = await self.fit(trigger.spec, received.event)
                for target in trigger.spec.targets if fit is not None else ():
                    assert fit is not None
                    id_ = await self._store.find_key(Key(trigger.spec.name, f"{target.namespace}.{target.id}", fit.identity))
                    if id_ is not None and not await self._has_ended(id_):
                        found.append(id_)
        return found

    async def _has_ended(self, execution: str) -> bool:
        try:
            return (await self._engine.load(execution)).ended
        except NotFound:
            return True

    async def wait_ended(self, execution: str) -> None:
        """Returns when it has ended; at once when it is gone, or was set aside."""
        with suppress(NotFound, Refused):
            await self._engine.ended(execution)

    def would_start(self, subscription: Subscription, received: Received) -> bool:
        """Whether the conditions of a trigger that this is for hold."""
        for trigger in _meant(subscription, received):
            assert received.event is not None
            with suppress(ExpressionError, UserError):
                if self._evaluator.fits_at_once(trigger.spec, received.event):
                    return True
        return False

    # ---- deadlines ---------------------------------------------------------------------------------------------

    async def _settle(self, name: str, keys: Sequence[str]) -> bool:
        """See to groups of a trigger whose time has come; whether that could be done now."""
        book = self.correlator.book(name)
        if book is None or book.spec.correlation is None:
            return True
        if self._enabled(name):
            waited_since = max(book.next_due or 0, self._began)
            if book.spec.correlation.rule.absence and self._clock.now() - waited_since < _PATIENCE and await self._is_behind(name):
                return False
            if self._engine.full():
                await self._engine.wait_room()
        await self._to_the_end(partial(self._settle_holding, name, keys))
        return True

    def _enabled(self, name: str) -> bool:
        found = self.find(name)
        return found is not None and not found[1].spec.disabled

    async def _settle_holding(self, name: str, keys: Sequence[str]) -> None:
        async with self.correlator.holding([name]) as desk:
            if name not in desk.books:
                return
            found = self.find(name)
            batch = Batch(found[0] if found is not None else Subscription(name), self._new_id, self._clock.now())
            with self._dropping(batch):
                for key in keys:
                    for fired in desk.settle(name, key):
                        if self._enabled(name):  # as it is now: there may have been a wait for room
                            await self.starter.complete(batch, desk.books[name].spec, fired)
            await self._commit(batch, Work(), desk)

    async def _is_behind(self, name: str) -> bool:
        """Whether a source of the trigger has, since we began, not yet read what was there."""
        for subscription in self.subscriptions():
            if name in subscription.triggers and subscription.name not in self._caught_up:
                if not subscription.ready.is_set() or subscription.trouble or await subscription.lag():
                    return True
                self._caught_up.add(subscription.name)
        return False

    # ---- dead events -------------------------------------------------------------------------------------------

    async def replay(self, dead: str) -> Started:
        """Give a dead event to its trigger again. Raises NotFound, Refused when it still cannot start."""
        found = await self._queries.dead_event(dead)
        if found is None:
            raise NotFound(f"there is no dead event {dead}")
        if found.event is None:
            raise Refused(f"dead event {dead} could not be decoded ({found.reason}); it can be shown, not replayed")
        subscription = self._replay_target(found)
        if found.event.type == CORRELATED and found.trigger in subscription.triggers:
            return await self._replay_complete(subscription, subscription.triggers[found.trigger].spec, found, found.event)
        names = frozenset({found.trigger}) if found.trigger else None
        item = Received(event=found.event, triggers=names)
        async with self.correlator.holding(self._waiting(subscription, [item]), [found.event.key]) as desk:
            trial = await self._batch(subscription, [item], desk)
        self._give_up(trial, dead)
        given = msgspec.structs.replace(found, replayed=self._clock.now())
        (started,) = await self.emit(subscription, [item], dead=[given])
        return started

    async def _replay_complete(self, subscription: Subscription, trigger: TriggerSpec, dead: DeadEvent, event: Event) -> Started:
        """A group of events that was complete and could not start: it starts now."""
        batch = Batch(subscription, self._new_id, self._clock.now())
        batch.begin()
        with self._dropping(batch):
            await self.starter.start(batch, trigger, event, event.key)
        if batch.dead:
            self._give_up(batch, dead.id)
        written = await self._commit(batch, Work(dead=(msgspec.structs.replace(dead, replayed=self._clock.now()),)))
        (started,) = batch.results(written.created, written.fresh)
        return started

    def _give_up(self, trial: Batch, dead: str) -> None:
        """It was only a trial. Raises Refused when it went wrong."""
        for prepared, _ in trial.starts:
            self._engine.drop(prepared)
        if trial.dead:
            raise Refused(f"dead event {dead} still cannot start: {trial.dead[0].reason}")

    def _replay_target(self, dead: DeadEvent) -> Subscription:
        if dead.trigger is not None:
            found = self.find(dead.trigger)
            if found is not None:
                return found[0]
        if dead.reader in self._subscriptions:
            return self._subscriptions[dead.reader]
        raise Refused(f"the trigger of dead event {dead.id} ({dead.trigger or dead.reader}) is not served any more")


def _meant(subscription: Subscription, received: Received) -> list[LoadedTrigger]:
    """The triggers that an event is for."""
    if received.event is None:
        return []
    return [trigger for name, trigger in subscription.triggers.items() if received.triggers is None or name in received.triggers]
