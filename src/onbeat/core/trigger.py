"""Describe a rule over events, and match events against it: pure, so "would this event start that flow" is a function.

A source brings events; a trigger says which of them start what. Splitting the two lets one subscription serve many triggers, and
lets the CLI, the tests and the UI ask the question without a broker.

Rules
1. A condition that is false starts nothing; one that cannot be evaluated raises, and the event becomes a dead event.
2. A start's key is the event's identity, or what `dedupe` says: the same key starts the same flow once, whatever its revision.
3. Event data is data: it is never evaluated as an expression.

Called by: engine/intake for each event, the CLI to try a trigger.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any

import msgspec
from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from onbeat.core import expressions
from onbeat.core.event import Event, Json
from onbeat.core.flow import Dynamic, Frozen, Labels, short_type
from onbeat.core.names import TASK_ID


class FlowRef(Frozen):
    """Names a flow."""

    namespace: str
    id: str = Field(alias="id")


class TriggerSpec(Frozen):
    """A trigger as YAML says it: from a flow's `triggers:` (its flow is that one) or from a file of its own in triggers/.

    Keys that are not here are the source's settings, validated by its plugin. key: ordering key. dedupe: what makes an event once.
    """

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    id: str = Field(pattern=TASK_ID)
    type: Annotated[str, BeforeValidator(lambda value: short_type(value) if isinstance(value, str) else value)]
    description: str | None = None
    namespace: str | None = None
    disabled: bool = False
    when: Dynamic = True
    order: Dynamic = Field(None, alias="orderingKey")
    dedupe: Dynamic = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    labels: Labels = Field(default_factory=dict)
    flow: FlowRef | None = None
    flows: tuple[FlowRef, ...] = ()

    @model_validator(mode="after")
    def _has_target(self) -> "TriggerSpec":
        if self.flow is not None and self.flows:
            raise ValueError("write `flow:` or `flows:`, not both")
        return self

    @property
    def targets(self) -> tuple[FlowRef, ...]:
        """The flows it starts."""
        return (self.flow,) if self.flow else self.flows

    @property
    def settings(self) -> dict[str, Json]:
        """The source's settings, as the YAML has them."""
        return self.model_extra or {}

    @property
    def name(self) -> str:
        """How people, positions and dedupe keys name it: `namespace.flow.id` inside a flow, `namespace.id` alone."""
        if self.flow is not None:
            return f"{self.flow.namespace}.{self.flow.id}.{self.id}"
        return f"{self.namespace or 'main'}.{self.id}"

    @cached_property
    def compiled(self) -> "Compiled":
        """Its expressions, compiled once."""
        return Compiled(
            when=expressions.compile_value(self.when),
            order=expressions.compile_value(self.order),
            dedupe=expressions.compile_value(self.dedupe),
            inputs=expressions.compile_value(self.inputs),
        )


class Compiled(msgspec.Struct, frozen=True):
    """A trigger's compiled expressions."""

    when: expressions.Template
    order: expressions.Template
    dedupe: expressions.Template
    inputs: expressions.Template


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


def scope(event: Event, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a trigger's expressions see: `trigger.*` and the event itself."""
    return {"trigger": event.variables, "event": {"id": event.id, "type": event.type, "topic": event.topic}, **(extra or {})}


def match(trigger: TriggerSpec, event: Event, extra: Mapping[str, Any] | None = None) -> tuple[Start, ...]:
    """The flows that this event starts by this trigger; none when its condition is false. Raises ExpressionError."""
    if trigger.disabled:
        return ()
    compiled = trigger.compiled
    variables = expressions.make_scope(scope(event, extra))
    if not expressions.truthy(compiled.when.render(variables)):
        return ()
    inputs = compiled.inputs.render(variables)
    order = compiled.order.render(variables)
    own = compiled.dedupe.render(variables)
    key = event.key if own is None else expressions.to_text(own)
    return tuple(
        Start(
            trigger=trigger.name,
            trigger_id=trigger.id,
            trigger_type=trigger.type,
            namespace=target.namespace,
            flow=target.id,
            key=key,
            inputs=inputs,
            labels=trigger.labels,
            order=None if order is None else expressions.to_text(order),
            event=event,
        )
        for target in trigger.targets
    )
