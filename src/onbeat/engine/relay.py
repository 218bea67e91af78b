"""Carry the journal to the sinks.

The engine never publishes: it writes changes, and this reads them. So a state event is sent if and only if the state was stored,
however often the process dies.

Rules
1. Order is kept per execution; across executions there is none.
2. A sink's position moves after the sink took the batch. A crash in between repeats it: same id, same sequence.
3. A sink that fails holds back its own batch and nothing else.
4. Nothing is sent twice in a row to find out whether there is more: the store wakes us.

Called by: daemon.  Uses: ports.Store, ports.Sink, ports.Clock.
"""

import orjson

from onbeat.core.projection import state_event
from onbeat.engine.services import keep_running
from onbeat.ports import Clock, Position, Sink, StateEvent, Store, Work

_BATCH = 500
READER = "journal:"
"""Readers of the journal are named so; purge stays behind them."""


class Relay:
    """One sink's reader. trouble: what is wrong now; position: how far it has come."""

    def __init__(self, store: Store, sink: Sink, clock: Clock, topic: str) -> None:
        self._store = store
        self._sink = sink
        self._clock = clock
        self._topic = topic
        self.name = READER + sink.name
        self.trouble: str | None = None
        self.position = 0

    async def serve(self) -> None:
        """Carry until cancelled."""

        def report(trouble: str | None) -> None:
            self.trouble = trouble

        await keep_running(self.name, self._run, self._clock, report)

    async def _run(self) -> None:
        try:
            await self._sink.open()
            self.trouble = None
            stored = await self._store.positions(self.name)
            self.position = int(stored.get("seq", 0))
            while True:
                await self._store.wait_journal(self.position)
                await self._carry()
        finally:
            await self._sink.close()

    async def _carry(self) -> None:
        rows = await self._store.journal(self.position, _BATCH)
        events = []
        for row in rows:
            event = state_event(row.head, row.change)
            if event is not None:
                events.append(StateEvent(topic=self._topic, key=row.execution, id=str(event["id"]), body=orjson.dumps(event)))
        if events:
            await self._sink.publish(events)
        if rows:
            self.position = rows[-1].seq
            await self._store.write(Work(positions=(Position(self.name, "seq", str(self.position)),)))
