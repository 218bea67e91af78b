"""Match events against a trigger: pure, so "would this event start that flow" is a function.

Rules
1. A condition that is false starts nothing; one that cannot be evaluated raises, and the event becomes a dead event. All executions
   pass a Flow trigger by, so there what cannot be evaluated is false.
2. A start's key is the event's identity, or what `dedupe` says: the same key starts the same flow once, whatever its revision.
3. Event data is data: it is never evaluated as an expression.
4. `when` and all `conditions` must hold; then the event starts the flow, or, where several are waited for, is one of those.

Called by: engine/evaluator for intake and explain; tests and the CLI to try a trigger.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from onbeat.core import expressions
from onbeat.core.conditions import Condition, ExecutionFlow, Facts, flattened
from onbeat.core.correlate import composed
from onbeat.core.correlation import Fired
from onbeat.core.event import Event, Json, Micros
from onbeat.core.expressions import ExpressionError
from onbeat.core.times import to_datetime
from onbeat.core.trigger import TriggerSpec
from onbeat.core.upstream import Upstream

SCHEDULED = "io.onbeat.schedule"
"""The type of the events of schedules."""
_SHOWN = 300


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A flow is to start: once for (trigger, flow, key)."""

    trigger: str
    trigger_id: str
    trigger_type: str
    namespace: str
    flow: str
    key: str
    inputs: dict[str, Json]
    labels: dict[str, str]
    order: str | None
    event: Event


class Fit(msgspec.Struct, frozen=True):
    """What an event is to a trigger that all conditions hold for. terms: which of those waited for; group: with which others it counts.

    identity: what makes it once.
    """

    identity: str
    terms: tuple[str, ...] = ()
    group: str = ""


def scope(trigger: TriggerSpec, event: Event, extra: Mapping[str, Any] | None = None, now: Micros | None = None) -> dict[str, Any]:
    """What a trigger's expressions see: `trigger.*`, the event, its own flow; in a Flow trigger also the execution it is about."""
    names: dict[str, Any] = {
        "trigger": event.variables,
        "event": {"id": event.id, "type": event.type, "topic": event.topic},
        **(extra or {}),
    }
    if trigger.flow is not None:
        names["flow"] = {"id": trigger.flow.id, "namespace": trigger.flow.namespace}
    if trigger.upstream is not None and isinstance(event.data, dict):
        names.update(event.data)
    if event.type == SCHEDULED:
        names["schedule"] = event.variables  # as Kestra's older flows call it
    if now is not None:
        names["__now__"] = to_datetime(now)
    return names


def facts_of(trigger: TriggerSpec, event: Event, extra: Mapping[str, Any] | None, now: Micros | None) -> Facts:
    """What its conditions may look at."""
    return Facts(
        scope=expressions.make_scope(scope(trigger, event, extra, now)),
        now=event.time if now is None else now,
        upstream=event.data if trigger.upstream is not None else None,
        flow=(trigger.flow.namespace, trigger.flow.id) if trigger.flow is not None else None,
    )


def fit(trigger: TriggerSpec, event: Event, extra: Mapping[str, Any] | None = None, now: Micros | None = None) -> Fit | None:
    """What the event is to the trigger; None when it is nothing to it. Raises ExpressionError."""
    facts = facts_of(trigger, event, extra, now)
    if why_not(trigger, event, facts, explain=False) is not None:
        return None
    own = trigger.compiled.dedupe.render(facts.scope)
    identity = event.key if own is None else expressions.to_text(own)
    correlation = trigger.correlation
    if correlation is None:
        return Fit(identity)
    terms = tuple(dict.fromkeys(term.id for term in correlation.terms if _holds(trigger, term.fits, facts, event)))
    if correlation.terms and not terms:
        return None
    group = ""
    if correlation.rule.keyed:
        key = trigger.compiled.key.render(facts.scope)
        if key is None:
            raise ExpressionError("`correlate.key` is null: nothing says which events it belongs to")
        group = expressions.to_text(key)
    return Fit(identity, terms, group)


