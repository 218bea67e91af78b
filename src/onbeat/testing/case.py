"""Play one case: put everything there, let happen what it says, and compare.

Rules
1. Events come in the order in which they are written, each when all before it is at rest, or at its instant.
2. A resume without an instant is given as soon as something waits for one, before time goes on.
3. A case that cannot go on fails at once and says what it waits for; one that goes on for ever is cut after `patience` seconds.
4. Whatever goes wrong is the case's failure, with its place: the other cases are played.

Called by: the command and the pytest plugin.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path as File

from onbeat.core.durations import format_duration
from onbeat.core.event import Micros
from onbeat.core.execution import Trigger
from onbeat.core.trigger import FlowRef
from onbeat.errors import InvalidFile, OnbeatError, UserError
from onbeat.settings import Settings
from onbeat.testing.arrivals import Arrived, send
from onbeat.testing.bench import Bench, Running, bench
from onbeat.testing.library import Library, Source
from onbeat.testing.model import Arrival, Expected, Kill, Played, Resume, instant
from onbeat.testing.operators import Failure, Path
from onbeat.testing.read import TestFile
from onbeat.testing.verdict import Verdict
from onbeat.testing.virtual import VirtualLoop

PATIENCE = 30.0
"""Seconds of real time that a case may take."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case. failures: `file:line:column: message`; none: it passed. notes: what ran.

    seconds: of real time. took: of its own, as a duration.
    """

    file: File
    id: str
    failures: tuple[str, ...] = ()
    skipped: bool = False
    seconds: float = 0.0
    took: str = ""
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How people name it: `file::id`."""
        return f"{self.file}::{self.id}"


