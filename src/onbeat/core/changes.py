"""List what can be decided about an execution: in the past tense, one journal row each.

A change is at once the row in the journal, the line in the UI and, where it moves the execution's state, the state event on the
topic: one vocabulary, so that nothing can be emitted that was not stored, or stored and not emitted.

Rules
1. A row says its schema version; rows of every released version are read for ever (`from_record` up-casts).
2. A row written and read again is equal.

Called by: decide makes them, evolve applies them, stores keep them, projection shows them.
"""

from typing import Any

import msgspec

from onbeat.core.event import Json, Micros
from onbeat.core.execution import Awaited, Block, Head, Phase, TaskRun
from onbeat.core.states import State

SCHEMA = 1
"""Version of the rows below; a row of another version is up-cast in from_record."""


class Change(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """Something that was decided. at: when."""

    at: Micros


class Created(Change, frozen=True, tag="created"):
    """The execution exists, in state CREATED: the first row, and the first state event."""

    head: Head


class Moved(Change, frozen=True, tag="moved"):
    """The execution went from one state to another: a state event. sequence: its number among them, from 1 (Created is 1).

    by_hand: a person paused it. unreturned: why what the task that started it asks for cannot be had.
    """

    before: State
    after: State
    sequence: int
    labels: dict[str, str] = {}
    outputs: dict[str, Json] | None = None
    error: str | None = None
    failed_task: str | None = None
    unreturned: str | None = None
    by_hand: bool = False


class Waiting(Change, frozen=True, tag="waiting"):
    """The execution itself waits until `wake` (a scheduled start); None: no longer."""

    wake: Micros | None = None


class Deadline(Change, frozen=True, tag="deadline"):
    """When the execution breaks its sla; None: no longer."""

    due: Micros | None = None


class SlaBroken(Change, frozen=True, tag="sla_broken"):
    """The execution broke the sla of this id, the first one, and bears its labels."""

    sla: str
    labels: dict[str, str] = {}


class Exiting(Change, frozen=True, tag="exiting"):
    """The execution is to end in this state: nothing more of it begins but its `finally`s."""

    state: State
    error: str | None = None


class Judged(Change, frozen=True, tag="judged"):
    """How the execution ends is decided; what runs after it may see it."""

    state: State
    outputs: dict[str, Json] | None = None
    error: str | None = None
    unreturned: str | None = None


class VariablesSet(Change, frozen=True, tag="variables_set"):
    """The execution's variables are these now."""

    variables: dict[str, Json]


class Labelled(Change, frozen=True, tag="labelled"):
    """The execution bears these labels now."""

    labels: dict[str, str]


class RunCreated(Change, frozen=True, tag="run_created"):
    """A task run exists, in state CREATED. begins: it is the first of its lane, in a block whose lanes begin in an order of their own.
    of: the task run that it compensates."""

    n: int
    task: str
    parent: int
    phase: Phase = Phase.TASKS
    lane: int = 0
    step: int = 0
    value: str | None = None
    iteration: int | None = None
    begins: bool = False
    of: int | None = None


class RunMoved(Change, frozen=True, tag="run_moved"):
    """A task run went to another state.

    attempt: set when an attempt begins (RUNNING). wake: when its timer is due (retry, timeout, pause); None: none. lost: the present
    attempt was lost with its engine. log: the file with what it logged.
    anew: a flowable that is restarted forgets its block.
    """

    n: int
    state: State
    attempt: int | None = None
    outputs: dict[str, Json] | None = None
    error: str | None = None
    wake: Micros | None = None
    lost: bool = False
    log: str | None = None
    anew: bool = False


class RunTimed(Change, frozen=True, tag="run_timed"):
    """A task run that goes on in its state has a timer now; None: no longer. outputs: those it has now."""

    n: int
    wake: Micros | None = None
    outputs: dict[str, Json] | None = None


class EventAwaited(Change, frozen=True, tag="event_awaited"):
    """A task run waits for an event."""

    n: int
    awaited: Awaited


class Asked(Change, frozen=True, tag="asked"):
    """A task run (with n 0 the flow) needs a property whose expression reaches outside: the shell evaluates it."""

    n: int
    ask: str


class Answered(Change, frozen=True, tag="answered"):
    """The shell evaluated it: from now on this is the value."""

    n: int
    ask: str
    value: Json = None


class Opened(Change, frozen=True, tag="opened"):
    """A flowable's (or with n 0 the flow's) block begins a phase of so many lanes.

    ready: lanes of a Dag that may begin. fan: its lanes are executions. round: which iteration of a LoopUntil begins.
    """

    n: int
    phase: Phase = Phase.TASKS
    lanes: int = 1
    choice: str | None = None
    values: tuple[Json, ...] = ()
    outputs: dict[str, Json] | None = None
    ready: tuple[int, ...] | None = None
    fan: bool = False
    round: int = 0


class LaneBegun(Change, frozen=True, tag="lane_begun"):
    """The next lane of a block started without a task run to show for it (all its tasks are disabled), and is over.

    In a Dag: which lane it is, and those that may begin now.
    """

    n: int
    lane: int | None = None
    ready: tuple[int, ...] = ()


class LaneEnded(Change, frozen=True, tag="lane_ended"):
    """A lane of a block has no further step. In a Dag: which lane it is, and those that may begin now."""

    n: int
    lane: int | None = None
    ready: tuple[int, ...] = ()


class ChildStarted(Change, frozen=True, tag="child_started"):
    """A task run (with n 0 the execution, which is tried anew) started an execution, created in the same transaction.

    wait: the run ends when the child does. lane: which one of a fan's it is.
    """

    n: int
    child: Head
    wait: bool = True
    transmit: bool = True
    lane: int | None = None


class ChildMoved(Change, frozen=True, tag="child_moved"):
    """An execution that a fan started is PAUSED, or goes on."""

    n: int
    child: str
    paused: bool


class ChildOver(Change, frozen=True, tag="child_over"):
    """An execution that a fan started has ended. failed: so has the fan with it."""

    n: int
    child: str
    state: State
    outputs: dict[str, Json] | None = None
    failed: bool = False


class RunRemoved(Change, frozen=True, tag="run_removed"):
    """A restart took a task run away: what came after the failure, and error branches.

    kept: what expressions see of it stays: an iteration of long ago was forgotten.
    """

    n: int
    kept: bool = False


class BlockFailed(Change, frozen=True, tag="block_failed"):
    """A block ends in this state for a reason of its own, and not for a child's: a LoopUntil that reached its limit, a Pause that nobody
    resumed in time. What it waited for it waits for no longer."""

    n: int
    state: State
    error: str | None = None


class BlockReset(Change, frozen=True, tag="block_reset"):
    """An operator put a block back to where tasks in it run again: `open` lanes are in flight.

    failed: another lane had failed. queue, done: of a Dag. round, outputs: of a LoopUntil, if it is an earlier iteration that runs again.
    passed: a lane whose later tasks have been and stay. choice: of a Pause, if it runs again what comes before it.
    """

    n: int
    phase: Phase
    open: int
    begun: int
    seen: tuple[State, ...] = ()
    failed: bool = False
    queue: tuple[int, ...] | None = None
    done: tuple[int, ...] = ()
    round: int | None = None
    outputs: dict[str, Json] | None = None
    passed: int | None = None
    choice: str | None = None


class FanReset(Change, frozen=True, tag="fan_reset"):
    """A restart runs the failed executions of a fan again; lanes that did not begin may."""

    n: int


class ChildReplaced(Change, frozen=True, tag="child_replaced"):
    """An execution that a task run waits for is tried anew by another one, which it waits for now."""

    n: int
    child: str
    by: str


class ChildRestarted(Change, frozen=True, tag="child_restarted"):
    """A restart runs the execution that a task run had started again. lane: which one of a fan's it is."""

    n: int
    child: str
    lane: int | None = None


class RunSet(Change, frozen=True, tag="run_set"):
    """An operator said in which state a task run is: it ended otherwise than it said, or runs again."""

    n: int
    state: State
    edited: bool = False


class Copied(Change, frozen=True, tag="copied"):
    """A replay begins with what another execution had done: its history, task runs and blocks."""

    history: tuple[tuple[State, Micros], ...]
    runs: tuple[TaskRun, ...]
    blocks: dict[int, Block]
    variables: dict[str, Json] = {}
    last: int = 0


AnyChange = (
    Created
    | Moved
    | Waiting
    | Deadline
    | SlaBroken
    | Exiting
    | Judged
    | VariablesSet
    | Labelled
    | RunCreated
    | RunMoved
    | RunTimed
    | EventAwaited
    | Asked
    | Answered
    | Opened
    | LaneBegun
    | LaneEnded
    | ChildStarted
    | ChildMoved
    | ChildOver
    | RunRemoved
    | BlockFailed
    | BlockReset
    | FanReset
    | ChildRestarted
    | ChildReplaced
    | RunSet
    | Copied
)

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyChange)
_encoder = msgspec.json.Encoder()


def to_record(change: Change) -> bytes:
    """The change as the bytes of its journal row."""
    return _encoder.encode(change)


def from_record(record: bytes | str, schema: int = SCHEMA) -> AnyChange:
    """The change of a journal row. Raises msgspec.ValidationError on a record that is none, ValueError on an unknown schema."""
    if schema != SCHEMA:
        raise ValueError(f"journal row of schema {schema}, this onbeat reads {SCHEMA}")
    change: AnyChange = _decoder.decode(record)
    return change
