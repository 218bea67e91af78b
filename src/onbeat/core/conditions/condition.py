"""Say what a condition of a trigger is: a question about one event, answered from what the event holds and the time.

A condition is asked again when somebody wants to know why nothing started, so its answer may not depend on anything that is gone by
then: no clock, no look at the store.

Rules
1. `holds` is a pure function of the facts; what cannot be worked out raises ExpressionError, and the event becomes a dead event.
2. `saw` says the values that were compared, for people: it is only asked of conditions that do not hold.
3. A property that is wrong is found when the file is loaded; one with an expression in it when it is evaluated.
4. Conditions about an execution belong to Flow triggers: only there is one to look at.

Called by: the conditions beside this file; trigger asks them.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from onbeat.core import expressions
from onbeat.core.event import Json, Micros
from onbeat.core.expressions import ExpressionError, Scope
from onbeat.core.frozen import Frozen
from onbeat.core.times import to_datetime


class Facts(msgspec.Struct, frozen=True):
    """What a condition may look at. upstream: the execution that a Flow trigger's event is about. flow: the trigger's own."""

    scope: Scope
    now: Micros
    upstream: Mapping[str, Json] | None = None
    flow: tuple[str, str] | None = None

    def about(self, name: str) -> Json:
        """A fact of the execution the event is about."""
        if self.upstream is None:
            raise ExpressionError("the event is not about an execution; only a trigger of type `core.trigger.Flow` has those")
        return self.upstream.get(name)


class Condition(Frozen):
    """A condition. names: its types without `core.condition.` and `Condition`. of_execution: only Flow triggers can have it.

    needs_runs: it looks at task runs, which an event does not hold by itself.
    """

    names: ClassVar[tuple[str, ...]] = ()
    of_execution: ClassVar[bool] = False

    type: str

    @property
    def needs_runs(self) -> bool:
        return False

    @property
    def name(self) -> str:
        """Its type as onbeat writes it."""
        return self.names[0]

    def inner(self) -> "tuple[Condition, ...]":
        """The conditions inside it."""
        return ()

    def holds(self, facts: Facts) -> bool:
        """Whether it is so."""
        raise NotImplementedError

    def saw(self, facts: Facts) -> str:
        """What it compared, as the end of a sentence that begins with its name."""
        raise NotImplementedError


class Dated(Condition):
    """A condition about a moment: `date`, an ISO 8601 text; by default the trigger's date, else now."""

    date: str | None = None
    """The moment; by default `trigger.date`, else now."""

    def moment(self, facts: Facts) -> datetime:
        """The moment, with its own offset. Raises ExpressionError."""
        if self.date is not None:
            return read_moment(rendered(self.date, facts))
        trigger = facts.scope.names.get("trigger")
        date = trigger.get("date") if isinstance(trigger, Mapping) else None
        return to_datetime(facts.now) if date is None else read_moment(date)


def rendered(value: Json, facts: Facts) -> Json:
    """A property's value."""
    return expressions.evaluate(value, facts.scope)


def has_expression(value: Json) -> bool:
    """Whether a property is only known when an event comes."""
    return isinstance(value, str) and not expressions.compile_text(value).constant


def read_moment(value: Json) -> datetime:
    """The moment of an ISO 8601 text; one without an offset is in UTC. Raises ExpressionError."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ExpressionError(f"`{expressions.to_text(value)[:80]}` is not a date; write it as 2026-11-21T12:00:00Z") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def checked(value: str | None, read: Callable[[Any], object]) -> str | None:
    """The property, once it was seen that it can be read; one with an expression as it is. Raises ValueError."""
    if value is not None and not has_expression(value):
        try:
            read(value)
        except ExpressionError as wrong:
            raise ValueError(str(wrong)) from None
    return value
