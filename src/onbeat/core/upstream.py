"""Read what a Flow trigger listens to: which executions of other flows, in which states, one of them or several within a window.

Rules
1. Both dialects are read: `preconditions` or a MultipleCondition, and `dependsOn`; one of them at a time.
2. States that are not named are those of an ended execution; `dependsOn` takes SUCCESS and WARNING.
3. A flow's own executions count only when it is named: else it would start itself for ever.
4. One upstream flow without a window of its own needs no memory; anything else is a correlation (correlation.py).

Called by: trigger; plugins/flow_trigger for its settings.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, NamedTuple

import msgspec
from pydantic import Field, field_validator, model_validator

from onbeat.core import expressions
from onbeat.core.conditions import Condition, Facts, MultipleCondition, bears, compares
from onbeat.core.correlate import Correlation, Term
from onbeat.core.correlation import Fired, Rule
from onbeat.core.event import Event, Json
from onbeat.core.flow import Dynamic, Frozen, Labels
from onbeat.core.names import TASK_ID
from onbeat.core.states import TERMINATED, State
from onbeat.core.times import iso
from onbeat.core.windows import FlowWindow, Length, TimeWindow, Window

TYPE = "core.trigger.Flow"
_REGEX = "{{ value | regexMatch(pattern) }}"


class Heard(NamedTuple):
    """Whose executions a trigger may listen to; None: any. comparison: how the namespace is compared."""

    namespace: str | None = None
    flow: str | None = None
    comparison: str = "EQUALS"

    def fits(self, namespace: str, flow: str) -> bool:
        """Whether a flow is one of those."""
        return self.flow in (None, flow) and (self.namespace is None or compares(namespace, self.namespace, self.comparison, False))


class _Upstream(Frozen):
    """One of the executions that are waited for."""

    namespace: str | None = None
    """The flow's namespace, exactly; any without it."""
    flow_id: str | None = Field(None, alias="flowId")
    """The flow's id; any without it."""
    states: frozenset[State] | None = None
    """The states of the execution that count."""
    labels: Labels = Field(default_factory=dict)
    """Labels that the execution must bear, all of them."""

    @property
    def id(self) -> str:
        """The same wherever it stands in the list."""
        return self.told()

    def admits(self) -> frozenset[State]:
        """The states it waits for, if it names some."""
        return self.states or frozenset()

    def fits(self, facts: Facts, event: Event) -> bool:
        """Whether the execution is one."""
        if self.namespace not in (None, facts.about("namespace")) or self.flow_id not in (None, facts.about("flowId")):
            return False
        if self.states is not None and facts.about("state") not in self.states:
            return False
        return bears(facts.about("labels") or {}, self.labels)

    def told(self) -> str:
        """It in a few words."""
        states = f" in {', '.join(sorted(self.states))}" if self.states is not None else ""
        labels = f" with labels {expressions.to_text(self.labels)}" if self.labels else ""
        return f"{self.namespace or '*'}.{self.flow_id or '*'}{states}{labels}"

    def heard(self) -> Heard:
        return Heard(self.namespace, self.flow_id)


class PreconditionFlow(_Upstream):
    """A flow of `preconditions.flows`; its states are those of the trigger unless it names some."""


class DependsOn(_Upstream):
    """An entry of `dependsOn`."""

    states: frozenset[State] = frozenset({State.SUCCESS, State.WARNING})
    """The states of the execution that count."""
    when: Dynamic = True
    """What is true of the execution: sees `namespace`, `flowId`, `state`, `labels`, `outputs`, `inputs`, `hasRetryAttempt`."""

    @cached_property
    def _when(self) -> expressions.Template:
        return expressions.compile_value(self.when)

    @property
    def needs_runs(self) -> bool:
        """Whether it looks at task runs."""
        return bool(self._when.roots & NEED_RUNS)

    def fits(self, facts: Facts, event: Event) -> bool:
        return super().fits(facts, event) and expressions.truthy(self._when.render(facts.scope))

    def told(self) -> str:
        return super().told() + ("" if self.when is True else f" when `{expressions.to_text(self.when)}`")


NEED_RUNS = frozenset({"outputs", "hasRetryAttempt"})
"""Names in expressions for which the execution itself must be looked at."""


