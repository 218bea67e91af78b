"""Read `correlate:`, with which any trigger waits for several events, or for one that does not come.

Rules
1. One of the forms is written: `all`, `any`, `not` alone, `count`, `accumulate` or `once`; what does not belong to it is an error.
2. Events of one `key` belong together; without it all events of the trigger do.
3. A trigger whose terms name topics listens to all of them and needs no `topic` of its own.

Called by: trigger.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

from pydantic import Field, model_validator

from onbeat.core import expressions
from onbeat.core.conditions import Facts
from onbeat.core.correlation import Fired, Group, Rule
from onbeat.core.durations import Duration
from onbeat.core.event import Event, Json
from onbeat.core.flow import Dynamic
from onbeat.core.frozen import Frozen
from onbeat.core.names import TASK_ID
from onbeat.core.times import iso
from onbeat.core.windows import Length, micros

LIMIT = 10_000
"""Events that one trigger keeps at once, over all keys, unless it says otherwise."""


class Term(Protocol):
    """One of the things that a correlation waits for."""

    @property
    def id(self) -> str: ...

    def fits(self, facts: Facts, event: Event) -> bool:
        """Whether an event is one. Raises ExpressionError."""

    def told(self) -> str:
        """It in a few words."""


class Correlation(NamedTuple):
    """What a trigger waits for. key: an expression; limit: how many events it may keep."""

    rule: Rule
    terms: tuple[Term, ...]
    key: Dynamic = None
    limit: int = LIMIT

    @property
    def signature(self) -> str:
        """What makes it another correlation when it is edited."""
        return f"{self.rule} {expressions.to_text(self.key)} {[term.told() for term in self.terms]}"


class Awaited(Frozen):
    """One of the events that are waited for: on this topic, and when this is true of it."""

    id: str = Field(pattern=TASK_ID)
    """Its name here, unique in the trigger: `trigger.events.ID` is the event."""
    topic: str | None = Field(None, min_length=1, max_length=65_535)
    """The topic it comes on; on MQTT `+` and `#` may stand in it. Without it, any event of the trigger."""
    when: Dynamic = True
    """What is true of it."""

    @cached_property
    def _when(self) -> expressions.Template:
        return expressions.compile_value(self.when)

    def fits(self, facts: Facts, event: Event) -> bool:
        """Whether the event is one."""
        if self.topic is not None and not (event.topic is not None and topic_fits(self.topic, event.topic)):
            return False
        return expressions.truthy(self._when.render(facts.scope))

    def told(self) -> str:
        """It in a few words."""
        topic = f" on `{self.topic}`" if self.topic else ""
        return f"{self.id}{topic}" + ("" if self.when is True else f" when `{expressions.to_text(self.when)}`")


def topic_fits(pattern: str, topic: str) -> bool:
    """Whether the topic is the one named; `+` stands for one level of it and `#` for all that follow, as in MQTT."""
    levels = topic.split("/")
    for index, wanted in enumerate(pattern.split("/")):
        if wanted == "#":
            return True
        if index >= len(levels) or wanted not in ("+", levels[index]):
            return False
    return len(levels) == pattern.count("/") + 1


class Correlate(Frozen):
    """What a trigger waits for when one event is not enough."""

    key: Dynamic = None
    """Events with the same key belong together; without it all events of the trigger do."""
    all_: tuple[Awaited, ...] = Field((), alias="all")
    """Starts when each of these has come, less than the window apart."""
    any_: tuple[Awaited, ...] = Field((), alias="any")
    """Starts for any of these, or for `atLeast` different ones. With `count`, `accumulate` and `once`: the events they are about."""
    at_least: int | None = Field(None, alias="atLeast", ge=1)
    """How many of `any` are needed."""
    not_: tuple[Awaited, ...] = Field((), alias="not")
    """Starts when none of these comes within the window after `all` or `any`; alone: when none has come for as long as the window."""
    count: int | None = Field(None, ge=2)
    """Starts when so many events came within the window."""
    accumulate: int | None = Field(None, ge=2)
    """Collects up to so many events, or for as long as the window from the first on, and starts once for all of them."""
    once: Literal["within", "after", "quiet"] | None = None
    """Starts once for many: for the first within a window, for the last when a window is over, or once nothing came for a window."""
    window: Duration = Field(gt=timedelta())
    """How long events count together."""
    limit: int = Field(LIMIT, ge=1, le=100_000)
    """How many events the trigger keeps at once, over all keys; past it an event is a dead event."""

    @model_validator(mode="after")
    def _one_form(self) -> "Correlate":
        forms = {"all": self.all_, "count": self.count, "accumulate": self.accumulate, "once": self.once}
        written = [f"`{name}`" for name, value in forms.items() if value]
        if len(written) > 1:
            raise ValueError(f"write one of {' and '.join(written)}")
        if not written and not self.any_ and not self.not_:
            raise ValueError("say what is waited for: `all`, `any`, `not`, `count`, `accumulate` or `once`")
        if self.all_ and self.any_:
            raise ValueError("write `all` or `any`; of some of them, `any` with `atLeast`")
        if self.not_ and written not in ([], ["`all`"]):
            raise ValueError(f"`not` goes with `all` or `any`, or alone; not with {written[0]}")
        if self.at_least is not None and (written or self.at_least > len(self.any_)):
            raise ValueError("`atLeast` says how many of `any` are needed")
        ids = [term.id for term in self.terms]
        for id_ in ids:
            if ids.count(id_) > 1:
                raise ValueError(f"`{id_}` is the id of two events; each has its own")
        return self

    @property
    def terms(self) -> tuple[Awaited, ...]:
        """All events that it names."""
        return (*self.all_, *self.any_, *self.not_)

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that its terms name."""
        return tuple(dict.fromkeys(term.topic for term in self.terms if term.topic))

    @cached_property
    def meant(self) -> Correlation:
        """The rule it says."""
        window, never = Length(micros(self.window)), tuple(term.id for term in self.not_)
        keyed = self.key is not None
        if self.count is not None:
            rule = Rule(kind="count", window=window, count=self.count, keyed=keyed)
        elif self.accumulate is not None:
            rule = Rule(kind="collect", window=window, count=self.accumulate, keyed=keyed)
        elif self.once is not None:
            rule = Rule(kind=self.once, window=window, keyed=keyed)
        elif not self.all_ and not self.any_:
            rule = Rule(kind="silence", window=window, never=never, keyed=keyed)
        else:
            terms = tuple(term.id for term in (self.all_ or self.any_))
            least = len(terms) if self.all_ else self.at_least or 1
            rule = Rule(kind="join", window=window, terms=terms, least=least, never=never, keyed=keyed)
        return Correlation(rule, self.terms, self.key, self.limit)

    def variables(self, fired: Fired) -> Mapping[str, Json]:
        """What `trigger.*` shows beside the last event's own."""
        found: dict[str, Json] = {
            "correlation": {"key": fired.key, "start": iso(fired.start), "end": iso(fired.end), "count": fired.count},
        }
        if self.count is not None or self.accumulate is not None:
            found["events"] = [one.event.variables for one in fired.events]
        elif self.all_ or self.any_:
            found["events"] = {term: one.event.variables for one in fired.events for term in one.terms}
        return found


