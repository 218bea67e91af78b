"""A throw-away node on which flows are tried: memory for a store, time that jumps, nobody outside.

It is the real node (engine, triggers, bus, expressions); only the clock and the registry are a test's. Whoever makes a bench hands in what
runs a node, for the daemon is above this package.

Rules
1. Time goes on only when nothing else does, and then to the next instant at which something is due.
2. What can never go on is told with what it waits for, instead of being waited for.
3. Nothing of the machine's environment, files or settings' brokers is seen; a second bench knows nothing of the first.
4. A mock of a task or type that is not there is an error: it would stand for nothing.

Called by: case.py and session.py.
"""

import base64
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import islice
from pathlib import Path

from onbeat.core.addresses import clean, files_folder
from onbeat.core.changes import Created
from onbeat.core.commands import ArmTimer, AwaitChild, AwaitResume, AwaitSlot, outstanding
from onbeat.core.event import Json, Micros
from onbeat.core.execution import ROOT, Execution
from onbeat.core.expressions import compile_value, make_scope
from onbeat.core.flow import RunnableTask, TaskSpec
from onbeat.core.inputs import resolve
from onbeat.core.names import did_you_mean
from onbeat.core.plan import FLOWABLES
from onbeat.core.plugin_defaults import server_defaults
from onbeat.core.states import State
from onbeat.core.times import from_datetime, to_datetime
from onbeat.core.type_names import short_type
from onbeat.engine.checking import check_flow, check_trigger
from onbeat.engine.inputs import renderer
from onbeat.engine.intake import LoadedTrigger
from onbeat.engine.loader import flow_trigger, load_trigger, owner_of
from onbeat.engine.node import Node
from onbeat.engine.values import KeptValues
from onbeat.errors import UserError
from onbeat.ports import WorkspaceTask
from onbeat.settings import Settings
from onbeat.stores.memory import MemoryStore
from onbeat.testing.library import Source
from onbeat.testing.mocks import Mock, MockedRegistry, Mocks
from onbeat.testing.model import Given
from onbeat.testing.standin import StandIn, with_stand_ins
from onbeat.testing.virtual import VirtualClock, VirtualLoop

Running = Callable[..., AbstractAsyncContextManager[Node]]
"""What runs a node: `onbeat.daemon.running`."""
_FOR_EVER = 50_000.0
"""Days: longer than any test."""