class Filter(Frozen):
    """One comparison of a `where`."""

    field: Literal["FLOW_ID", "NAMESPACE", "STATE", "EXPRESSION", "LABEL"]
    """What is compared."""
    type: Literal[
        "EQUAL_TO", "NOT_EQUAL_TO", "IN", "NOT_IN", "IS_TRUE", "IS_FALSE",
        "IS_NULL", "IS_NOT_NULL", "STARTS_WITH", "ENDS_WITH", "REGEX", "CONTAINS",
    ]  # fmt: skip
    """How."""
    value: str | bool | int | float | None = None
    """With what: a text, an expression for `EXPRESSION`, `key` or `key:value` for `LABEL`."""
    values: tuple[str, ...] = ()
    """With what, for `IN` and `NOT_IN`."""

    @model_validator(mode="after")
    def _complete(self) -> "Filter":
        if self.type in ("IN", "NOT_IN"):
            if not self.values:
                raise ValueError(f"`{self.type}` compares with `values`, a list")
        elif self.value is None and (self.field in ("EXPRESSION", "LABEL") or not self.type.startswith("IS_")):
            raise ValueError(f"`{self.type}` on `{self.field}` needs `value`")
        return self

    @property
    def _text(self) -> str:
        return expressions.to_text(self.value)

    def holds(self, facts: Facts) -> bool:
        """Whether the comparison is true of the execution."""
        found = self._found(facts)
        match self.type:
            case "EQUAL_TO" | "NOT_EQUAL_TO":
                return (found == self._text) is (self.type == "EQUAL_TO")
            case "IN" | "NOT_IN":
                return (found in self.values) is (self.type == "IN")
            case "IS_TRUE" | "IS_FALSE":
                return expressions.truthy(found) is (self.type == "IS_TRUE")
            case "IS_NULL" | "IS_NOT_NULL":
                return (found is None) is (self.type == "IS_NULL")
            case "STARTS_WITH":
                return found is not None and found.startswith(self._text)
            case "ENDS_WITH":
                return found is not None and found.endswith(self._text)
            case "CONTAINS":
                return found is not None and self._text in found
            case "REGEX":
                return found is not None and expressions.truthy(
                    expressions.evaluate(_REGEX, {"value": found, "pattern": f"^(?:{self._text})$"})
                )

    def _found(self, facts: Facts) -> str | None:
        match self.field:
            case "FLOW_ID":
                return str(facts.about("flowId"))
            case "NAMESPACE":
                return str(facts.about("namespace"))
            case "STATE":
                return str(facts.about("state"))
            case "EXPRESSION":
                value = expressions.evaluate(self.value, facts.scope)
                return None if value is None else expressions.to_text(value)
            case "LABEL":
                key, _, _ = self._text.partition(":")
                value = (facts.about("labels") or {}).get(key)
                return value if value is None or ":" not in self._text else f"{key}:{value}"


class Where(Frozen):
    """An execution that all (or with OR: one) of these comparisons are true of."""

    id: str = Field(pattern=TASK_ID)
    """Its name."""
    operand: Literal["AND", "OR"] = "AND"
    """Whether all of the filters must hold, or one."""
    filters: tuple[Filter, ...] = Field(min_length=1)

    @property
    def needs_runs(self) -> bool:
        """Whether it looks at task runs."""
        return any(each.field == "EXPRESSION" and bool(expressions.compile_value(each.value).roots & NEED_RUNS) for each in self.filters)

    def admits(self) -> frozenset[State]:
        """The states it names."""
        named = [text for each in self.filters if each.field == "STATE" and each.type in ("EQUAL_TO", "IN") for text in _texts(each)]
        return frozenset(State(text) for text in named if text in State.__members__)

    def fits(self, facts: Facts, event: Event) -> bool:
        """Whether the execution is one."""
        found = (each.holds(facts) for each in self.filters)
        return all(found) if self.operand == "AND" else any(found)

    def told(self) -> str:
        """It in a few words."""
        parts = (f"{each.field} {each.type} {', '.join(_texts(each))}".strip() for each in self.filters)
        return f"{self.id} ({f' {self.operand} '.join(parts)})"

    def heard(self) -> Heard:
        """Whose executions it may be about."""
        if self.operand == "OR" and len(self.filters) > 1:
            return Heard()
        found: dict[str, str] = {}
        comparison = "EQUALS"
        for each in self.filters:
            if each.field in ("FLOW_ID", "NAMESPACE") and each.type == "EQUAL_TO":
                found.setdefault(each.field, each._text)
            elif each.field == "NAMESPACE" and each.type in ("STARTS_WITH", "ENDS_WITH") and "NAMESPACE" not in found:
                found["NAMESPACE"], comparison = each._text, "PREFIX" if each.type == "STARTS_WITH" else "SUFFIX"
        return Heard(found.get("NAMESPACE"), found.get("FLOW_ID"), comparison)


