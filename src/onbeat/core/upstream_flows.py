"""Say which executions of other flows are waited for: one entry of `dependsOn`, of `preconditions.flows` or of `preconditions.where`.

Rules
1. What an entry does not name is any; states are those of the trigger, in `dependsOn` SUCCESS and WARNING.
2. An entry's id is what it says: moving it in its list gives up nothing that was collected.
3. `heard` is whose executions it may be about, as far as the file tells.

Called by: upstream.
"""

from functools import cached_property
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from onbeat.core import expressions
from onbeat.core.conditions import Facts, bears, compares
from onbeat.core.event import Event
from onbeat.core.flow import Dynamic, Labels
from onbeat.core.frozen import Frozen
from onbeat.core.names import TASK_ID
from onbeat.core.states import State

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


def _not_empty(filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
    if not filters:
        raise ValueError("there must be at least one filter")
    return filters


class Where(Frozen):
    """An execution that all (or with OR: one) of these comparisons are true of."""

    id: str = Field(pattern=TASK_ID)
    """Its name."""
    operand: Literal["AND", "OR"] = "AND"
    """Whether all of the filters must hold, or one."""
    filters: Annotated[tuple[Filter, ...], AfterValidator(_not_empty)]
    """The comparisons."""

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
