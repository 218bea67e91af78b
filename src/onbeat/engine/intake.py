"""Take events in: match them against the triggers, start what matches, all in one transaction; then the source may acknowledge.

Rules
1. When `emit` returns, every start of every event is durable, together with the source's position.
2. A start that was there already is success: the same (trigger, flow, key) starts once.
3. What cannot start what it should becomes a dead event in the same transaction: nothing is dropped, nothing retried for ever.
4. Past the limit of executions at work nothing is written and Overloaded is raised.
5. Triggers of one connection share a subscription; reload swaps its listeners while it runs.

Called by: sources and the API's webhook route emit; loader updates the triggers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import structlog

from onbeat.core.addresses import value_folder
from onbeat.core.errors_text import short
from onbeat.core.event import MAX_HOPS, Micros
from onbeat.core.execution import Head, Trigger
from onbeat.core.inputs import resolve
from onbeat.core.matching import Start
from onbeat.engine.batch import Batch
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.engine import Engine
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.inputs import renderer
from onbeat.engine.payloads import Payloads
from onbeat.engine.services import keep_running
from onbeat.engine.subscription import LoadedTrigger, Subscription
from onbeat.errors import NotFound, OnbeatError, OutsideError, Overloaded, Refused, UserError
from onbeat.ports import (
    Clock,
    DeadEvent,
    Key,
    LedgerRow,
    Position,
    Queries,
    Received,
    SourceContext,
    Started,
    Store,
    Work,
)

_log = structlog.get_logger("onbeat.intake")
WEBHOOK = "core.trigger.Webhook"
__all__ = ["WEBHOOK", "Intake", "LoadedTrigger", "Subscription"]


class Intake:
    """The sources of this process and the way from an event to executions."""

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
        self._store = store
        self._queries = queries
        self._engine = engine
        self._catalog = catalog
        self._evaluator = evaluator
        self._payloads = payloads
        self._clock = clock
        self._new_id = new_id
        self._settings = settings
        self._group = group
        self._subscriptions: dict[str, Subscription] = {}
        self._open = True
        self._webhooks: dict[tuple[str, str], list[Subscription]] = {}
        self._asleep: dict[str, LoadedTrigger] = {}
        self.refused: dict[str, str] = {}
        self._expected: dict[str, list[asyncio.Future[Started]]] = {}
        self._leaving: list[tuple[str, asyncio.Task[None]]] = []

    # ---- subscriptions -----------------------------------------------------------------------------------------

    def subscriptions(self) -> list[Subscription]:
        """The running ones, by name."""
        return [self._subscriptions[name] for name in sorted(self._subscriptions)]

    def asleep(self) -> list[LoadedTrigger]:
        """Triggers for which nothing runs: disabled ones, and those in `refused`, with why."""
        return [self._asleep[name] for name in sorted(self._asleep)]

    def find(self, trigger: str) -> tuple[Subscription, LoadedTrigger] | None:
        """A trigger by its name, with its subscription."""
        for subscription in self._subscriptions.values():
            if trigger in subscription.triggers:
                return subscription, subscription.triggers[trigger]
        return None

    def webhooks(self, namespace: str, flow: str) -> list[Subscription]:
        """The subscriptions of webhook triggers that start that flow."""
        return self._webhooks.get((namespace, flow), [])

    def update(self, triggers: Iterable[LoadedTrigger]) -> None:
        """Serve these triggers and no others: new subscriptions start, empty ones stop, the others swap their listeners.

        After `stop` nothing starts any more.
        """
        if not self._open:
            return
        self._leaving = [(name, task) for name, task in self._leaving if not task.done()]
        wanted: dict[str, dict[str, LoadedTrigger]] = {}
        self._asleep = {}
        self.refused = {}
        for trigger in triggers:
            if trigger.spec.disabled and not trigger.options.listens_disabled:
                self._asleep[trigger.spec.name] = trigger
                continue
            try:
                name = trigger.options.subscription(trigger.spec.name, self._settings)
            except UserError as wrong:
                self.refused[trigger.spec.name] = str(wrong)
                self._asleep[trigger.spec.name] = trigger
                _log.error("a trigger is not served", trigger=trigger.spec.name, problem=str(wrong))
                continue
            wanted.setdefault(name, {})[trigger.spec.name] = trigger
        for name in [name for name in self._subscriptions if name not in wanted]:
            gone = self._subscriptions.pop(name)
            if gone.task is not None:
                gone.task.cancel()
                self._leaving.append((name, gone.task))
        for name, members in wanted.items():
            subscription = self._subscriptions.get(name)
            if subscription is None:
                subscription = self._subscriptions[name] = Subscription(name)
                subscription.set_triggers(members)
                subscription.task = self._group.create_task(self._serve(subscription))
            elif [(t.spec, t.options) for t in members.values()] != [(t.spec, t.options) for t in subscription.triggers.values()]:
                subscription.set_triggers(members)
        self._webhooks = {}
        for subscription in self._subscriptions.values():
            for trigger in subscription.triggers.values():
                if trigger.spec.type == WEBHOOK:
                    for target in trigger.spec.targets:
                        self._webhooks.setdefault((target.namespace, target.id), []).append(subscription)

    async def stop(self) -> None:
        """Stop all sources: nothing new comes in."""
        self._open = False
        tasks = [subscription.task for subscription in self._subscriptions.values() if subscription.task is not None]
        tasks += [task for _, task in self._leaving]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _serve(self, subscription: Subscription) -> None:
        def report(trouble: str | None) -> None:
            subscription.trouble = trouble

        def ready() -> None:
            subscription.trouble = None
            subscription.ready.set()

        async def emit(
            received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
        ) -> tuple[Started, ...]:
            return await self.emit(subscription, received, positions=positions, ledger=ledger)

        def measure(lag: Callable[[], Awaitable[int]]) -> None:
            subscription.measured = lag

        async def run() -> None:
            context = SourceContext(
                name=subscription.name,
                emit=emit,
                store=self._store,
                clock=self._clock,
                log=_log.bind(subscription=subscription.name),
                ready=ready,
                report=report,
                wait_room=self._engine.wait_room,
                wait_changed=subscription.wait_changed,
                settings=self._settings,
                measure=measure,
            )
            first = next(iter(subscription.triggers.values()))
            try:
                await first.options.run(context, subscription.listeners)
            finally:
                subscription.measured = None

        before = [task for name, task in self._leaving if name == subscription.name]
        if before:  # one connection of that name at a time: brokers throw the other one out
            await asyncio.wait(before)
        await keep_running(subscription.name, run, self._clock, report)

    @contextmanager
    def expecting(self, key: str, topic: str) -> Iterator[asyncio.Future[Started]]:
        """A future of what the event with this key will have started; it is there at once when nobody listens to the topic."""
        future: asyncio.Future[Started] = asyncio.get_running_loop().create_future()
        listened = any(
            trigger.spec.settings.get("topic") == topic and not trigger.spec.disabled
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
        if received and (not self._open or self._engine.full()):
            raise Overloaded("as many executions are at work as the limit allows; try again later")
        now = self._clock.now()
        batch = Batch(subscription, self._new_id, now)
        try:
            for item in received:
                batch.begin()
                await self._take(batch, item)
        except BaseException:
            for prepared, _ in batch.starts:
                self._engine.drop(prepared)
            raise
        work = Work(
            creations=tuple(prepared.creation(key) for prepared, key in batch.starts),
            positions=tuple(positions),
            ledger=tuple(ledger),
            dead=(*dead, *batch.dead),
        )
        written = await self._engine.commit(work, [prepared for prepared, _ in batch.starts])
        if received:
            subscription.received += len(received)
            subscription.last_event = now
        results = batch.results(written.created, written.fresh)
        if self._expected:
            for item, result in zip(received, results, strict=True):
                for future in self._expected.get(item.event.key if item.event else item.key, ()):
                    if not future.done():
                        future.set_result(result)
        return results

    async def _take(self, batch: Batch, item: Received) -> None:
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
            try:
                starts = self._evaluator.match(trigger.spec, event)
            except OnbeatError as wrong:
                batch.bury(event.key, self._evaluator.mask(short(wrong)), event=event, trigger=name)
            except Exception as bug:
                _log.exception("a trigger raised", trigger=name, key=event.key)
                batch.bury(event.key, self._evaluator.mask(f"{type(bug).__name__}: {short(bug)}"), event=event, trigger=name)
            else:
                for start in starts:
                    await self._start(batch, start)

    async def _start(self, batch: Batch, start: Start) -> None:
        loaded = self._catalog.find(start.namespace, start.flow)
        event = start.event
        if loaded is None:
            batch.bury(start.key, f"there is no flow {start.namespace}.{start.flow}", event=event, trigger=start.trigger)
            return
        if loaded.flow.disabled:
            return
        try:
            inputs = resolve(loaded.flow.inputs, start.inputs, renderer(loaded.flow))
            head = await self._head(start, loaded, inputs, batch.now)
            prepared = await self._engine.prepare(head, loaded)
        except OutsideError:
            raise  # the disk: nothing of the batch is written, and the source gives it again
        except OnbeatError as wrong:
            batch.bury(start.key, self._evaluator.mask(short(wrong)), event=event, trigger=start.trigger)
        except Exception as bug:
            _log.exception("an execution could not begin", flow=loaded.flow.name, key=event.key)
            batch.bury(start.key, self._evaluator.mask(f"{type(bug).__name__}: {short(bug)}"), event=event, trigger=start.trigger)
        else:
            batch.add(prepared, Key(start.trigger, loaded.flow.name, start.key))

    async def _head(self, start: Start, loaded: LoadedFlow, inputs: Mapping[str, Any], now: Micros) -> Head:
        event, flow = start.event, loaded.flow
        id_ = self._new_id(now)
        where = value_folder(flow.namespace, flow.id, id_)
        return Head(
            id=id_,
            namespace=flow.namespace,
            flow=flow.id,
            revision=flow.revision,
            created=now,
            inputs=await self._payloads.keep_inputs(flow, dict(inputs), f"{where}/inputs"),
            labels={**flow.labels, **start.labels},
            variables=flow.variables,
            trigger=Trigger(
                id=start.trigger_id,
                type=start.trigger_type,
                variables=await self._payloads.keep(event.variables, f"{where}/trigger"),
            ),
            correlation_id=event.correlation_id or id_,
            causation_id=event.causation_id or event.id,
            traceparent=event.traceparent,
            hops=event.hops,
            key=start.order,
        )

    # ---- dead events -------------------------------------------------------------------------------------------

    async def replay(self, dead: str) -> Started:
        """Give a dead event to its trigger again. Raises NotFound, Refused when it still cannot start."""
        found = await self._queries.dead_event(dead)
        if found is None:
            raise NotFound(f"there is no dead event {dead}")
        if found.event is None:
            raise Refused(f"dead event {dead} could not be decoded ({found.reason}); it can be shown, not replayed")
        subscription = self._replay_target(found)
        names = frozenset({found.trigger}) if found.trigger else None
        item = Received(event=found.event, triggers=names)
        batch = Batch(subscription, self._new_id, self._clock.now())
        batch.begin()
        await self._take(batch, item)
        for prepared, _ in batch.starts:
            self._engine.drop(prepared)
        if batch.dead:
            raise Refused(f"dead event {dead} still cannot start: {batch.dead[0].reason}")
        given = msgspec.structs.replace(found, replayed=self._clock.now())
        (started,) = await self.emit(subscription, [item], dead=[given])
        return started

    def _replay_target(self, dead: DeadEvent) -> Subscription:
        if dead.trigger is not None:
            found = self.find(dead.trigger)
            if found is not None:
                return found[0]
        if dead.reader in self._subscriptions:
            return self._subscriptions[dead.reader]
        raise Refused(f"the trigger of dead event {dead.id} ({dead.trigger or dead.reader}) is not served any more")
