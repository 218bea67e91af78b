"""Put what stands behind an event on it: hops, correlation and cause of the execution that publishes it.

A task does not know them and cannot be trusted with them: flows that start each other through a topic would run for ever. They are
added here, on whatever bus the event goes out: to the records a task ends with, and to what it sends by the publisher it was lent.

Rules
1. Each time an event comes from a flow it has one hop more; intake ends a loop by that, on the embedded bus and on any other.
2. What the task says of correlation and cause goes before.

Called by: runner.
"""

import msgspec

from onbeat.core.execution import Head
from onbeat.core.values import normalise
from onbeat.ports import Publisher, Record


def caused(record: Record, head: Head, traceparent: str | None = None) -> Record:
    """The record with the execution behind it, and where in its trace that is. Raises UserError when its data is no plain JSON."""
    return msgspec.structs.replace(
        record,
        data=normalise(record.data),
        hops=head.hops + 1,
        correlation_id=record.correlation_id or head.correlation_id,
        causation_id=record.causation_id or head.id,
        traceparent=record.traceparent or traceparent or head.traceparent,
    )


class CausedPublisher(Publisher):
    """The bus's publisher as an attempt of one execution sees it."""

    def __init__(self, publisher: Publisher, head: Head, traceparent: str | None = None) -> None:
        self.embedded = publisher.embedded
        self._publisher = publisher
        self._head = head
        self._traceparent = traceparent

    async def publish(self, record: Record) -> None:
        """Publish it with the execution behind it."""
        await self._publisher.publish(caused(record, self._head, self._traceparent))

    async def close(self) -> None:
        """Nothing: it belongs to the daemon."""
