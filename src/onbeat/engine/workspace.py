"""Give tasks a directory: with their files before, its files in storage after, gone when it is over.

An attempt of a script has one of its own. The tasks in a `WorkingDirectory` share one, whose path follows from the execution and the
task run: an engine that starts anew finds it, and the tasks go on where they were.

Rules
1. Whatever ends an attempt, a kill too, its directory goes with it; one that is shared goes when its block is over, or its execution.
2. A shared directory is there whole or not at all. One that is gone (a machine that was restarted) is prepared anew, and the log says so.
3. What is collected twice, because the engine died in between, is the same both times.
4. What a killed engine has left is removed at the next start, but for the directories that are still worked in.
5. A cache that was restored is kept again when its time is over, and after a success only.
6. Files that cannot be kept because the disk is full wait until they can.

Called by: runner for attempts; effects for the blocks of WorkingDirectory tasks (`prepare`, `collect`, `forget`); daemon at its start.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError

from onbeat.core.addresses import SCHEME, namespace_folder, task_folder
from onbeat.core.event import Json
from onbeat.core.execution import Execution, Head
from onbeat.core.expressions import compile_value
from onbeat.core.flow import Flow
from onbeat.core.ids import LENGTH
from onbeat.core.plan.working_directory import Cache as CacheSpec
from onbeat.core.plan.working_directory import WorkingDirectory, enclosing
from onbeat.core.states import FAILING
from onbeat.core.workspace import Files, TaskFiles
from onbeat.engine import directory
from onbeat.engine.answering import Ask
from onbeat.engine.cache import Cache, Kept
from onbeat.engine.catalog import LoadedFlow
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.logfile import LogFile
from onbeat.engine.problems import explain
from onbeat.engine.sealing_storage import lent_to
from onbeat.engine.tasklog import AttemptLog, TaskLogs
from onbeat.engine.workspace_files import WorkspaceFiles
from onbeat.errors import OutsideError, Overloaded, UserError
from onbeat.ports import Clock, NamespaceFiles, Storage, TaskLog

_log = structlog.get_logger("onbeat.workspace")
WORKING_DIR = "workingDir"
"""What expressions call the directory's path."""
OUTPUT_DIR = "outputDir"
"""What expressions call a folder in it whose files are kept, as Kestra has it."""
MOST_CACHES = 100
"""Caches of one WorkingDirectory task, one for each value of the loops around it."""
_BETWEEN_TRIES = 1.0
"""Seconds between tries while the disk is full."""
_SHARED = re.compile(rf"([0-9A-Za-z]{{{LENGTH}}})-([0-9]+)")
T = TypeVar("T")