class Bench:
    """A node with flows on it. executions: all that were made, in order. files: addresses of the files that are given, by name.

    sent: the events that the test put on the bus itself: topic and id.
    """

    def __init__(self, node: Node, loop: VirtualLoop, clock: VirtualClock, mocks: Mocks, registry: MockedRegistry, timed: bool) -> None:
        self.node = node
        self.loop = loop
        self.clock = clock
        self.mocks = mocks
        self.start = clock.now()
        self.executions: list[str] = []
        self.files: dict[str, str] = {}
        self.sent: set[tuple[str, str]] = set()
        self._registry = registry
        self._timed = timed
        self._seq = 0
        self._open: dict[str, None] = {}
        self._triggers: dict[str, LoadedTrigger] = {}
        mocks.check = self._check
        mocks.names["files"] = self.files

    # ---- what is there ---------------------------------------------------------------------------------------------

    async def serve(self, source: Source, *, bare: bool = False, enable: Sequence[str] = (), listen: bool = True) -> None:
        """Serve a flow; with `listen` its triggers, too. bare: nothing of a mocked task is looked at. Raises InvalidFile."""
        flow, text = source.flow, source.text
        found = ((task, self.mocks.find(flow.id, task.id, task.type)) for task in flow.all_tasks())
        mocked = [(task, mock) for task, mock in found if mock is not None]
        self._registry.unknown.update(task.type for task in flow.all_tasks() if bare or any(task is one for one, _ in mocked))
        check_flow(text, str(source.path), self._registry)
        replaced = [task.id for task, mock in mocked if not mock.real and (bare or self._has_no_class(task))]
        if replaced:
            text = with_stand_ins(flow, source.document, replaced, bare=bare)
            flow, _ = check_flow(text, str(source.path), self._registry)
        loaded = await self.node.loader.keep(flow, text, str(source.path))
        for raw in flow.triggers if listen else ():
            enabled = {**raw, "disabled": False} if raw.get("id") in enable else raw
            self._add(flow_trigger(loaded, enabled, self._registry, self.node.evaluator.outside_of(loaded.flow.namespace)))

    def serve_trigger(self, path: Path, *, enable: Sequence[str] = ()) -> bool:
        """Serve a trigger in a file of its own, if it starts a flow that is served; whether it does. Raises InvalidFile."""
        spec, _ = check_trigger(path.read_bytes(), str(path), self._registry)
        if not any(self.node.catalog.find(target.namespace, target.id) for target in spec.targets):
            return False
        if spec.id in enable:
            spec = spec.model_copy(update={"disabled": False})
        self._add(load_trigger(spec, self._registry, self.node.evaluator.outside_of(owner_of(spec)), str(path)))
        return True

    async def listen(self) -> None:
        """Let the triggers listen. Raises UserError."""
        self.node.intake.update(self.triggers())
        for name, why in self.node.intake.refused.items():
            raise UserError(f"trigger {name} is not served: {why}")
        for subscription in self.node.intake.subscriptions():
            await subscription.ready.wait()

    def triggers(self) -> list[LoadedTrigger]:
        """The triggers that are there."""
        return list(self._triggers.values())

    async def keep(self, namespace: str, given: Given) -> None:
        """Put values and files where the flows of a namespace find them."""
        values = KeptValues(self.node.store, self.clock)
        for key, value in given.kv.items():
            await values.put(namespace, key, value)
        for name, content in given.files.items():
            self.files[name] = await self.node.storage.put(f"{files_folder(namespace)}/{clean(name)}", content.encode())

    def check_mocks(self, sources: Sequence[Source]) -> None:
        """Look for mocks that stand for nothing. Raises UserError."""
        flows = {source.flow.id: source.flow for source in sources}
        types = {task.type for flow in flows.values() for task in flow.all_tasks()}
        for name in self.mocks.given:
            flow, _, task = name.rpartition("/")
            if flow and flow not in flows:
                raise UserError(f"the mock `{name}` names a flow that is not in this test{did_you_mean(flow, flows)}")
            if "." in task and not flow:
                if task not in types:
                    raise UserError(f"the mock `{name}` stands for nothing: no task has that type{did_you_mean(task, types)}")
                continue
            known = [id_ for one in ([flows[flow]] if flow else flows.values()) for id_ in one.by_id]
            if task not in known:
                raise UserError(f"the mock `{name}` stands for nothing: there is no such task{did_you_mean(task, known)}")

    def _add(self, trigger: LoadedTrigger) -> None:
        self._triggers[trigger.spec.name] = trigger

    def _has_no_class(self, task: TaskSpec) -> bool:
        return not isinstance(task, RunnableTask) or issubclass(self._registry.task(task.type), WorkspaceTask)

    def _check(self, given: StandIn) -> None:
        """Check what a stand-in was given, as what it stands for would. Raises ValidationError, UserError."""
        if given.of is None or given.of in self._registry.missing:
            return
        if given.of not in FLOWABLES:
            self._registry.plain(given.of).model_validate(given.options)
            return
        target = self.node.catalog.find(str(given.options.get("namespace")), str(given.options.get("flowId")))
        if target is not None:
            resolve(target.flow.inputs, given.options.get("inputs") or {}, renderer(target.flow))

    # ---- what goes on ----------------------------------------------------------------------------------------------

    async def rest(self) -> None:
        """Returns when nothing goes on any more without time or somebody."""
        await self.loop.idle()
        while rows := await self.node.store.journal(self._seq, 500):
            self._seq = rows[-1].seq
            self.executions += [row.execution for row in rows if isinstance(row.change, Created)]
            self._open.update(dict.fromkeys(row.execution for row in rows))

    async def open(self) -> list[Execution]:
        """The executions that have not ended."""
        found = [await self.node.engine.load(id_) for id_ in self._open]
        going = [execution for execution in found if not execution.ended or execution.open]
        self._open = {execution.id: None for execution in going}
        return going

    async def next_due(self) -> Micros | None:
        """When something happens by itself: a timer, a task's sleep, what triggers remember, and with schedules their next instant."""
        due = [command.due for one in await self.open() for command in outstanding(one) if isinstance(command, ArmTimer)]
        due += [*self._remembered(), *(self._scheduled() if self._timed else ())]
        if (task := self.clock.next_task()) is not None:
            due.append(task)
        return min(due, default=None)

    async def over(self) -> bool:
        """Whether all has ended, and no trigger remembers something that is due later."""
        return not await self.open() and not any(True for _ in self._remembered())

    def _remembered(self) -> Iterator[Micros]:
        for name in self._triggers:
            book = self.node.intake.correlator.book(name)
            if book is not None and book.next_due is not None:
                yield book.next_due

    def _scheduled(self) -> Iterator[Micros]:
        for trigger in self._triggers.values():
            table = getattr(trigger.options, "table", None)
            if table is not None and not trigger.spec.disabled:
                yield from map(from_datetime, islice(table.after(to_datetime(self.clock.now())), 1))

    async def drive(self, until: Micros | None = None) -> None:
        """Let everything happen: up to that instant, or until all has ended, somebody is asked, or nothing more can happen."""
        while True:
            await self.rest()
            if self.mocks.refused:
                return
            if until is None and (await self.over() or await self.asking() is not None):
                return
            due = await self.next_due()
            if due is None or (until is not None and due > until):
                if until is None or self.clock.now() >= until:
                    return
                due = until
            self.clock.move(due)

    async def waits(self) -> list[str]:
        """What each execution that has not ended waits for."""
        return [sentence for execution in await self.open() for sentence in _waits(execution)]

    def scheduled(self) -> bool:
        """Whether a trigger starts something when its time has come."""
        return any("Schedule" in trigger.spec.type and not trigger.spec.disabled for trigger in self._triggers.values())

    async def asking(self) -> str | None:
        """The first execution that waits to be resumed."""
        for execution in await self.open():
            if execution.state is State.PAUSED or execution.paused:
                return execution.id
        return None

    async def evaluate(self, value: Json, execution: Execution) -> Json:
        """A value with its expressions evaluated as the execution sees them, `files` besides. Raises ExpressionError, UserError."""
        head = execution.head
        loaded = await self.node.catalog.revision(head.namespace, head.flow, head.revision)
        return await self.node.evaluator.render(compile_value(value), loaded.flow, execution, ROOT, {"files": self.files})

    def with_files(self, values: dict[str, Json]) -> dict[str, Json]:
        """The values, where they name a given file with its address: `{{ files['x.json'] }}`. Raises ExpressionError."""
        if not self.files:
            return values
        found: dict[str, Json] = compile_value(values).render(make_scope({"files": self.files}))
        return found

    async def of_flow(self, namespace: str, flow: str) -> list[str]:
        """The executions of a flow, those left out that a flow started as its subflow."""
        heads = [(await self.node.engine.load(id_)).head for id_ in self.executions]
        return [head.id for head in heads if (head.namespace, head.flow) == (namespace, flow) and head.parent is None]


