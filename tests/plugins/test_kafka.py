"""Kafka as a source, against the real broker."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from onbeat.plugins.kafka import RealtimeTrigger
from onbeat.ports import Received
from tests.plugins.source_suite import Bench, Features, SourceSuite
from tests.services.kafka import Kafka


@asynccontextmanager
async def producing(bootstrap: str, **options: object) -> AsyncIterator[AIOKafkaProducer]:
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


class KafkaBench(Bench):
    """A topic of its own with one partition."""

    features = Features(positions=True)

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self.kafka, self.topic = kafka, topic
        self.settings = {"kafka_bootstrap_servers": kafka.bootstrap, "kafka_group": topic}

    def options(self) -> RealtimeTrigger:
        return RealtimeTrigger(topic=self.topic, value_deserializer="JSON")

    async def send(self, *texts: str) -> None:
        async with producing(self.kafka.bootstrap) as producer:
            for text in texts:
                await producer.send_and_wait(self.topic, json.dumps({"n": text}).encode())

    async def send_undecodable(self) -> bytes:
        async with producing(self.kafka.bootstrap) as producer:
            await producer.send_and_wait(self.topic, b'{"n": ')
        return b'{"n": '

    async def restart_broker(self) -> None:
        self.kafka.restart()

    def text(self, received: Received) -> str:
        assert received.event is not None
        return received.event.data["n"]


@pytest.fixture(scope="module")
def broker() -> Iterator[Kafka]:
    """A broker for this module alone: its tests restart it."""
    with Kafka() as broker:
        yield broker


class TestKafkaSource(SourceSuite):
    """The universal behaviours of a source."""

    @pytest.fixture
    async def bench(self, broker: Kafka) -> KafkaBench:
        topic = f"suite-{uuid4().hex}"
        async with administering(broker.bootstrap) as admin:
            await admin.create_topics([NewTopic(topic, 1, 1)])
        return KafkaBench(broker, topic)