def why_not(trigger: TriggerSpec, event: Event, facts: Facts, *, explain: bool = True) -> str | None:
    """Which condition is false, with what it saw when that is asked for; None when all hold. Raises ExpressionError."""
    if trigger.disabled:
        return "the trigger says `disabled: true`"
    upstream = trigger.upstream
    if upstream is not None and not upstream.admits(facts, facts.flow, _names_own(trigger)):
        return f"the execution is {facts.about('namespace')}.{facts.about('flowId')} in state {facts.about('state')}"
    for condition in trigger.conditions:
        if not _holds(trigger, condition.holds, facts):
            return f"{condition.name}: {_saw(condition, facts)}" if explain else condition.name
    if not _holds(trigger, _when, trigger, facts):
        return f"`{expressions.to_text(trigger.when)}` with {expressions.to_text(event.variables)[:_SHOWN]}" if explain else "when"
    entries = upstream.entries if upstream is not None and trigger.correlation is None else ()
    if entries and not any(_holds(trigger, entry.fits, facts, event) for entry in entries):
        return f"it is none of: {'; '.join(entry.told() for entry in entries)}"
    return None


class Beside(NamedTuple):
    """Inputs and labels that are given beside the trigger's own, and go before; the inputs may hold expressions."""

    inputs: Mapping[str, Json] = {}
    labels: Mapping[str, str] = {}


def starts(
    trigger: TriggerSpec,
    event: Event,
    key: str,
    extra: Mapping[str, Any] | None = None,
    now: Micros | None = None,
    beside: Beside | None = None,
) -> tuple[Start, ...]:
    """The flows that it starts for this event. Raises ExpressionError."""
    variables = expressions.make_scope(scope(trigger, event, extra, now))
    inputs = trigger.compiled.inputs.render(variables)
    labels = labels_of(trigger.labels, variables)
    if beside is not None:
        inputs = {**inputs, **expressions.evaluate(dict(beside.inputs), variables)}
        labels = {**labels, **beside.labels}
    order = trigger.compiled.order.render(variables)
    return tuple(
        Start(
            trigger=trigger.name,
            trigger_id=trigger.id,
            trigger_type=trigger.type,
            namespace=target.namespace,
            flow=target.id,
            key=key,
            inputs=inputs,
            labels=labels,
            order=None if order is None else expressions.to_text(order),
            event=event,
        )
        for target in trigger.targets
    )


def labels_of(labels: Mapping[str, str], variables: expressions.Scope) -> dict[str, str]:
    """The labels with their expressions evaluated. As in Kestra, one that cannot be is left out: a label stops no start."""
    found: dict[str, str] = {}
    for key, text in labels.items():
        with suppress(ExpressionError):
            value = expressions.evaluate(text, variables)
            found[key] = "" if value is None else expressions.to_text(value)
    return found


def match(trigger: TriggerSpec, event: Event, extra: Mapping[str, Any] | None = None, now: Micros | None = None) -> tuple[Start, ...]:
    """The flows that this event starts by this trigger, taken by itself; none when a condition is false. Raises ExpressionError."""
    found = fit(trigger, event, extra, now)
    return () if found is None or trigger.correlation is not None else starts(trigger, event, found.identity, extra, now)


def complete(trigger: TriggerSpec, fired: Fired) -> Event:
    """The event that stands for a group of events that is complete, with what `trigger.*` shows of them."""
    more = trigger.correlate.variables(fired) if trigger.correlate is not None else (trigger.upstream or Upstream()).variables(fired)
    return composed(trigger.name, fired, more)


def _names_own(trigger: TriggerSpec) -> bool:
    """Whether a condition names the trigger's own flow."""
    own = trigger.flow
    return own is not None and any(
        isinstance(each, ExecutionFlow) and (each.namespace, each.flow_id) == (own.namespace, own.id)
        for each in flattened(trigger.conditions)
    )


def _when(trigger: TriggerSpec, facts: Facts) -> bool:
    return expressions.truthy(trigger.compiled.when.render(facts.scope))


def _holds(trigger: TriggerSpec, ask: Callable[..., bool], *about: Any) -> bool:
    """What a condition says; in a Flow trigger, one that cannot be evaluated is false."""
    try:
        return ask(*about)
    except ExpressionError:
        if trigger.upstream is None:
            raise
        return False


def _saw(condition: Condition, facts: Facts) -> str:
    try:
        return condition.saw(facts)
    except ExpressionError as wrong:
        return str(wrong)
