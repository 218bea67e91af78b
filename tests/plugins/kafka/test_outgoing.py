"""State events and events of the bus reach Kafka in order, whole, and whatever happens in between."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from onbeat.errors import OutsideError, UserError
from onbeat.plugins.kafka import EventTrigger, KafkaPublisher, KafkaSink, producer
from onbeat.plugins.kafka.outgoing import binary_headers, without_outputs
from onbeat.ports import Publisher, Record, Sink, StateEvent
from tests.plugins.kafka.broker import make_topic, read
from tests.plugins.source_suite import FakeEmitter, FakeLog, FakeStore, listen, running
from tests.services.kafka import Kafka
from tests.services.ports import free_port


def events(topic: str, *keys: str, size: int = 0) -> list[StateEvent]:
    """One state event for each key, numbered per key."""
    counts: dict[str, int] = {}
    made = []
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
        outputs = {"outputs": {"text": "x" * size}} if size else {}
        body = json.dumps({"id": f"{key}/{counts[key]}", "data": {"n": counts[key], **outputs}}).encode()
        made.append(StateEvent(topic=topic, key=key, id=f"{key}/{counts[key]}", body=body))
    return made


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


async def test_a_topic_that_is_missing_is_made(kafka, kafka_topic, sink):
    """The first start needs no administrator."""
    topic = f"{await kafka_topic()}-made"
    await sink.publish(events(topic, "a"))
    assert len(await read(kafka.bootstrap, topic, 1)) == 1


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


async def test_no_broker_is_an_outside_error_and_the_next_try_connects():
    """Rule 3: the relay gives the batch again; the sink finds the broker when it is there."""
    port = free_port()
    sink = KafkaSink({"kafka_bootstrap_servers": f"127.0.0.1:{port}"}, FakeLog())
    with pytest.raises(OutsideError, match=f"127.0.0.1:{port}"):
        await sink.open()
    with Kafka(port=port):
        await sink.open()
        await sink.publish(events("t", "a"))
        assert len(await read(f"127.0.0.1:{port}", "t", 1)) == 1
        await sink.close()
    await sink.close()


async def test_silence_is_an_outside_error_in_time_and_nothing_is_sent_later(kafka, kafka_topic, monkeypatch):
    """Rule 3: a broker that does not answer ends in an error; what comes then comes from the second try, once and in order."""
    topic = await kafka_topic()
    sink = KafkaSink({"kafka_bootstrap_servers": kafka.bootstrap}, FakeLog(), delivery=1.0)
    await sink.publish(events(topic, "a"))
    monkeypatch.setattr(producer, "CLOSE", 0.1)
    with monkeypatch.context() as patch:
        patch.setattr(AIOKafkaClient, "send", never)
        with pytest.raises(OutsideError, match="did not confirm within 1 s"):
            await sink.publish(events(topic, "b", "b"))
    sink._producing._delivery = 30.0
    await sink.publish(events(topic, "b", "b", "c"))
    await sink.close()
    assert [record.key for record in await read(kafka.bootstrap, topic, 4)] == [b"a", b"b", b"b", b"c"]


async def never(*_: Any, **__: Any) -> None:
    """No answer."""
    await asyncio.Event().wait()


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


async def test_a_broker_that_restarts_between_two_batches_is_waited_for(own_kafka):
    """The idempotent producer goes on by itself within its time."""
    await make_topic(own_kafka.bootstrap, "t")
    sink = KafkaSink({"kafka_bootstrap_servers": own_kafka.bootstrap}, FakeLog())
    await sink.publish(events("t", "a"))
    own_kafka.restart()
    await sink.publish(events("t", "b"))
    await sink.close()
    assert [record.key for record in await read(own_kafka.bootstrap, "t", 2)] == [b"a", b"b"]


async def test_closing_while_the_broker_is_gone_ends(own_kafka):
    """Shutting down never waits for a broker."""
    await make_topic(own_kafka.bootstrap, "t")
    sink = KafkaSink({"kafka_bootstrap_servers": own_kafka.bootstrap}, FakeLog(), delivery=0.5)
    await sink.publish(events("t", "a"))
    own_kafka.kill()
    with pytest.raises(OutsideError):
        await sink.publish(events("t", "b"))
    await sink.close()
    await sink.close()


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
