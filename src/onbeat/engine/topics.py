"""See the journal as the topic of state events: what the embedded bus has instead of a copy of each row.

On the embedded bus the executions topic is not written a second time: it is the journal, projected when it is read, so it cannot miss
an event, and costs nothing while nobody reads it.

Rules
1. Secrets are hidden in whatever leaves by a projection, for every reader alike.
2. A row that cannot be shown is told in the daemon's log and left out; it stops no reader.

Called by: relay, node and API show rows with it; daemon gives `record` to the bus's source.
"""

from collections.abc import Callable
from typing import Any

import structlog

from onbeat.core.event import Json
from onbeat.core.execution import Head
from onbeat.core.projection import state_event
from onbeat.ports import JournalRow, Publisher, Record, Store, Work

_log = structlog.get_logger("onbeat.topics")


class Projection:
    """Journal rows as state events of a topic. mask: hides secrets in a value that is of an execution. trace: where in a trace one is."""

    def __init__(
        self,
        topic: str,
        mask: Callable[[Head, Any], Any] = lambda head, value: value,
        trace: Callable[[Head], str | None] = lambda head: head.traceparent,
    ) -> None:
        self.topic = topic
        self._mask = mask
        self._trace = trace

    def event(self, row: JournalRow) -> dict[str, Json] | None:
        """The CloudEvent of a row; None when it is none. Raises whatever is wrong with a row that cannot be shown."""
        event = state_event(row.head, row.change)
        if event is not None:
            event["data"] = self._mask(row.head, event["data"])
            if (traceparent := self._trace(row.head)) is not None:
                event["traceparent"] = traceparent
        return event

    def record(self, row: JournalRow) -> Record | None:
        """The record of a row on the embedded bus; None when it is no state event, or cannot be shown."""
        try:
            event = self.event(row)
        except Exception as poison:
            _log.error("a row of the journal cannot be shown", seq=row.seq, execution=row.execution, problem=repr(poison))
            return None
        if event is None:
            return None
        return Record(
            topic=self.topic,
            id=str(event["id"]),
            data=event["data"],
            time=row.change.at,
            key=row.execution,
            source=str(event["source"]),
            type=str(event["type"]),
            hops=row.head.hops + 1,
            correlation_id=row.head.correlation_id,
            causation_id=row.execution,
            traceparent=event.get("traceparent"),
            seq=row.seq,
        )


class EmbeddedBus(Publisher):
    """The bus inside the store: a durable row is the acknowledgement."""

    embedded = True

    def __init__(self, store: Store) -> None:
        self._store = store

    async def publish(self, record: Record) -> None:
        """Returns when the record is durable; one with a known id is a duplicate and not written."""
        await self._store.write(Work(records=(record,)))

    async def close(self) -> None:
        """Nothing: the store is closed by whoever opened it."""
