"""Conditions of conditions, and how a condition is read: by its type, whichever of its names is written.

Rules
1. A type is known by its present name, with and without `Condition` at its end, and by Kestra's older packages.
2. An unknown type is an error that names the nearest right one.

Called by: trigger, for the conditions of a trigger.
"""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field

from onbeat.core.conditions.condition import Condition, Facts
from onbeat.core.conditions.days import DayWeek, DayWeekInMonth, PublicHoliday, Weekend
from onbeat.core.conditions.executions import (
    ExecutionFlow,
    ExecutionLabels,
    ExecutionNamespace,
    ExecutionOutputs,
    ExecutionStatus,
    FlowCondition,
    FlowNamespaceCondition,
    HasRetryAttempt,
)
from onbeat.core.conditions.expression import Expression
from onbeat.core.conditions.moments import DateTimeBetween, TimeBetween
from onbeat.core.durations import Duration
from onbeat.core.names import TASK_ID, did_you_mean
from onbeat.core.type_names import short_type
from onbeat.core.windows import TimeWindow

_PACKAGE = "core.condition."
_SUFFIX = "Condition"


def read_condition(value: object) -> object:
    """The condition of a piece of YAML. Raises ValueError."""
    if isinstance(value, Condition):
        return value
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ValueError("a condition is a map with `type`")
    name = short_type(value["type"])
    kind = kind_of(value["type"])
    if kind is None:
        known = [_PACKAGE + each for each in KINDS if not each.endswith(_SUFFIX)]
        raise ValueError(f"there is no condition `{name}`{did_you_mean(name, known)}")
    return kind.model_validate(value)


def kind_of(type_: str) -> type[Condition] | None:
    """The condition of that type; None when there is none."""
    name = short_type(type_)
    return KINDS.get(name.removeprefix(_PACKAGE)) if name.startswith(_PACKAGE) else None


def _not_empty(conditions: Any) -> Any:
    if not conditions:
        raise ValueError("there must be at least one condition")
    return conditions


AnyCondition = Annotated[Condition, BeforeValidator(read_condition)]
Conditions = tuple[AnyCondition, ...]
Some = Annotated[Conditions, AfterValidator(_not_empty)]
"""Conditions that there must be one of."""


class Not(Condition):
    """None of the conditions holds.

    ```yaml
    - type: core.condition.Not
      conditions:
        - type: core.condition.Weekend
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("Not",)

    conditions: Some
    """The conditions."""

    @property
    def needs_runs(self) -> bool:
        return any(each.needs_runs for each in self.conditions)

    def inner(self) -> Conditions:
        return self.conditions

    def holds(self, facts: Facts) -> bool:
        return not any(each.holds(facts) for each in self.conditions)

    def saw(self, facts: Facts) -> str:
        return f"these hold: {', '.join(each.name for each in self.conditions if each.holds(facts))}"


class Or(Condition):
    """One of the conditions holds.

    ```yaml
    - type: core.condition.Or
      conditions:
        - type: core.condition.Weekend
        - type: core.condition.PublicHoliday
          country: FR
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("Or",)

    conditions: Some
    """The conditions."""

    @property
    def needs_runs(self) -> bool:
        return any(each.needs_runs for each in self.conditions)

    def inner(self) -> Conditions:
        return self.conditions

    def holds(self, facts: Facts) -> bool:
        return any(each.holds(facts) for each in self.conditions)

    def saw(self, facts: Facts) -> str:
        return "; ".join(f"{each.name}: {each.saw(facts)}" for each in self.conditions)


class MultipleCondition(Condition):
    """All of the conditions held, each for an execution of its own, within a window of time. Only for triggers of type `core.trigger.Flow`.

    ```yaml
    - type: core.condition.MultipleCondition
      id: both
      timeWindow:
        window: PT12H
      conditions:
        extract:
          type: core.condition.ExecutionFlow
          namespace: shop
          flowId: extract
        load:
          type: core.condition.ExecutionFlow
          namespace: shop
          flowId: load
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("MultipleCondition", "Multiple")
    of_execution: ClassVar[bool] = True

    id: str = Field(pattern=TASK_ID)
    """Its name."""
    time_window: TimeWindow | None = Field(None, validation_alias=AliasChoices("timeWindow", "timeSLA", "sla"))
    """The time within which all must hold."""
    window: Duration | None = None
    """The same as `timeWindow.window`."""
    window_advance: Duration | None = Field(None, alias="windowAdvance")
    """The same as `timeWindow.windowAdvance`."""
    reset_on_success: bool = Field(True, alias="resetOnSuccess")
    """Begin anew once all have come; else each further one in the window starts the flow again."""
    conditions: Annotated[dict[str, AnyCondition], AfterValidator(_not_empty)]
    """What each of the executions must be, by names."""

    @property
    def needs_runs(self) -> bool:
        return any(each.needs_runs for each in self.conditions.values())

    def inner(self) -> Conditions:
        return tuple(self.conditions.values())

    def holds(self, facts: Facts) -> bool:
        """By itself an event that one of the conditions is true of is worth keeping."""
        return any(each.holds(facts) for each in self.conditions.values())

    def saw(self, facts: Facts) -> str:
        return "; ".join(f"{name}: {each.saw(facts)}" for name, each in self.conditions.items())


def _by_name(kinds: Iterable[type[Condition]]) -> dict[str, type[Any]]:
    return {name + suffix: kind for kind in kinds for name in kind.names for suffix in ("", _SUFFIX)}


KINDS: dict[str, type[Condition]] = _by_name((
    DateTimeBetween, TimeBetween, DayWeek, DayWeekInMonth, Weekend, PublicHoliday, Expression,
    ExecutionFlow, ExecutionNamespace, ExecutionStatus, ExecutionLabels, ExecutionOutputs, HasRetryAttempt,
    FlowCondition, FlowNamespaceCondition, MultipleCondition, Not, Or,
))  # fmt: skip
"""The conditions by all their names."""


def flattened(conditions: Iterable[Condition]) -> Iterable[Condition]:
    """The conditions and all that are inside them."""
    for each in conditions:
        yield each
        yield from flattened(each.inner())
