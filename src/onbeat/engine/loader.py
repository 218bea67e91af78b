"""Read flows and triggers from files, check them whole, and swap them in one by one.

Rules
1. A bad file takes nothing down: the revision that served goes on, and the problem is told loudly with file, line and cure.
2. A revision is kept in the store before its first use; the same content is the same revision.
3. One id in two files is an error that names both; neither replaces what serves.
4. A deleted file stops new starts; executions that run go on.
5. At boot a bad file leaves its last good revision serving.
6. A file that holds another flow than before stops new starts of the one it held.
7. One load at a time; a file is parsed when its content changed, off the loop.
8. A flow that is in the store alone is served from there, until a file holds one of its name.

Called by: daemon at boot and on a change of the files; flow_files, when one was saved.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog

from onbeat.core.expressions import compile_value, make_scope
from onbeat.core.flow import Flow
from onbeat.core.names import did_you_mean
from onbeat.core.review import broken_expressions, circles
from onbeat.core.trigger import FlowRef, TriggerSpec
from onbeat.engine.catalog import Catalog, LoadedFlow
from onbeat.engine.checking import check_flow, check_trigger, own_settings
from onbeat.engine.files import Found, read_files, watch
from onbeat.engine.intake import LoadedTrigger
from onbeat.engine.problems import explain
from onbeat.errors import InvalidFile, Problem
from onbeat.ports import Clock, LedgerRow, Store, Work
from onbeat.registry import Registry

_log = structlog.get_logger("onbeat.loader")
_LEDGER = "flow-files"
_STORED = "stored-flows"
"""The ledger of the flows that are in no file: `namespace/id`."""


class _File:
    """What the content of one file gives."""

    __slots__ = ("flow", "problems", "source", "warnings")

    def __init__(
        self, source: str = "", flow: Flow | None = None, problems: Sequence[Problem] = (), warnings: Sequence[Problem] = ()
    ) -> None:
        self.source = source
        self.flow = flow
        self.problems = list(problems)
        self.warnings = list(warnings)


class Loader:
    """The files of this daemon. on_triggers: called with all triggers whenever they may have changed. problems: by file, now."""

    def __init__(
        self,
        flows: Sequence[Path],
        triggers: Sequence[Path],
        registry: Registry,
        catalog: Catalog,
        store: Store,
        clock: Clock,
        outside: Callable[[str], Mapping[str, Any]],
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
        self._one_at_a_time = asyncio.Lock()
        self._parsed: dict[Path, tuple[bytes, _File]] = {}
        self._flow_files: dict[Path, tuple[str, str]] = {}
        self._alone: dict[Path, LoadedTrigger] = {}
        self._seen: dict[Path, str] = {}
        self._circles: list[tuple[str, ...]] = []
        self.problems: dict[str, list[Problem]] = {}

    async def load_all(self) -> None:
        """Read every file: boot, and after a change. A second call waits for the first and reads anew."""
        async with self._one_at_a_time:
            flows = await asyncio.to_thread(read_files, self._flow_dirs)
            triggers = await asyncio.to_thread(read_files, self._trigger_dirs)
            unlisted = (flows.unlisted | triggers.unlisted).items()
            wrong = {str(place): [Problem(str(place), 1, 1, why)] for place, why in unlisted if await asyncio.to_thread(place.exists)}
            await self._load_flows(flows, wrong)
            await self._load_stored(wrong)
            self._tell_circles()
            self._load_triggers(triggers, wrong)
            served = self._triggers(wrong)
            self._complain(wrong)
            self._on_triggers(served)

    async def watch(self) -> None:
        """Load again whenever a file changes, until cancelled."""
        await watch([*self._flow_dirs, *self._trigger_dirs], self.load_all, self._clock)

    # ---- where flows are ---------------------------------------------------------------------------------------

    @property
    def folders(self) -> Sequence[Path]:
        """The folders of flows, the first of which takes new ones."""
        return self._flow_dirs

    def files_of(self, namespace: str, flow: str) -> list[Path]:
        """The files that hold a flow, or did when they were good."""
        name = (namespace, flow)
        found = {path for path, held in self._flow_files.items() if held == name}
        found |= {path for path, (_, file) in self._parsed.items() if file.flow is not None and (file.flow.namespace, file.flow.id) == name}
        return sorted(found)

    def content_of(self, path: Path) -> bytes | None:
        """What a file held when it was last read."""
        return self._parsed[path][0] if path in self._parsed else None

    async def keep_stored(self, flow: Flow, source: str) -> None:
        """Keep a flow in the store alone, and serve it from there; `load_all` serves its triggers."""
        await self.keep(flow, source, None)
        await self._store.write(Work(ledger=(LedgerRow(_STORED, f"{flow.namespace}/{flow.id}", ""),)))

    async def drop_stored(self, namespace: str, flow: str) -> None:
        """No new executions of a flow that is in the store alone."""
        await self._store.write(Work(ledger=(LedgerRow(_STORED, f"{namespace}/{flow}", None),)))
        self._catalog.withdraw(namespace, flow)

    # ---- flows -------------------------------------------------------------------------------------------------

    async def _load_flows(self, found: Found, wrong: dict[str, list[Problem]]) -> None:
        files = {path: await self._parse(path, content) for path, content in found.contents.items()}
        files |= {path: _File(problems=[Problem(str(path), 1, 1, why)]) for path, why in found.unread.items()}
        twins = _twins(files)
        before = dict(self._flow_files)
        for path, file in files.items():
            problems = [*file.problems, *twins.get(path, ())]
            if problems:
                wrong[str(path)] = problems
                await self._serve_last_good(path)
            elif file.flow is not None and self._seen.get(path) != _hash(file.source):
                await self._serve(path, file.flow, file.source)
                for warning in file.warnings:
                    _log.warning("a flow is served, but", problem=str(warning))
        gone = [path for path in self._flow_files if path not in files]
        for path in gone:
            if found.hides(path):
                unlisted = next(why for directory, why in found.unlisted.items() if directory in path.parents)
                wrong[str(path)] = [Problem(str(path), 1, 1, f"{unlisted}; what served goes on")]
                continue
            del self._flow_files[path]
            self._seen.pop(path, None)
            self._parsed.pop(path, None)
            await self._store.write(Work(ledger=(LedgerRow(_LEDGER, str(path), None),)))
        present = set(self._flow_files.values())
        for path, (namespace, flow) in before.items():
            if (namespace, flow) not in present:
                self._catalog.withdraw(namespace, flow)
                _log.info("a flow is in no file any more; no new executions of it", flow=f"{namespace}.{flow}", file=str(path))

    async def _load_stored(self, wrong: dict[str, list[Problem]]) -> None:
        """Serve what is in no file, at boot; what is in one by now is its file's."""
        in_files = set(self._flow_files.values())
        for key in await self._store.ledger(_STORED):
            namespace, _, flow = key.partition("/")
            if (namespace, flow) in in_files:
                await self._store.write(Work(ledger=(LedgerRow(_STORED, key, None),)))
            elif self._catalog.find(namespace, flow) is None and (stored := await self._store.flow(namespace, flow)) is not None:
                try:
                    kept = await self._catalog.revision(namespace, flow, stored.revision)
                    self._catalog.serve(LoadedFlow(kept.flow))  # no file holds it, whichever did once
                except InvalidFile as problem:
                    wrong[f"{namespace}.{flow}"] = problem.problems

    def _tell_circles(self) -> None:
        """Warn of flows that start each other, once for each circle that was not there before."""
        found = circles({loaded.flow.name: loaded.flow for loaded in self._catalog.served()})
        for circle in found:
            if circle not in self._circles:
                _log.warning("flows start each other in a circle; it ends only if a condition ends it", flows=" -> ".join(circle))
        self._circles = found

    async def _parse(self, path: Path, content: bytes) -> _File:
        """What a content gives; parsed once, off the loop."""
        known = self._parsed.get(path)
        if known is None or known[0] != content:
            known = self._parsed[path] = (content, await asyncio.to_thread(self._read_flow, path, content))
        return known[1]

    def _read_flow(self, path: Path, content: bytes) -> _File:
        try:
            flow, document = check_flow(content, str(path), self._registry)
            return _File(content.decode(), flow, warnings=broken_expressions(document)[1])
        except InvalidFile as wrong:
            return _File(problems=wrong.problems)
        except Exception as bug:
            _log.exception("a file could not be checked", file=str(path))
            return _File(problems=[Problem(str(path), 1, 1, f"the file could not be checked: {type(bug).__name__}")])

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
                try:
                    loaded = await self._catalog.revision(namespace, flow, stored.revision)
                except InvalidFile as wrong:
                    _log.error("the last good revision is not good any more", flow=known, problem=str(wrong))
                    return
                self._catalog.serve(loaded)
                self._flow_files[path] = (namespace, flow)
                _log.warning("serving the last good revision", flow=known, revision=stored.revision, file=str(path))
                return

    # ---- triggers ----------------------------------------------------------------------------------------------

    def _load_triggers(self, found: Found, wrong: dict[str, list[Problem]]) -> None:
        for path, content in found.contents.items():
            try:
                spec, _ = check_trigger(content, str(path), self._registry)
                self._alone[path] = load_trigger(spec, self._registry, self._outside(owner_of(spec)), str(path))
            except InvalidFile as problem:
                wrong[str(path)] = problem.problems
            except Exception as problem:
                wrong[str(path)] = [Problem(str(path), 1, 1, explain(problem))]
        for path, why in found.unread.items():
            wrong[str(path)] = [Problem(str(path), 1, 1, why)]
        for path in [path for path in self._alone if path not in found.contents and path not in found.unread and not found.hides(path)]:
            del self._alone[path]

    def _triggers(self, wrong: dict[str, list[Problem]]) -> list[LoadedTrigger]:
        """All triggers: of the served flows, and those in files of their own; one name is one trigger."""
        served: dict[str, LoadedTrigger] = {}
        for loaded in self._catalog.served():
            if not loaded.flow.disabled:
                file = loaded.path or loaded.flow.name
                for raw in loaded.flow.triggers:
                    try:
                        trigger = flow_trigger(loaded, raw, self._registry, self._outside(loaded.flow.namespace))
                        served[trigger.spec.name] = trigger
                    except Exception as problem:
                        said = f"trigger `{raw.get('id')}` is not served: {explain(problem)}"
                        wrong.setdefault(file, []).append(Problem(file, 1, 1, said))
        for path, trigger in self._alone.items():
            file, other = str(path), served.setdefault(trigger.spec.name, trigger)
            if other is not trigger:
                said = f"trigger {trigger.spec.name} is also in {other.path}; rename one of them"
                wrong.setdefault(file, []).append(Problem(file, 1, 1, said))
            for target in trigger.spec.targets:
                if self._catalog.find(target.namespace, target.id) is None:
                    name = f"{target.namespace}.{target.id}"
                    said = f"there is no flow {name}{did_you_mean(name, self._catalog.names())}; until there is, its events are dead events"
                    wrong.setdefault(file, []).append(Problem(file, 1, 1, said))
        return list(served.values())

    def _complain(self, wrong: dict[str, list[Problem]]) -> None:
        """Say what is wrong now and was not before."""
        for file, found in wrong.items():
            for problem in found:
                if problem not in self.problems.get(file, ()):
                    _log.error("a file is wrong; what served goes on", problem=str(problem))
        self.problems = wrong


