"""State events and events of the bus reach Kafka in order, whole, and whatever happens in between."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from onbeat.errors import OutsideError, UserError
from onbeat.plugins.kafka import EventTrigger, KafkaPublisher, KafkaSink
from onbeat.plugins.kafka.outgoing import binary_headers, without_outputs
from onbeat.ports import Publisher, Record, Sink, StateEvent
from tests.plugins.kafka.broker import events, read
from tests.plugins.source_suite import FakeEmitter, FakeLog, FakeStore, listen, running


@pytest.fixture
async def sink(kafka) -> AsyncIterator[KafkaSink]:
    """A sink at the shared broker."""
    sink = KafkaSink({"kafka_bootstrap_servers": kafka.bootstrap}, FakeLog())
    yield sink
    await sink.close()


async def test_events_arrive_by_execution_with_their_content_type(kafka, kafka_topic, sink):
    """Kafka's key is the execution, the value the event as it is, and its header says that it is a CloudEvent."""
    topic = await kafka_topic(partitions=3)
    await sink.open()
    sent = events(topic, "a", "b", "a", "c", "b", "a")
    await sink.publish(sent)
    records = await read(kafka.bootstrap, topic, len(sent))
    assert sorted((r.key.decode(), r.value) for r in records) == sorted((e.key, e.body) for e in sent)
    assert records[0].headers == (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
    for key in "abc":
        mine = [r for r in records if r.key == key.encode()]
        assert [json.loads(r.value)["data"]["n"] for r in mine] == list(range(1, len(mine) + 1))
        assert len({r.partition for r in mine}) == 1


async def test_many_events_go_in_several_batches_and_keep_their_order(kafka, kafka_topic, sink):
    """Rule 1: more than one batch holds, confirmed one after the other."""
    topic = await kafka_topic(partitions=2)
    await sink.publish(events(topic, *(f"k{number % 7}" for number in range(700)), size=2000))
    records = await read(kafka.bootstrap, topic, 700)
    for key in range(7):
        assert [json.loads(r.value)["data"]["n"] for r in records if r.key == f"k{key}".encode()] == list(range(1, 101))


async def test_an_event_that_is_too_large_goes_without_its_outputs(kafka, kafka_topic, sink):
    """Rule 2: it says that it was shortened; the ones beside it are whole."""
    topic = await kafka_topic()
    await sink.publish([*events(topic, "a"), *events(topic, "big", size=1_100_000), *events(topic, "b")])
    bodies = [json.loads(record.value) for record in await read(kafka.bootstrap, topic, 3)]
    assert [body["data"] for body in bodies] == [{"n": 1}, {"n": 1, "truncated": True}, {"n": 1}]


async def test_a_broker_that_takes_less_than_we_thought_gets_it_shortened_too(kafka, kafka_topic, sink):
    """Rule 2: the topic's own limit is found out by asking; order is kept through it and what has no outputs to drop is skipped."""
    topic = await kafka_topic(**{"max.message.bytes": "5000"})
    huge = StateEvent(topic=topic, key="a", id="huge", body=json.dumps({"data": {"rest": "x" * 6000}}).encode())
    first, second, third = events(topic, "a", "a", "a", size=2500)
    await sink.publish([first, *events(topic, "a", size=7000), huge, second, third])
    bodies = [json.loads(record.value)["data"] for record in await read(kafka.bootstrap, topic, 4)]
    assert [(body["n"], "truncated" in body) for body in bodies] == [(1, False), (1, True), (2, False), (3, False)]
    assert any("skipped a state event that is too large" in line and "event=huge" in line for line in sink._log.lines)


def test_without_outputs_needs_outputs():
    """An event that has none cannot be shortened."""
    assert without_outputs(b'{"data": {"outputs": {}, "a": 1}}') == b'{"data":{"a":1,"truncated":true}}'
    assert without_outputs(b'{"data": {"a": 1}}') is None
    assert without_outputs(b"{}") is None


async def test_after_a_failure_in_a_lane_nothing_later_of_it_is_sent(kafka, kafka_topic, sink, monkeypatch):
    """Rule 1: the first batch fails, so the second of the same partition stays; the first occurrences are in order in the end."""
    topic = await kafka_topic()
    await sink.open()
    original, calls = AIOKafkaProducer.send_batch, []

    async def fail_once(self: AIOKafkaProducer, batch: Any, name: str, *, partition: int) -> Any:
        calls.append(batch.record_count())
        if len(calls) == 1:
            raise KafkaError("no")
        return await original(self, batch, name, partition=partition)

    monkeypatch.setattr(AIOKafkaProducer, "send_batch", fail_once)
    sent = events(topic, *(["a"] * 400), size=2000)
    with pytest.raises(OutsideError):
        await sink.publish(sent)
    assert len(calls) == 1
    await sink.publish(sent)
    assert [json.loads(r.value)["data"]["n"] for r in await read(kafka.bootstrap, topic, 400)] == list(range(1, 401))


RECORD = Record(
    topic="orders",
    id="e-1",
    data={"total": 12, "name": "Ærø"},
    time=1_000_000,
    key="customer",
    source="/shop",
    type="shop.order",
    headers={"tenant": "acme", "ce_id": "forged", "Content-Type": "text/plain"},
    hops=3,
    correlation_id="c",
    causation_id="k",
    traceparent="00-aa-bb-01",
)


def test_own_headers_cannot_pass_for_attributes():
    """Rule 4: a header named like an attribute is left out."""
    headers = dict(binary_headers(RECORD))
    assert headers["ce_id"] == b"e-1"
    assert headers["content-type"] == b"application/json"
    assert headers["tenant"] == b"acme"
    assert "Content-Type" not in headers


async def test_what_the_publisher_puts_on_the_bus_the_trigger_reads(kafka, kafka_topic):
    """Rule 4: there and back, nothing is lost: identity, data, time, key, headers, hops and correlation."""
    topic = await kafka_topic()
    settings = {"kafka_bootstrap_servers": kafka.bootstrap, "kafka_group": topic}
    publisher, emitter = KafkaPublisher(settings), FakeEmitter(FakeStore())
    async with running(emitter, listen(EventTrigger(topic=topic)), settings):
        await asyncio.gather(*(publisher.publish(msgspec_replace(RECORD, topic, f"e-{number}")) for number in range(50)))
        await emitter.until(lambda: len(emitter.started) == 50)
    await publisher.close()
    event = next(one.event for one in emitter.started if one.event and one.event.id == "e-1")
    assert event.variables == {
        "id": "e-1",
        "topic": topic,
        "key": "customer",
        "data": {"total": 12, "name": "Ærø"},
        "time": "1970-01-01T00:00:01.000000Z",
        "headers": {"tenant": "acme"},
    }
    assert (event.source, event.type, event.hops) == ("/shop", "shop.order", 3)
    assert (event.correlation_id, event.causation_id, event.traceparent) == ("c", "k", "00-aa-bb-01")


def msgspec_replace(record: Record, topic: str, id_: str) -> Record:
    """The record on another topic with another id."""
    return Record(**{**{name: getattr(record, name) for name in record.__struct_fields__}, "topic": topic, "id": id_})


async def test_an_event_that_is_too_large_for_the_bus_is_the_user_s_to_change(kafka, kafka_topic):
    """It would never get through, so it is not tried again; the next one goes."""
    topic = await kafka_topic()
    publisher = KafkaPublisher({"kafka_bootstrap_servers": kafka.bootstrap})
    with pytest.raises(UserError, match="too large for Kafka's topic"):
        await publisher.publish(Record(topic=topic, id="1", data="x" * 1_100_000, time=0))
    await publisher.publish(Record(topic=topic, id="2", data=None, time=0))
    await publisher.close()
    assert [record.value for record in await read(kafka.bootstrap, topic, 1)] == [b"null"]


def test_they_are_what_the_ports_say():
    """The engine sees a Sink and a Publisher; constructing connects nothing."""
    settings = {"kafka_bootstrap_servers": "127.0.0.1:1"}
    sink: Sink = KafkaSink(settings, FakeLog())
    publisher: Publisher = KafkaPublisher(settings)
    assert isinstance(sink, Sink)
    assert not publisher.embedded
