"""Make executions of what triggers start: the inputs checked, large values kept, the first steps decided; none of it written.

Rules
1. What cannot start is buried with the reason, whole; only the disk being full makes a source give it again.
2. What an upstream execution keeps in storage is brought along: it is kept anew for the execution that uses it.
3. Past a quota the source waits, where all that it serves shares it; else the event is buried, so that nobody waits for another's.
   What has started already starts nothing, and is no matter of a quota.
4. A window that ended without what was waited for is an execution that fails as it begins, where `onMiss` says so.

Called by: intake.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import structlog

from onbeat.core.addresses import value_folder
from onbeat.core.correlate import CORRELATED
from onbeat.core.correlation import Fired
from onbeat.core.errors_text import short
from onbeat.core.event import Event, Json, Micros
from onbeat.core.execution import Head, Trigger
from onbeat.core.flow import Flow
from onbeat.core.happening import SOURCE
from onbeat.core.inputs import resolve
from onbeat.core.matching import Beside, Fit, Start, complete
from onbeat.core.refs import REF_KEY, is_mark
from onbeat.core.sealed import is_secret_mark
from onbeat.core.times import iso
from onbeat.core.trigger import TriggerSpec
from onbeat.engine.batch import Batch
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.checks import checked
from onbeat.engine.engine import Engine
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.inputs import renderer
from onbeat.engine.masking import Hidden
from onbeat.engine.payloads import Payloads
from onbeat.engine.tracing import Tracing
from onbeat.errors import NotFound, OnbeatError, OutsideError
from onbeat.ports import Key

_log = structlog.get_logger("onbeat.starting")
replace = msgspec.structs.replace


class Starter:
    """Puts what triggers start into a batch."""

    def __init__(
        self,
        engine: Engine,
        catalog: Catalog,
        evaluator: Evaluator,
        payloads: Payloads,
        new_id: Callable[[Micros], str],
        started: Callable[[Key], Awaitable[str | None]],
    ) -> None:
        self._engine = engine
        self._catalog = catalog
        self._evaluator = evaluator
        self._payloads = payloads
        self._new_id = new_id
        self._started = started
        self.tracing = Tracing()

    async def fit(self, trigger: TriggerSpec, event: Event, at: Micros | None = None) -> tuple[Event, Fit | None]:
        """What the event is to the trigger, now or at another time, and the event with what the trigger looks at. Raises ExpressionError,
        UserError."""
        if trigger.needs_runs and isinstance(event.data, dict):
            event = await self._with_runs(event)
        return event, await self._evaluator.fit(trigger, event, at)

    async def _with_runs(self, event: Event) -> Event:
        """The event with what only the execution itself tells: its tasks' outputs, and which were tried again."""
        try:
            execution = await self._engine.load(event.variables["executionId"])
        except NotFound:
            return event
        again = [run for run in execution.runs.values() if run.attempt > 1]
        retried = [attempt.state.value for run in again for attempt in run.attempts]
        outputs = {**execution.context, **(event.data["outputs"] or {})}
        return replace(event, data={**event.data, "outputs": outputs, "retried": retried, "hasRetryAttempt": bool(again)})

    async def start(
        self, batch: Batch, trigger: TriggerSpec, event: Event, key: str, beside: Beside | None = None, hidden: Hidden | None = None
    ) -> None:
        """Start the trigger's flows for this event. hidden: what is known to be secret in it."""
        starts: tuple[Start, ...] = ()
        hidden = hidden or Hidden(self._evaluator.present_mask)
        with self.burying(batch, event, trigger.name, key):
            shown = event
            if trigger.upstream is not None and event.type != CORRELATED:
                shown = trigger.upstream.shown(await self._with_values(event, hidden))
            starts = await self._evaluator.starts(trigger, shown, key, beside)
        for start in starts:
            await self._begin(batch, start, start.inputs, hidden)

    async def complete(self, batch: Batch, trigger: TriggerSpec, fired: Fired) -> None:
        """Start the trigger's flows for a group of events that is complete; or for one that is not and should have been."""
        event, hidden = complete(trigger, fired), Hidden(self._evaluator.present_mask)
        if trigger.upstream is not None:
            brought = False
            with self.burying(batch, event, trigger.name, fired.identity):
                events = [replace(one, event=await self._with_values(one.event, hidden)) for one in fired.events]
                event, brought = complete(trigger, replace(fired, events=tuple(events))), True
            if not brought:
                return
        if not fired.missed:
            await self.start(batch, trigger, event, fired.identity, hidden=hidden)
            return
        more = trigger.upstream.on_miss.labels if trigger.upstream is not None and trigger.upstream.on_miss is not None else {}
        labels, known = {}, False
        with self.burying(batch, event, trigger.name, fired.identity):
            labels, known = await self._evaluator.labels(trigger, event, {**trigger.labels, **more}), True
        if not known:
            return
        came = {term for one in fired.events for term in one.terms}
        missing = [term.told() for term in trigger.correlation.terms if term.id not in came] if trigger.correlation is not None else []
        why = f"between {iso(fired.start)} and {iso(fired.end)} there was no {', and no '.join(missing)}"
        for target in trigger.targets:
            start = Start(
                trigger=trigger.name,
                trigger_id=trigger.id,
                trigger_type=trigger.type,
                namespace=target.namespace,
                flow=target.id,
                key=fired.identity,
                inputs={},
                labels=labels,
                order=None,
                event=event,
            )
            await self._begin(batch, start, None, hidden, failed=why)

    async def _with_values(self, event: Event, hidden: Hidden) -> Event:
        """The event with the outputs in it that are kept in storage: whoever made them may be purged before they are used. Secret ones are
        noted."""
        outputs = event.variables.get("outputs")
        if not isinstance(outputs, dict) or not any(is_mark(value) for value in outputs.values()):
            return event
        brought: dict[str, Json] = {}
        for name, value in outputs.items():
            if is_secret_mark(value):
                brought[name], secret = await self._payloads.open_secret(value[REF_KEY])
                hidden.taint.note(list(secret or ()))
            else:
                brought[name] = await self._payloads.bring(value[REF_KEY]) if is_mark(value) else value
        return replace(event, variables={**event.variables, "outputs": brought})

    async def _begin(
        self, batch: Batch, start: Start, inputs: Mapping[str, Json] | None, hidden: Hidden, failed: str | None = None
    ) -> None:
        loaded = self._catalog.find(start.namespace, start.flow)
        event = start.event
        if loaded is None:
            batch.bury(start.key, f"there is no flow {start.namespace}.{start.flow}", event=event, trigger=start.trigger)
            return
        if loaded.flow.disabled:
            return
        quotas, as_ = self._engine.quotas, Key(start.trigger, loaded.flow.name, start.key)
        reached = quotas.reached(start.namespace) if quotas.on else None
        again = reached is not None and await self._started(as_) is not None
        if reached is not None and not again:
            served = batch.subscription.triggers.values()
            if batch.patient or quotas.together(target.namespace for trigger in served for target in trigger.spec.targets):
                raise reached  # whoever waits there waits for the same
            batch.bury(start.key, str(reached), event=event, trigger=start.trigger)
            return
        with self.burying(batch, event, start.trigger, start.key):
            given = await self._resolved(loaded.flow, inputs) if inputs is not None else {}
            head = await self._head(start, loaded, given, batch.now, hidden)
            head = await checked(self._evaluator, loaded.flow, head) if failed is None else replace(head, failed=failed)
            prepared = await self._engine.prepare(head, loaded)
            prepared.again = again
            batch.add(prepared, as_)

    async def _resolved(self, flow: Flow, inputs: Mapping[str, Json]) -> dict[str, Json]:
        return await self._evaluator.settled(flow, lambda outside: resolve(flow.inputs, inputs, renderer(flow, outside)))

    async def _head(self, start: Start, loaded: LoadedFlow, inputs: Mapping[str, Any], now: Micros, hidden: Hidden) -> Head:
        event, flow = start.event, loaded.flow
        id_ = self._new_id(now)
        where = value_folder(flow.namespace, flow.id, id_)
        for secret in flow.secret_inputs:
            hidden.taint.note(inputs.get(secret.partition(".")[0]))
        mask = hidden()
        return Head(
            id=id_,
            namespace=flow.namespace,
            flow=flow.id,
            revision=flow.revision,
            created=now,
            inputs=await self._payloads.keep_inputs(flow, dict(inputs), f"{where}/inputs", mask),
            labels={**flow.labels, **mask.mask_value(dict(start.labels))},
            variables=flow.variables,
            trigger=Trigger(
                id=start.trigger_id,
                type=start.trigger_type,
                variables=await self._payloads.keep(event.variables, f"{where}/trigger", mask=mask),
            ),
            correlation_id=event.correlation_id or id_,
            causation_id=event.causation_id or event.id,
            traceparent=self.tracing.entering(id_, event.traceparent, event.causation_id if event.source == SOURCE else None),
            hops=event.hops,
            key=start.order,
        )

    @contextmanager
    def burying(self, batch: Batch, event: Event, trigger: str, key: str) -> Iterator[None]:
        """What goes wrong inside makes the event a dead event; but for the disk, for which the source gives it again."""
        try:
            yield
        except OutsideError:
            raise
        except OnbeatError as wrong:
            batch.bury(key, self._evaluator.mask(short(wrong)), event=event, trigger=trigger)
        except Exception as bug:
            _log.exception("an event could not start what it should", trigger=trigger, key=key)
            batch.bury(key, self._evaluator.mask(f"{type(bug).__name__}: {short(bug)}"), event=event, trigger=trigger)
