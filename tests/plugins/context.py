"""A task's surroundings for tests of plugins: everything it is given is a fake that remembers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from onbeat.core.event import Json, Micros
from onbeat.core.expressions import compile_value, make_scope
from onbeat.errors import NotFound, Refused
from onbeat.ports import Outcome, ProcessEnd, Record, TaskContext, TaskLog, TaskOptions, TaskServices, Value

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

    async def keep(self, path: str, source: Path) -> str:
        return await self.put(path, await asyncio.to_thread(source.read_bytes))

    async def fetch(self, uri: str, target: Path) -> None:
        await asyncio.to_thread(target.write_bytes, await self.get(uri))

    async def size(self, uri: str) -> int:
        return len(await self.get(uri))

    async def delete(self, prefix: str) -> int:
        gone = [uri for uri in self.files if f"{uri}/".startswith(f"kestra:///{prefix}/")]
        return len([self.files.pop(uri) for uri in gone])

    async def remove(self, uri: str) -> bool:
        return self.files.pop(uri, None) is not None


@dataclass
class FakeValues:
    """Keeps values in memory; nothing expires before it is purged. `puts` are the arguments of each put."""

    kept: dict[tuple[str, str], Value] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    puts: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, namespace: str, key: str) -> Value | None:
        return None if key in self.expired else self.kept.get((namespace, key))

    async def put(self, namespace: str, key: str, value: Json, **options: Any) -> Value:
        self.puts.append(options)
        if not options.get("overwrite", True) and (namespace, key) in self.kept:
            raise Refused(f"there is a value `{key}`")
        made = Value(namespace=namespace, key=key, value=value, type=options.get("type") or "?", created=NOON, updated=NOON)
        self.kept[namespace, key] = made
        return made

    async def delete(self, namespace: str, key: str) -> bool:
        return self.kept.pop((namespace, key), None) is not None

    async def entries(self, namespace: str, prefix: str = "") -> Sequence[Value]:
        found = [each for (of, key), each in sorted(self.kept.items()) if of == namespace and key.startswith(prefix)]
        return [each for each in found if each.key not in self.expired]

    async def purge(self, namespace: str, pattern: str = "*") -> int:
        gone = [key for of, key in self.kept if of == namespace and key in self.expired and fnmatchcase(key, pattern)]
        return len([self.kept.pop((namespace, key)) for key in gone])

    async def namespaces(self) -> Sequence[str]:
        return sorted({namespace for namespace, _ in self.kept})


@dataclass
class FakeFiles:
    """Keeps the files of namespaces in memory. Patterns are those of a shell, over the whole path."""

    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def read(self, namespace: str, path: str) -> bytes:
        if (namespace, path) not in self.kept:
            raise NotFound(f"there is no file `{path}`")
        return self.kept[namespace, path]

    async def write(self, namespace: str, path: str, data: bytes) -> None:
        self.kept[namespace, path] = data

    async def delete(self, namespace: str, path: str) -> int:
        return int(self.kept.pop((namespace, path), None) is not None)

    async def namespaces(self) -> Sequence[str]:
        return sorted({namespace for namespace, _ in self.kept})

    async def names(self, namespace: str, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Sequence[str]:
        names = sorted(path for of, path in self.kept if of == namespace)
        wanted = [path for path in names if not include or any(fnmatchcase(path, each) for each in include)]
        return [path for path in wanted if not any(fnmatchcase(path, each) for each in exclude)]


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
    values: Any = field(default_factory=FakeValues)
    files: Any = field(default_factory=FakeFiles)
    actions: Any = None

    def context(self, **facts: Any) -> TaskContext:
        """The context of the first attempt of task `work` in `company.team.sales`."""
        fixed = (self.clock, self.storage, self.processes, self.workers, self.publisher, self.settings)
        services = TaskServices(*fixed, values=self.values, files=self.files, actions=self.actions)
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
            "run": "5Xkz6sVY0AFVuPuRMG3OQh-1",
        }
        return TaskContext(**{**known, **facts})

    async def run(self, kind: type[TaskOptions], options: dict[str, Any], **facts: Any) -> Outcome:
        """Validate the options as YAML gives them, and run the task."""
        return await kind.model_validate(options).run(self.context(**facts))
