"""Conditions about the execution that a Flow trigger's event is about: which flow, which state, labels, outputs, retries.

Called by: logic, which reads conditions; upstream, for the flows that a trigger listens to.
"""

from typing import ClassVar, Literal

from pydantic import Field

from onbeat.core.conditions.condition import Condition, Facts
from onbeat.core.conditions.expression import holds
from onbeat.core.expressions import to_text
from onbeat.core.flow import Labels
from onbeat.core.states import State


class ExecutionFlow(Condition):
    """The execution is of that flow.

    ```yaml
    - type: core.condition.ExecutionFlow
      namespace: shop
      flowId: pay
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("ExecutionFlow",)
    of_execution: ClassVar[bool] = True

    namespace: str
    """The flow's namespace."""
    flow_id: str = Field(alias="flowId")
    """The flow's id."""

    def holds(self, facts: Facts) -> bool:
        return (facts.about("namespace"), facts.about("flowId")) == (self.namespace, self.flow_id)

    def saw(self, facts: Facts) -> str:
        return f"the execution is of {facts.about('namespace')}.{facts.about('flowId')}, not of {self.namespace}.{self.flow_id}"


class ExecutionNamespace(Condition):
    """The execution is of that namespace: equal to it, beginning with it or ending with it.

    ```yaml
    - type: core.condition.ExecutionNamespace
      namespace: shop
      comparison: PREFIX
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("ExecutionNamespace",)
    of_execution: ClassVar[bool] = True

    namespace: str
    """What the namespace is compared with."""
    comparison: Literal["EQUALS", "PREFIX", "SUFFIX"] | None = None
    """How; `EQUALS` without it."""
    prefix: bool = False
    """The same as `comparison: PREFIX`."""

    def holds(self, facts: Facts) -> bool:
        return compares(str(facts.about("namespace")), self.namespace, self.comparison, self.prefix)

    def saw(self, facts: Facts) -> str:
        return f"the namespace is `{facts.about('namespace')}`, compared with `{self.namespace}` ({self.comparison or 'EQUALS'})"


def compares(namespace: str, wanted: str, comparison: str | None, prefix: bool) -> bool:
    """Whether a namespace is the one that is wanted."""
    match comparison or ("PREFIX" if prefix else "EQUALS"):
        case "PREFIX":
            return namespace.startswith(wanted)
        case "SUFFIX":
            return namespace.endswith(wanted)
        case _:
            return namespace == wanted


class _OfStates(Condition):
    in_: frozenset[State] | None = Field(None, alias="in")
    """States that count; all without it."""
    not_in: frozenset[State] = Field(frozenset(), alias="notIn")
    """States that do not."""

    def admits(self, state: str) -> bool:
        """Whether the lists allow the state."""
        return (self.in_ is None or state in self.in_) and state not in self.not_in

    def lists(self) -> str:
        """What the lists say."""
        said = [] if self.in_ is None else [f"in {', '.join(sorted(self.in_))}"]
        return " and ".join([*said, *([f"not in {', '.join(sorted(self.not_in))}"] if self.not_in else [])])


class ExecutionStatus(_OfStates):
    """The execution is in one of the states `in`, and in none of `notIn`.

    ```yaml
    - type: core.condition.ExecutionStatus
      in: [SUCCESS, WARNING]
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("ExecutionStatus",)
    of_execution: ClassVar[bool] = True

    def holds(self, facts: Facts) -> bool:
        return self.admits(str(facts.about("state")))

    def saw(self, facts: Facts) -> str:
        return f"the state is {facts.about('state')}, wanted {self.lists()}"


class HasRetryAttempt(_OfStates):
    """A task run of the execution was tried more than once, and one of its attempts ended in such a state.

    ```yaml
    - type: core.condition.HasRetryAttempt
      in: [FAILED]
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("HasRetryAttempt",)
    of_execution: ClassVar[bool] = True

    @property
    def needs_runs(self) -> bool:
        return True

    def holds(self, facts: Facts) -> bool:
        return any(self.admits(state) for state in facts.about("retried") or ())

    def saw(self, facts: Facts) -> str:
        return f"the attempts of tasks that were tried again are {', '.join(facts.about('retried') or ()) or 'none'}, wanted {self.lists()}"


class ExecutionLabels(Condition):
    """The execution bears all these labels.

    ```yaml
    - type: core.condition.ExecutionLabels
      labels:
        team: payments
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("ExecutionLabels",)
    of_execution: ClassVar[bool] = True

    labels: Labels = Field(min_length=1)
    """The labels, as a map or a list of `{key, value}`."""

    def holds(self, facts: Facts) -> bool:
        return bears(facts.about("labels") or {}, self.labels)

    def saw(self, facts: Facts) -> str:
        return f"the labels are {to_text(facts.about('labels') or {})}, wanted {to_text(self.labels)}"


def bears(labels: dict[str, str], wanted: dict[str, str]) -> bool:
    """Whether all wanted labels are there."""
    return all(labels.get(key) == value for key, value in wanted.items())


class ExecutionOutputs(Condition):
    """An expression over the execution's outputs is true; an execution without outputs never is.

    ```yaml
    - type: core.condition.ExecutionOutputs
      expression: "{{ trigger.outputs.total > 100 }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("ExecutionOutputs",)
    of_execution: ClassVar[bool] = True

    expression: str | bool
    """The expression."""

    def holds(self, facts: Facts) -> bool:
        return bool(facts.about("outputs")) and holds(self.expression, facts)

    def saw(self, facts: Facts) -> str:
        return f"`{self.expression}` with outputs {to_text(facts.about('outputs') or {})}"


class FlowCondition(Condition):
    """The trigger's own flow is this one (Kestra has deprecated it).

    ```yaml
    - type: core.condition.FlowCondition
      namespace: shop
      flowId: pay
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("FlowCondition", "Flow")

    namespace: str
    """The flow's namespace."""
    flow_id: str = Field(alias="flowId")
    """The flow's id."""

    def holds(self, facts: Facts) -> bool:
        return facts.flow == (self.namespace, self.flow_id)

    def saw(self, facts: Facts) -> str:
        return f"the trigger's flow is {'.'.join(facts.flow or ('none',))}, not {self.namespace}.{self.flow_id}"


class FlowNamespaceCondition(Condition):
    """The trigger's own flow is of this namespace (Kestra has deprecated it).

    ```yaml
    - type: core.condition.FlowNamespaceCondition
      namespace: shop
      prefix: true
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("FlowNamespaceCondition", "FlowNamespace")

    namespace: str
    """What the namespace is compared with."""
    comparison: Literal["EQUALS", "PREFIX", "SUFFIX"] | None = None
    """How; `EQUALS` without it."""
    prefix: bool = False
    """The same as `comparison: PREFIX`."""

    def holds(self, facts: Facts) -> bool:
        return facts.flow is not None and compares(facts.flow[0], self.namespace, self.comparison, self.prefix)

    def saw(self, facts: Facts) -> str:
        return f"the trigger's flow is of `{(facts.flow or ('no namespace',))[0]}`, compared with `{self.namespace}`"
