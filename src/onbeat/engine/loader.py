"""Read flows and triggers from files, check them whole, and swap them in one by one.

Rules
1. A bad file takes nothing down: the revision that served goes on, and the problem is told loudly with file, line and cure.
2. A revision is kept in the store before its first use; the same content is the same revision.
3. One id in two files is an error that names both; neither replaces what serves.
4. A deleted file stops new starts; executions that run go on.
5. At boot a bad file leaves its last good revision serving.

Called by: daemon at boot and on a change of the files; the CLI's check and run use `check_flow` and `check_trigger`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
import watchfiles
from pydantic import ValidationError

from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError, compile_value, make_scope
from onbeat.core.flow import Flow, RunnableTask
from onbeat.core.parse import parse_flow, parse_trigger, task_paths
from onbeat.core.parse import problems as explain_problems
from onbeat.core.trigger import FlowRef, TriggerSpec
from onbeat.core.yaml12 import Document
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.intake import LoadedTrigger
from onbeat.errors import InvalidFile, OnbeatError, Problem, UserError
from onbeat.ports import Clock, LedgerRow, Store, Work
from onbeat.registry import Registry

_log = structlog.get_logger("onbeat.loader")
_SUFFIXES = (".yaml", ".yml")
_LEDGER = "flow-files"
_TEXT = "{{"


def check_flow(text: str | bytes, name: str, registry: Registry) -> tuple[Flow, Document]:
    """The flow of a text with every task's and trigger's options checked by its plugin. Raises InvalidFile with all problems."""
    flow, document = parse_flow(text, name)
    found: list[Problem] = []
    paths = task_paths(flow, document)
    for task in flow.all_tasks():
        if isinstance(task, RunnableTask) and task.id in paths:
            found += _check_options(task.options, paths[task.id], task.type, registry.task, document, name)
    for index, raw in enumerate(flow.triggers):
        found += _check_trigger(raw, ("triggers", index), document, name, registry)
    found += _check_expressions(document, name)
    if found:
        raise InvalidFile(found)
    return flow, document


def check_trigger(text: str | bytes, name: str, registry: Registry) -> tuple[TriggerSpec, Document]:
    """The stand-alone trigger of a text, its source's settings checked. Raises InvalidFile with all problems."""
    spec, document = parse_trigger(text, name)
    found = _check_options(_own_settings(spec, registry), (), spec.type, registry.source, document, name)
    found += _check_expressions(document, name)
    if found:
        raise InvalidFile(found)
    return spec, document


def _check_trigger(raw: Mapping[str, Any], path: tuple[str | int, ...], document: Document, name: str, registry: Registry) -> list[Problem]:
    try:
        spec = TriggerSpec.model_validate(raw)
    except ValidationError as wrong:
        return explain_problems(wrong, document, name, TriggerSpec, path)
    return _check_options(_own_settings(spec, registry), path, spec.type, registry.source, document, name)


def _check_options(
    options: Mapping[str, Json],
    path: tuple[str | int, ...],
    type_: str,
    find: Callable[[str], type[Any]],
    document: Document,
    name: str,
) -> list[Problem]:
    """What a plugin's model finds wrong; what an expression will give is not known yet and not complained of."""
    try:
        kind = find(type_)
    except UserError as unknown:
        line, column = document.position((*path, "type"))
        return [Problem(name, line, column, str(unknown))]
    try:
        kind.model_validate(options)
    except ValidationError as wrong:
        dynamic = [
            error["loc"]
            for error in wrong.errors(include_url=False)
            if error["type"] != "extra_forbidden" and _is_dynamic(options, error["loc"])
        ]
        return [
            problem
            for problem, error in zip(explain_problems(wrong, document, name, kind, path), wrong.errors(include_url=False), strict=True)
            if error["loc"] not in dynamic
        ]
    return []


def _is_dynamic(options: Json, where: Sequence[str | int]) -> bool:
    at = options
    for part in where:
        if isinstance(at, str) and _TEXT in at:
            return True
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            break
    return isinstance(at, str) and _TEXT in at


