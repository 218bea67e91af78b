"""Kafka as a source, against the real broker."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from onbeat.plugins.kafka import RealtimeTrigger
from onbeat.ports import Received
from tests.plugins.kafka.broker import listening, make_topic, send
from tests.plugins.source_suite import Bench, Features, SourceSuite
from tests.services.kafka import Kafka


class KafkaBench(Bench):
    """A topic of its own with one partition."""

    features = Features(positions=True)

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self.kafka, self.topic = kafka, topic
        self.settings = {"kafka_bootstrap_servers": kafka.bootstrap, "kafka_group": topic}

    def options(self) -> RealtimeTrigger:
        return listening(self.topic)

    async def send(self, *texts: str) -> None:
        await send(self.kafka.bootstrap, self.topic, *({"n": text} for text in texts))

    async def send_undecodable(self) -> bytes:
        await send(self.kafka.bootstrap, self.topic, b'{"n": ')
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
        await make_topic(broker.bootstrap, topic)
        return KafkaBench(broker, topic)
