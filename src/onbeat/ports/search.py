"""Say which executions, log lines and measurements a person asks for, and what the answer looks like.

One value for each question, so that a list, its count and what is done to everything in it cannot mean different things.

Rules
1. Every condition that is given must hold; what is not given holds for all.
2. A namespace among `namespaces` and `allowed` means those below it too; `namespace` means exactly itself.
3. Instants are a range [start, end).
4. Text is contained in names and labels, whatever the case of its ASCII letters; an id begins with it, case and all.

Called by: the API, and tasks through ports.Actions; the stores answer.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from onbeat.core.event import Micros
from onbeat.core.states import State
from onbeat.ports.work import LogLine

COUNTED = 10_000
"""How far a count goes unless it is told to go on: nobody reads page four hundred."""
COUNTED_BY_TEXT = 1_000
"""How far the count beside a list goes where a text is looked for: to tell of each execution whether it has it takes time."""


class Sort(StrEnum):
    """What a list of executions is ordered by. Executions that have not ended come last where the end or the duration counts; executions
    that are equal in it are in the order of their ids, which is that of creation."""

    CREATED = "created"
    ENDED = "ended"
    DURATION = "duration"
    STATE = "state"
    FLOW = "flow"


class ExecutionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which executions. namespaces: asked for; allowed: those that the caller may see; None: all, (): none. flow: an id, in any of the
    namespaces. labels: all of them. child: those with a parent, or those without. q: free text (rule 4) in execution id, correlation
    id, `namespace.flow`, `key:value` of a label."""

    namespaces: tuple[str, ...] | None = None
    allowed: tuple[str, ...] | None = None
    namespace: str | None = None
    flow: str | None = None
    states: tuple[State, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    start: Micros | None = None
    end: Micros | None = None
    trigger: str | None = None
    parent: str | None = None
    child: bool | None = None
    correlation_id: str | None = None
    q: str = ""
    ids: tuple[str, ...] | None = None


EVERYTHING = ExecutionFilter()


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which log lines. levels: these only; () for all. trigger: of executions that it started. q: text that the message contains."""

    namespaces: tuple[str, ...] | None = None
    allowed: tuple[str, ...] | None = None
    namespace: str | None = None
    flow: str | None = None
    execution: str | None = None
    task: str | None = None
    trigger: str | None = None
    levels: tuple[str, ...] = ()
    start: Micros | None = None
    end: Micros | None = None
    q: str = ""


class FoundLine(LogLine, frozen=True, kw_only=True):
    """A log line, and whose it is; an execution that was purged without its lines has no names."""

    namespace: str = ""
    flow: str = ""


class MetricFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which measurements: of one flow's executions, measured within [start, end)."""

    namespace: str
    flow: str
    task: str | None = None
    name: str | None = None
    start: Micros | None = None
    end: Micros | None = None


class MetricSum(msgspec.Struct, frozen=True):
    """What was measured from `start` on, until the next one; timers in milliseconds."""

    start: Micros
    count: int
    sum: float
    min: float
    max: float

    @property
    def avg(self) -> float:
        """The mean."""
        return self.sum / self.count


Bucket = Literal["minute", "hour", "day", "week", "month"]
_MINUTE = 60_000_000
SIZES: dict[str, Micros] = {"minute": _MINUTE, "hour": 60 * _MINUTE, "day": 1440 * _MINUTE, "week": 7 * 1440 * _MINUTE}
"""How long the buckets are that are all as long."""
WEEK_SHIFT: Micros = 3 * 1440 * _MINUTE
"""Weeks begin on Monday; the first of January 1970 was a Thursday."""
Group = Literal["flow", "namespace"]


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many executions of a state were created from `start` on, until the next bucket; of one flow or namespace where they are grouped.

    ended: how many of them have ended; duration, shortest, longest: microseconds that those took, together, at least and at most.
    """

    start: Micros
    namespace: str | None = None
    flow: str | None = None
    state: State
    count: int
    ended: int = 0
    duration: int = 0
    shortest: int | None = None
    longest: int | None = None