def _check_expressions(document: Document, name: str) -> list[Problem]:
    """Expressions that cannot be compiled, wherever they stand."""
    found = []
    waiting: list[tuple[tuple[str | int, ...], Json]] = [((), document.data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(((*path, key), item) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend(((*path, index), item) for index, item in enumerate(value))
        elif isinstance(value, str) and (_TEXT in value or "{%" in value) and path[-1:] != ("description",):
            try:
                compile_value(value)
            except ExpressionError as wrong:
                line, column = document.position(path)
                found.append(Problem(name, line, column, f"`{'.'.join(map(str, path))}`: {wrong}"))
    return found


def _own_settings(spec: TriggerSpec, registry: Registry) -> dict[str, Json]:
    """The source's settings of a trigger. `key` is the ordering key unless the source has a setting of that name."""
    settings = spec.settings
    try:
        fields = registry.source(spec.type).model_fields
    except UserError:
        return settings
    known = {*fields, *(field.alias for field in fields.values() if field.alias)}
    return settings if "key" in known else {key: value for key, value in settings.items() if key != "key"}


class _File:
    """What one file gives."""

    __slots__ = ("flow", "problems", "source", "trigger")

    def __init__(self) -> None:
        self.flow: Flow | None = None
        self.trigger: TriggerSpec | None = None
        self.source = ""
        self.problems: list[Problem] = []


class Loader:
    """The files of this daemon. on_triggers: called with all triggers whenever they may have changed."""

    def __init__(
        self,
        flows: Sequence[Path],
        triggers: Sequence[Path],
        registry: Registry,
        catalog: Catalog,
        store: Store,
        clock: Clock,
        outside: Mapping[str, Any],
        on_triggers: Callable[[Iterable[LoadedTrigger]], None],
    ) -> None:
        self._flow_dirs = list(flows)
        self._trigger_dirs = list(triggers)
        self._registry = registry
        self._catalog = catalog
        self._store = store
        self._clock = clock
        self._outside = outside
        self._on_triggers = on_triggers
        self._flow_files: dict[Path, tuple[str, str]] = {}
        self._alone: dict[Path, LoadedTrigger] = {}
        self._seen: dict[Path, str] = {}
        self.problems: dict[str, list[Problem]] = {}

    async def load_all(self) -> None:
        """Read every file: boot, and after a change."""
        flows = {path: await asyncio.to_thread(path.read_bytes) for path in await asyncio.to_thread(_files, self._flow_dirs)}
        triggers = {path: await asyncio.to_thread(path.read_bytes) for path in await asyncio.to_thread(_files, self._trigger_dirs)}
        await self._load_flows(flows)
        self._load_triggers(triggers)
        self._on_triggers(self.triggers())

    async def watch(self) -> None:
        """Load again whenever a file changes, until cancelled."""
        directories = [directory for directory in (*self._flow_dirs, *self._trigger_dirs) if directory.is_dir()]
        if not directories:
            return
        # What changed between reading and watching is found by the look after each minute without a change.
        hints = watchfiles.awatch(*directories, debounce=200, step=50, rust_timeout=60_000, yield_on_timeout=True, recursive=True)
        async for _ in hints:
            try:
                await self.load_all()
            except OSError as problem:
                _log.warning("a file could not be read; it will be tried again at the next change", problem=str(problem))

    def triggers(self) -> list[LoadedTrigger]:
        """All triggers: of the served flows, and those in files of their own."""
        found = []
        for loaded in self._catalog.served():
            if not loaded.flow.disabled:
                found += flow_triggers(loaded, self._registry, self._outside)
        return [*found, *self._alone.values()]

    # ---- flows -------------------------------------------------------------------------------------------------

    async def _load_flows(self, contents: Mapping[Path, bytes]) -> None:
        files = {path: self._read_flow(path, content) for path, content in contents.items()}
        self._refuse_twins(files)
        for path, file in files.items():
            name = str(path)
            if file.problems:
                self._complain(name, file.problems)
                await self._serve_last_good(path)
            elif file.flow is not None and self._seen.get(path) != _hash(file.source):
                await self._serve(path, file.flow, file.source)
                self.problems.pop(name, None)
            else:
                self.problems.pop(name, None)
        for path in [path for path in self._flow_files if path not in contents]:
            namespace, flow = self._flow_files.pop(path)
            self._seen.pop(path, None)
            self.problems.pop(str(path), None)
            if (namespace, flow) not in self._flow_files.values():
                self._catalog.withdraw(namespace, flow)
                _log.info("a flow's file is gone; no new executions of it", flow=f"{namespace}.{flow}", file=str(path))
            await self._store.write(Work(ledger=(LedgerRow(_LEDGER, str(path), None),)))

    def _read_flow(self, path: Path, content: bytes) -> _File:
        file = _File()
        try:
            file.source = content.decode()
            file.flow, _ = check_flow(content, str(path), self._registry)
        except UnicodeDecodeError:
            file.problems = [Problem(str(path), 1, 1, "the file is not UTF-8 text")]
        except InvalidFile as wrong:
            file.problems = wrong.problems
        return file

    def _refuse_twins(self, files: Mapping[Path, _File]) -> None:
        owners: dict[str, Path] = {}
        for path, file in files.items():
            if file.flow is None:
                continue
            other = owners.setdefault(file.flow.name, path)
            if other != path:
                for here, there in ((path, other), (other, path)):
                    message = f"flow {file.flow.name} is also in {there}; an id belongs to one file: rename one of them"
                    files[here].problems.append(Problem(str(here), 1, 1, message))

    async def _serve(self, path: Path, flow: Flow, source: str) -> None:
        await self.keep(flow, source, str(path))
        self._flow_files[path] = (flow.namespace, flow.id)
        self._seen[path] = _hash(source)
        await self._store.write(Work(ledger=(LedgerRow(_LEDGER, str(path), flow.name),)))

    async def keep(self, flow: Flow, source: str, path: str | None) -> LoadedFlow:
        """Keep a revision in the store, then serve it."""
        stored = await self._store.keep_flow(flow.namespace, flow.id, source, _hash(source), self._clock.now(), path)
        loaded = LoadedFlow(flow.model_copy(update={"revision": stored.revision}), path)
        self._catalog.serve(loaded)
        _log.info("flow served", flow=flow.name, revision=stored.revision)
        return loaded

    async def _serve_last_good(self, path: Path) -> None:
        """At boot, a file that is bad now: serve what it held when it was good."""
        if path in self._flow_files:
            return
        known = (await self._store.ledger(_LEDGER, [str(path)])).get(str(path))
        if known is None:
            return
        for namespace, flow in _splits(known):
            stored = await self._store.flow(namespace, flow)
            if stored is not None:
                loaded = await self._catalog.revision(namespace, flow, stored.revision)
                self._catalog.serve(loaded)
                self._flow_files[path] = (namespace, flow)
                _log.warning("serving the last good revision", flow=known, revision=stored.revision, file=str(path))
                return

    # ---- triggers ----------------------------------------------------------------------------------------------

    def _load_triggers(self, contents: Mapping[Path, bytes]) -> None:
        names: dict[str, Path] = {}
        for path, content in contents.items():
            try:
                spec, _ = check_trigger(content, str(path), self._registry)
                twin = names.setdefault(spec.name, path)
                if twin != path:
                    raise InvalidFile([Problem(str(path), 1, 1, f"trigger {spec.name} is also in {twin}; rename one of them")])
                self._alone[path] = load_trigger(spec, self._registry, self._outside, str(path))
                self.problems.pop(str(path), None)
            except InvalidFile as wrong:
                self._complain(str(path), wrong.problems)
            except OnbeatError as wrong:
                self._complain(str(path), [Problem(str(path), 1, 1, str(wrong))])
        for path in [path for path in self._alone if path not in contents]:
            del self._alone[path]
            self.problems.pop(str(path), None)

    def _complain(self, name: str, found: list[Problem]) -> None:
        if self.problems.get(name) != found:
            self.problems[name] = found
            for problem in found:
                _log.error("a file is wrong; what served goes on", problem=str(problem))


def load_trigger(spec: TriggerSpec, registry: Registry, outside: Mapping[str, Any], path: str | None = None) -> LoadedTrigger:
    """A trigger with its source's settings: expressions in them see the environment and secrets. Raises UserError."""
    settings = _own_settings(spec, registry)
    if "key" not in settings and "key" in spec.settings and spec.order is None:
        spec = spec.model_copy(update={"order": spec.settings["key"]})
    settings = compile_value(settings).render(make_scope(outside))
    return LoadedTrigger(spec, registry.source(spec.type).model_validate(settings), path)


def flow_triggers(loaded: LoadedFlow, registry: Registry, outside: Mapping[str, Any]) -> list[LoadedTrigger]:
    """The triggers that a flow's own file declares."""
    flow = loaded.flow
    found = []
    for raw in flow.triggers:
        spec = TriggerSpec.model_validate(raw)
        spec = spec.model_copy(update={"flow": FlowRef(namespace=flow.namespace, id=flow.id), "namespace": flow.namespace})
        try:
            facts = {"flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision}, "vars": flow.variables}
            found.append(load_trigger(spec, registry, {**outside, **facts}, loaded.path))
        except (OnbeatError, ValidationError) as wrong:
            _log.error("a trigger is not served", trigger=spec.name, problem=str(wrong))
    return found


def _files(directories: Sequence[Path]) -> list[Path]:
    """The YAML files under the directories, hidden ones and flow tests left out, in order of name."""
    found = []
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
            if path.suffix in _SUFFIXES and not hidden and not path.name.endswith((".test.yaml", ".test.yml")) and path.is_file():
                found.append(path)
    return found


def _hash(source: str) -> str:
    return sha256(source.encode()).hexdigest()


def _splits(name: str) -> list[tuple[str, str]]:
    """The ways to read `namespace.id` when both may hold dots, the shortest id first."""
    parts = name.split(".")
    return [(".".join(parts[:at]), ".".join(parts[at:])) for at in range(len(parts) - 1, 0, -1)]