def _twins(files: Mapping[Path, _File]) -> dict[Path, list[Problem]]:
    """Per file, whose id it has too."""
    owners: dict[str, Path] = {}
    found: dict[Path, list[Problem]] = {}
    for path, file in files.items():
        if file.flow is None:
            continue
        other = owners.setdefault(file.flow.name, path)
        if other != path:
            for here, there in ((path, other), (other, path)):
                message = f"flow {file.flow.name} is also in {there}; an id belongs to one file: rename one of them"
                found.setdefault(here, []).append(Problem(str(here), 1, 1, message))
    return found


def owner_of(spec: TriggerSpec) -> str:
    """The namespace whose secrets a stand-alone trigger sees: its own, else that of the first flow that it starts."""
    return spec.targets[0].namespace if spec.targets else spec.namespace or "main"


def load_trigger(spec: TriggerSpec, registry: Registry, outside: Mapping[str, Any], path: str | None = None) -> LoadedTrigger:
    """A trigger with its source's settings: expressions in them see the environment and secrets. Raises UserError."""
    settings = own_settings(spec, registry)
    if "key" not in settings and "key" in spec.settings and spec.order is None:
        spec = spec.model_copy(update={"order": spec.settings["key"]})
    kind = registry.source(spec.type)
    if kind.rendered:
        own = {name: value for name, value in settings.items() if name in kind.verbatim}
        others = {name: value for name, value in settings.items() if name not in own}
        settings = {**compile_value(others).render(make_scope(outside)), **own}
    return LoadedTrigger(spec, kind.model_validate(settings), path)


def flow_trigger(loaded: LoadedFlow, raw: Mapping[str, Any], registry: Registry, outside: Mapping[str, Any]) -> LoadedTrigger:
    """A trigger that a flow's own file declares. Raises UserError, ValidationError."""
    flow = loaded.flow
    spec = TriggerSpec.model_validate(raw)
    spec = spec.model_copy(update={"flow": FlowRef(namespace=flow.namespace, id=flow.id), "namespace": flow.namespace})
    facts = {"flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision}, "vars": flow.variables}
    return load_trigger(spec, registry, {**outside, **facts}, loaded.path)


def _hash(source: str) -> str:
    return sha256(source.encode()).hexdigest()


def _splits(name: str) -> list[tuple[str, str]]:
    """The ways to read `namespace.id` when both may hold dots, the shortest id first."""
    parts = name.split(".")
    return [(".".join(parts[:at]), ".".join(parts[at:])) for at in range(len(parts) - 1, 0, -1)]
