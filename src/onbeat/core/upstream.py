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
from typing import Literal

import msgspec
from pydantic import Field, field_validator, model_validator

from onbeat.core.conditions import Condition, Facts, MultipleCondition
from onbeat.core.correlate import Correlation, Term
from onbeat.core.correlation import Fired, Rule
from onbeat.core.event import Event, Json
from onbeat.core.flow import Labels
from onbeat.core.frozen import Frozen
from onbeat.core.names import TASK_ID
from onbeat.core.states import TERMINATED, State
from onbeat.core.times import iso
from onbeat.core.upstream_flows import DependsOn, Heard, PreconditionFlow, Where
from onbeat.core.windows import FlowWindow, Length, TimeWindow, Window

TYPE = "core.trigger.Flow"


class Preconditions(Frozen):
    """All of these, within a window."""

    id: str = Field(pattern=TASK_ID)
    """Its name."""
    flows: tuple[PreconditionFlow, ...] = ()
    """Executions of these flows are waited for, one of each."""
    where: tuple[Where, ...] = ()
    """Executions of which this is true are waited for."""
    time_window: TimeWindow = Field(TimeWindow(), alias="timeWindow")
    """The time within which all must come."""
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
    """Starts when all of these have come."""
    depends_on: tuple[DependsOn, ...] = Field((), alias="dependsOn")
    """The flows whose executions are waited for."""
    mode: Literal["ALL", "ANY", "AT_LEAST"] = "ALL"
    """How many of `dependsOn` must have come: all, any, or `minSatisfied`."""
    min_satisfied: int | None = Field(None, alias="minSatisfied", ge=1)
    """How many, with `mode: AT_LEAST`."""
    window: FlowWindow | None = None
    """The time within which they must come."""
    on_miss: OnMiss | None = Field(None, alias="onMiss")
    """What is done when a window ends and not all have come."""

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