def waits_for(correlation: Correlation, group: Group) -> str:
    """What a group still waits for, in a sentence."""
    rule = correlation.rule
    until = f" until {iso(group.due)}" if group.due is not None else ""
    told = {term.id: term.told() for term in correlation.terms}
    if group.phase == "mute":
        return f"it has fired, and takes no more{until}"
    if group.phase == "waiting":
        return f"it fires unless there is {', or '.join(told[id_] for id_ in rule.never)}{until}"
    match rule.kind:
        case "join":
            came = {term for one in group.kept for term in one.terms}
            missing = [told[id_] for id_ in rule.terms if id_ not in came]
            many = "" if rule.least == len(rule.terms) else f"{rule.least - len(came)} of "
            return f"it waits for {many}{', and '.join(missing)}{until}"
        case "count":
            return f"it has {len(group.kept)} of {rule.count} events{until}"
        case "collect":
            return f"it has {len(group.kept)} of {rule.count} events, and starts with what it has then{until}"
        case "silence":
            return f"it fires unless there is {', or '.join(told[id_] for id_ in rule.never) or 'another'}{until}"
        case _:
            return f"it fires for {group.count} event(s){until.replace('until', 'at')}"


def composed(trigger: str, fired: Fired, more: Mapping[str, Any]) -> Event:
    """What starts when a group is complete: an event of its own, that shows the last event's variables and these."""
    events = [one.event for one in fired.events]
    last = events[-1] if events else None
    traced = [event for event in events if event.correlation_id is not None]
    return Event(
        id=fired.identity,
        source=SOURCE,
        type=CORRELATED,
        time=fired.end,
        key=fired.identity,
        subject=trigger,
        topic=last.topic if last is not None else None,
        variables={**(last.variables if last is not None else {}), **more},
        hops=max((event.hops for event in events), default=0),
        correlation_id=traced[0].correlation_id if traced else None,
        causation_id=(last.causation_id or last.id) if last is not None else None,
        traceparent=last.traceparent if last is not None else None,
    )


SOURCE = "onbeat/correlation"
CORRELATED = "io.onbeat.correlated"
"""The type of events that a correlation made: given again, they start at once."""