class Workspaces:
    """The directories under `root`."""

    def __init__(
        self,
        root: Path,
        storage: Storage,
        files: NamespaceFiles,
        evaluator: Evaluator,
        clock: Clock,
        logs: TaskLogs,
        group: asyncio.TaskGroup,
    ) -> None:
        self._root = root.absolute()
        self._storage = storage
        self._evaluator = evaluator
        self._clock = clock
        self._logs = logs
        self._group = group
        self._cache = Cache(storage, clock)
        self._files = WorkspaceFiles(storage, files)
        self._users: Counter[Path] = Counter()
        self._shared: dict[str, set[Path]] = {}
        self._over: set[Path] = set()
        self._preparing: dict[Path, asyncio.Task[Json | Exception]] = {}

    # ---- attempts --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def lend(self, loaded: LoadedFlow, execution: Execution, n: int, attempt: int, wanted: bool) -> AsyncIterator[Path | None]:
        """The directory of an attempt: that of the WorkingDirectory around it, else one of its own if it wants one."""
        around = enclosing(loaded.flow, execution, n)
        if around is not None:
            folder = self._shared_path(execution.id, around.n)
            self._users[folder] += 1
            try:
                await self._enter(folder, loaded, execution, around.n)
                yield folder
            finally:
                await self._leave(folder)
        elif wanted:
            folder = self._root / f"{execution.id}-{n}-{attempt}"
            try:
                await _off_loop(directory.make, folder)
                yield folder
            finally:
                await asyncio.to_thread(directory.remove, folder)
        else:
            yield None

    def log_file(self, execution: Execution, n: int, attempt: int) -> LogFile:
        """The file for the log of an attempt, beside its directory."""
        return LogFile(self._root / f"{execution.id}-{n}-{attempt}.log")

    async def output_dir(self, folder: Path, n: int, attempt: int) -> str:
        """A folder in the directory whose files are kept, whatever their names."""
        made = _output_dir(folder, n, attempt)
        await _off_loop(made.mkdir)
        return str(made)

    async def bring(self, folder: Path, files: Files, head: Head, log: TaskLog) -> None:
        """Put the files that a task begins with into its directory. Raises UserError, OutsideError."""
        await self._files.bring(folder, files, head, log)

    async def keep(self, folder: Path, files: Files, execution: Execution, n: int, attempt: int, log: AttemptLog) -> dict[str, Json]:
        """Put what its `outputFiles` names into storage; the address of each by its path. Raises UserError, OutsideError."""
        found, missing = await _off_loop(directory.find, folder, files.output_files, "outputFiles")
        for pattern in missing:
            log("WARN", f"`outputFiles`: there is no file `{pattern}`")
        apart = _output_dir(folder, n, attempt)
        if await asyncio.to_thread(apart.is_dir):
            found |= (await _off_loop(directory.find, apart, ["**"], OUTPUT_DIR))[0]
        where = _place(execution, n, attempt)
        storage = lent_to(self._storage, log.hidden)
        return {name: await self._stored(storage, f"{where}/{name}", path) for name, path in found.items()}

    async def _stored(self, storage: Storage, path: str, source: Path) -> str:
        """Rule 6."""
        while True:
            try:
                return await storage.keep(path, source)
            except Overloaded as full:
                _log.warning("files wait for room on the disk", path=path, problem=str(full))
                await self._clock.sleep(_BETWEEN_TRIES)

    # ---- directories that are shared -------------------------------------------------------------------------------

    @property
    def asks(self) -> Mapping[str, Ask]:
        """What a WorkingDirectory asks of the shell."""
        return {WorkingDirectory.prepared_by: self.prepare, WorkingDirectory.collected_by: self.collect}

    async def prepare(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """Make the directory of a WorkingDirectory's run, with its files; asked twice at once, once. Raises UserError, OutsideError."""
        folder = self._shared_path(execution.id, n)
        if folder not in self._preparing:
            self._preparing[folder] = self._group.create_task(_told(self._prepare(folder, loaded, execution, n)))
            self._preparing[folder].add_done_callback(lambda _: self._preparing.pop(folder))
        answer = await asyncio.shield(self._preparing[folder])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _log(self, execution: Execution, n: int, task: str) -> AttemptLog:
        head = execution.head
        return self._logs.open(head.id, n, task, 0, mask=self._evaluator.mask_of(head), namespace=head.namespace)

    async def _prepare(self, folder: Path, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        spec = _spec(loaded.flow, execution, n)
        log = self._log(execution, n, spec.id)
        fresh = folder.with_suffix(".new")
        for old in (folder, fresh):
            await asyncio.to_thread(directory.remove, old)
        await _off_loop(directory.make, fresh)
        try:
            restored = None if spec.cache is None else await self._restore(spec, spec.cache, execution, n, fresh, log)
            await self.bring(fresh, await self._rendered(spec.entering(), loaded, execution, n), execution.head, log)
            await _off_loop(fresh.rename, folder)
        finally:
            await asyncio.to_thread(directory.remove, fresh)
        self._over.discard(folder)
        self._shared.setdefault(execution.id, set()).add(folder)
        return {"cache": None if restored is None else restored.at}

    async def collect(self, loaded: LoadedFlow, execution: Execution, n: int) -> Json:
        """Keep what its `outputFiles` and `cache` name, and remove it; the outputs of the run. Raises UserError, OutsideError."""
        spec, folder = _spec(loaded.flow, execution, n), self._shared_path(execution.id, n)
        if not await asyncio.to_thread(folder.is_dir):
            where = _place(execution, n)
            return {"outputFiles": {path.removeprefix(f"{where}/"): SCHEME + path for path, _ in await self._storage.files(where)}}
        log = self._log(execution, n, spec.id)
        kept = await self.keep(folder, await self._rendered(spec.leaving(), loaded, execution, n), execution, n, 1, log)
        if spec.cache is not None and not FAILING & execution.blocks[n].seen:
            await self._keep_cache(spec, spec.cache, execution, n, folder, log)
        await self._end(folder)
        return {"outputFiles": kept}

    def forget(self, execution: str) -> None:
        """The execution is over: its directories go, also those of blocks that were killed."""
        for folder in self._shared.pop(execution, ()):
            self._group.create_task(self._end(folder))

    async def tidy(self, load: Callable[[str], Awaitable[Execution | None]]) -> int:
        """Remove what an engine that is gone has left; returns how many directories. load: gives an execution."""
        count = 0
        for folder in await asyncio.to_thread(lambda: sorted(self._root.iterdir()) if self._root.is_dir() else []):
            shared = _SHARED.fullmatch(folder.name)
            execution = None if shared is None else await load(shared[1])
            if shared is not None and execution is not None and int(shared[2]) in execution.open:
                self._shared.setdefault(execution.id, set()).add(folder)
            else:
                await asyncio.to_thread(directory.remove, folder)
                count += 1
        return count

    async def _enter(self, folder: Path, loaded: LoadedFlow, execution: Execution, n: int) -> None:
        """Rule 2."""
        if await asyncio.to_thread(folder.is_dir):
            self._shared.setdefault(execution.id, set()).add(folder)
            return
        if execution.runs[n].answers:
            _log.warning("a working directory is gone and is prepared anew", execution=execution.id, run=n)
        await self.prepare(loaded, execution, n)

    async def _leave(self, folder: Path) -> None:
        self._users[folder] -= 1
        if not self._users[folder]:
            del self._users[folder]
            if folder in self._over:
                await self._end(folder)

    async def _end(self, folder: Path) -> None:
        """Remove a shared directory, as soon as nobody is in it."""
        if self._users[folder]:
            self._over.add(folder)
            return
        self._over.discard(folder)
        gone = folder.with_suffix(".old")
        await asyncio.to_thread(_take_away, folder, gone)

    def _shared_path(self, execution: str, n: int) -> Path:
        return self._root / f"{execution}-{n}"

    async def _rendered(self, wishes: Mapping[str, Any], loaded: LoadedFlow, execution: Execution, n: int) -> TaskFiles:
        names: dict[str, Json] = {WORKING_DIR: str(self._shared_path(execution.id, n))}
        options = await self._evaluator.render(compile_value(wishes), loaded.flow, execution, n, names)
        try:
            return TaskFiles.model_validate(options)
        except ValidationError as wrong:
            raise UserError(explain(wrong)) from None

    # ---- caches ----------------------------------------------------------------------------------------------------

    async def _restore(
        self, spec: WorkingDirectory, cache: CacheSpec, execution: Execution, n: int, folder: Path, log: TaskLog
    ) -> Kept | None:
        kept = await self._cache.find(*_cache_of(spec, execution, n), cache.ttl)
        if kept is None:
            return None
        archive = folder.with_suffix(".tar")
        try:
            await self._storage.fetch(kept.uri, archive)
            count = await _off_loop(directory.unpack, folder, archive, "cache")
        except UserError as gone:
            log("WARN", f"`cache` is not restored: {gone}")
            return None
        finally:
            await asyncio.to_thread(archive.unlink, missing_ok=True)
        log("DEBUG", f"`cache`: {count} files are restored")
        return kept

    async def _keep_cache(self, spec: WorkingDirectory, cache: CacheSpec, execution: Execution, n: int, folder: Path, log: TaskLog) -> None:
        """Rule 5. What cannot be kept is told, and fails nothing."""
        group, name = _cache_of(spec, execution, n)
        restored = (execution.runs[n].answers.get(str(spec.prepared_by)) or {}).get("cache")
        if restored is not None and Kept(restored, "").fresh(cache.ttl, self._clock.now()):
            return
        archive = folder.with_suffix(".tar")
        try:
            if await _off_loop(directory.pack, folder, cache.patterns, "cache", archive):
                await self._storage.keep(self._cache.path(group, name), archive)
                await self._cache.settle(group, MOST_CACHES)
        except (UserError, OutsideError) as problem:
            log("WARN", f"`cache` is not kept: {problem}")
        finally:
            await asyncio.to_thread(archive.unlink, missing_ok=True)


def _spec(flow: Flow, execution: Execution, n: int) -> WorkingDirectory:
    spec = flow.by_id[execution.runs[n].task]
    assert isinstance(spec, WorkingDirectory)
    return spec


def _place(execution: Execution, n: int, attempt: int = 1) -> str:
    """Where in storage the files of a task run are kept."""
    head = execution.head
    return task_folder(head.namespace, head.flow, head.id, execution.runs[n].task, execution.run_id(n), attempt)


def _cache_of(spec: WorkingDirectory, execution: Execution, n: int) -> tuple[str, str]:
    """Group and name of a run's cache: of its flow, its task, and the values of the loops around it."""
    head = execution.head
    name = sha256("\0".join(execution.runs[n].path).encode()).hexdigest()[:32]
    return f"{namespace_folder(head.namespace)}/{head.flow}/_cache/directories/{spec.id}", name


def _output_dir(folder: Path, n: int, attempt: int) -> Path:
    return folder / f".output-{n}-{attempt}"


async def _off_loop(call: Callable[..., T], *arguments: Any) -> T:
    """Call it in a thread; what the disk does is told as what it is."""
    try:
        return await asyncio.to_thread(call, *arguments)
    except OSError as problem:
        raise OutsideError(f"the working directory cannot be used: {problem.strerror}") from problem


async def _told(work: Coroutine[Any, Any, Json]) -> Json | Exception:
    """What it gives, or what it raises: who asked hears of it, and nobody else."""
    try:
        return await work
    except Exception as problem:
        return problem


def _take_away(folder: Path, gone: Path) -> None:
    """Remove it at once for everybody who looks for it, and then from the disk."""
    try:
        folder.rename(gone)
    except FileNotFoundError:
        return
    directory.remove(gone)
