"""Crash at each durable write of a scenario's run, start again on the same store, and require its one right end; serves tests.

The shell has one durable step, so its crash points can be enumerated: each write, once before it reached the store and once after it did
but before anybody heard of it. The run goes on as a world would go on: who sent an event sends it again by the same id, who was to
resume or restart something looks whether that is still to be done. Time jumps whenever nothing can go on without it.
"""

import asyncio
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onbeat.core.changes import Created, Moved
from onbeat.core.commands import ArmTimer, outstanding
from onbeat.core.event import Json, Micros
from onbeat.core.evolve import fold
from onbeat.core.execution import Execution, TaskRun
from onbeat.core.states import State
from onbeat.daemon import running
from onbeat.engine.node import Node
from onbeat.errors import StoreBroken
from onbeat.ports import Outcome, TaskContext
from onbeat.settings import Settings
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing.virtual import VirtualClock, VirtualLoop
from tests.engine.harness import settings_for, write_flows

Deeds = dict[str, Callable[[TaskContext], Any]]
Make = Callable[[Path, "Crash"], Any]
"""Gives the store of one run: in that directory, told of the crash."""
DOWN: Micros = 90_000_000
"""How long it takes until somebody starts it again: a timer of a minute is overdue then, one of an hour is not."""
ONE_IN = 20
"""Of so many points one may not be come to: what two lanes write comes together in one commit now and then, and a run has one less."""
_PATIENCE = 30.0
"""Real seconds that one run may take."""


class Crash:
    """Counts durable writes and breaks the store at one of them. at: its number, from 1; 0: never. again: at that write after it, too."""

    def __init__(self, at: int = 0, moment: str = "before", again: int = 0) -> None:
        self.at = at
        self.moment = moment
        self.again = again
        self.count = 0

    def __call__(self, moment: str) -> None:
        self.count += moment == "before"
        if self.count == self.at and moment == self.moment:
            self.at, self.again, self.count = self.again, 0, 0
            raise OSError("crash")


async def nothing(node: Node, found: list[Execution]) -> bool:
    """Nobody has anything to do."""
    return False


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Flows, what happens to them, and the one right end.

    flows: by id; the rest of their YAML. The first one is started by topic `go`, unless it says its own triggers. events: topic, data and
    key of each. tend: what somebody does who looks at the executions when all is at rest; whether there was something to do.
    ends: `flow STATE outputs` of each execution, in any order. runs: how often tasks ended in which state, over all executions.
    """

    flows: Mapping[str, str]
    ends: tuple[str, ...]
    runs: Mapping[str, int] = field(default_factory=dict)
    events: tuple[tuple[str, Json, str | None], ...] = (("go", {}, None),)
    tend: Callable[[Node, list[Execution]], Awaitable[bool]] = nothing

    @property
    def files(self) -> dict[str, str]:
        """The flows as files."""
        files = {f"{name}.yaml": f"id: {name}\nnamespace: crash\n{text}\n" for name, text in self.flows.items()}
        first = next(iter(files))
        if "\ntriggers:" not in files[first]:
            files[first] += "triggers: [{id: on, type: core.trigger.Event, topic: go}]\n"
        return files


class World:
    """What the tasks of a run touch, which no crash undoes. began: attempts that began, by task run; keys: the idempotency keys they had.

    Tasks of type `test.Told` work, fail, fail at the execution's first try (flaky), or go on until they are stopped (forever).
    """

    def __init__(self, deeds: Deeds) -> None:
        self.began: Counter[tuple[str, str]] = Counter()
        self.keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.ends = asyncio.Event()
        self.node: Node | None = None
        deeds.update(work=self._work, fail=self._fail, flaky=self._flaky, forever=self._forever)

    def _begin(self, context: TaskContext) -> None:
        self.began[context.execution, context.run] += 1
        self.keys[context.execution, context.run].add(context.idempotency_key)

    async def _work(self, context: TaskContext) -> Outcome:
        self._begin(context)
        if context.directory is not None:
            (context.directory / context.task).write_text(context.task)
        return Outcome(outputs={"by": context.task})

    async def _fail(self, context: TaskContext) -> Outcome:
        self._begin(context)
        return Outcome(state=State.FAILED, error=f"{context.task} fails")

    async def _flaky(self, context: TaskContext) -> Outcome:
        assert self.node is not None
        execution = await self.node.engine.load(context.execution)
        head = execution.head
        again = execution.retries or execution.restarts or head.attempt > 1 or head.replay_of is not None
        return await (self._work if again else self._fail)(context)

    async def _forever(self, context: TaskContext) -> Outcome:
        self._begin(context)
        await self.ends.wait()
        raise AssertionError("nobody ends it")


class ThreadedStore(SqliteStore):
    """SQLite on a loop whose time jumps: what its thread does has to be waited for."""

    async def _submit(self, job: Any) -> Any:
        with _at_work():
            return await super()._submit(job)

    async def _row(self, sql: str, *values: Any) -> Any:
        with _at_work():
            return await super()._row(sql, *values)


@contextmanager
def _at_work() -> Iterator[None]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.real += 1
    try:
        yield
    finally:
        loop.real -= 1


def memory() -> Make:
    """One store in memory for each run, which its crash does not empty."""
    stores: dict[Path, MemoryStore] = {}
    return lambda directory, crash: stores.setdefault(directory, MemoryStore(on_write=crash))


def sqlite() -> Make:
    """A store on disk: a new process opens the file that the dead one left."""
    return lambda directory, crash: ThreadedStore(directory, on_write=crash)


def crash_everywhere(scenario: Scenario, make: Make, directory: Path, deeds: Deeds, every: int = 1, again: int = 0) -> int:
    """Run a scenario undisturbed, then with a crash before and with one after each write. Returns how many writes there are.

    every: at each fifth of these points, say. again: it crashes another time, at one of that many writes after the first crash.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_everywhere(scenario, make, directory, deeds, every, again))


