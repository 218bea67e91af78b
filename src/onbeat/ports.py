"""Name every seam between the engine and the world, and what may be expected of each side.

Plugins and stores see this file and the core, nothing else; the engine sees plugins and stores only through it. So a broker, a
database or a clock can be replaced, in tests too, without the policy noticing.

Rules
1. `emit` returns ⇒ the events are safe: only then may a source acknowledge. It is the whole delivery contract.
2. `Store.write` is the only durable step. All of a Work is on disk when it returns, or none of it.
3. A sink may be given the same event again, never a later one of the same execution first.
4. Constructing anything never connects; `run` and `open` do.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import msgspec
from pydantic import BaseModel, ConfigDict

from onbeat.core.changes import AnyChange
from onbeat.core.event import Event, Json, Micros
from onbeat.core.execution import Execution, Head
from onbeat.core.signals import AnySignal
from onbeat.core.states import State

# ---- time ----------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """The only place that tells time or sleeps; tests bring their own."""

    def now(self) -> Micros:
        """Wall time, microseconds since 1970 UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back; for deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Returns after so many seconds."""


# ---- storage of large values ---------------------------------------------------------------------------------------


class Storage(Protocol):
    """Keeps bytes under `kestra:///…` addresses; a value is on disk when `put` returns."""

    async def put(self, path: str, data: bytes) -> str:
        """Keep `data` under a relative path such as `ns/flow/executions/id/x.json`; returns its address. Same path: replaced."""

    async def get(self, uri: str) -> bytes:
        """The bytes of an address. Raises NotFound."""

    async def delete(self, prefix: str) -> int:
        """Remove everything under a relative path; returns how many files."""


# ---- the store -----------------------------------------------------------------------------------------------------


class Key(msgspec.Struct, frozen=True):
    """What makes a start happen once. flow: `namespace.id`, never the revision."""

    trigger: str
    flow: str
    key: str


class SlotClaim(msgspec.Struct, frozen=True):
    """Asks for one of `limit` slots of a scope. The store answers with a SlotGranted, SlotQueued or SlotRefused in the inbox."""

    scope: str
    limit: int
    behavior: Literal["QUEUE", "CANCEL", "FAIL"]


class Creation(msgspec.Struct, frozen=True, kw_only=True):
    """A new execution with its first changes. With a key that is known already nothing is created: that is success."""

    execution: Execution
    changes: tuple[AnyChange, ...]
    key: Key | None = None
    claim: SlotClaim | None = None
    active: bool = True
    wake: Micros | None = None


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """Changes to an execution at the version they were decided on. consumed: inbox rows they answer. released: a slot given back.

    active: whether work other than timers and children is outstanding afterwards. wake: when its earliest timer is due.
    """

    execution: Execution
    expected: int
    changes: tuple[AnyChange, ...]
    consumed: tuple[int, ...] = ()
    released: str | None = None
    active: bool = True
    wake: Micros | None = None


class Tell(msgspec.Struct, frozen=True):
    """A signal for an execution's durable inbox; to one that has ended or is not there it is dropped."""

    execution: str
    signal: AnySignal


class Position(msgspec.Struct, frozen=True):
    """How far a reader has come. value: the reader's own text."""

    reader: str
    part: str
    value: str


