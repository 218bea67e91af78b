"""Tell people what goes wrong: start a flow or call a webhook when an execution fails, stands still, or a trigger falls behind.

A flow that fails at night is seen in the morning unless something says so; what says so must not itself be forgotten by a crash, nor
wake anybody twice, nor for ever about itself.

Rules
1. A failure is told at least once: its alert reads the journal from a position of its own, which moves when it was delivered. To a
   flow exactly once, in one transaction with the position; to a webhook with an id that says a repetition is one.
2. What stands still, or falls behind, is told once until it moves: that it was is written down.
3. What an alert starts, and its subflows, raise no alert; what they start by events does until the hops are used up.
4. A webhook that does not answer holds back its own alert and no other; one too far behind goes on from now, loudly.
5. Without alerts in the settings nothing here runs; those of failures sleep until there is something to read.

Called by: daemon/assemble.py, one for each alert of the settings.
"""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import orjson
import structlog

from onbeat.core.changes import Moved
from onbeat.core.event import MAX_HOPS, Event, Micros
from onbeat.core.execution import Execution, Head
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.core.trigger import FlowRef, TriggerSpec
from onbeat.engine.node import Node
from onbeat.engine.relay import READER
from onbeat.engine.services import keep_running
from onbeat.engine.subscription import LoadedTrigger, Subscription
from onbeat.errors import NotFound, Overloaded
from onbeat.ports import ExecutionFilter, JournalRow, LedgerRow, Position, Received, SourceOptions, Work
from onbeat.settings import Alert

_log = structlog.get_logger("onbeat.alerts")
TYPE = "core.trigger.Alert"
"""What an alert is to the executions that it starts."""
LEDGER = "alerts"
_BATCH = 500
_BREATH = 0.2
"""Seconds for which a reader lets rows gather: a busy store is not asked for each one."""
_KEPT: Micros = 30 * 86_400_000_000
"""How long it is remembered that something was told."""
_SHOWN = frozenset(
    ("executionId", "namespace", "flowId", "flowRevision", "state", "labels", "error", "failedTask", "trigger", "createdAt", "durationMs")
)


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """Something to tell. key: makes it once. facts: what `trigger.*` shows of it, and the webhook's JSON."""

    key: str
    at: Micros
    text: str
    facts: dict[str, Any]
    hops: int = 1
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


Post = Callable[[str, Mapping[str, str], bytes], Awaitable[None]]
"""Calls a webhook with headers and a body. Raises OutsideError when it was not taken."""


