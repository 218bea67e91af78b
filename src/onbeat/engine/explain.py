"""Answer "why did my flow not start?": for an event, what each listening trigger did with it, and why.

Matching is pure, so it is simply asked again: with the values that the condition saw.

Called by: api, and through it `onbeat events explain`.
"""

from typing import Any

from onbeat.core.errors_text import short
from onbeat.core.expressions import to_text
from onbeat.core.names import did_you_mean
from onbeat.core.times import iso
from onbeat.core.trigger import TriggerSpec
from onbeat.engine.node import Node
from onbeat.errors import NotFound, UserError
from onbeat.ports import Key, Record

_SHOWN = 300


async def explain(node: Node, id_: str) -> dict[str, Any]:
    """What the event `topic/id` (or an id on any topic) did. Raises NotFound with the nearest topic."""
    record = await _find(node, id_)
    found = []
    for subscription in node.intake.subscriptions():
        for trigger in subscription.triggers.values():
            if trigger.spec.settings.get("topic") == record.topic:
                found.append(await _verdict(node, trigger.spec, record, subscription.trouble))
    return {
        "event": {"id": record.id, "topic": record.topic, "time": iso(record.time), "data": record.data},
        "triggers": found,
        "dead": [dead.reason for dead in await node.queries.dead_events() if dead.event is not None and dead.event.id == record.id],
    }


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


async def _verdict(node: Node, spec: TriggerSpec, record: Record, trouble: str | None) -> dict[str, Any]:
    verdict: dict[str, Any] = {"trigger": spec.name, "flows": [f"{target.namespace}.{target.id}" for target in spec.targets]}
    event = record.as_event()
    if spec.disabled:
        return {**verdict, "result": "disabled", "why": "the trigger says `disabled: true`"}
    try:
        starts = node.evaluator.match(spec, event)
    except UserError as wrong:
        return {**verdict, "result": "dead", "why": short(wrong)}
    if not starts:
        return {**verdict, "result": "condition false", "why": f"`{to_text(spec.when)}` with data {to_text(record.data)[:_SHOWN]}"}
    executions = [await node.store.find_key(Key(start.trigger, f"{start.namespace}.{start.flow}", start.key)) for start in starts]
    started = [execution for execution in executions if execution is not None]
    if started:
        return {**verdict, "result": "started", "executions": started}
    if trouble:
        return {**verdict, "result": "paused", "why": trouble}
    return {**verdict, "result": "not started", "why": "the trigger was not there, or began later, when the event came"}
