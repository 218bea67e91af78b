"""A task's surroundings for tests of plugins: everything it is given is a fake that remembers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from onbeat.core.event import Json, Micros
from onbeat.core.expressions import compile_value, make_scope
from onbeat.errors import NotFound
from onbeat.ports import Outcome, ProcessEnd, Record, TaskContext, TaskLog, TaskOptions, TaskServices

NOON = 1_800_000_000_000_000


@dataclass
class FakeLog:
    """Remembers lines."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, level: str, message: str) -> None:
        self.lines.append((level, message))


@dataclass
class FakeClock:
    """Stands still; sleeping is noted and takes no time."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> Micros:
        return NOON

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass
class FakeStorage:
    """Keeps bytes in memory."""

    files: dict[str, bytes] = field(default_factory=dict)

    async def put(self, path: str, data: bytes) -> str:
        self.files[f"kestra:///{path}"] = data
        return f"kestra:///{path}"

    async def get(self, uri: str) -> bytes:
        if uri not in self.files:
            raise NotFound(f"there is nothing at {uri}")
        return self.files[uri]

    async def delete(self, prefix: str) -> int:
        raise NotImplementedError


@dataclass
class FakePublisher:
    """Remembers records that were sent."""

    embedded: bool = True
    sent: list[Record] = field(default_factory=list)

    async def publish(self, record: Record) -> None:
        self.sent.append(record)


@dataclass
class FakeProcesses:
    """Remembers what was asked for and answers with `end`; `act` sees the working directory meanwhile."""

    end: ProcessEnd = field(default_factory=lambda: ProcessEnd(code=0))
    act: Any = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def run(
        self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: TaskLog, grace: float = 5.0, stdin: bytes = b""
    ) -> ProcessEnd:
        self.asked.append({"argv": list(argv), "env": dict(env), "cwd": cwd, "grace": grace, "stdin": stdin})
        if self.act:
            self.act(cwd)
        return self.end


@dataclass
class FakeWorkers:
    """Remembers calls and answers with `result`."""

    result: Json = None
    calls: list[tuple[str, dict[str, Json], str]] = field(default_factory=list)

    async def call(
        self, target: str, kwargs: Mapping[str, Json], *, mode: Literal["auto", "loop", "thread", "process"], log: TaskLog
    ) -> Json:
        self.calls.append((target, dict(kwargs), mode))
        return self.result


async def render(value: Json, names: Mapping[str, Json]) -> Json:
    """The value with its expressions evaluated; they see these names only."""
    return compile_value(value).render(make_scope(dict(names)))


@dataclass
class FakeWorld:
    """All that a task sees, and a way to run one."""

    log: FakeLog = field(default_factory=FakeLog)
    clock: FakeClock = field(default_factory=FakeClock)
    storage: FakeStorage = field(default_factory=FakeStorage)
    processes: Any = field(default_factory=FakeProcesses)
    workers: Any = field(default_factory=FakeWorkers)
    publisher: FakePublisher = field(default_factory=FakePublisher)
    settings: dict[str, Any] = field(default_factory=dict)
    actions: Any = None

    def context(self, **facts: Any) -> TaskContext:
        """The context of the first attempt of task `work` in `company.team.sales`."""
        services = TaskServices(self.clock, self.storage, self.processes, self.workers, self.publisher, self.settings, actions=self.actions)
        known: dict[str, Any] = {
            "execution": "5Xkz6sVY0AFVuPuRMG3OQh",
            "namespace": "company.team",
            "flow": "sales",
            "task": "work",
            "attempt": 1,
            "idempotency_key": "k" * 32,
            "log": self.log,
            "deadline": None,
            "services": services,
            "render": render,
        }
        return TaskContext(**{**known, **facts})

    async def run(self, kind: type[TaskOptions], options: dict[str, Any], **facts: Any) -> Outcome:
        """Validate the options as YAML gives them, and run the task."""
        return await kind.model_validate(options).run(self.context(**facts))
