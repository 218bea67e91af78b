"""What the tests of subscriptions share."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest

from onbeat.plugins.mqtt import RealtimeTrigger
from onbeat.ports import LedgerRow, Position, Received, Started, Work
from tests.plugins.source_suite import FakeEmitter, FakeStore
from tests.services.mosquitto import Mosquitto
from tests.services.proxy import Proxy

VERSIONS = pytest.mark.parametrize("version", ["V3", "V5"])


def name() -> str:
    """A topic or client id of this test alone."""
    return f"t{uuid4().hex}"


def trigger(broker: Mosquitto | Proxy, topic: Any, **options: Any) -> RealtimeTrigger:
    """Reads text."""
    return RealtimeTrigger(
        server=f"127.0.0.1:{broker.port}", topic=topic, **{"serde_type": "STRING", "client_id": f"client of {topic}", **options}
    )


def texts(received: Sequence[Received]) -> list[Any]:
    """The payloads of the events."""
    return [one.event.variables["payload"] for one in received if one.event is not None]


class Between(FakeEmitter):
    """Does something after the write, before the source hears of it."""

    def __init__(self, store: FakeStore, then: Callable[[], None]) -> None:
        super().__init__(store)
        self.then: Callable[[], None] | None = then

    async def __call__(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        answers = await super().__call__(received, positions=positions, ledger=ledger)
        then, self.then = self.then, None
        if then is not None:
            then()
        return answers


class WatchedStore(FakeStore):
    """Says when its ledgers change."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Condition()

    async def write(self, work: Work) -> None:
        await super().write(work)
        async with self.changed:
            self.changed.notify_all()

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait for a state of it."""
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(what)
