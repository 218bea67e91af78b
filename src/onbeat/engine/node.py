"""Do what people and programs ask of a running onbeat: start, publish, kill, resume, replay, explain.

The API, the CLI's `run` and the tests all act through this, so each action means the same wherever it comes from.

Called by: api, cli, testing; built by daemon.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from onbeat.core import signals as s
from onbeat.core.addresses import execution_folder, value_folder
from onbeat.core.event import Json, Micros
from onbeat.core.execution import Execution, Head, Trigger
from onbeat.core.flow import Flow
from onbeat.core.inputs import Examined, InputSpec
from onbeat.core.names import did_you_mean
from onbeat.core.plan.approval import Approval
from onbeat.core.plan.pause import Pause
from onbeat.core.states import State
from onbeat.engine.backfill import Backfills
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.checks import Broken, broken_checks, checked
from onbeat.engine.engine import Engine
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.flow_files import FlowFiles
from onbeat.engine.identity import Identity
from onbeat.engine.inputs import Given, Upload
from onbeat.engine.intake import Intake
from onbeat.engine.loader import Loader
from onbeat.engine.masking import Hidden
from onbeat.engine.meters import Meters
from onbeat.engine.namespace_files import KeptFiles
from onbeat.engine.once import Once
from onbeat.engine.payloads import Payloads
from onbeat.engine.quotas import Use
from onbeat.engine.relay import READER, Relay
from onbeat.engine.runner import Runner
from onbeat.engine.secrets_kept import KeptSecrets
from onbeat.engine.tasklog import TaskLogs
from onbeat.engine.topics import Projection
from onbeat.engine.tracing import Tracing, valid
from onbeat.engine.trigger_states import TriggerStates
from onbeat.engine.values import KeptValues
from onbeat.engine.watching import Watch
from onbeat.errors import NotFound, Overloaded, Refused, UserError
from onbeat.ports import Clock, Publisher, Queries, Record, Started, Storage, Store, Work
from onbeat.registry import Registry

_WAIT_FOR_STARTS = 5.0
"""Seconds that a publish waits to hear what it started; the event is durable before."""


class Published(msgspec.Struct, frozen=True):
    """What a publish did. executions and duplicate are known on the embedded bus only."""

    id: str
    seq: int | None = None
    executions: tuple[str, ...] | None = None
    duplicate: bool | None = None


class Watcher(Protocol):
    """Something that watches, such as an alert. trouble: what is wrong now."""

    name: str

    @property
    def trouble(self) -> str | None: ...


@dataclass(slots=True)
class Node:
    """A running engine with all its parts. ready: whether a start would be taken."""

    store: Store
    queries: Queries
    engine: Engine
    intake: Intake
    catalog: Catalog
    loader: Loader
    runner: Runner
    logs: TaskLogs
    registry: Registry
    evaluator: Evaluator
    payloads: Payloads
    storage: Storage
    values: KeptValues
    secrets: KeptSecrets
    files: KeptFiles
    flow_files: FlowFiles
    publisher: Publisher
    identity: Identity
    clock: Clock
    events_topic: str
    projection: Projection
    triggers: TriggerStates
    backfills: Backfills
    watch: Watch
    meters: Meters
    tracing: Tracing
    ready: bool = False
    relays: list[Relay] = field(default_factory=list)
    alerts: list[Watcher] = field(default_factory=list)

    # ---- executions --------------------------------------------------------------------------------------------

    async def start(
        self,
        namespace: str,
        flow: str,
        inputs: Mapping[str, Json] | None = None,
        *,
        files: Mapping[str, Upload] | None = None,
        labels: Mapping[str, str] | None = None,
        revision: int | None = None,
        correlation_id: str | None = None,
        trigger: Trigger | None = None,
        scheduled: Micros | None = None,
        traceparent: str | None = None,
        once: Once | None = None,
    ) -> Execution:
        """Start a flow by hand. scheduled: when it is to begin. traceparent: the trace that it is part of. once: it may be started already.

        Raises NotFound, AnotherRequest, Refused (disabled, or takes nothing now), QuotaReached, InputError, Blocked: nothing was created.
        """
        loaded = await self.find_flow(namespace, flow, revision)
        if once is not None and (found := await once.find(self.store)) is not None:
            return await self.engine.load(found)
        if loaded.flow.disabled:
            raise Refused(f"flow {loaded.flow.name} is disabled; take `disabled: true` out of it to run it")
        if not self.ready or self.engine.full():
            raise Overloaded("no further execution is taken now; try again later")
        if self.engine.quotas.on and (reached := self.engine.quotas.reached(namespace)) is not None:
            raise reached
        now = self.clock.now()
        id_ = self.identity.new(now)
        given = _given(loaded.flow.inputs, inputs, files, loaded.flow.namespace, loaded.flow.id, id_)
        head = self._head(loaded.flow, id_, now, await given.resolve(loaded.flow, self.evaluator), valid(traceparent))
        head = msgspec.structs.replace(
            head,
            labels={**head.labels, **(labels or {})},
            correlation_id=correlation_id or id_,
            trigger=trigger,
            scheduled=scheduled,
        )
        head = await checked(self.evaluator, loaded.flow, head)
        await given.keep_files(self.storage)
        where = f"{value_folder(head.namespace, head.flow, id_)}/inputs"
        mask = self.evaluator.mask_of(head)
        kept = await self.payloads.keep_inputs(loaded.flow, head.inputs, where, mask)
        head = msgspec.structs.replace(head, inputs=kept, labels=mask.mask_value(head.labels))
        return await self.engine.start(head, loaded, once=once)

    async def examine(
        self, loaded: LoadedFlow, inputs: Mapping[str, Json], files: Mapping[str, Upload]
    ) -> tuple[list[Examined], list[Broken]]:
        """What a start with these inputs would be: its inputs, and when they are right the checks that do not hold. Creates nothing."""
        flow, now = loaded.flow, self.clock.now()
        id_ = self.identity.new(now)
        given = _given(flow.inputs, inputs, files, flow.namespace, flow.id, id_)
        examined = await given.examine(flow, self.evaluator)
        if any(each.problem is not None for each in examined):
            return examined, []
        return examined, await broken_checks(self.evaluator, flow, self._head(flow, id_, now, await given.resolve(flow, self.evaluator)))

    async def examine_resume(self, execution: Execution, inputs: Mapping[str, Json], files: Mapping[str, Upload]) -> list[Examined]:
        """What a resume with these answers would be: the inputs of the pauses that wait."""
        head = execution.head
        flow = (await self.catalog.revision(head.namespace, head.flow, head.revision)).flow
        asked = [_given(pause.on_resume, inputs, files, head.namespace, head.flow, head.id) for pause in _waiting(flow, execution)]
        return [each for given in asked for each in await given.examine(flow, self.evaluator)]

    def _head(self, flow: Flow, id_: str, now: Micros, inputs: dict[str, Json], traceparent: str | None = None) -> Head:
        """An execution of the flow that nothing else started, its secrets sealed."""
        return Head(
            id=id_,
            namespace=flow.namespace,
            flow=flow.id,
            revision=flow.revision,
            created=now,
            inputs=self.payloads.seal(flow, inputs),
            labels=flow.labels,
            variables=flow.variables,
            correlation_id=id_,
            traceparent=self.tracing.entering(id_, traceparent),
        )

    async def find_flow(self, namespace: str, flow: str, revision: int | None = None) -> LoadedFlow:
        """A served flow, or a revision of it. Raises NotFound with the nearest name."""
        loaded = self.catalog.find(namespace, flow)
        if revision is not None:
            return await self.catalog.revision(namespace, flow, revision)
        if loaded is None:
            name = f"{namespace}.{flow}"
            raise NotFound(f"there is no flow {name}{did_you_mean(name, self.catalog.names())}")
        return loaded

    async def kill(self, execution: str) -> Execution:
        """Stop an execution and its subflows. Raises NotFound, Refused when it has ended."""
        found = await self.engine.load(execution)
        if found.ended:
            raise Refused(f"execution {execution} has ended already: {found.state}")
        return await self.engine.ask(execution, s.Kill())

    async def force(self, execution: str) -> Execution:
        """Let an execution run that waits for a place, whatever its limits say. Raises NotFound, Refused when it waits for none."""
        found = await self.engine.load(execution)
        if found.state is not State.QUEUED:
            raise Refused(f"execution {execution} is {found.state}; only one that is QUEUED can be run before its turn")
        await self.engine.commit(Work(forced=(execution,)), [])
        return await self.engine.ask(execution, s.Begin())

    async def pause(self, execution: str) -> Execution:
        """Let what runs end and start nothing new. Raises NotFound, Refused unless it is RUNNING."""
        found = await self.engine.load(execution)
        if found.state is not State.RUNNING:
            raise Refused(f"execution {execution} is {found.state}; only a RUNNING one can be paused")
        return await self.engine.ask(execution, s.Pause())

    async def resume(
        self,
        execution: str,
        inputs: Mapping[str, Json] | None = None,
        by: str | None = None,
        *,
        files: Mapping[str, Upload] | None = None,
        decision: str | None = None,
        comment: str | None = None,
    ) -> Execution:
        """Go on from a pause, with the answers to onResume. Raises NotFound, Refused, InputError, UserError for an unknown decision."""
        found = await self.engine.load(execution)
        if found.state is not State.PAUSED and not found.paused:
            raise Refused(f"execution {execution} is {found.state}, not PAUSED")
        head = found.head
        loaded = await self.catalog.revision(head.namespace, head.flow, head.revision)
        waiting = list(_waiting(loaded.flow, found))
        approvals = [pause for pause in waiting if isinstance(pause, Approval)]
        if decision is not None and not approvals:
            raise UserError(f"execution {execution} waits for no decision; resume it without one")
        wrong = next((why for each in approvals if (why := each.refused(decision, comment)) is not None), None)
        if wrong is not None:
            raise UserError(wrong)
        asked = [_given(pause.on_resume, inputs, files, head.namespace, head.flow, head.id) for pause in waiting]
        answers: dict[str, Json] = {}
        for given in asked:
            answers |= await given.resolve(loaded.flow, self.evaluator)
        for given in asked:
            await given.keep_files(self.storage)
        answers = await self._sealed(head, waiting, answers)
        comment = None if comment is None else self.evaluator.mask_of(head).mask(comment)
        after = await self.engine.ask(execution, s.Resume(answers, by, decision, comment))
        if after.version == found.version:
            raise Refused(f"execution {execution} waits for executions that it started; resume those that are PAUSED")
        return after

    async def _sealed(self, head: Head, waiting: Sequence[Pause], answers: dict[str, Json]) -> dict[str, Json]:
        """The answers to a pause, the secret ones sealed."""
        hidden = Hidden(self.evaluator.mask_of(head))
        for spec in (spec for pause in waiting for spec in pause.on_resume if spec.type == "SECRET"):
            hidden.taint.note(answers.get(spec.id.partition(".")[0]))
        return await self.payloads.seal_values(answers, hidden())

    # ---- events ------------------------------------------------------------------------------------------------

    async def publish(
        self,
        topic: str,
        data: Json,
        *,
        id_: str | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        source: str = "onbeat",
        type_: str = "io.onbeat.event",
        traceparent: str | None = None,
    ) -> Published:
        """Put an event on the bus; returns when it is durable there. Raises Overloaded, OutsideError."""
        now = self.clock.now()
        record = Record(
            topic=topic,
            id=id_ or self.identity.new(now),
            data=data,
            time=now,
            key=key,
            source=source,
            type=type_,
            headers=dict(headers or {}),
            traceparent=valid(traceparent),
        )
        if not self.publisher.embedded:
            await self.publisher.publish(record)
            return Published(record.id)
        if topic == self.events_topic:
            raise Refused(f"`{topic}` is the topic of state events; only onbeat writes it")
        if not self.ready or self.engine.full():
            raise Overloaded("no further event is taken now; try again later")
        with self.intake.expecting(record.identity, topic) as started:
            written = await self.store.write(Work(records=(record,)))
            seq, fresh = written.records[0], written.new_records[0]
            if not fresh:
                return Published(record.id, seq, tuple(await self.queries.executions_of_key(record.identity)), duplicate=True)
            try:
                async with asyncio.timeout(_WAIT_FOR_STARTS):
                    return Published(record.id, seq, (await started).started, duplicate=False)
            except TimeoutError:
                return Published(record.id, seq, duplicate=False)

    async def topic_names(self) -> list[str]:
        """The topics of the embedded bus, with those that triggers wait for."""
        listened = {
            trigger.spec.settings["topic"]
            for subscription in self.intake.subscriptions()
            for trigger in subscription.triggers.values()
            if isinstance(trigger.spec.settings.get("topic"), str)
        }
        return sorted({*await self.store.topics(), *listened, self.events_topic})

    async def replay(self, dead: str) -> Started:
        """Give a dead event to its trigger again. Raises NotFound, Refused."""
        return await self.intake.replay(dead)

    # ---- state -------------------------------------------------------------------------------------------------

    def readers(self) -> list[str]:
        """Who reads the journal: sinks, and the sources of state events."""
        sources = [subscription.name for subscription in self.intake.subscriptions() if subscription.name.startswith(READER)]
        alerts = [alert.name for alert in self.alerts if alert.name.startswith(READER)]
        return [*(relay.name for relay in self.relays), *alerts, *sources]

    def trouble(self) -> Sequence[str]:
        """What is wrong now, in sentences; empty when all is well."""
        found = [f"{name}: {len(problems)} problem(s), first: {problems[0]}" for name, problems in self.loader.problems.items() if problems]
        found += [f"trigger {name}: {why}" for name, why in self.intake.refused.items()]
        found += [f"{sub.name}: {sub.trouble}" for sub in self.intake.subscriptions() if sub.trouble]
        found += [f"{each.name}: {each.trouble}" for each in (*self.relays, *self.alerts) if each.trouble]
        found += [f"{relay.name}: {relay.gaps} gap(s) in what it was given, see its positions" for relay in self.relays if relay.gaps]
        found += [f"execution {execution} was set aside: {why}" for execution, why in self.engine.quarantined.items()]
        return [self.evaluator.mask(sentence) for sentence in found]

    def quotas(self) -> Iterator[Use]:
        """How full the quotas are."""
        yield from self.engine.quotas.use()
        yield from self.values.room.use()

    def figures(self) -> dict[str, Any]:
        """How much is at work now."""
        full = [each._asdict() for each in self.quotas()]
        return {
            **({"quotas": full} if full else {}),
            "executions": self.engine.at_work(),
            "tasks": len(self.runner),
            "waiting": self.engine.places.waiting(),
            "timers": len(self.engine.timers),
        }


def _waiting(flow: Flow, execution: Execution) -> Iterator[Pause]:
    """The Pause tasks of an execution that wait."""
    for n in execution.open:
        run = execution.runs[n]
        spec = flow.by_id[run.task]
        if run.state is State.PAUSED and isinstance(spec, Pause):
            yield spec


def _given(
    specs: Sequence[InputSpec],
    inputs: Mapping[str, Json] | None,
    files: Mapping[str, Upload] | None,
    namespace: str,
    flow: str,
    execution: str,
) -> Given:
    """What was given for these inputs of an execution."""
    return Given(specs, inputs or {}, files or {}, f"{execution_folder(namespace, flow, execution)}/inputs")
