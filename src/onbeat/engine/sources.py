"""Run the sources: one for each subscription, with the triggers that share it.

Rules
1. Triggers of one connection share a subscription; reload swaps its listeners while it runs.
2. A subscription that nobody needs any more is stopped, and one of its name begins only once it has gone.
3. A trigger that cannot be served is told, and takes no other down.
4. A trigger that listens to several topics is in several subscriptions.
5. Where a full disk keeps a source waiting it tries again once a second, not without end.
6. One that its file switches off connects to nothing. One that was switched off at run time goes on to listen and skips what comes, which
   would come after all when it is switched on again.

Called by: intake is one, and says what becomes of what they emit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from onbeat.engine.services import keep_running
from onbeat.engine.subscription import LoadedTrigger, Subscription
from onbeat.errors import UserError
from onbeat.ports import Clock, LedgerRow, Position, Received, SourceContext, Started, Store

_log = structlog.get_logger("onbeat.sources")
WEBHOOK = "core.trigger.Webhook"


class Sources:
    """The running sources. wait_room: returns when there is room for more executions. refused: triggers that are not served, with why."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Mapping[str, Any],
        group: asyncio.TaskGroup,
        wait_room: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._group = group
        self._wait_room = wait_room
        self._subscriptions: dict[str, Subscription] = {}
        self._open = True
        self._webhooks: dict[tuple[str, str], list[Subscription]] = {}
        self._asleep: dict[str, LoadedTrigger] = {}
        self._leaving: list[tuple[str, asyncio.Task[None]]] = []
        self.refused: dict[str, str] = {}

    async def emit(
        self,
        subscription: Subscription,
        received: Sequence[Received],
        *,
        positions: Sequence[Position] = (),
        ledger: Sequence[LedgerRow] = (),
    ) -> tuple[Started, ...]:
        """What becomes of what a source received."""
        raise NotImplementedError

    async def running(self, subscription: Subscription, received: Received) -> Sequence[str]:
        """The executions that it started before, and that have not ended."""
        raise NotImplementedError

    async def wait_ended(self, execution: str) -> None:
        """Returns when it has ended."""
        raise NotImplementedError

    def would_start(self, subscription: Subscription, received: Received) -> bool:
        """Whether the conditions of a trigger that this is for hold."""
        raise NotImplementedError

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
            if trigger.spec.disabled and not (trigger.off or trigger.options.listens_disabled):
                self._asleep[trigger.spec.name] = trigger
                continue
            try:
                parts = [(part.subscription(trigger.spec.name, self._settings), part) for part in trigger.options.parts()]
            except UserError as wrong:
                self.refused[trigger.spec.name] = str(wrong)
                self._asleep[trigger.spec.name] = trigger
                _log.error("a trigger is not served", trigger=trigger.spec.name, problem=str(wrong))
                continue
            for name, part in parts:
                whole = part is trigger.options
                wanted.setdefault(name, {})[trigger.spec.name] = trigger if whole else LoadedTrigger(trigger.spec, part, trigger.path)
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
            elif [(t.spec, t.listener) for t in members.values()] != [(t.spec, t.listener) for t in subscription.triggers.values()]:
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

    async def _until_room(self, subscription: Subscription) -> None:
        pause = subscription.closed_until - self._clock.monotonic()
        if pause > 0:  # nobody tells when a disk has room again
            await self._clock.sleep(pause)
        await self._wait_room()

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
                wait_room=partial(self._until_room, subscription),
                wait_changed=subscription.wait_changed,
                settings=self._settings,
                measure=measure,
                running=partial(self.running, subscription),
                wait_ended=self.wait_ended,
                would_start=partial(self.would_start, subscription),
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
