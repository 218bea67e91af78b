"""What tests do to a broker from outside, as other programs would."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError
from aiokafka.structs import TopicPartition

from onbeat.plugins.kafka import RealtimeTrigger
from onbeat.plugins.kafka.cluster import Cluster
from onbeat.ports import StateEvent
from tests.plugins.source_suite import FakeEmitter


@asynccontextmanager
async def producing(bootstrap: str, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that is sure of what it sent."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, **options) as producer:
        yield producer


@asynccontextmanager
async def administering(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Makes and deletes topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def send(bootstrap: str, topic: str, *values: Any, partition: int | None = None, **options: Any) -> None:
    """Send values in this order; what is not bytes is sent as JSON."""
    async with producing(bootstrap) as producer:
        for value in values:
            content = value if isinstance(value, bytes) or value is None else json.dumps(value).encode()
            await producer.send_and_wait(topic, content, partition=partition, **options)


async def make_topic(bootstrap: str, topic: str, partitions: int = 1, **settings: str) -> None:
    """Make a topic; a client that waits for it may have been faster."""
    async with Cluster({"bootstrap_servers": bootstrap}) as cluster, administering(bootstrap) as admin:
        answer = await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=settings)])
        assert answer.topic_errors[0][1] in (0, TopicAlreadyExistsError.errno)
        while topic not in (await cluster.metadata([topic])).topics:
            pass


async def delete_topic(bootstrap: str, topic: str) -> None:
    """Delete a topic, and return when it is gone: there is none of its name, or another."""
    async with Cluster({"bootstrap_servers": bootstrap}) as cluster, administering(bootstrap) as admin:
        before = (await cluster.metadata([topic])).topics[topic]
        await admin.delete_topics([topic])
        while (await cluster.metadata([topic])).topics.get(topic) == before:
            pass


async def commit(bootstrap: str, group: str, offsets: dict[TopicPartition, int], instance: str | None = None) -> None:
    """Commit offsets as another member of the group would; instance: in the place of that member."""
    topics = {place.topic for place in offsets}
    options = {"group_id": group, "group_instance_id": instance, "enable_auto_commit": False}
    async with AIOKafkaConsumer(*topics, bootstrap_servers=bootstrap, **options) as consumer:
        await consumer.commit(offsets)


async def read(bootstrap: str, topic: str, count: int) -> Sequence[ConsumerRecord]:
    """The first `count` records of a topic, of all partitions."""
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    ) as consumer:
        return [await consumer.getone() for _ in range(count)]


def listening(*topics: str, **options: Any) -> RealtimeTrigger:
    """A trigger on these topics that reads JSON."""
    return RealtimeTrigger.model_validate({"topic": topics, "valueDeserializer": "JSON", **options})


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


def values(emitter: FakeEmitter) -> list[Any]:
    """The payloads that started something, in order."""
    return [one.event.data for one in emitter.started if one.event is not None]


async def until_values(emitter: FakeEmitter, *expected: Any) -> None:
    """Until exactly these have started, in this order."""
    await emitter.until(lambda: len(values(emitter)) >= len(expected))
    assert values(emitter) == list(expected)
