"""Take state events out, and put events on the bus."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec

from onbeat.ports.work import Record


class StateEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One state event: a CloudEvent in structured JSON. key: the execution's id, by which order is kept."""

    topic: str
    key: str
    id: str
    body: bytes


@runtime_checkable
class Sink(Protocol):
    """Takes state events out. The relay gives them in order; after a failure it gives the same ones again."""

    name: str

    async def open(self) -> None:
        """Connect. Raises OutsideError."""

    async def publish(self, events: Sequence[StateEvent]) -> None:
        """Returns when all are safe outside. Raises OutsideError: the batch is given again. One that can never be taken is shortened or
        reported and skipped, so that it does not hold back the others."""

    async def close(self) -> None:
        """Disconnect; safe twice."""


class Publisher(Protocol):
    """Where `core.event.Publish`, `onbeat publish` and `POST /events` put an event: the bus, whichever it is."""

    embedded: bool

    async def publish(self, record: Record) -> None:
        """Returns when it is safe on the bus. Raises OutsideError. On the embedded bus a task returns the record in its Outcome instead."""

    async def close(self) -> None:
        """Disconnect; safe twice, and when nothing was published."""
