"""Look out for the events that task runs wait for, on topics of the embedded bus and on the topic of state events.

One reader a topic, however many wait; who waits is found by key. A wait begins by looking back: what came between its `since` and the
reader's place is offered to it before it joins the others, so an event before the wait is never missed. Nothing is decided here: after a
crash the waits are read from their ledger (waits.py) and the topics once more from the earliest `since`.

Rules
1. An event at or after `since` that fits is told, whether it came before the wait, during it, or while the engine was down.
2. The first event that fits is the one.
3. An event costs those that wait for its key, and not all that wait.
4. A condition that cannot be evaluated is no fit, and is told once in the execution's log; one that is slow holds up its topic for
   LONGEST_EVALUATION at most.
5. Nobody reads a topic that nobody waits on.

Called by: effects begin and end waits; daemon loads them at boot.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

import msgspec
import structlog

from onbeat.core import signals as s
from onbeat.core.errors_text import short
from onbeat.core.event import Micros
from onbeat.core.execution import Awaited, Execution
from onbeat.core.expressions import compile_value, truthy
from onbeat.core.plan.wait_for_event import WaitForEvent
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.engine.answering import LONGEST_EVALUATION
from onbeat.engine.catalog import Catalog
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.topics import Projection
from onbeat.engine.waits import WAITS
from onbeat.errors import NotFound, OnbeatError, StoreBroken
from onbeat.ports import Clock, LogLine, Record, Store, Work

_log = structlog.get_logger("onbeat.engine")
_CHUNK = 500
_NOT_EMBEDDED = "core.flow.WaitForEvent looks back, which only the embedded bus can do: take a trigger, or ONBEAT_BUS=embedded"
_OUT_OF_ORDER = 60_000_000
"""Microseconds by which a row of the journal may have been decided before one that is earlier in it."""
Waiting = tuple[str, int]
"""An execution and its task run."""


class TellWait(Protocol):
    """Tells an execution something."""

    def __call__(self, execution: str, signal: s.Signal, /, *, logs: tuple[LogLine, ...] = ()) -> None: ...


class Topic:
    """One topic that somebody waits on.

    all: who does. waits: by key, those that the reader offers events to: they have looked back, and were told of none yet. at: the seq up
    to which the reader has come; None before it has begun. first: the earliest instant that anybody waits from.
    """

    def __init__(self, first: Micros) -> None:
        self.all: set[Waiting] = set()
        self.waits: dict[str | None, dict[Waiting, Awaited]] = defaultdict(dict)
        self.first = first
        self.at: int | None = None
        self.reader: asyncio.Task[None] | None = None


class Listening:
    """Who waits for which event. tell, execution: the engine's, which brings them."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        evaluator: Evaluator,
        projection: Projection,
        clock: Clock,
        group: asyncio.TaskGroup,
        *,
        embedded: bool,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._evaluator = evaluator
        self._projection = projection
        self._clock = clock
        self._group = group
        self._embedded = embedded
        self._topics: dict[str, Topic] = {}
        self._places: dict[Waiting, Awaited] = {}
        self._complained: set[Waiting] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        self.tell: TellWait
        self.execution: Callable[[str], Awaitable[Execution]]

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, waiting: Waiting) -> bool:
        return waiting in self._places

    async def load(self) -> None:
        """Take up the waits of executions that are not in memory."""
        for key, value in (await self._store.ledger(WAITS)).items():
            execution, _, run = key.rpartition("/")
            if self._embedded:
                self._add((execution, int(run)), msgspec.json.decode(value, type=Awaited))
            else:  # it is not the bus on which the wait began: in memory, it fails
                self.tell(execution, s.Recover())

    def begin(self, execution: Execution, n: int) -> None:
        """A task run waits from now on."""
        run = execution.runs[n]
        assert run.awaits is not None, "it waits for an event"
        if self._embedded:
            self._add((execution.id, n), run.awaits)
        else:
            ended = s.TaskEnded(n, run.attempt, State.FAILED, None, _NOT_EMBEDDED, retry=False)
            self.tell(execution.id, ended, logs=(self._line(execution, n, _NOT_EMBEDDED),))

    def end(self, execution: str, n: int) -> None:
        """It does not wait any more."""
        awaited = self._places.pop((execution, n), None)
        if awaited is None:
            return
        self._complained.discard((execution, n))
        topic = self._topics[awaited.topic]
        topic.all.remove((execution, n))
        _leave(topic, (execution, n), awaited)
        if not topic.all:
            if topic.reader is not None:
                topic.reader.cancel()
            del self._topics[awaited.topic]

    def stop(self) -> None:
        """Look out no longer: the next start does."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()

    def _add(self, waiting: Waiting, awaited: Awaited) -> None:
        if waiting in self._places or self._stopped:
            return
        topic = self._topics.setdefault(awaited.topic, Topic(awaited.since))
        self._places[waiting] = awaited
        topic.all.add(waiting)
        if topic.reader is None:
            topic.reader = self._begin(self._follow(awaited.topic, topic))
        if topic.at is None:
            topic.first = min(topic.first, awaited.since)
            topic.waits[awaited.key][waiting] = awaited
        else:
            self._begin(self._look_back(waiting, awaited, topic))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _follow(self, name: str, topic: Topic) -> None:
        """Read the topic from the earliest instant that anybody waits from."""
        first, at = None, 0
        while first != topic.first:  # others may have come while the place was looked for
            first = topic.first
            at = await self._place(name, first)
        topic.at = at
        while True:
            records, end = await self._chunk(name, at)
            for record in records:
                topic.at = record.seq
                await self._offer(record, topic)
            if end == at:
                await self._wait(name, at)
            topic.at = at = end

    async def _look_back(self, waiting: Waiting, awaited: Awaited, topic: Topic) -> None:
        """Offer what came before the wait began, up to where the reader is, then join."""
        at = await self._place(awaited.topic, awaited.since)
        while self._places.get(waiting) is awaited:
            if topic.at is not None and at >= topic.at:
                topic.waits[awaited.key][waiting] = awaited
                return
            before, until = at, topic.at
            records, at = await self._chunk(awaited.topic, at)
            for record in records:
                if awaited.key in (None, record.key) and await self._fits(waiting, awaited, record):
                    return
            if at == before and until is not None:
                at = until  # nothing is left there: it was purged

    async def _offer(self, record: Record, topic: Topic) -> None:
        """Tell those who wait for its key; those that say more about it are looked at side by side."""
        keys = [None] if record.key is None else [None, record.key]
        found = [each for key in keys if key in topic.waits for each in topic.waits[key].items()]
        slow = [each for each in found if each[1].conditional]
        for waiting, awaited in found:
            if not awaited.conditional and record.time >= awaited.since:
                self._arrived(waiting, awaited, record)
        async with asyncio.TaskGroup() as group:
            for waiting, awaited in slow:
                group.create_task(self._fits(waiting, awaited, record))

    async def _fits(self, waiting: Waiting, awaited: Awaited, record: Record) -> bool:
        """Tell who waits, if the event is one for it; whether it is."""
        fits = record.time >= awaited.since and (not awaited.conditional or await self._holds(waiting, record))
        if fits and self._places.get(waiting) is awaited:
            self._arrived(waiting, awaited, record)
        return fits

    def _arrived(self, waiting: Waiting, awaited: Awaited, record: Record) -> None:
        """It is offered no other: the wait is over once this is durable, and begins anew where it is not."""
        _leave(self._topics[awaited.topic], waiting, awaited)
        self.tell(waiting[0], s.EventArrived(waiting[1], shown(record)))

    async def _holds(self, waiting: Waiting, record: Record) -> bool:
        """Whether the condition of the one who waits holds for the event."""
        id_, n = waiting
        try:
            execution = await self.execution(id_)
            run, head = execution.runs.get(n), execution.head
            if run is None or run.awaits is None or run.ended:
                return False
            loaded = await self._catalog.revision(head.namespace, head.flow, head.revision)
            spec = loaded.flow.by_id[run.task]
            assert isinstance(spec, WaitForEvent), "only these wait"
        except NotFound:
            return False
        try:
            async with asyncio.timeout(LONGEST_EVALUATION):
                value = await self._evaluator.render(compile_value(spec.matches), loaded.flow, execution, n, {"event": shown(record)})
            return truthy(value)
        except StoreBroken:
            raise
        except TimeoutError:
            problem = f"it was not evaluated within {LONGEST_EVALUATION:.0f} s"
        except OnbeatError as wrong:
            problem = short(wrong)
        except Exception as bug:
            _log.exception("the condition of a wait raised", execution=id_)
            problem = f"{type(bug).__name__}: {short(bug)}"
        if waiting not in self._complained:
            self._complained.add(waiting)
            said = f"`matches` cannot be evaluated for event {record.id}, which so is none for it: {problem}"
            await self._store.write(Work(logs=(self._line(execution, n, self._evaluator.mask_of(head).mask(said), "WARN"),)))
        return False

    def _line(self, execution: Execution, n: int, message: str, level: str = "ERROR") -> LogLine:
        run = execution.runs[n]
        return LogLine(
            execution=execution.id, at=self._clock.now(), level=level, message=message, run=n, task=run.task, attempt=run.attempt
        )

    # ---- topics ------------------------------------------------------------------------------------------------------

    async def _place(self, topic: str, since: Micros) -> int:
        """The place after which the events from then on are."""
        if topic != self._projection.topic:
            return await self._store.records_since(topic, since)
        low, high = 0, await self._store.journal_end()
        while low < high:  # rows are in the order of their commits, which is that of their instants but for a little
            middle = (low + high) // 2
            rows = await self._store.journal(middle, 1)
            if rows and rows[0].change.at < since - _OUT_OF_ORDER:
                low = rows[0].seq
            else:
                high = middle
        return low

    async def _chunk(self, topic: str, after: int) -> tuple[list[Record], int]:
        """The next events after a place, and the place after them; the same place when there are none yet."""
        if topic != self._projection.topic:
            records = await self._store.records(topic, after, _CHUNK)
            return records, records[-1].seq if records else after
        rows = await self._store.journal(after, _CHUNK)
        events = [record for row in rows if (record := self._projection.record(row)) is not None]
        return events, rows[-1].seq if rows else after

    async def _wait(self, topic: str, after: int) -> None:
        if topic == self._projection.topic:
            await self._store.wait_journal(after)
        else:
            await self._store.wait_records(topic, after)


def shown(record: Record) -> dict[str, Any]:
    """An event as `event` and `outputs` show it."""
    return {
        "id": record.id,
        "topic": record.topic,
        "key": record.key,
        "data": record.data,
        "time": iso(record.time),
        "headers": record.headers,
    }


def _leave(topic: Topic, waiting: Waiting, awaited: Awaited) -> None:
    """It is offered no more events."""
    waits = topic.waits.get(awaited.key)
    if waits is not None and waits.pop(waiting, None) is not None and not waits:
        del topic.waits[awaited.key]