async def _everywhere(scenario: Scenario, make: Make, directory: Path, deeds: Deeds, every: int, again: int) -> int:
    undisturbed = Crash()
    write_flows(directory, scenario.files)
    settings = settings_for(directory)
    right = await _once(scenario, make, settings, undisturbed, deeds)
    points = [(at, moment) for at in range(1, undisturbed.count + 1) for moment in ("before", "after")]
    passed_by: list[int] = []
    for at, moment in points[::every]:
        crash = Crash(at, moment, 1 + at % again if again else 0)
        found = await _once(scenario, make, settings.model_copy(update={"data": directory / f"{moment}{at}"}), crash, deeds)
        passed_by += [at] if crash.at else []
        _same(f"with a crash {moment} write {at}", found, right)
    assert every > 1 or len(passed_by) * ONE_IN <= len(points), f"it did not come to the writes {passed_by}"
    return undisturbed.count


async def _once(scenario: Scenario, make: Make, settings: Settings, crash: Crash, deeds: Deeds) -> list[str]:
    settings.data.mkdir()
    world = World(deeds)
    store = await run(scenario, make, settings, crash, world)
    found = await check(scenario, store, world)
    await store.close()
    return found


async def run(scenario: Scenario, make: Make, settings: Settings, crash: Crash, world: World) -> Any:
    """Live into the crash, if there is one, then again until all has ended. Returns the open store."""
    clock = VirtualClock()
    ended = False
    while not ended:
        store = make(settings.data, crash)
        try:
            await _live(scenario, store, settings, clock, world)
            ended = True
        except* (StoreBroken, asyncio.CancelledError):
            clock.move(clock.now() + DOWN)
    await store.open()
    return store


async def _live(scenario: Scenario, store: Any, settings: Settings, clock: VirtualClock, world: World) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    async with asyncio.timeout(_PATIENCE), running(settings, store, clock=clock, environment={}) as node:
        world.node = node
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        for n, (topic, data, key) in enumerate(scenario.events):
            await node.publish(topic, data, id_=f"event-{n}", key=key)
        while True:
            await loop.idle()
            found = await executions(store)
            if await scenario.tend(node, found):
                continue
            due = _due(node, found)
            if due is None:
                return
            assert due > clock.now(), "a timer is overdue, and nothing goes on"
            clock.move(due)


