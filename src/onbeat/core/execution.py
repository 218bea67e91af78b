"""Hold one run of a flow as a value: immutable, shared structure, plain JSON inside.

Every change gives a new value that shares all that did not change (persistent maps), so a change costs what it touches and not
the size of the execution. What runs is in `open`; what a block of tasks has done is in counters.

Called by: evolve builds them, decide and commands read them, stores keep them.
"""

from enum import StrEnum
from typing import Any

import msgspec
from immutables import Map

from onbeat.core.event import Json, Micros
from onbeat.core.states import TERMINATED, State

ROOT = 0
"""The number that stands for the flow itself where a task run's number is asked for."""


class Phase(StrEnum):
    """Which list of a block's tasks is being worked through; the order is the order in time."""

    TASKS = "tasks"
    ERRORS = "errors"
    FINALLY = "finally"
    AFTER = "afterExecution"


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try of a task run. lost: the engine stopped while it ran, so it does not count against the retries."""

    state: State
    start: Micros
    end: Micros | None = None
    lost: bool = False


class TaskRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """One task in one execution, once per loop value.

    n: its number, from 1, in order of creation. parent: the number of the flowable around it, ROOT for the flow. lane, step, phase:
    its place in the parent's block. value, iteration: set on direct children of a loop. path: the values of all loops around it.
    wake: when a timer will fire for it. child: the execution it started. ask: the property that the shell must evaluate
    for it; answers: those it did.
    """

    n: int
    task: str
    parent: int
    phase: Phase
    lane: int
    step: int
    state: State
    history: tuple[tuple[State, Micros], ...]
    value: str | None = None
    iteration: int | None = None
    path: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    outputs: dict[str, Json] | None = None
    error: str | None = None
    wake: Micros | None = None
    child: str | None = None
    ask: str | None = None
    answers: dict[str, Json] = {}

    @property
    def ended(self) -> bool:
        """Whether it has ended: nothing goes on here by itself."""
        return self.state in TERMINATED

    @property
    def attempt(self) -> int:
        """The number of the present attempt, from 1; 0 before the first."""
        return len(self.attempts)

    @property
    def counted(self) -> int:
        """How many attempts count against the retries: those the engine lost do not."""
        return sum(not attempt.lost for attempt in self.attempts)


class Block(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the tasks inside a flowable (or the flow) are: lanes run side by side, the steps of a lane one after another.

    lanes: how many this phase has. begun: how many of them were started. open: started and not ended. seen: the states in which
    children ended, all phases. failed: a child of the present phase failed, so no further lane or step of it starts. choice: the branch an
    If or Switch took. values: a loop's values. total: how many lanes the TASKS phase had.
    """

    phase: Phase = Phase.TASKS
    lanes: int = 0
    begun: int = 0
    open: int = 0
    seen: frozenset[State] = frozenset()
    failed: bool = False
    choice: str | None = None
    values: tuple[Json, ...] = ()
    total: int = 0


class Trigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """What started an execution, as `trigger.*` and the API show it."""

    id: str
    type: str
    variables: dict[str, Json] = {}


class Head(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What never changes about an execution; its first journal row.

    root: the execution whose correlation id this one bears (its own id when nothing came before). parent: the execution and task run
    that started it as a subflow. original: the first of a chain of replays. key: its ordering key. scheduled: when it is to start.
    """

    id: str
    namespace: str
    flow: str
    revision: int
    created: Micros
    inputs: dict[str, Json] = {}
    labels: dict[str, str] = {}
    variables: dict[str, Json] = {}
    trigger: Trigger | None = None
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    hops: int = 0
    parent: str | None = None
    parent_run: int | None = None
    original: str | None = None
    key: str | None = None
    scheduled: Micros | None = None


def _map() -> Map[Any, Any]:
    return Map()


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a flow. version: how many changes made it; sequence: how many of them were state events.

    open: numbers of the task runs that have not ended. held: task runs that ended while the execution was paused, whose blocks have
    not been told yet. last: the largest task run number ever given. paused: how many task runs are PAUSED. ask: what the shell must
    evaluate for the flow itself. error, failed_task: of the first task run that failed since the last start. context: `outputs.*` and
    states: `tasks.*` as expressions see them, kept up by evolve.
    """

    head: Head
    state: State
    history: tuple[tuple[State, Micros], ...]
    version: int = 1
    sequence: int = 1
    labels: dict[str, str] = {}
    variables: dict[str, Json] = {}
    outputs: dict[str, Json] | None = None
    error: str | None = None
    failed_task: str | None = None
    runs: Map[int, TaskRun] = msgspec.field(default_factory=_map)
    blocks: Map[int, Block] = msgspec.field(default_factory=_map)
    open: Map[int, None] = msgspec.field(default_factory=_map)
    held: tuple[int, ...] = ()
    context: Map[str, Any] = msgspec.field(default_factory=_map)
    states: Map[str, Any] = msgspec.field(default_factory=_map)
    restarts: int = 0
    last: int = 0
    paused: int = 0
    ask: str | None = None
    answers: dict[str, Json] = {}
    wake: Micros | None = None

    @property
    def id(self) -> str:
        """The execution's id: 22 characters, ordered by time."""
        return self.head.id

    @property
    def ended(self) -> bool:
        """Whether it is in a terminated state."""
        return self.state in TERMINATED

    def run_id(self, n: int) -> str:
        """The id of a task run for people and APIs."""
        return f"{self.head.id}-{n}"