def _texts(filter_: Filter) -> tuple[str, ...]:
    return filter_.values or (() if filter_.value is None else (filter_._text,))


class Preconditions(Frozen):
    """All of these, within a window."""

    id: str = Field(pattern=TASK_ID)
    """Its name."""
    flows: tuple[PreconditionFlow, ...] = ()
    where: tuple[Where, ...] = ()
    time_window: TimeWindow = Field(TimeWindow(), alias="timeWindow")
    reset_on_success: bool = Field(True, alias="resetOnSuccess")
    """Begin anew once all have come; else each further one in the window starts the flow again."""
    description: str | None = None
    """What it is for."""

    @model_validator(mode="after")
    def _something(self) -> "Preconditions":
        if not self.flows and not self.where:
            raise ValueError("say what is waited for: `flows` or `where`")
        return self


class OnMiss(Frozen):
    """What happens when a window ends and not all that was waited for came: an execution that has FAILED, with these labels."""

    behavior: Literal["FAIL"] = "FAIL"
    """An execution that has FAILED, and says what did not come."""
    labels: Labels = Field(default_factory=dict)
    """Its labels."""


class _OfCondition:
    """A condition of a MultipleCondition, as one of the things waited for."""

    def __init__(self, id_: str, condition: Condition) -> None:
        self.id = id_
        self.condition = condition

    def fits(self, facts: Facts, event: Event) -> bool:
        """Whether the condition is true of the execution."""
        return self.condition.holds(facts)

    def told(self) -> str:
        """It in a few words."""
        return f"{self.id} ({self.condition!r})"