class LedgerRow(msgspec.Struct, frozen=True):
    """A fact a source must remember: (ledger, key) -> value; None removes it. until: when it may be forgotten."""

    ledger: str
    key: str
    value: str | None
    until: Micros | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One event on a topic of the embedded bus. id is unique within the topic: a second one is a duplicate and not written."""

    topic: str
    id: str
    data: Json
    time: Micros
    key: str | None = None
    source: str = "onbeat"
    type: str = "io.onbeat.event"
    headers: dict[str, str] = {}
    hops: int = 0
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    seq: int = 0


class DeadEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that could not start what it should have: kept whole, visible, replayable. raw: the bytes when decoding failed."""

    id: str
    at: Micros
    reader: str
    reason: str
    key: str
    trigger: str | None = None
    event: Event | None = None
    raw: bytes | None = None
    replayed: Micros | None = None


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line a task logged. Logs are not changes: bounded, batched, flushed before the attempt's end."""

    execution: str
    at: Micros
    level: str
    message: str
    run: int = 0
    task: str = ""
    attempt: int = 0
    seq: int = 0


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """All that must become durable together."""

    creations: tuple[Creation, ...] = ()
    appends: tuple[Append, ...] = ()
    tells: tuple[Tell, ...] = ()
    positions: tuple[Position, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    records: tuple[Record, ...] = ()
    dead: tuple[DeadEvent, ...] = ()
    logs: tuple[LogLine, ...] = ()


class Delivery(msgspec.Struct, frozen=True):
    """An inbox row: a signal that waits for its execution."""

    seq: int
    execution: str
    signal: AnySignal


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a write did. created: per creation its id, or the id of the execution its key had started. fresh: per creation, whether
    it is new. records: per record its seq, or of the one that has its id. delivered: inbox rows that this write made, also for others."""

    created: tuple[str, ...] = ()
    fresh: tuple[bool, ...] = ()
    records: tuple[int, ...] = ()
    new_records: tuple[bool, ...] = ()
    delivered: tuple[Delivery, ...] = ()


class JournalRow(msgspec.Struct, frozen=True):
    """One change as stored. seq: place in the journal of all executions; version: place in its execution's."""

    seq: int
    execution: str
    version: int
    change: AnyChange
    head: Head


class OpenExecution(msgspec.Struct, frozen=True):
    """What boot needs to know of an execution that has not ended."""

    id: str
    active: bool
    wake: Micros | None


class StoredFlow(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of a flow's source text."""

    namespace: str
    id: str
    revision: int
    source: str
    hash: str
    created: Micros
    path: str | None = None


class Store(Protocol):
    """Keeps executions: journal, snapshot and all that must happen with them in one transaction. One writer process.

    Raises StoreBroken when the disk fails (the process stops), Refused for a store that is locked, newer or corrupt.
    """

    async def open(self) -> None:
        """Lock, check, migrate. Idempotent."""

    async def close(self) -> None:
        """Release everything; safe when never opened, and twice."""

    async def write(self, work: Work) -> Written:
        """Make it durable, whole or not at all. Raises Conflict when an expected version is not the stored one (nothing is written then),
        Overloaded when the disk is full. Callers that are cancelled do not cancel the write."""

    async def load(self, execution: str) -> Execution | None:
        """The execution as its journal gives it."""

    async def inbox(self, execution: str) -> list[Delivery]:
        """The signals that wait for it, in order."""

    async def claim(self, owner: str, limit: int) -> list[OpenExecution]:
        """Take over up to `limit` executions that have not ended and that no present owner has; empty when there are none left."""

    async def journal(self, after: int, limit: int) -> list[JournalRow]:
        """Rows with a larger seq, in order: commit order is seq order."""

    async def journal_end(self) -> int:
        """The largest seq; 0 when there is none."""

    async def wait_journal(self, after: int) -> None:
        """Returns when there is a row with a larger seq. A wake-up, not a poll."""

    async def records(self, topic: str, after: int, limit: int) -> list[Record]:
        """Records of a topic with a larger seq, in order. The topic of state events is the journal itself and not kept here."""

    async def records_since(self, topic: str, time: Micros) -> int:
        """The seq after which a topic's records are from `time` or later."""

    async def records_end(self, topic: str) -> int:
        """The largest seq of a topic; 0 when it has none."""

    async def wait_records(self, topic: str, after: int) -> None:
        """Returns when the topic has a record with a larger seq."""

    async def topics(self) -> dict[str, int]:
        """The embedded bus's topics and how many records each holds."""

    async def positions(self, reader: str) -> dict[str, str]:
        """part -> value of a reader."""

    async def forget_reader(self, reader: str) -> None:
        """Remove a reader's positions."""

    async def ledger(self, ledger: str, keys: Sequence[str] | None = None) -> dict[str, str]:
        """The rows of a ledger (all, or those keys)."""

    async def find_key(self, key: Key) -> str | None:
        """The execution that a key started."""

    async def keep_flow(self, namespace: str, flow: str, source: str, hash_: str, at: Micros, path: str | None) -> StoredFlow:
        """Keep a revision before its first use: the present one when the hash is the same, else the next number."""

    async def flow(self, namespace: str, flow: str, revision: int | None = None) -> StoredFlow | None:
        """A revision's source; None: the newest."""

    async def purge(self, before: Micros, limit: int) -> int:
        """Remove up to `limit` executions that ended before, behind every reader of the journal; their keys stay. Returns how many."""

    async def purge_records(self, before: Micros, max_bytes: int) -> int:
        """Remove bus records older than that, and the oldest ones above the size. Returns how many."""

    async def backup(self, target: Path) -> None:
        """A consistent copy, while running."""

    async def check(self) -> list[str]:
        """Fold every journal and compare with what is kept beside it; what differs, in sentences."""


class ExecutionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of executions."""

    id: str
    namespace: str
    flow: str
    revision: int
    state: State
    created: Micros
    ended: Micros | None = None
    trigger: str | None = None
    labels: dict[str, str] = {}
    parent: str | None = None
    correlation_id: str


class Queries(Protocol):
    """Reads for people; the engine never calls it. Stores implement it beside Store."""

    async def executions(
        self,
        *,
        namespace: str | None = None,
        flow: str | None = None,
        states: Sequence[State] = (),
        correlation_id: str | None = None,
        parent: str | None = None,
        before: str | None = None,
        limit: int = 25,
    ) -> list[ExecutionSummary]:
        """Newest first; `before`: ids smaller than this one."""

    async def count(self, *, states: Sequence[State] = (), namespace: str | None = None, flow: str | None = None) -> int:
        """How many executions."""

    async def changes(self, execution: str, after: int = 0) -> list[JournalRow]:
        """An execution's changes with a larger version, in order."""

    async def logs(self, execution: str, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """An execution's log lines with a larger seq, in order."""

    async def dead_events(self, limit: int = 100, before: str | None = None) -> list[DeadEvent]:
        """Dead events, newest first."""

    async def dead_event(self, id_: str) -> DeadEvent | None:
        """One of them."""

    async def executions_of_key(self, key: str) -> list[str]:
        """The executions that an event with this key started, by any trigger."""


# ---- sources -------------------------------------------------------------------------------------------------------


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a source received: an event, or what could not become one (raw and reason).

    triggers: names of the triggers it is for; None: all of the subscription.
    """

    event: Event | None = None
    raw: bytes | None = None
    reason: str | None = None
    key: str = ""
    triggers: frozenset[str] | None = None


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What one received event did. started: ids of the executions, also those a duplicate had started."""

    started: tuple[str, ...] = ()
    duplicate: bool = False
    dead: str | None = None
    unmatched: bool = False


Emit = Callable[..., Awaitable[tuple[Started, ...]]]
"""`await emit(received, positions=(), ledger=())`: returns when all is durable, per item what it did. Rule 1 above."""


class Emitter(Protocol):
    """What a source hands its events to."""

    async def __call__(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        """Match, start and remember in one transaction. Raises Overloaded past the limit: nothing was written; slow down and give it again."""


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What a running source may use. name: its subscription's, unique and stable: the reader of its positions and ledgers.

    ready: to call once events would be seen. report: a sentence on what is wrong now (None: all is well), shown by `onbeat triggers`.
    latest: only what comes from now on is wanted (False: from the earliest there is), when there is no position yet.
    settings: the server's own (broker addresses and such). wait_room: returns when there is room for more executions. wait_changed:
    returns when the subscription's listeners are no longer what they were when it was called (hot reload).
    """

    name: str
    emit: Emitter
    store: Store
    clock: Clock
    log: Any
    ready: Callable[[], None]
    report: Callable[[str | None], None]
    wait_room: Callable[[], Awaitable[None]]
    wait_changed: Callable[[], Awaitable[None]]
    settings: Mapping[str, Any] = field(default_factory=dict)


class SourceOptions(BaseModel):
    """The settings of a trigger's source, as its YAML has them; its docstring is the page about it, with an example.

    A subclass is a source: it says which triggers share one subscription and runs it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    names: ClassVar[tuple[str, ...]] = ()
    """The type names it answers to; the first is onbeat's own."""

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """The name of the subscription this trigger shares with others of equal name; by default its own."""
        return f"{type(self).names[0]}:{trigger}"

    async def run(self, context: SourceContext, triggers: "Callable[[], Sequence[Listener]]") -> None:
        """Bring events in until cancelled; raises OutsideError when the connection is lost (it is then run again with back-off).

        `triggers()` gives the listeners of this subscription as they are now: hot reload changes them while it runs.
        """
        raise NotImplementedError


class Listener(msgspec.Struct, frozen=True):
    """One trigger of a subscription: its name and its source settings."""

    trigger: str
    options: Any
    namespace: str = ""
    flow: str = ""
    disabled: bool = False


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a webhook, as the source needs it. headers: lower-case names. parameters: of the query."""

    method: str
    path: str
    headers: dict[str, list[str]]
    parameters: dict[str, list[str]]
    body: bytes


# ---- tasks ---------------------------------------------------------------------------------------------------------


class TaskLog(Protocol):
    """Where a task logs: kept with its execution, bounded."""

    def __call__(self, level: str, message: str) -> None:
        """level: TRACE, DEBUG, INFO, WARN or ERROR."""


class ProcessEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a process ended. code: its exit code, negative for a signal. outputs, metrics: from its `::{…}::` lines."""

    code: int
    outputs: dict[str, Json] = {}
    metrics: tuple[dict[str, Json], ...] = ()
    stdout_lines: int = 0
    stderr_lines: int = 0
    truncated: bool = False


class Processes(Protocol):
    """Runs processes: fast spawn, own process group, whole tree killed on cancel and when the engine dies, bounded output."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: TaskLog,
        grace: float = 5.0,
        stdin: bytes = b"",
    ) -> ProcessEnd:
        """Returns when it has ended. Cancelled: SIGTERM to the group, SIGKILL after `grace` seconds, then CancelledError goes on.
        Raises UserError when the program cannot be started."""


class Workers(Protocol):
    """Warm Python workers: call a function by its import path."""

    async def call(
        self, target: str, kwargs: Mapping[str, Json], *, mode: Literal["auto", "loop", "thread", "process"], log: TaskLog
    ) -> Json:
        """The function's result as plain JSON. Raises UserError when there is no such function."""


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a running task gets beside its own options, which are rendered already.

    deadline: monotonic seconds by which it is stopped. services: what the task's class declares in `needs`, by name.
    """

    execution: str
    namespace: str
    flow: str
    task: str
    attempt: int
    idempotency_key: str
    log: TaskLog
    deadline: float | None
    services: "TaskServices"


@dataclass(frozen=True, slots=True)
class TaskServices:
    """What tasks may lean on."""

    clock: Clock
    storage: Storage
    processes: Processes
    workers: Workers
    publisher: "Publisher"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a task ended by its own word. records: written to the embedded bus in the transaction that ends the run."""

    state: State = State.SUCCESS
    outputs: dict[str, Json] | None = None
    records: tuple[Record, ...] = ()
    error: str | None = None


class TaskFailed(Exception):
    """The task says it failed: not a bug, no traceback. outputs are kept. retry: whether trying again may help."""

    def __init__(self, message: str, outputs: dict[str, Json] | None = None, *, retry: bool = True) -> None:
        super().__init__(message)
        self.outputs = outputs
        self.retry = retry


class TaskOptions(BaseModel):
    """A task's options as its YAML has them, rendered; its docstring is the page about it, with an example. A subclass is a task."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    names: ClassVar[tuple[str, ...]] = ()
    """The type names it answers to; the first is onbeat's own."""
    place: ClassVar[Literal["loop", "process"]] = "loop"
    """Which of the runner's places an attempt takes."""

    async def run(self, context: TaskContext) -> Outcome:
        """Do the work. Raises TaskFailed or OutsideError when it fails; is cancelled when it is killed or late."""
        raise NotImplementedError


# ---- the bus and the sinks -----------------------------------------------------------------------------------------


class StateEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One state event: a CloudEvent in structured JSON. key: the execution's id, by which order is kept."""

    topic: str
    key: str
    id: str
    body: bytes


@runtime_checkable
class Sink(Protocol):
    """Takes state events out. The relay gives them in order; after a failure it gives the same ones again."""

    name: str

    async def open(self) -> None:
        """Connect. Raises OutsideError."""

    async def publish(self, events: Sequence[StateEvent]) -> None:
        """Returns when all are safe outside. Raises OutsideError: the batch is given again. An event that can never be taken is shortened or
        reported and skipped, so that it does not hold back the others."""

    async def close(self) -> None:
        """Disconnect; safe twice."""


class Publisher(Protocol):
    """Where `core.event.Publish`, `onbeat publish` and `POST /events` put an event: the bus, whichever it is."""

    embedded: bool

    async def publish(self, record: Record) -> None:
        """Returns when it is safe on the bus. Raises OutsideError. On the embedded bus a task returns the record in its Outcome instead."""


class Plugin(Protocol):
    """What a module in plugins/ offers: PROVIDES."""

    PROVIDES: Sequence[type[SourceOptions] | type[TaskOptions]]


class Opened(Protocol):
    """Something with a life."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
