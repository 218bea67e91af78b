"""Look out for the events that task runs wait for, on topics of the embedded bus and on the topic of state events.

One reader a topic, however many wait; who waits is found by key. A wait begins by looking back: what came between its `since` and the
reader's place is offered to it too, so an event before the wait is never missed. Nothing is written here: after a crash the waits are
read from their ledger (waits.py) and the topics once more from the earliest `since`; an event that is offered twice changes nothing.

Rules
1. An event at or after `since` that fits is told, whether it came before the wait, during it, or while the engine was down.
2. The first event that fits is the one.
3. An event costs those that wait for its key, and not all that wait.

Called by: effects begin and end waits; daemon loads them at boot.
"""

import asyncio
from collections import defaultdict
from typing import Any, Protocol

import msgspec
import structlog

from onbeat.core import signals as s
from onbeat.core.event import Json, Micros
from onbeat.core.execution import Awaited, Execution
from onbeat.core.expressions import ExpressionError, compile_value, truthy
from onbeat.core.plan.wait_for_event import WaitForEvent
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.engine.catalog import Catalog
from onbeat.engine.evaluator import Evaluator
from onbeat.engine.topics import Projection
from onbeat.engine.waits import WAITS
from onbeat.errors import OnbeatError, StoreBroken
from onbeat.ports import Record, Store

_log = structlog.get_logger("onbeat.engine")
_CHUNK = 500
_OUT_OF_ORDER = 60_000_000
"""Microseconds by which a row of the journal may have been decided before one that is earlier in it."""
Waiting = tuple[str, int]
"""An execution and its task run."""


class TellWait(Protocol):
    """Tells an execution something."""

    def __call__(self, execution: str, signal: s.Signal, /) -> None: ...


class Topic:
    """One topic that somebody waits on. at: the seq up to which its reader has come; None before it has begun."""

    def __init__(self) -> None:
        self.waits: dict[str | None, dict[Waiting, Awaited]] = defaultdict(dict)
        self.at: int | None = None
        self.reader: asyncio.Task[None] | None = None


class Listening:
    """Who waits for which event. tell: the engine's, which brings it."""

    def __init__(
        self, store: Store, catalog: Catalog, evaluator: Evaluator, projection: Projection, group: asyncio.TaskGroup, *, embedded: bool
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._evaluator = evaluator
        self._projection = projection
        self._group = group
        self._embedded = embedded
        self._topics: dict[str, Topic] = {}
        self._places: dict[Waiting, Awaited] = {}
        self.tell: TellWait

    def __len__(self) -> int:
        return len(self._places)

    async def load(self) -> None:
        """Take up the waits of executions that are not in memory."""
        for key, value in (await self._store.ledger(WAITS)).items():
            execution, _, run = key.rpartition("/")
            self._add((execution, int(run)), msgspec.json.decode(value, type=Awaited))

    def begin(self, execution: Execution, n: int) -> None:
        """A task run waits from now on."""
        run = execution.runs[n]
        assert run.awaits is not None, "it waits for an event"
        if not self._embedded:
            problem = "core.flow.WaitForEvent looks back, which only the embedded bus can do: take a trigger, or ONBEAT_BUS=embedded"
            self.tell(execution.id, s.TaskEnded(n, run.attempt, State.FAILED, None, problem, retry=False))
            return
        self._add((execution.id, n), run.awaits)

    def end(self, execution: str, n: int) -> None:
        """It does not wait any more."""
        awaited = self._places.pop((execution, n), None)
        if awaited is None:
            return
        topic = self._topics[awaited.topic]
        waits = topic.waits[awaited.key]
        del waits[execution, n]
        if not waits:
            del topic.waits[awaited.key]
        if not topic.waits:
            if topic.reader is not None:
                topic.reader.cancel()
            del self._topics[awaited.topic]

    def _add(self, waiting: Waiting, awaited: Awaited) -> None:
        topic = self._topics.setdefault(awaited.topic, Topic())
        if waiting in self._places:
            return
        self._places[waiting] = awaited
        topic.waits[awaited.key][waiting] = awaited
        if topic.reader is None:
            topic.reader = self._group.create_task(self._follow(awaited.topic, topic))
        elif topic.at is not None:
            self._group.create_task(self._look_back(waiting, awaited, topic.at))

    async def _follow(self, name: str, topic: Topic) -> None:
        """Read the topic from the earliest instant that anybody waits from."""
        since = min(awaited.since for waits in topic.waits.values() for awaited in waits.values())
        at = await self._place(name, since)
        topic.at = at
        while True:
            records, at = await self._chunk(name, at)
            for record in records:
                topic.at = record.seq
                await self._offer(record, topic)
            if topic.at == at:
                await self._wait(name, at)
            topic.at = at

    async def _look_back(self, waiting: Waiting, awaited: Awaited, until: int) -> None:
        """Offer what came before the wait began, up to where the reader was then."""
        at = await self._place(awaited.topic, awaited.since)
        while at < until and waiting in self._places:
            before = at
            records, at = await self._chunk(awaited.topic, at)
            for record in records:
                if awaited.key is None or awaited.key == record.key:
                    await self._fits(waiting, awaited, record)
            if at == before:
                return

    async def _offer(self, record: Record, topic: Topic) -> None:
        keys = [None] if record.key is None else [None, record.key]
        for waiting, awaited in [each for key in keys if key in topic.waits for each in topic.waits[key].items()]:
            await self._fits(waiting, awaited, record)

    async def _fits(self, waiting: Waiting, awaited: Awaited, record: Record) -> None:
        """Tell who waits, if the event is one for it."""
        if record.time < awaited.since:
            return
        event = shown(record)
        try:
            if not awaited.conditional or await self._holds(waiting, event):
                self.tell(waiting[0], s.EventArrived(waiting[1], event))
        except StoreBroken:
            raise
        except (OnbeatError, ExpressionError) as problem:
            _log.warning("the condition of a wait cannot be evaluated", execution=waiting[0], task_run=waiting[1], problem=str(problem))

    async def _holds(self, waiting: Waiting, event: dict[str, Json]) -> bool:
        execution = await self._store.load(waiting[0])
        if execution is None or waiting[1] not in execution.runs:
            return False
        head, run = execution.head, execution.runs[waiting[1]]
        loaded = await self._catalog.revision(head.namespace, head.flow, head.revision)
        spec = loaded.flow.by_id[run.task]
        if not isinstance(spec, WaitForEvent) or run.awaits is None:
            return False
        return truthy(await self._evaluator.render(compile_value(spec.matches), loaded.flow, execution, run.n, {"event": event}))

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
