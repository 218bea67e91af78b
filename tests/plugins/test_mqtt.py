"""MQTT as a source, a sink and a task, against the real mosquitto, in both versions of the protocol."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aiomqtt
import pytest

from onbeat.plugins.mqtt import RealtimeTrigger
from onbeat.ports import Received
from tests.plugins.source_suite import Bench, Features, SourceSuite
from tests.services.mosquitto import Mosquitto


@pytest.fixture(scope="module")
def broker() -> Iterator[Mosquitto]:
    """A broker for this module alone: its tests restart it."""
    with Mosquitto() as broker:
        yield broker


@asynccontextmanager
async def outside(broker: Mosquitto, **options: object) -> AsyncIterator[aiomqtt.Client]:
    """A client that is not ours."""
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5, **options) as client:
        yield client


class MqttBench(Bench):
    """A topic of its own."""

    features = Features()

    def __init__(self, broker: Mosquitto, version: str) -> None:
        self.broker, self.version, self.topic = broker, version, f"suite/{uuid4().hex}"
        self.client = uuid4().hex
        self.settings = {"mqtt_url": broker.url}

    def options(self) -> RealtimeTrigger:
        return RealtimeTrigger(topic=self.topic, mqtt_version=self.version, client_id=self.client)

    async def send(self, *texts: str) -> None:
        async with outside(self.broker) as client:
            for text in texts:
                await client.publish(self.topic, json.dumps({"n": text}), qos=1)

    async def send_undecodable(self) -> bytes:
        async with outside(self.broker) as client:
            await client.publish(self.topic, b'{"n": ', qos=1)
        return b'{"n": '

    async def restart_broker(self) -> None:
        self.broker.restart()

    def text(self, received: Received) -> str:
        assert received.event is not None
        return received.event.data["n"]


@pytest.mark.mqtt
class TestMqttSource(SourceSuite):
    """The universal behaviours of a source."""

    @pytest.fixture(params=["V3", "V5"])
    def bench(self, request: pytest.FixtureRequest, broker: Mosquitto) -> MqttBench:
        return MqttBench(broker, request.param)