def _due(node: Node, found: list[Execution]) -> Micros | None:
    """When something happens by itself."""
    due = [command.due for each in found for command in outstanding(each) if isinstance(command, ArmTimer)]
    books = [node.intake.correlator.book(name) for sub in node.intake.subscriptions() for name in sub.triggers]
    return min([*due, *(book.next_due for book in books if book is not None and book.next_due is not None)], default=None)


async def executions(store: Any) -> list[Execution]:
    """All executions, oldest first."""
    return [await store.load(each.id) for each in reversed(await store.executions(limit=1000))]


# ---- the end -------------------------------------------------------------------------------------------------------------


async def check(scenario: Scenario, store: Any, world: World) -> list[str]:
    """What must be true however often it crashed. Returns all that must be the same each time."""
    found = await executions(store)
    _same("stuck", {each.head.flow: outstanding(each) for each in found if not each.ended}, {})
    _same("ends", sorted(map(_end, found)), sorted(scenario.ends))
    runs = Counter(f"{run.task} {run.state}" for each in found for run in each.runs.values())
    _same("runs", {name: runs[name] for name in scenario.runs}, scenario.runs)
    for each in found:
        await _check_journal(store, each)
        for run in each.runs.values():
            of = each.id, each.run_id(run.n)
            begun, keys = world.began[of], world.keys[of]
            assert len(keys) == (1 if begun else 0), f"{run.task} had other keys in another attempt"
            assert begun <= run.attempt, f"{run.task} ran more often than is written"
            if run.outputs == {"by": run.task} and run.done > 0:
                assert begun, f"{run.task} is said to have run"
    _same("dead events", await store.dead_events(), [])
    _same("store", await store.check(), [])
    _same("places", taken(store), [])
    return sorted(map(_shape, found))


def _same(what: str, found: object, right: object) -> None:
    assert found == right, f"{what}:\n{found}\nnot\n{right}"


async def _check_journal(store: Any, execution: Execution) -> None:
    rows = await store.changes(execution.id)
    assert fold(row.change for row in rows) == execution
    numbers = [1 if isinstance(row.change, Created) else row.change.sequence for row in rows if isinstance(row.change, Created | Moved)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert outstanding(execution) == frozenset()
    assert await store.inbox(execution.id) == []


def taken(store: Any) -> list[str]:
    """Who has a place of a limit or a key, or waits for one."""
    if isinstance(store, MemoryStore):
        return [f"{scope}: {list(line.slots)}" for scope, line in store._lines._lines.items()]
    db = sqlite3.connect(store._path)
    try:
        return [str(row) for row in db.execute("select * from slot")]
    finally:
        db.close()


def _end(execution: Execution) -> str:
    outputs = json.dumps(execution.outputs, sort_keys=True) if execution.outputs else ""
    item = f"[{execution.head.scope.item['value']}]" if execution.head.scope is not None else ""
    return f"{execution.head.flow}{item} {execution.state} {outputs}".strip()


def _shape(execution: Execution) -> str:
    """All of it but ids and times, and what a crash may add: attempts that were lost, also of what was being stopped."""
    runs = sorted(
        (run.task, str(run.value), str(run.iteration), run.path, run.state.value, run.phase.value, _tries(run))
        for run in execution.runs.values()
    )
    head = execution.head
    more = (head.attempt, head.depth, head.key, head.replay_of is not None, execution.retries, execution.restarts, execution.broken)
    labels = {name: value for name, value in execution.labels.items() if name != "system.correlationId"}
    return f"{_end(execution)} {execution.failed_task} {labels} {more} {runs}"


def _tries(run: TaskRun) -> int:
    return run.counted if run.error or run.state is State.SUCCESS else 0
