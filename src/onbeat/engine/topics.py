"""See the journal as the topic of state events: what the embedded bus has instead of a copy of each row.

On the embedded bus the executions topic is not written a second time: it is the journal, projected when it is read, so it cannot miss
an event, and costs nothing while nobody reads it.

Called by: daemon gives `project` to the bus's source; node and API tail topics with it.
"""

from collections.abc import Callable

from onbeat.core.projection import state_event
from onbeat.ports import JournalRow, Publisher, Record, Store, Work


def projector(topic: str) -> Callable[[JournalRow], Record | None]:
    """Makes the record of a journal row on that topic; None when the row is no state event."""

    def project(row: JournalRow) -> Record | None:
        event = state_event(row.head, row.change)
        if event is None:
            return None
        return Record(
            topic=topic,
            id=str(event["id"]),
            data=event["data"],
            time=row.change.at,
            key=row.execution,
            source=str(event["source"]),
            type=str(event["type"]),
            hops=row.head.hops + 1,
            correlation_id=row.head.correlation_id,
            causation_id=row.execution,
            traceparent=row.head.traceparent,
            seq=row.seq,
        )

    return project


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