class Upstream(Frozen):
    """The settings of a trigger of type `core.trigger.Flow`."""

    states: frozenset[State] | None = None
    """Which states of executions count; without it those of ended ones, and those that are named below."""
    preconditions: Preconditions | None = None
    depends_on: tuple[DependsOn, ...] = Field((), alias="dependsOn")
    mode: Literal["ALL", "ANY", "AT_LEAST"] = "ALL"
    """How many of `dependsOn` must have come: all, any, or `minSatisfied`."""
    min_satisfied: int | None = Field(None, alias="minSatisfied", ge=1)
    """How many, with `mode: AT_LEAST`."""
    window: FlowWindow | None = None
    on_miss: OnMiss | None = Field(None, alias="onMiss")

    @field_validator("states")
    @classmethod
    def _some(cls, states: frozenset[State] | None) -> frozenset[State] | None:
        return states or None

    @model_validator(mode="after")
    def _one_dialect(self) -> "Upstream":
        if self.preconditions is not None and self.depends_on:
            raise ValueError("write `dependsOn` or `preconditions`, not both")
        if not self.depends_on:
            extra = {"mode": self.mode != "ALL", "minSatisfied": self.min_satisfied, "window": self.window, "onMiss": self.on_miss}
            wrong = [f"`{name}`" for name, value in extra.items() if value]
            if wrong:
                raise ValueError(f"{' and '.join(wrong)}: only with `dependsOn`")
        if (self.mode == "AT_LEAST") != (self.min_satisfied is not None):
            raise ValueError("`mode: AT_LEAST` and `minSatisfied` go together")
        if self.min_satisfied is not None and self.min_satisfied > len(self.depends_on):
            raise ValueError(f"`minSatisfied` is more than the {len(self.depends_on)} of `dependsOn`")
        if self.on_miss is not None and (self.window is None or isinstance(self.window.meant, Length)):
            raise ValueError("`onMiss` needs a window that ends: `deadline`, `from` and `to`, or `every`")
        return self

    @property
    def entries(self) -> tuple[DependsOn | PreconditionFlow | Where, ...]:
        """What is waited for."""
        if self.preconditions is not None:
            return (*self.preconditions.flows, *self.preconditions.where)
        return self.depends_on

    @cached_property
    def listened(self) -> frozenset[State]:
        """The states that can matter at all."""
        named = frozenset[State]().union(*(entry.admits() for entry in self.entries))
        if self.states is not None:
            return self.states
        return named if self.depends_on else named | TERMINATED

    def concerns(self, namespace: str, flow: str, state: str) -> bool:
        """Whether an execution can matter at all, as far as that can be said without looking at more of it."""
        heard = [entry.heard() for entry in self.entries]
        return state in self.listened and (not heard or any(each.fits(namespace, flow) for each in heard))

    def admits(self, facts: Facts, own: tuple[str, str] | None, named: bool) -> bool:
        """Whether the execution is one to look at. own: the trigger's flow; named: whether a condition names it."""
        if facts.about("state") not in self.listened:
            return False
        return (
            named or own != (facts.about("namespace"), facts.about("flowId")) or any(entry.heard() == Heard(*own) for entry in self.entries)
        )

    def correlation(self, multiple: MultipleCondition | None) -> Correlation | None:
        """What it remembers; None when each execution is judged by itself."""
        if multiple is not None:
            terms = tuple(_OfCondition(name, condition) for name, condition in multiple.conditions.items())
            window = (multiple.time_window or _old_window(multiple)).meant
            return _joined(terms, len(terms), window, "anew" if multiple.reset_on_success else "keep")
        if self.preconditions is not None:
            found = self.preconditions
            plain = len(self.entries) == 1 and found.time_window == TimeWindow()
            return (
                None
                if plain
                else _joined(self.entries, len(self.entries), found.time_window.meant, "anew" if found.reset_on_success else "keep")
            )
        least = {"ALL": len(self.depends_on), "ANY": 1}.get(self.mode) or self.min_satisfied or 1
        if not self.depends_on or (least == 1 and self.window is None):
            return None
        window = (self.window or FlowWindow()).meant
        again: Literal["anew", "once"] = "once" if self.window is not None and self.window.fire_once else "anew"
        return _joined(self.depends_on, least, window, again, missed=self.on_miss is not None)

    def shown(self, event: Event) -> Event:
        """The event as what it starts sees it: of one of `dependsOn`, the outputs under its flow's id too."""
        outputs = event.variables.get("outputs")
        if not self.depends_on or not isinstance(outputs, dict):
            return event
        variables = {**event.variables, "outputs": {**outputs, str(event.variables.get("flowId")): outputs}}
        return msgspec.structs.replace(event, variables=variables)

    def variables(self, fired: Fired) -> Mapping[str, Json]:
        """What `trigger.*` shows of several executions: the outputs of each by its flow, and by name where there is one of it."""
        outputs: dict[str, Json] = {}
        by_flow: dict[str, Json] = {}
        for one in fired.events:
            shown = one.event.variables.get("outputs") or {}
            outputs |= shown
            by_flow[str(one.event.variables.get("flowId"))] = shown
        found: dict[str, Json] = {"outputs": {**outputs, **by_flow}}
        if fired.missed:
            found["missed"] = {"start": iso(fired.start), "end": iso(fired.end)}
        return found


def _old_window(multiple: MultipleCondition) -> TimeWindow:
    given = {"window": multiple.window, "windowAdvance": multiple.window_advance}
    return TimeWindow.model_validate({name: value for name, value in given.items() if value is not None})


def _joined(
    terms: tuple[Term, ...], least: int, window: Window, again: Literal["anew", "keep", "once"], missed: bool = False
) -> Correlation:
    ids = tuple(dict.fromkeys(term.id for term in terms))
    rule = Rule(kind="join", window=window, terms=ids, least=min(least, len(ids)), again=again, missed=missed)
    return Correlation(rule, terms)
