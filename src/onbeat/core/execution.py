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
from onbeat.core.refs import Kept
from onbeat.core.states import TERMINATED, State

ROOT = 0
"""The number that stands for the flow itself where a task run's number is asked for."""


class Phase(StrEnum):
    """Which list of a block's tasks is being worked through; the order is the order in time."""

    TASKS = "tasks"
    COMPENSATION = "compensation"
    ERRORS = "errors"
    FINALLY = "finally"
    AFTER = "afterExecution"


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try of a task run. lost: the engine stopped while it ran, so it does not count against the retries. log: the file with
    what it logged, where it is kept in one."""

    state: State
    start: Micros
    end: Micros | None = None
    lost: bool = False
    log: str | None = None


class Awaited(msgspec.Struct, frozen=True, omit_defaults=True):
    """The event that a task run waits for: on this topic, with this key (any when None), that came at `since` or later.

    conditional: its task says more about it.
    """

    topic: str
    since: Micros
    key: str | None = None
    conditional: bool = False


class TaskRun(msgspec.Struct, frozen=True, omit_defaults=True):
    """One task in one execution, once per loop value.

    n: its number, from 1, in order of creation. parent: the number of the flowable around it, ROOT for the flow. lane, step, phase:
    its place in the parent's block. value, iteration: set on direct children of a loop. path: the values of all loops around it.
    wake: when a timer will fire for it. child: the execution it started. ask: the property that the shell must evaluate
    for it; answers: those it did. awaits: the event it waits for. of: the task run that it compensates. done: the execution's version when
    it ended, so that what ended first is known; of one that a replay copied, a number below 0.
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
    awaits: Awaited | None = None
    of: int | None = None
    done: int = 0

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


def _map() -> Map[Any, Any]:
    return Map()


class Order(msgspec.Struct, frozen=True):
    """In which order the lanes of a Dag begin. queue: place in the order -> lane, of those that may begin; done: lanes that are over."""

    queue: Map[int, int] = msgspec.field(default_factory=_map)
    done: Map[int, None] = msgspec.field(default_factory=_map)


class Fan(msgspec.Struct, frozen=True):
    """The executions that a Loop or ForEachItem started, one a lane.

    children: those that have not ended, with their lanes. paused: those of them that are PAUSED. failed: those that failed it. again: by
    lane, those that a restart is to run again when there is room, none of them before the lane `next`. counts: how many ended in each
    state; lost: how many of those that failed it. results: lane -> outputs.
    """

    children: Map[str, int] = msgspec.field(default_factory=_map)
    paused: Map[str, None] = msgspec.field(default_factory=_map)
    failed: Map[str, int] = msgspec.field(default_factory=_map)
    again: Map[int, str] = msgspec.field(default_factory=_map)
    next: int = 0
    counts: dict[str, int] = {}
    lost: dict[str, int] = {}
    results: Map[int, dict[str, Json]] = msgspec.field(default_factory=_map)


class Block(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far the tasks inside a flowable (or the flow) are: lanes run side by side, the steps of a lane one after another.

    lanes: how many this phase has. begun: how many of them were started. open: started and not ended. seen: the states in which
    children ended, all phases. failed: a child of the present phase failed, so no further lane or step of it starts. own: the state in
    which it ends for a reason of its own. choice: the branch an If or Switch took. values: a loop's values, or the task runs that are
    compensated. total: how many lanes the TASKS phase had. order: of a Dag. fan: of a construct whose
    lanes are executions. round: the present iteration of a LoopUntil, from 1; marks: the largest task run number before each of its last
    iterations. passed: a lane whose later tasks have been already, since an operator went back in it.
    """

    phase: Phase = Phase.TASKS
    lanes: int = 0
    begun: int = 0
    open: int = 0
    seen: frozenset[State] = frozenset()
    failed: bool = False
    own: State | None = None
    choice: str | None = None
    values: tuple[Json, ...] = ()
    total: int = 0
    order: Order | None = None
    fan: Fan | None = None
    round: int = 0
    marks: tuple[int, ...] = ()
    passed: int | None = None


class Trigger(msgspec.Struct, frozen=True, omit_defaults=True):
    """What started an execution, as `trigger.*` and the API show it."""

    id: str
    type: str
    variables: dict[str, Json] = {}


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an iteration of a Loop, an execution of its own, is part of.

    task: the Loop. origin: the execution whose id expressions see. item: value, index, key, and those of the loops around it. outputs and
    tasks: what had been done around the loop when it began; kept: those outputs that are in storage.
    """

    task: str
    origin: str
    item: dict[str, Json]
    outputs: dict[str, Json] = {}
    kept: tuple[Kept, ...] = ()
    tasks: dict[str, Json] = {}


class Head(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What never changes about an execution; its first journal row.

    root: the execution whose correlation id this one bears (its own id when nothing came before). parent: the execution and task run
    that started it as a subflow. original: the first of a chain of replays. key: its ordering key. scheduled: when it is to start.
    depth: how many subflows are around it. scope: of an iteration of a Loop. returns: what a Subflow task wants rendered at the end beside
    the flow's own outputs. attempt: which try of the whole it is, where a retry is a new execution; first: when the first of them began to
    run. failed: why it fails as it begins (a check that does not hold). replay_of: the execution that it repeats.
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
    depth: int = 0
    scheduled: Micros | None = None
    scope: Scope | None = None
    returns: dict[str, Json] | None = None
    attempt: int = 1
    first: Micros | None = None
    failed: str | None = None
    replay_of: str | None = None


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an execution will end once what runs after it is over."""

    state: State
    outputs: dict[str, Json] | None = None
    error: str | None = None
    unreturned: str | None = None


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a flow. version: how many changes made it; sequence: how many of them were state events.

    open: numbers of the task runs that have not ended. held: task runs that ended while the execution was paused, whose blocks have
    not been told yet. last: the largest task run number ever given. paused: how many task runs are PAUSED. ask: what the shell must
    evaluate for the flow itself. error, failed_task: of the first task run that failed since the last start. context: `outputs.*` and
    states: `tasks.*` as expressions see them, kept up by evolve. exit: the state it was told to end in. verdict: how it will end. deadline:
    when its sla is broken; broken: the sla that was. retries: how often the flow's own retry ran it again. compensated: whether
    what it had done was undone. edited: whether an operator said how a task run ended. by_hand: whether it is a person who paused it.
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
    exit: State | None = None
    verdict: Verdict | None = None
    deadline: Micros | None = None
    broken: str | None = None
    retries: int = 0
    compensated: bool = False
    edited: bool = False
    by_hand: bool = False

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
