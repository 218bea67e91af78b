"""Carry the journal to the sinks.

The engine never publishes: it writes changes, and this reads them. So a state event is sent if and only if the state was stored,
however often the process dies.

Rules
1. Order is kept per execution; across executions there is none.
2. A sink's position moves after the sink took the batch. A crash in between repeats it: same id, same sequence.
3. A sink that fails holds back its own batch and nothing else.
4. Nothing is sent twice in a row to find out whether there is more: the store wakes us.
5. A row that no event can be made of is reported, kept in mind as a gap, and skipped: it does not stop the sink for ever.
6. A sink that is too far behind is declared broken: what it missed is a gap in its positions, and it goes on from now. Without
   that the journal would grow until the disk is full.

Called by: daemon.  Uses: ports.Store, ports.Sink, ports.Clock.
"""

import orjson
import structlog

from onbeat.engine.services import keep_running
from onbeat.engine.topics import Projection
from onbeat.ports import Clock, JournalRow, Position, Sink, StateEvent, Store, Work

_log = structlog.get_logger("onbeat.relay")
_BATCH = 500
READER = "journal:"
"""Readers of the journal are named so; purge stays behind them."""
GAP = "gap:"
"""Parts of a reader's positions that say what it missed: `gap:<first row>` -> the last one."""
MOST_BEHIND = 1_000_000


class Relay:
    """One sink's reader. trouble: what is wrong now; position: how far it has come; gaps: how many there are. most_behind: in rows."""

    def __init__(self, store: Store, sink: Sink, clock: Clock, projection: Projection, most_behind: int = MOST_BEHIND) -> None:
        self._store = store
        self._sink = sink
        self._clock = clock
        self._projection = projection
        self._most_behind = most_behind
        self.name = READER + sink.name
        self.trouble: str | None = None
        self.position = 0
        self.gaps = 0

    async def serve(self) -> None:
        """Carry until cancelled."""

        def report(trouble: str | None) -> None:
            self.trouble = trouble

        await keep_running(self.name, self._run, self._clock, report)

    async def _run(self) -> None:
        stored = await self._store.positions(self.name)
        self.position = int(stored.get("seq", 0))
        self.gaps = sum(part.startswith(GAP) for part in stored)
        if "seq" not in stored:  # purge waits for him from now on, also when he cannot be opened
            await self._move(0, [])
        await self._give_up_what_is_too_far()
        try:
            await self._sink.open()
            self.trouble = None
            while True:
                await self._store.wait_journal(self.position)
                await self._carry()
        finally:
            await self._sink.close()

    async def _carry(self) -> None:
        rows = await self._store.journal(self.position, _BATCH)
        events: list[StateEvent] = []
        skipped: list[Position] = []
        for row in rows:
            try:
                event = self._event(row)
            except Exception as poison:
                _log.error("no event can be made of a row; it is skipped", sink=self._sink.name, seq=row.seq, problem=repr(poison))
                skipped.append(Position(self.name, f"{GAP}{row.seq}", str(row.seq)))
            else:
                events += [event] if event is not None else []
        if events:
            await self._sink.publish(events)
        if rows:
            await self._move(rows[-1].seq, skipped)

    def _event(self, row: JournalRow) -> StateEvent | None:
        event = self._projection.event(row)
        if event is None:
            return None
        return StateEvent(topic=self._projection.topic, key=row.execution, id=str(event["id"]), body=orjson.dumps(event))

    async def _give_up_what_is_too_far(self) -> None:
        end = await self._store.journal_end()
        if end - self.position > self._most_behind:
            first = self.position + 1
            _log.error("a sink is broken: too far behind, it goes on from now", sink=self._sink.name, first=first, last=end)
            await self._move(end, [Position(self.name, f"{GAP}{first}", str(end))])

    async def _move(self, position: int, gaps: list[Position]) -> None:
        await self._store.write(Work(positions=(Position(self.name, "seq", str(position)), *gaps)))
        self.position = position
        self.gaps += len(gaps)