class Player:
    """Plays cases, one at a time. real: tasks without a mock are run really. patience: seconds of real time for each."""

    def __init__(self, running: Running, settings: Settings, library: Library, *, real: bool = False, patience: float = PATIENCE) -> None:
        self._running = running
        self._settings = settings
        self._library = library
        self._real = real
        self._patience = patience

    async def play(self, tests: TestFile, played: Played) -> Result:
        """What comes of a case. Runs on a VirtualLoop."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        began, case = loop.time(), played.case
        if case.disabled:
            return Result(tests.path, case.id, skipped=True)
        failures: list[Failure] = []
        notes: list[str] = []
        took = ""
        try:
            async with asyncio.timeout(self._patience):
                timed = case.until is not None
                async with bench(self._running, self._settings, played.given, loop, timed=timed, real=self._real or case.real) as made:
                    try:
                        await _Game(made, self._library, tests, played).play(failures)
                    finally:
                        took = format_duration(timedelta(microseconds=made.clock.now() - made.start))
                        notes = await _notes(made)
        except TimeoutError:
            failures.append(
                Failure(played.path, f"it did not end within {self._patience:g} s; in its own time {took or 'nothing'} went by")
            )
        except Exception as raised:
            problem = _first(raised)
            if isinstance(problem, InvalidFile):
                return Result(tests.path, case.id, tuple(map(str, problem.problems)), seconds=loop.time() - began)
            said = str(problem) if isinstance(problem, OnbeatError) else f"{type(problem).__name__}: {problem}"
            failures.append(Failure(played.path, said))
        told = tuple(f"{tests.place(failure.path)}: {failure.message}" for failure in failures)
        return Result(tests.path, case.id, told, seconds=loop.time() - began, took=took, notes=tuple(notes))


class _Game:
    """One case on its bench."""

    def __init__(self, bench: Bench, library: Library, tests: TestFile, played: Played) -> None:
        self._bench = bench
        self._library = library
        self._tests = tests
        self._played = played
        self._case = played.case
        self._arrived: list[Arrived] = []
        self._near = tests.path.resolve().parent

    async def play(self, failures: list[Failure]) -> None:
        """Prepare, let happen, compare."""
        case, path = self._case, self._played.path
        source = await self._prepare()
        try:
            await self._happen(source)
        except _Misplaced as wrong:
            failures.append(Failure((*path, *wrong.path), str(wrong)))
        await self._bench.rest()
        failures += [Failure(path, why) for why in dict.fromkeys(self._bench.mocks.refused)]
        failures += [Failure(path, f"execution {id_} was set aside: {why}") for id_, why in self._bench.node.engine.quarantined.items()]
        if failures:
            return
        verdict = Verdict(self._bench, await self._bench.of_flow(*source.name), self._arrived)
        expected = case.expect or (None if self._played.bare else Expected())
        if expected is not None:
            failures += [failure async for failure in verdict.whole(expected, (*path, "expect") if case.expect else path)]
        for index, asserted in enumerate(case.assertions):
            failures += [failure async for failure in verdict.assertion(asserted, (*path, "assertions", index))]

    # ---- before ----------------------------------------------------------------------------------------------------

    async def _prepare(self) -> Source:
        """Serve the flow, those it calls, and the others that are named."""
        suite, given, bare = self._tests.suite, self._played.given, self._played.bare
        source = self._find(suite.flow)
        listening = [source, *(self._find(one) for one in suite.flows)]
        mocked = [task.id for task in source.flow.all_tasks() if self._bench.mocks.find(source.flow.id, task.id, task.type)]
        served: dict[tuple[str, str], Source] = {}
        for one in listening:
            for called in self._library.with_called(one, self._near, mocked if one is source else ()):
                served.setdefault(called.name, called)
        self._bench.check_mocks(list(served.values()))
        names = {one.name for one in listening}
        for one in served.values():
            await self._bench.serve(one, bare=bare, enable=given.enable, listen=one.name in names)
        with suppress(InvalidFile):  # what is only called by mocks serves to check what they are called with, if it can
            for one in self._library.with_called(source, self._near):
                if one.name not in served:
                    await self._bench.serve(one, bare=bare, listen=False)
        for path in (self._near / each for each in suite.triggers):
            if not path.is_file():
                raise UserError(f"there is no file {path}")
            if not self._bench.serve_trigger(path, enable=given.enable):
                raise UserError(f"{path}: this trigger starts none of the flows of the test")
        own = {path.resolve() for path in (self._near / each for each in suite.triggers)}
        for path in self._library.trigger_files(id_ for _, id_ in served):
            if path.resolve() not in own:
                self._bench.serve_trigger(path, enable=given.enable)
        for namespace in dict.fromkeys(namespace for namespace, _ in served):
            await self._bench.keep(namespace, given)
        await self._bench.listen()
        await self._bench.rest()
        return source

    def _find(self, flow: FlowRef | str) -> Source:
        if isinstance(flow, str):
            return self._library.read(self._near / flow)
        return self._library.find((flow.namespace, flow.id), self._near)

    # ---- what happens ----------------------------------------------------------------------------------------------

    async def _happen(self, source: Source) -> None:
        case, bench = self._case, self._bench
        if not case.events and (case.inputs is not None or case.until is None or not bench.scheduled()):
            with _said_at("inputs"):
                await self._start(source)
        arrivals = list(enumerate(case.events))
        prompt = [(index, one) for index, one in enumerate(case.resume) if one.at is None]
        acts: list[tuple[str, int, Resume | Kill]] = [("resume", index, one) for index, one in enumerate(case.resume)]
        acts += [("kill", index, one) for index, one in enumerate(case.kill)]
        timed = [(instant(one.at, bench.start), key, index, one) for key, index, one in acts if one.at is not None]
        timed.sort(key=lambda each: each[0])
        until = None if case.until is None else instant(case.until, bench.start)
        while True:
            await bench.rest()
            if bench.mocks.refused:
                return
            if arrivals and ((at := arrivals[0][1].at) is None or instant(at, bench.start) <= bench.clock.now()):
                index, arrival = arrivals.pop(0)
                with _said_at(self._events, index):
                    self._arrived.append(await send(bench, arrival))
            elif timed and timed[0][0] <= bench.clock.now():
                _, key, index, act = timed.pop(0)
                with _said_at(key, index):
                    await self._act(act)
            elif prompt and (asking := await bench.asking()) is not None:
                index, resume = prompt.pop(0)
                with _said_at("resume", index):
                    await bench.node.resume(asking, resume.inputs, resume.by)
            elif not await self._go_on([*(each[0] for each in timed), *self._next(arrivals)], until):
                break
        for index, _ in prompt:
            raise _Misplaced(("resume", index), "`resume`: nothing waited for it")

    @property
    def _events(self) -> str:
        """How the case spells them."""
        said = self._tests.document.data[self._played.path[0]][self._played.path[1]]
        return "events" if "events" in said else "event"

    def _next(self, arrivals: list[tuple[int, Arrival]]) -> Iterator[Micros]:
        if arrivals and (at := arrivals[0][1].at) is not None:
            yield instant(at, self._bench.start)

    async def _go_on(self, steps: list[Micros], until: Micros | None) -> bool:
        """Let time go on to what is next; whether there was anything."""
        bench = self._bench
        if not steps and until is None and await bench.over():
            return False
        due = await bench.next_due()
        instants = [*steps, *([due] if due is not None else []), *([until] if until is not None else [])]
        if not instants or (until is not None and bench.clock.now() >= until):
            return False
        bench.clock.move(min(*instants, until) if until is not None else min(instants))
        return True

    async def _start(self, source: Source) -> None:
        trigger = self._played.trigger
        await self._bench.node.start(
            *source.name,
            self._bench.with_files(self._case.inputs or {}),
            labels=self._case.labels,
            trigger=None if trigger is None else Trigger(id=trigger.id, type=trigger.type, variables=trigger.variables),
        )

    async def _act(self, act: Resume | Kill) -> None:
        if isinstance(act, Kill):
            await self._bench.node.kill(self._first())
        else:
            await self._bench.node.resume(await self._bench.asking() or self._first(), act.inputs, act.by)

    def _first(self) -> str:
        if not self._bench.executions:
            raise UserError("nothing was started that could be resumed or killed")
        return self._bench.executions[0]


class _Misplaced(UserError):
    """Something that a case lets happen could not be. path: where it says so, in the case."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


@contextmanager
def _said_at(*path: str | int) -> Iterator[None]:
    try:
        yield
    except UserError as wrong:
        raise _Misplaced(path, f"`{path[0]}`: {wrong}") from None


def _first(bug: BaseException) -> BaseException:
    return _first(bug.exceptions[0]) if isinstance(bug, BaseExceptionGroup) else bug


async def _notes(bench: Bench) -> list[str]:
    """What ran, for who looks for the reason."""
    found = []
    for id_ in bench.executions:
        execution = await bench.node.engine.load(id_)
        error = f": {execution.error}" if execution.error else ""
        found.append(f"{execution.head.namespace}.{execution.head.flow} {execution.state}{error}")
        for _, run in sorted(execution.runs.items()):
            value = f" [{run.value}]" if run.value is not None else ""
            tries = f" in {len(run.attempts)} attempts" if len(run.attempts) > 1 else ""
            found.append(f"  {run.task}{value} {run.state}{tries}{f': {run.error}' if run.error else ''}")
    return found
