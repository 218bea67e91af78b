"""Describe a rule over events: which of them start what, and of which source.

A source brings events; a trigger says which of them start what. Splitting the two lets one subscription serve many triggers, and
lets the CLI, the tests and the UI ask what a trigger would do without a broker (matching.py).

Rules
1. A trigger waits for one event, or for several in one way: `correlate`, or what a Flow trigger says of other flows.
2. Conditions about executions belong to Flow triggers, and are refused elsewhere when the file is read.
3. Keys that are not here are the source's settings, which its plugin validates.

Called by: parse and the loader make triggers; matching asks them.
"""

from functools import cached_property
from typing import Annotated, Any

import msgspec
from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, model_validator

from onbeat.core import expressions
from onbeat.core.conditions import Conditions, ExecutionFlow, ExecutionNamespace, MultipleCondition, flattened
from onbeat.core.correlate import Correlate, Correlation
from onbeat.core.event import Json
from onbeat.core.flow import Dynamic, Labels
from onbeat.core.frozen import Frozen
from onbeat.core.names import TASK_ID
from onbeat.core.states import State
from onbeat.core.type_names import short_type
from onbeat.core.upstream import TYPE, Upstream
from onbeat.core.upstream_flows import NEED_RUNS, DependsOn, Heard, Where


class FlowRef(Frozen):
    """Names a flow."""

    namespace: str
    """Its namespace."""
    id: str = Field(alias="id")
    """Its id."""


class TriggerSpec(Frozen):
    """A trigger as YAML says it: from a flow's `triggers:` (its flow is that one) or from a file of its own in triggers/.

    Keys that are not here are the source's settings, validated by its plugin. key: ordering key. dedupe: what makes an event once.
    stopAfter: an execution of it that ends in one of these states switches it off.
    """

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    id: str = Field(pattern=TASK_ID)
    type: Annotated[str, BeforeValidator(lambda value: short_type(value) if isinstance(value, str) else value)]
    description: str | None = None
    namespace: str | None = None
    disabled: bool = False
    when: Dynamic = True
    conditions: Conditions = Field((), validation_alias=AliasChoices("conditions", "scheduleConditions"))
    correlate: Correlate | None = None
    order: Dynamic = Field(None, alias="orderingKey")
    dedupe: Dynamic = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    labels: Labels = Field(default_factory=dict)
    stop_after: tuple[State, ...] = Field((), alias="stopAfter")
    flow: FlowRef | None = None
    flows: tuple[FlowRef, ...] = ()

    @model_validator(mode="after")
    def _has_target(self) -> "TriggerSpec":
        if self.flow is not None and self.flows:
            raise ValueError("write `flow:` or `flows:`, not both")
        return self

    @model_validator(mode="after")
    def _conditions_fit(self) -> "TriggerSpec":
        several = [each for each in flattened(self.conditions) if isinstance(each, MultipleCondition)]
        if self.type != TYPE:
            for each in flattened(self.conditions):
                if each.of_execution:
                    cure = "; use `correlate`" if each in several else ""
                    raise ValueError(f"the condition {each.name} is about executions: only a trigger of type `{TYPE}` can have it{cure}")
        given = {f"`{name}`": name in self.settings for name in ("dependsOn", "preconditions") if self.type == TYPE}
        given |= {"`correlate`": self.correlate is not None, "MultipleCondition": bool(several)}
        written = [name for name, there in given.items() if there]
        if len(written) > 1:
            raise ValueError(f"{' and '.join(written)}: write one of them")
        if len(several) > 1 or not set(map(id, several)) <= set(map(id, self.conditions)):
            raise ValueError("one MultipleCondition at most, directly in `conditions`")
        return self

    @property
    def targets(self) -> tuple[FlowRef, ...]:
        """The flows it starts."""
        return (self.flow,) if self.flow else self.flows

    @property
    def settings(self) -> dict[str, Json]:
        """The source's settings, as the YAML has them; the topics of `correlate` are its `topic` when it has none."""
        settings = self.model_extra or {}
        topics = self.correlate.topics if self.correlate is not None else ()
        if topics and "topic" not in settings and "topics" not in settings:
            return {**settings, "topic": topics[0] if len(topics) == 1 else list(topics)}
        return settings

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
            key=expressions.compile_value(self.correlation.key if self.correlation is not None else None),
        )

    @cached_property
    def upstream(self) -> Upstream | None:
        """What a Flow trigger listens to; None for any other."""
        if self.type != TYPE:
            return None
        known = {field.alias or name for name, field in Upstream.model_fields.items()}
        return Upstream.model_validate({key: value for key, value in self.settings.items() if key in known})

    @cached_property
    def correlation(self) -> Correlation | None:
        """What it waits for when one event is not enough."""
        if self.correlate is not None:
            return self.correlate.meant
        multiple = next((each for each in self.conditions if isinstance(each, MultipleCondition)), None)
        return self.upstream.correlation(multiple) if self.upstream is not None else None

    @cached_property
    def needs_runs(self) -> bool:
        """Whether it looks at the task runs of the execution that an event is about."""
        if self.upstream is None:
            return False
        asked = any(each.needs_runs for each in (*self.conditions, *(e for e in self.upstream.entries if isinstance(e, DependsOn | Where))))
        roots = self.compiled.when.roots | self.compiled.inputs.roots | self.compiled.order.roots | self.compiled.dedupe.roots
        texts = [getattr(each, "expression", None) for each in flattened(self.conditions)]
        return asked or bool(roots & NEED_RUNS) or any(expressions.compile_value(text).roots & NEED_RUNS for text in texts)


class Compiled(msgspec.Struct, frozen=True):
    """A trigger's compiled expressions."""

    when: expressions.Template
    order: expressions.Template
    dedupe: expressions.Template
    inputs: expressions.Template
    key: expressions.Template


def listens_to(trigger: TriggerSpec) -> tuple[Heard, ...]:
    """Whose executions may start its flow, as far as the YAML tells; none for a trigger that is no Flow trigger."""
    if trigger.upstream is None:
        return ()
    inside = [each for each in flattened(trigger.conditions) if isinstance(each, MultipleCondition)]
    named = [_heard(each) for many in inside for each in many.inner()] or [entry.heard() for entry in trigger.upstream.entries] or [Heard()]
    narrowed = [_heard(each) for each in trigger.conditions if isinstance(each, ExecutionFlow | ExecutionNamespace)]
    return tuple(dict.fromkeys(narrowed if named == [Heard()] and narrowed else named))


def _heard(condition: object) -> Heard:
    if isinstance(condition, ExecutionFlow):
        return Heard(condition.namespace, condition.flow_id)
    if isinstance(condition, ExecutionNamespace):
        return Heard(condition.namespace, None, condition.comparison or ("PREFIX" if condition.prefix else "EQUALS"))
    return Heard()
