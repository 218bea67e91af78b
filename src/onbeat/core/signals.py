"""List what an execution can be told. Whatever happens in the world reaches an execution as one of these, and in no other way.

A signal that no longer fits (an attempt long over, a timer that was disarmed) is stale: decide answers it with no change.
Those in DURABLE can wait in an execution's inbox in the store; the others are repeated by recovery when they are lost.
"""

from typing import Any

import msgspec

from onbeat.core.event import Json
from onbeat.core.states import State


class Signal(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Something an execution is told."""


class Begin(Signal, frozen=True, tag="begin"):
    """The execution was created and may start."""


class Recover(Signal, frozen=True, tag="recover"):
    """A new engine took the execution over: tasks that were running were lost."""


class Dispatched(Signal, frozen=True, tag="dispatched"):
    """The runner has a place for this task run's next attempt."""

    run: int


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a task that ended well changes about its execution; decided upon with the end, so once.

    labels: added to its labels. variables: added to `vars`; overwrite False: it is an error when one is there. unset: names of variables to
    take away; missing: it is no error when one is not there. exit: the execution ends in this state now.
    """

    labels: dict[str, str] = {}
    variables: dict[str, Json] = {}
    overwrite: bool = True
    unset: tuple[str, ...] = ()
    missing: bool = False
    exit: State | None = None


class TaskEnded(Signal, frozen=True, tag="task_ended"):
    """An attempt is over: SUCCESS, WARNING, FAILED, KILLED or CANCELLED. retry: False when trying again is no use. log: where
    what it logged is kept, when that is a file."""

    run: int
    attempt: int
    state: State
    outputs: dict[str, Json] | None = None
    error: str | None = None
    retry: bool = True
    facts: Facts | None = None
    log: str | None = None


class TimerFired(Signal, frozen=True, tag="timer_fired"):
    """A timer that a task run (or with run 0 the execution) armed for this instant (microseconds) is due."""

    run: int
    due: int


class Evaluated(Signal, frozen=True, tag="evaluated"):
    """The shell evaluated what the task run asked for."""

    run: int
    ask: str
    value: Json = None
    error: str | None = None


class Chosen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an execution that a fan starts is to be: its target was found and its inputs are valid."""

    namespace: str
    flow: str
    revision: int
    inputs: dict[str, Json] = {}
    labels: dict[str, str] = {}
    variables: dict[str, Json] = {}


class ChildrenChosen(Signal, frozen=True, tag="children_chosen"):
    """The next executions of a fan may be created. ask: what was asked for."""

    run: int
    ask: str
    children: tuple[Chosen, ...]


class EventArrived(Signal, frozen=True, tag="event_arrived"):
    """The event that a task run waits for came. event: it as `outputs.<task>` shows it."""

    run: int
    event: dict[str, Json]


class ChildChosen(Signal, frozen=True, tag="child_chosen"):
    """A subflow's target was found and its inputs are valid: the child may be created."""

    run: int
    attempt: int
    namespace: str
    flow: str
    revision: int
    inputs: dict[str, Json] = {}
    labels: dict[str, str] = {}
    variables: dict[str, Json] = {}
    wait: bool = True
    transmit: bool = True
    scheduled: int | None = None


class ChildEnded(Signal, frozen=True, tag="child_ended"):
    """A child execution reached a terminated state. successor: the execution that tries it anew, and ends in its stead.

    error: why what was asked of it cannot be had.
    """

    run: int
    child: str
    state: State
    outputs: dict[str, Json] | None = None
    successor: str | None = None
    error: str | None = None


class ChildPaused(Signal, frozen=True, tag="child_paused"):
    """An execution that a Loop started is PAUSED, or goes on (paused False)."""

    run: int
    child: str
    paused: bool = True


class SlotGranted(Signal, frozen=True, tag="slot_granted"):
    """The flow's concurrency limit leaves room: the execution may run."""


class SlotQueued(Signal, frozen=True, tag="slot_queued"):
    """The limit is reached and the flow says QUEUE."""


class SlotRefused(Signal, frozen=True, tag="slot_refused"):
    """The limit is reached and the flow says CANCEL or FAIL; state says which."""

    state: State


class Kill(Signal, frozen=True, tag="kill"):
    """Stop everything; nothing starts after this."""


class Pause(Signal, frozen=True, tag="pause"):
    """Let what runs end and start nothing new until resumed."""


class Resume(Signal, frozen=True, tag="resume"):
    """Go on from a pause. inputs: the answers to a Pause task's onResume."""

    inputs: dict[str, Json] = {}
    by: str | None = None
    decision: str | None = None
    comment: str | None = None


class Restart(Signal, frozen=True, tag="restart"):
    """Run a terminated execution again from its failed tasks."""


class SetState(Signal, frozen=True, tag="set_state"):
    """An operator says in which state a task run (with run 0 the execution) ended; what follows from it goes on."""

    state: State
    run: int = 0


class SetLabels(Signal, frozen=True, tag="set_labels"):
    """The execution bears these labels instead of those it had."""

    labels: dict[str, str]


AnySignal = (
    Begin
    | Recover
    | Dispatched
    | TaskEnded
    | TimerFired
    | Evaluated
    | ChildChosen
    | ChildrenChosen
    | ChildEnded
    | ChildPaused
    | EventArrived
    | SlotGranted
    | SlotQueued
    | SlotRefused
    | Kill
    | Pause
    | Resume
    | Restart
    | SetState
    | SetLabels
)

DURABLE = (
    ChildEnded,
    ChildPaused,
    EventArrived,
    SlotGranted,
    SlotQueued,
    SlotRefused,
    Kill,
    Pause,
    Resume,
    Restart,
    SetState,
    SetLabels,
)
"""Signals that are kept in the store until they were decided on: nobody would repeat them."""

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnySignal)
_encoder = msgspec.json.Encoder()


def to_record(signal: Signal) -> bytes:
    """The signal as JSON bytes for the inbox."""
    return _encoder.encode(signal)


def from_record(record: bytes | str) -> AnySignal:
    """The signal of an inbox row. Raises msgspec.ValidationError on a record that is none."""
    signal: AnySignal = _decoder.decode(record)
    return signal
