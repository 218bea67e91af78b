"""The mosquitto of the tests is a real one: it keeps sessions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.services import mosquitto as service
from tests.services.process import ServiceFailed

QOS = 1
BOTH = pytest.mark.parametrize("version", [aiomqtt.ProtocolVersion.V311, aiomqtt.ProtocolVersion.V5], ids=["3.1.1", "5"])


@asynccontextmanager
async def session(broker: service.Mosquitto, version: aiomqtt.ProtocolVersion) -> AsyncIterator[aiomqtt.Client]:
    """A client that comes back to the same session."""
    keeps = {"clean_session": False} if version is aiomqtt.ProtocolVersion.V311 else {"clean_start": False, "properties": expiry()}
    async with aiomqtt.Client(broker.host, broker.port, identifier="keeper", protocol=version, **keeps) as client:
        yield client


def expiry() -> Properties:
    """MQTT 5 keeps a session only when its client says how long."""
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    return properties


async def publish(broker: service.Mosquitto, *payloads: bytes) -> None:
    """Send each payload and wait for its acknowledgement."""
    async with aiomqtt.Client(broker.host, broker.port) as client:
        for payload in payloads:
            await client.publish("orders", payload, qos=QOS)


async def receive(client: aiomqtt.Client, count: int) -> list[bytes]:
    """The next payloads."""
    messages = aiter(client.messages)
    return [(await anext(messages)).payload for _ in range(count)]


@BOTH
async def test_a_session_keeps_what_came_while_its_client_was_away(own_mosquitto, version):
    """QoS 1 and a persistent session: nothing is lost between two connections, over a restart of the broker."""
    async with session(own_mosquitto, version) as client:
        await client.subscribe("orders", qos=QOS)
    await publish(own_mosquitto, b"one", b"two")
    own_mosquitto.restart()
    async with session(own_mosquitto, version) as client, asyncio.timeout(20):
        assert await receive(client, 2) == [b"one", b"two"]


async def test_what_was_saved_survives_a_kill(own_mosquitto):
    """Rule 3: after save, SIGKILL loses nothing."""
    version = aiomqtt.ProtocolVersion.V311
    async with session(own_mosquitto, version) as client:
        await client.subscribe("orders", qos=QOS)
    await publish(own_mosquitto, b"one")
    own_mosquitto.save()
    own_mosquitto.kill()
    own_mosquitto.start()
    async with session(own_mosquitto, version) as client, asyncio.timeout(20):
        assert await receive(client, 1) == [b"one"]


async def test_the_queue_of_a_session_has_no_limit(mosquitto):
    """Rule 1: 1,500 messages wait for an absent client; mosquitto's own default drops all beyond 1,000."""
    version, count = aiomqtt.ProtocolVersion.V311, 1500
    async with session(mosquitto, version) as client:
        await client.subscribe("orders", qos=QOS)
    await publish(mosquitto, *(b"%d" % number for number in range(count)))
    async with session(mosquitto, version) as client, asyncio.timeout(60):
        assert await receive(client, count) == [b"%d" % number for number in range(count)]


def test_close_throws_the_data_away():
    """Nothing of a broker is left."""
    with service.Mosquitto() as broker:
        assert broker.data.exists()
    assert not broker.data.exists()
    assert not service.is_open(broker.port)


def test_a_missing_mosquitto_is_an_error_with_its_cure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Rule 4: the failure says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(service, "MORE_PLACES", ())
    with pytest.raises(ServiceFailed, match=r"apt-get install -y mosquitto"):
        service.find_mosquitto()
