"""The producer is replaced after any failure, waits are bounded, and what was given up is not sent later."""

import asyncio
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient

from onbeat.errors import OutsideError
from onbeat.plugins.kafka import KafkaSink, producer
from tests.plugins.kafka.broker import events, make_topic, read
from tests.plugins.source_suite import FakeLog
from tests.services.kafka import Kafka
from tests.services.ports import free_port


async def test_a_topic_that_is_missing_is_made(kafka, kafka_topic):
    """The first start needs no administrator."""
    topic = f"{await kafka_topic()}-made"
    sink = KafkaSink({"kafka_bootstrap_servers": kafka.bootstrap}, FakeLog())
    await sink.publish(events(topic, "a"))
    await sink.close()
    assert len(await read(kafka.bootstrap, topic, 1)) == 1


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
    sink = KafkaSink({"kafka_bootstrap_servers": own_kafka.bootstrap}, FakeLog(), delivery=5)
    await sink.publish(events("t", "a"))
    own_kafka.kill()
    with pytest.raises(OutsideError):
        await sink.publish(events("t", "b"))
    await sink.close()
    await sink.close()
