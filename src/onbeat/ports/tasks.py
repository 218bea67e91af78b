"""Do the work of a task, and lend it what it needs."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from onbeat.core.addresses import task_folder
from onbeat.core.event import Json
from onbeat.core.signals import Facts
from onbeat.core.states import State
from onbeat.core.workspace import InputFiles, Texts, WantedFiles
from onbeat.ports.actions import Actions
from onbeat.ports.sinks import Publisher
from onbeat.ports.work import Record
from onbeat.ports.world import Clock, NamespaceFiles, Storage, Values


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


_UNLENT: Any = None
"""A service that is not lent here."""
Render = Callable[[Json, Mapping[str, Json]], Awaitable[Json]]
"""Gives the value of what the YAML has, its expressions evaluated with these names beside what every task's see."""


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a running task gets beside its own options, which are rendered already.

    deadline: monotonic seconds by which it is stopped. directory: where its files lie: set for tasks whose class says `workspace`, removed
    after the attempt unless a WorkingDirectory around them keeps it. render: for the options that its class names as `verbatim`.
    run: the id of its task run. value: that of the nearest loop around it. traceparent: where in a trace it is, for what it asks others.
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
    directory: Path | None = None
    render: Render = _UNLENT
    run: str = ""
    value: str | None = None
    traceparent: str | None = None

    @property
    def folder(self) -> str:
        """Where in storage the files belong that it makes: the attempt's own."""
        return task_folder(self.namespace, self.flow, self.execution, self.task, self.run, self.attempt)


@dataclass(frozen=True, slots=True)
class TaskServices:
    """What tasks may lean on. settings: the server's own (broker addresses and such), for a task that names no broker.

    values, files: what a namespace keeps (KV pairs and files). actions: what may be asked about and of executions and triggers.
    """

    clock: Clock
    storage: Storage
    processes: Processes
    workers: Workers
    publisher: Publisher
    settings: Mapping[str, Any] = field(default_factory=dict)
    values: Values = _UNLENT
    files: NamespaceFiles = _UNLENT
    actions: Actions = _UNLENT


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement that a task gives. type: counter, timer (value in seconds) or gauge."""

    type: Literal["counter", "timer", "gauge"]
    name: str
    value: float
    tags: dict[str, str] = {}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a task ended by its own word. records: written to the embedded bus in the transaction that ends the run.

    facts: what it changes about its execution (labels, variables, its end). metrics: kept with the execution.
    """

    state: State = State.SUCCESS
    outputs: dict[str, Json] | None = None
    records: tuple[Record, ...] = ()
    error: str | None = None
    facts: Facts | None = None
    metrics: tuple[Metric, ...] = ()


class TaskFailed(Exception):
    """The task says it failed: not a bug, no traceback. outputs and metrics are kept. retry: whether trying again may help."""

    def __init__(
        self, message: str, outputs: dict[str, Json] | None = None, *, retry: bool = True, metrics: tuple[Metric, ...] = ()
    ) -> None:
        super().__init__(message)
        self.outputs = outputs
        self.retry = retry
        self.metrics = metrics


class TaskOptions(BaseModel):
    """A task's options as its YAML has them, rendered; its docstring is the page about it, with an example. A subclass is a task."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    names: ClassVar[tuple[str, ...]] = ()
    """The type names it answers to; the first is onbeat's own."""
    place: ClassVar[Literal["loop", "process"]] = "loop"
    """Which of the runner's places an attempt takes."""
    workspace: ClassVar[bool] = False
    """Whether an attempt gets a directory: its `inputFiles` and `namespaceFiles` are put there before, its `outputFiles` taken after."""

    verbatim: ClassVar[frozenset[str]] = frozenset()
    """YAML keys of options that are given as they stand: the task evaluates them itself, with names of its own."""

    def instead(self) -> "tuple[str, dict[str, Json]] | None":
        """The type and the options of the task that is run in its place; None: itself."""
        return None

    async def run(self, context: TaskContext) -> Outcome:
        """Do the work. Raises TaskFailed or OutsideError when it fails; is cancelled when it is killed or late."""
        raise NotImplementedError


class WorkspaceTask(TaskOptions):
    """A task that works on files: in a directory that begins with some and of which some are kept."""

    workspace: ClassVar[bool] = True

    input_files: InputFiles = Field({}, alias="inputFiles", repr=False)
    output_files: Texts = Field((), alias="outputFiles")
    namespace_files: WantedFiles | None = Field(None, alias="namespaceFiles")