def _waits(execution: Execution) -> list[str]:
    name = f"{execution.head.namespace}.{execution.head.flow} ({execution.state})"
    found = []
    commands = sorted(outstanding(execution), key=str)
    for command in commands:
        match command:
            case AwaitResume(run=run) if run:
                found.append(f"{name} waits for a resume of task `{execution.runs[run].task}`")
            case AwaitResume() if len(commands) == 1:
                found.append(f"{name} waits for a resume")
            case AwaitSlot():
                found.append(f"{name} waits for another execution to end")
            case AwaitChild(run=run):
                found.append(f"{name} waits for the flow that task `{execution.runs[run].task}` started")
            case _:
                pass
    return found or [f"{name} waits for nothing that can happen"]


def settings_of(settings: Settings, data: Path) -> Settings:
    """The settings of a bench: nothing outside, nothing that stays, and nothing that is forgotten as years go by."""
    apart = {"data": data, "flows": [], "triggers": [], "bus": "embedded", "sinks": [], "watch": False, "drain": 0.0}
    return settings.model_copy(update={**apart, "retention_days": _FOR_EVER, "topic_days": _FOR_EVER})


def environment_of(settings: Settings, given: Given) -> Mapping[str, str]:
    """The environment of a bench: what the test says, and nothing of the machine's."""
    secrets = {f"SECRET_{name.upper()}": base64.b64encode(value.encode()).decode() for name, value in given.secrets.items()}
    return {**secrets, **{f"{settings.env_prefix}{name.upper()}": value for name, value in given.envs.items()}}


@asynccontextmanager
async def bench(
    running: Running, settings: Settings, given: Given, loop: VirtualLoop, *, timed: bool = False, real: bool = False
) -> AsyncIterator[Bench]:
    """A bench, with what is given known to it. timed: schedules run. real: what has no mock is run really."""
    clock = VirtualClock(given.clock)
    mocks = Mocks(clock, loop, short_names(given.mocks), real)
    registry = MockedRegistry(mocks, server_defaults(settings.plugin_defaults), timed=timed)
    with tempfile.TemporaryDirectory(prefix="onbeat-test-") as folder:
        apart, environment = settings_of(settings, Path(folder)), environment_of(settings, given)
        async with running(apart, MemoryStore(), clock=clock, registry=registry, environment=environment) as node:
            yield Bench(node, loop, clock, mocks, registry, timed)


def short_names(mocks: Mapping[str, Mock]) -> dict[str, Mock]:
    """Mocks with types by their short names."""
    return {short_type(name) if "." in name and "/" not in name else name: mock for name, mock in mocks.items()}