class Alerting:
    """One alert. most_behind: in rows of the journal."""

    def __init__(self, alert: Alert, node: Node, most_behind: int, post: Post | None = None) -> None:
        self.alert = alert
        self.name = f"{READER if alert.on == 'failure' else ''}alert:{alert.name}"
        self._trouble: str | None = None
        self._node = node
        self._most_behind = most_behind
        self._post = post or call
        self._subscription = Subscription(self.name)
        if alert.then.flow is not None:
            target = FlowRef(namespace=alert.then.flow.namespace, id=alert.then.flow.id)
            spec = TriggerSpec(id=alert.name, type=TYPE, flow=target, inputs=alert.then.inputs)
            self._subscription.set_triggers({spec.name: LoadedTrigger(spec, SourceOptions())})

    @property
    def trouble(self) -> str | None:
        """What is wrong now; that nobody would be told is known before there is something to tell."""
        flow = self.alert.then.flow
        if self._trouble is not None or flow is None:
            return self._trouble
        loaded = self._node.catalog.find(flow.namespace, flow.id)
        if loaded is None:
            return f"there is no flow {flow.namespace}.{flow.id}; what it is to be told becomes dead events"
        return f"flow {loaded.flow.name} is disabled, and told nothing" if loaded.flow.disabled else None

    async def serve(self) -> None:
        """Watch until cancelled."""

        def report(trouble: str | None) -> None:
            self._trouble = trouble

        run = {"failure": self._failures, "stuck": self._stuck, "lag": self._lag}[self.alert.on]
        await keep_running(self.name, run, self._node.clock, report)

    # ---- failures ----------------------------------------------------------------------------------------------

    async def _failures(self) -> None:
        store = self._node.store
        position = saved = await self._place()
        while True:
            await store.wait_journal(position)
            await self._node.clock.sleep(_BREATH)
            rows = await store.journal(position, _BATCH)
            found = [happened for row in rows if (happened := await self._failure(row)) is not None]
            position = rows[-1].seq if rows else position
            if found or position - saved >= _BATCH:
                await self._tell(found, (self._position(position),))
                saved = position

    async def _place(self) -> int:
        """Where it goes on reading; a new one begins at now."""
        stored, end = await self._node.store.positions(self.name), await self._node.store.journal_end()
        position = int(stored.get("seq", end))
        if end - position > self._most_behind:
            _log.error("an alert is too far behind and goes on from now", alert=self.alert.name, first=position + 1, last=end)
            position = end
        if stored.get("seq") != str(position):
            await self._node.store.write(Work(positions=(self._position(position),)))
        return position

    def _position(self, seq: int) -> Position:
        return Position(self.name, "seq", str(seq))

    async def _failure(self, row: JournalRow) -> Happened | None:
        """What a row says has failed; None when that is nothing to tell."""
        head, change = row.head, row.change
        if not isinstance(change, Moved) or change.after not in self.alert.states or not self._concerns(head, change.labels):
            return None
        event = self._node.projection.event(row)
        if event is None or await self._of_alert(head):
            return None
        shown: dict[str, Any] = {name: value for name, value in event["data"].items() if name in _SHOWN}
        why = f": {shown['error']}" if shown.get("error") else ""
        return self._happened(
            f"{head.id}/{change.sequence}",
            change.at,
            f"{head.namespace}.{head.flow} ended {change.after}{why} (execution {head.id})",
            shown,
            head,
            event.get("traceparent"),
        )

    # ---- what stands still -------------------------------------------------------------------------------------

    async def _stuck(self) -> None:
        patience = int(self.alert.minutes * 60_000_000)
        looked: dict[str, Micros] = {}
        while True:
            now, seen = self._node.clock.now(), set()
            async for id_ in self._open(now - patience):
                seen.add(id_)
                if looked.get(id_, 0) > now:
                    continue
                found = await self._still(id_, now - patience)
                if isinstance(found, Happened):
                    await self._tell_once(found)
                looked[id_] = now + patience if isinstance(found, Happened) else found + patience
            looked = {id_: due for id_, due in looked.items() if id_ in seen}
            await self._node.clock.sleep(min(60.0, max(1.0, patience / 4_000_000)))

    async def _open(self, before: Micros) -> AsyncIterator[str]:
        """The executions made before that are RUNNING or QUEUED."""
        last: str | None = None
        below = None if self.alert.namespace is None else (self.alert.namespace,)
        wanted = ExecutionFilter(states=(State.RUNNING, State.QUEUED), namespaces=below, flow=self.alert.flow, end=before)
        while page := await self._node.queries.executions(wanted, before=last, limit=_BATCH):
            for each in page:
                yield each.id
            last = page[-1].id

    async def _still(self, id_: str, since: Micros) -> Happened | Micros:
        """That an execution has not changed since then, or when it did last. One that waits for others that it started is not still."""
        try:
            execution = await self._node.engine.load(id_)
        except NotFound:
            return since
        rows = await self._node.queries.changes(id_, after=execution.version - 1)
        last = rows[-1].change.at if rows else since
        head, now = execution.head, self._node.clock.now()
        if last > since:
            return last
        if execution.ended or _waits_for_others(execution) or not self._concerns(head, execution.labels) or await self._of_alert(head):
            return now
        facts = {
            "executionId": id_,
            "namespace": head.namespace,
            "flowId": head.flow,
            "flowRevision": head.revision,
            "state": execution.state.value,
            "labels": self._node.evaluator.masked(head, execution.labels),
            "createdAt": iso(head.created),
            "since": iso(last),
        }
        minutes = (now - last) // 60_000_000
        text = f"{head.namespace}.{head.flow} is {execution.state} without a change for {minutes} minutes (execution {id_})"
        return self._happened(f"{id_}/{execution.version}", now, text, facts, head, self._node.tracing.of(head))

    # ---- lag ---------------------------------------------------------------------------------------------------

    async def _lag(self) -> None:
        since: dict[str, Micros] = {}
        calm: set[str] = set()
        while True:
            for subscription in self._node.intake.subscriptions():
                if not self._listens(subscription):
                    continue
                lag, name, now = await subscription.lag(), subscription.name, self._node.clock.now()
                if lag is not None and lag > self.alert.above:
                    calm.discard(name)
                    if now - since.setdefault(name, now) >= self.alert.seconds * 1_000_000:
                        text = f"{lag} events wait at {name}, since {iso(since[name])}"
                        facts = {"subscription": name, "lag": lag, "triggers": sorted(subscription.triggers), "since": iso(since[name])}
                        await self._tell_once(self._happened(name, now, text, facts), forever=True)
                elif lag is not None and name not in calm:
                    since.pop(name, None)
                    calm.add(name)
                    if await self._told(name):  # the next time is to be told again
                        await self._node.store.write(Work(ledger=(LedgerRow(LEDGER, self._own(name), None),)))
            await self._node.clock.sleep(min(15.0, max(1.0, self.alert.seconds / 4)))

    def _listens(self, subscription: Subscription) -> bool:
        """Whether one of its triggers is meant."""
        for name, trigger in subscription.triggers.items():
            targets = [(each.namespace, each.id) for each in trigger.spec.targets]
            if self.alert.trigger in (None, name, trigger.spec.id) and any(self._names(*each) for each in targets):
                return True
        return False

    # ---- telling -----------------------------------------------------------------------------------------------

    def _concerns(self, head: Head, labels: Mapping[str, str]) -> bool:
        return head.scope is None and self._names(head.namespace, head.flow) and self.alert.labels.items() <= labels.items()

    def _names(self, namespace: str, flow: str) -> bool:
        wanted = self.alert.namespace
        within = wanted is None or namespace == wanted or namespace.startswith(f"{wanted}.")
        return within and self.alert.flow in (None, flow)

    async def _of_alert(self, head: Head) -> bool:
        """Whether an alert started it, or an execution that it is part of."""
        while head.trigger is None or head.trigger.type != TYPE:
            if head.parent is None:
                return False
            try:
                head = (await self._node.engine.load(head.parent)).head
            except NotFound:
                return False
        return True

    def _happened(
        self, key: str, at: Micros, text: str, facts: Mapping[str, Any], head: Head | None = None, traceparent: str | None = None
    ) -> Happened:
        whole = {"alert": self.alert.name, "on": self.alert.on, "text": text, "at": iso(at), **facts}
        if head is None:
            return Happened(key=key, at=at, text=text, facts=whole)
        return Happened(
            key=key,
            at=at,
            text=text,
            facts=whole,
            hops=head.hops + 1,
            correlation_id=head.correlation_id,
            causation_id=head.id,
            traceparent=traceparent,
        )

    async def _tell_once(self, happened: Happened, *, forever: bool = False) -> None:
        """Tell it, unless it was told. forever: until that is taken back."""
        if not await self._told(happened.key):
            until = None if forever else happened.at + _KEPT
            row = LedgerRow(LEDGER, self._own(happened.key), str(happened.at), until)
            await self._tell([happened], ledger=(row,))

    async def _told(self, key: str) -> bool:
        return bool(await self._node.store.ledger(LEDGER, [self._own(key)]))

    def _own(self, key: str) -> str:
        return f"{self.alert.name}\n{key}"

    async def _tell(self, found: Sequence[Happened], positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()) -> None:
        """Deliver all of it, then remember that."""
        if found and self.alert.then.flow is not None:
            await self._start(found, positions, ledger)
        else:
            for happened in found:
                await self._call(happened)
            await self._node.store.write(Work(positions=tuple(positions), ledger=tuple(ledger)))
        self._trouble = None
        for happened in found:
            self._node.meters.count("onbeat_alerts_total", self.alert.name)
            _log.warning("alert", alert=self.alert.name, text=happened.text)

    async def _start(self, found: Sequence[Happened], positions: Sequence[Position], ledger: Sequence[LedgerRow]) -> None:
        """What cannot start is a dead event, and so told."""
        received = [Received(event=self._event(each), key=each.key) for each in found]
        while True:
            try:
                await self._node.intake.emit(self._subscription, received, positions=positions, ledger=ledger)
                return
            except Overloaded:
                await self._node.clock.sleep(1.0)
                await self._node.engine.wait_room()

    def _event(self, happened: Happened) -> Event:
        return Event(
            id=happened.key,
            source=f"onbeat/alert/{self.alert.name}",
            type=f"io.onbeat.alert.{self.alert.on}",
            time=happened.at,
            key=happened.key if self.alert.on == "failure" else f"{happened.key}@{happened.at}",
            data=happened.facts,
            variables=happened.facts,
            hops=happened.hops,
            correlation_id=happened.correlation_id,
            causation_id=happened.causation_id,
            traceparent=happened.traceparent,
        )

    async def _call(self, happened: Happened) -> None:
        assert self.alert.then.webhook is not None
        if happened.hops > MAX_HOPS:  # to a flow it would be a dead event
            _log.error("an alert came through too many flows: a loop; it is not told", alert=self.alert.name, text=happened.text)
            return
        own = {name: value.get_secret_value() for name, value in self.alert.then.headers.items()}
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"{self.alert.name}/{happened.key}", **own}
        if happened.traceparent is not None:
            headers["traceparent"] = happened.traceparent
        await self._post(self.alert.then.webhook.get_secret_value(), headers, orjson.dumps(happened.facts))


def _waits_for_others(execution: Execution) -> bool:
    for n in execution.open:
        block = execution.blocks.get(n)
        if execution.runs[n].child is not None or (block is not None and block.fan is not None):
            return True
    return False


async def call(url: str, headers: Mapping[str, str], body: bytes) -> None:
    """POST it, with a library that is loaded with the first one. Raises OutsideError when it was not taken."""
    await importlib.import_module("onbeat.engine.webhook_call").call(url, headers, body)
