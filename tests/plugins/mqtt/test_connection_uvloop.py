"""A connection on uvloop, on which the daemon runs."""

import asyncio

import pytest
import uvloop

from onbeat.errors import OutsideError
from onbeat.plugins.mqtt.connection import Connection
from tests.plugins.mqtt.outside import send_many
from tests.plugins.mqtt.test_connection import connected, name, take
from tests.services.mosquitto import Mosquitto
from tests.services.proxy import Proxy


async def cut_until_lost(proxy: Proxy, link: Connection) -> None:
    """uvloop may let a write that is under way outlive a cut: cut again. Raises what the loss is."""
    while True:
        proxy.cut()
        await link.take(100, seconds=1)


def test_it_works_on_uvloop(mosquitto: Mosquitto) -> None:
    """aiomqtt uses add_reader and add_writer; the daemon runs on uvloop."""

    async def round_trip() -> None:
        client, topic = name(), name()
        async with connected(mosquitto.port, client, topic, room=5) as link:
            await send_many(mosquitto, topic, map(str, range(50)))
            for number in range(50):
                (message,) = await take(link, 1)
                assert message.payload == str(number).encode()
                link.ack(message)
            await (await link.send(topic, b"own", qos=1, retain=False, properties=None))
        async with Proxy(mosquitto.host, mosquitto.port) as proxy, connected(proxy.port, client) as link:
            with pytest.raises(OutsideError):
                await cut_until_lost(proxy, link)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(round_trip())
