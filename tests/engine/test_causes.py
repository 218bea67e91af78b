"""Causes: a loop of flows ends after sixteen hops, on any bus."""

from pathlib import Path

import pytest

from onbeat.core.event import MAX_HOPS
from onbeat.core.execution import Head
from onbeat.daemon import assemble
from onbeat.engine.causes import CausedPublisher, caused
from onbeat.engine.node import Node
from onbeat.errors import UserError
from onbeat.ports import Publisher, Received, Record
from onbeat.stores.memory import MemoryStore
from onbeat.testing import settle
from tests.engine.harness import node_with

HEAD = Head(id="e", namespace="t", flow="f", revision=1, created=0, correlation_id="c", hops=3, traceparent="tp")
RECORD = Record(topic="x", id="1", data={"a": 1}, time=1, key="k", headers={"h": "v"})
LOOP = """
id: loop
namespace: t
triggers: [{id: on, type: core.trigger.Event, topic: round}]
tasks: [{id: again, type: core.event.Publish, topic: round, data: "{{ trigger.data }}"}]
"""


class OutsideBus(Publisher):
    """A bus beyond this process: what is published comes back through a source, as a broker would send it."""

    embedded = False

    def __init__(self) -> None:
        self.sent: list[Record] = []

    async def publish(self, record: Record) -> None:
        self.sent.append(record)

    async def close(self) -> None: ...


def test_what_stands_behind_an_event_is_added() -> None:
    """One hop more, the execution as its cause, the correlation handed on; all else stays, and what the task said goes before."""
    found = caused(RECORD, HEAD)
    assert (found.hops, found.correlation_id, found.causation_id, found.traceparent) == (4, "c", "e", "tp")
    assert (found.topic, found.id, found.data, found.key, found.headers) == ("x", "1", {"a": 1}, "k", {"h": "v"})
    own = caused(Record(topic="x", id="1", data=1, time=1, correlation_id="mine", causation_id="my cause"), HEAD)
    assert (own.correlation_id, own.causation_id) == ("mine", "my cause")


def test_data_that_is_no_json_is_refused() -> None:
    """Before it is written: the task fails, and not the transaction that ends it."""
    with pytest.raises(UserError):
        caused(Record(topic="x", id="1", data=float("nan"), time=1), HEAD)


async def test_closing_leaves_the_daemons_publisher_open() -> None:
    """It is lent to an attempt; only the daemon closes it."""
    bus = OutsideBus()
    lent = CausedPublisher(bus, HEAD)
    await lent.close()
    await lent.publish(RECORD)
    assert not lent.embedded
    assert bus.sent[0].hops == 4


async def test_a_loop_over_an_outside_bus_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that publishes what starts it, over a bus that is not ours: every round has one hop more, the last is a dead event."""
    bus = OutsideBus()
    monkeypatch.setattr(assemble, "_publisher", lambda settings, store: bus)
    async with node_with(MemoryStore(), {"loop.yaml": LOOP}, tmp_path) as node:
        await node.publish("round", {"n": 1})
        rounds = 0
        while len(bus.sent) > rounds:
            await give(node, bus.sent[rounds], rounds)
            rounds += 1
            await settle()
        assert rounds == MAX_HOPS + 2
        assert [record.hops for record in bus.sent] == list(range(MAX_HOPS + 2))
        assert len({record.correlation_id for record in bus.sent[1:]}) == 1
        (dead,) = await node.queries.dead_events()
        assert "loop" in dead.reason
        assert await node.queries.count() == MAX_HOPS + 1


async def give(node: Node, record: Record, number: int) -> None:
    """What a broker delivers."""
    (subscription,) = node.intake.subscriptions()
    event = record.as_event()
    await node.intake.emit(subscription, [Received(event=event, key=f"{number}")])
