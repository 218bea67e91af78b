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
from onbeat.core.execution import Head, Phase
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
    """The execution went from one state to another: a state event. sequence: its number among them, from 1 (Created is 1)."""

    before: State
    after: State
    sequence: int
    labels: dict[str, str] = {}
    outputs: dict[str, Json] | None = None
    error: str | None = None
    failed_task: str | None = None


class Waiting(Change, frozen=True, tag="waiting"):
    """The execution itself waits until `wake` (a scheduled start); None: no longer."""

    wake: Micros | None = None


class Labelled(Change, frozen=True, tag="labelled"):
    """The execution bears these labels now."""

    labels: dict[str, str]


class RunCreated(Change, frozen=True, tag="run_created"):
    """A task run exists, in state CREATED."""

    n: int
    task: str
    parent: int
    phase: Phase = Phase.TASKS
    lane: int = 0
    step: int = 0
    value: str | None = None
    iteration: int | None = None


class RunMoved(Change, frozen=True, tag="run_moved"):
    """A task run went to another state.

    attempt: set when an attempt begins (RUNNING). wake: when its timer is due (retry, timeout, pause); None: none. lost: the present
    attempt was lost with its engine.
    """

    n: int
    state: State
    attempt: int | None = None
    outputs: dict[str, Json] | None = None
    error: str | None = None
    wake: Micros | None = None
    lost: bool = False


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
    """A flowable's (or with n 0 the flow's) block begins a phase of so many lanes."""

    n: int
    phase: Phase = Phase.TASKS
    lanes: int = 1
    choice: str | None = None
    values: tuple[Json, ...] = ()
    outputs: dict[str, Json] | None = None


class LaneBegun(Change, frozen=True, tag="lane_begun"):
    """The next lane of a block started without a task run to show for it (all its tasks are disabled), and is over."""

    n: int


class LaneEnded(Change, frozen=True, tag="lane_ended"):
    """A lane of a block has no further step."""

    n: int


class ChildStarted(Change, frozen=True, tag="child_started"):
    """A task run started an execution, created in the same transaction. wait: the run ends when the child does."""

    n: int
    child: Head
    wait: bool = True
    transmit: bool = True


class RunRemoved(Change, frozen=True, tag="run_removed"):
    """A restart took a task run away: what came after the failure, and error branches."""

    n: int


class BlockReset(Change, frozen=True, tag="block_reset"):
    """A restart put a block back to where its failed children run again: `open` lanes are in flight."""

    n: int
    phase: Phase
    open: int
    begun: int
    seen: tuple[State, ...] = ()


AnyChange = (
    Created
    | Moved
    | Waiting
    | Labelled
    | RunCreated
    | RunMoved
    | Asked
    | Answered
    | Opened
    | LaneBegun
    | LaneEnded
    | ChildStarted
    | RunRemoved
    | BlockReset
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
