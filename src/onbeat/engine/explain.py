"""Answer "why did my flow not start?": for an event, what each listening trigger did with it, and why.

Matching is pure, so it is simply asked again: with the values that the condition saw, and as of the time of the event. An event is one
of a topic, `TOPIC/ID`, or a change of an execution's state, `EXECUTION/SEQUENCE`.

Rules
1. Of several conditions the first that is false is named, with what it compared.
2. A trigger that waits for several events says what has come and what has not, and until when it waits.

Called by: api, and through it `onbeat events explain`.
"""

from collections.abc import Iterator
from typing import Any

from onbeat.core.changes import Created, Moved
from onbeat.core.correlate import waits_for
from onbeat.core.errors_text import short
from onbeat.core.event import Event
from onbeat.core.happening import event_of
from onbeat.core.matching import Fit
from onbeat.core.names import did_you_mean
from onbeat.core.times import iso
from onbeat.core.trigger import TriggerSpec
from onbeat.engine.node import Node
from onbeat.engine.subscription import LoadedTrigger, Subscription
from onbeat.errors import NotFound, UserError
from onbeat.ports import JournalRow, Key, Record


async def explain(node: Node, id_: str) -> dict[str, Any]:
    """What the event `topic/id` (or an id on any topic) did. Raises NotFound with the nearest topic."""
    found = []
    row = await _state_event(node, id_)
    record = node.projection.record(row) if row is not None else await _find(node, id_)
    if record is None:
        raise NotFound(f"event {id_} cannot be shown")
    for subscription, trigger in _triggers(node):
        if trigger.hears(record.topic):
            found.append(await _verdict(node, trigger.spec, record.as_event(), subscription.trouble))
        elif row is not None and trigger.spec.upstream is not None:
            event = event_of(row.head, row.change)
            if event is not None:
                found.append(await _verdict(node, trigger.spec, event, subscription.trouble))
    return {
        "event": {"id": record.id, "topic": record.topic, "time": iso(record.time), "data": record.data},
        "triggers": found,
        "dead": [dead.reason for dead in await node.queries.dead_events() if dead.event is not None and dead.event.id == record.id],
    }


def _triggers(node: Node) -> Iterator[tuple[Subscription, LoadedTrigger]]:
    for subscription in node.intake.subscriptions():
        for trigger in subscription.triggers.values():
            yield subscription, trigger


async def _state_event(node: Node, id_: str) -> JournalRow | None:
    """The row of a state event, `EXECUTION/SEQUENCE`, with the topic before it or not."""
    execution, _, sequence = id_.removeprefix(f"{node.events_topic}/").partition("/")
    for row in await node.queries.changes(execution) if sequence.isdecimal() else ():
        if isinstance(row.change, Created | Moved) and (1 if isinstance(row.change, Created) else row.change.sequence) == int(sequence):
            return row
    return None


async def _find(node: Node, id_: str) -> Record:
    topic, _, name = id_.rpartition("/")
    known = await node.store.topics()
    for each in [topic] if topic else sorted(known):
        record = await node.store.record(each, name)
        if record is not None:
            return record
    if topic and topic not in known:
        raise NotFound(f"there is no topic `{topic}`{did_you_mean(topic, known)}")
    raise NotFound(f"there is no event `{name}` on {'topic ' + topic if topic else 'any topic'} (topics forget after their retention)")


async def _verdict(node: Node, spec: TriggerSpec, event: Event, trouble: str | None) -> dict[str, Any]:
    verdict: dict[str, Any] = {"trigger": spec.name, "flows": [f"{target.namespace}.{target.id}" for target in spec.targets]}
    if spec.disabled:
        return {**verdict, "result": "disabled", "why": "the trigger says `disabled: true`"}
    try:
        event, fit = await node.intake.fit(spec, event)
        if fit is None:
            return {**verdict, "result": "condition false", "why": await node.evaluator.why_not(spec, event) or _none_of(spec)}
        if spec.correlation is not None:
            return {**verdict, **await _counted(node, spec, event, fit)}
        starts = await node.evaluator.starts(spec, event, fit.identity)
    except UserError as wrong:
        return {**verdict, "result": "dead", "why": short(wrong)}
    if started := await _started(node, spec, starts[0].key if starts else fit.identity):
        return {**verdict, "result": "started", "executions": started}
    if trouble:
        return {**verdict, "result": "paused", "why": trouble}
    return {**verdict, "result": "not started", "why": "the trigger was not there, or began later, when the event came"}


async def _started(node: Node, spec: TriggerSpec, key: str) -> list[str]:
    executions = [await node.store.find_key(Key(spec.name, f"{target.namespace}.{target.id}", key)) for target in spec.targets]
    return [execution for execution in executions if execution is not None]


def _none_of(spec: TriggerSpec) -> str:
    terms = spec.correlation.terms if spec.correlation is not None else ()
    return f"it is none of what is waited for: {'; '.join(term.told() for term in terms)}"


async def _counted(node: Node, spec: TriggerSpec, event: Event, fit: Fit) -> dict[str, Any]:
    """What the event is to a trigger that waits for several."""
    book, correlation = node.intake.correlator.book(spec.name), spec.correlation
    group = book.groups.get(fit.group) if book is not None else None
    waits = {"waits": waits_for(correlation, group)} if group is not None and correlation is not None else {}
    terms = f" as {', '.join(fit.terms)}" if fit.terms else ""
    if started := await _started(node, spec, f"correlated:{fit.group}:{fit.identity}"):
        return {"result": "started", "executions": started}
    if group is not None and any(one.event.id == event.id for one in group.kept):
        return {"result": "waiting", "why": f"it counts{terms}; {waits['waits']}", **waits}
    if await node.intake.correlator.counted(spec.name, fit.identity):
        why = f"it was counted{terms}; what it belonged to has started, was replaced by a later one, or its window has ended"
        return {"result": "counted", "why": why, **waits}
    return {"result": "not counted", "why": "the trigger was not there, or began later, when the event came", **waits}
