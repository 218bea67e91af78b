"""One connection to a real broker: nothing dropped, nothing acknowledged by itself, nothing left behind."""

import asyncio
import gc
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from onbeat.errors import OutsideError
from onbeat.plugins.mqtt.address import Address, Version
from onbeat.plugins.mqtt.connection import Arrived, Connection, NeverTaken, TakenOver, publish_properties
from tests.plugins.mqtt.outside import CONNACK, fake_broker, send, send_many
from tests.services.mosquitto import Mosquitto
from tests.services.proxy import Proxy

DAY = timedelta(days=1)
VERSIONS = pytest.mark.parametrize("version", ["V3", "V5"])


def name() -> str:
    """A topic or client id of this test alone."""
    return f"t{uuid4().hex}"


@asynccontextmanager
async def connected(
    port: int, client_id: str = "", topic: str | None = None, version: Version = "V5", timeout: float = 10, **options: Any
) -> AsyncIterator[Connection]:
    """A connection with a session when it has a client id."""
    link = Connection(
        Address(host="127.0.0.1", port=port, timeout=timeout),
        version=version,
        client_id=client_id,
        session=DAY if client_id else None,
        **options,
    )
    try:
        await link.open()
        if topic is not None:
            assert await link.subscribe(topic, qos=1, retained=1, identifier=7) is None
        yield link
    finally:
        await link.close()


async def take(link: Connection, count: int) -> list[Arrived]:
    """So many messages."""
    taken: list[Arrived] = []
    async with asyncio.timeout(30):
        while len(taken) < count:
            taken += await link.take(count - len(taken))
    return taken


@contextmanager
def nothing_left() -> Iterator[None]:
    """No task and no open socket stays behind."""
    before = asyncio.all_tasks()
    yield
    gc.collect()  # an unclosed socket is a ResourceWarning, and that an error
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    assert not {task for task in left if "onbeat/" in repr(task) or "aiomqtt/" in repr(task)}


@VERSIONS
async def test_only_what_is_acknowledged_does_not_come_again(mosquitto: Mosquitto, version: Version) -> None:
    """Two of five are acknowledged; the other three come again, marked as redelivered, in order."""
    client, topic = name(), name()
    async with connected(mosquitto.port, client, topic, version) as link:
        await send(mosquitto, topic, *"abcde")
        first = await take(link, 5)
        assert [message.dup for message in first] == [False] * 5
        for message in first[:2]:
            link.ack(message)
    async with connected(mosquitto.port, client, version=version) as link:
        again = await take(link, 3)
        assert [(message.payload, message.dup) for message in again] == [(b"c", True), (b"d", True), (b"e", True)]


@VERSIONS
async def test_the_broker_says_whether_it_kept_the_session(mosquitto: Mosquitto, version: Version) -> None:
    """False the first time, true afterwards."""
    link = Connection(Address(host=mosquitto.host, port=mosquitto.port), version=version, client_id=name(), session=DAY)
    again = Connection(link.address, version=version, client_id=link.client_id, session=DAY)
    try:
        assert not await link.open()
        await link.close()
        assert await again.open()
    finally:
        await link.close()
        await again.close()


async def test_the_broker_sends_no_more_than_the_window_ahead(mosquitto: Mosquitto) -> None:
    """MQTT 5's receive maximum: what is not acknowledged holds the rest back."""
    client, topic = name(), name()
    async with connected(mosquitto.port, client, topic, room=5) as link:
        await send_many(mosquitto, topic, map(str, range(20)))
        taken = await take(link, 5)
        assert await link.take(10, 0.2) == []
        for message in taken:
            link.ack(message)
        assert [message.payload for message in await take(link, 5)] == [b"5", b"6", b"7", b"8", b"9"]


async def test_more_than_the_room_waits_at_the_broker(mosquitto: Mosquitto) -> None:
    """QoS 0 knows no window: we stop reading instead, and go on when there is room. The queue here is bounded."""
    topic = name()
    async with connected(mosquitto.port, topic=topic, room=10) as link:
        await send_many(mosquitto, topic, map(str, range(500)), qos=0)
        seen = 0
        last = b""
        async with asyncio.timeout(30):
            while last != b"last":
                assert len(link._waiting) <= 20
                for message in await link.take(3):
                    seen, last = seen + 1, message.payload
        assert seen > 20


async def test_an_answer_behind_many_messages_comes_while_they_are_taken(mosquitto: Mosquitto) -> None:
    """After a crash Mosquitto 2.0 resends more than the window, and answers a subscription behind it: no time-out ends that."""
    topic = name()
    async with connected(mosquitto.port, topic=topic, room=5, timeout=0.2) as link:
        await send_many(mosquitto, topic, map(str, range(200)), qos=0)
        async with asyncio.timeout(30):
            while not link._paused:
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(link.subscribe(name(), qos=1, retained=1, identifier=8))
            while not asking.done():
                await link.take(1, 0.1)
        assert asking.result() is None


async def test_a_connection_that_is_given_up_gives_what_has_come(mosquitto: Mosquitto) -> None:
    """Then the error, and only the first."""
    topic = name()
    async with connected(mosquitto.port, topic=topic) as link:
        await send(mosquitto, topic, "a", "b")
        first = await take(link, 1)
        link.give_up(OutsideError("enough"))
        link.give_up(OutsideError("more than enough"))
        assert first[0].payload == b"a"
        with pytest.raises(OutsideError, match=r"^enough$"):
            await take(link, 3)


async def test_what_has_arrived_is_given_before_the_loss_is_told(mosquitto: Mosquitto) -> None:
    """A cut connection takes nothing away that was here already."""
    topic = name()
    async with Proxy(mosquitto.host, mosquitto.port) as proxy, connected(proxy.port, name(), topic) as link:
        await send(mosquitto, topic, "a", "b")
        first = await take(link, 1)
        async with asyncio.timeout(30):
            while not link._waiting:
                await link._stirred.wait()
        proxy.cut()
        async with asyncio.timeout(30):
            while link.lost is None:
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        assert [message.payload for message in [*first, *await link.take(10)]] == [b"a", b"b"]
        link.ack(first[0])
        with pytest.raises(OutsideError, match="connection lost"):
            await link.take(10)


async def test_a_client_that_takes_over_our_id_is_told_apart() -> None:
    """MQTT 5 may say why it disconnects; the message says what to do."""
    taken_over = b"\xe0\x02\x8e\x00"
    async with fake_broker(CONNACK + taken_over) as port, connected(port, "twice") as link:
        with pytest.raises(TakenOver, match=r"`twice`.*give each node its own"):
            await take(link, 1)


@pytest.mark.parametrize(
    ("code", "error"), [(0x10, None), (0x87, OutsideError), (0x97, OutsideError), (0x90, NeverTaken), (0x99, NeverTaken)]
)
async def test_the_reason_in_an_acknowledgement_is_read(code: int, error: type[OutsideError] | None) -> None:
    """Nobody listens: sent. Not now: again later. Never: never again."""
    async with fake_broker(CONNACK, b"\x40\x03\x00\x01" + bytes([code])) as port, connected(port) as link:
        sending = await link.send("a", b"a", qos=1, retain=False, properties=None)
        if error is None:
            await sending
        else:
            with pytest.raises(OutsideError) as refused:
                await sending
            assert type(refused.value) is error


async def test_a_lesser_subscription_is_a_complaint() -> None:
    """The broker's answer to a subscription is read: less than asked for is said."""
    with Mosquitto(settings=["max_qos 0"]) as broker:
        async with connected(broker.port, name()) as link:
            complaint = await link.subscribe("open/a", qos=1, retained=1, identifier=1)
    assert complaint is not None
    assert not complaint.refused
    assert "QoS 0 only" in complaint.text


async def test_a_refused_subscription_is_a_complaint() -> None:
    """A silent refusal would be a trigger that never fires."""
    async with fake_broker(CONNACK, b"\x90\x04\x00\x01\x00\x87") as port, connected(port) as link:
        complaint = await link.subscribe("closed/a", qos=1, retained=1, identifier=1)
    assert complaint is not None
    assert complaint.refused
    assert complaint.text == "the broker refuses the subscription to `closed/a`: Not authorized"


async def test_nobody_there_is_an_outside_error(mosquitto: Mosquitto) -> None:
    """With the broker's address and no trace of a socket."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        link = Connection(Address(host="127.0.0.1", port=taken.getsockname()[1]))
        with nothing_left():
            with pytest.raises(OutsideError, match=r"127\.0\.0\.1:\d+"):
                await link.open()
            await link.close()


@VERSIONS
async def test_a_connection_closed_in_place_of_an_answer_is_told_at_once(mosquitto: Mosquitto, version: Version) -> None:
    """Not after the time-out."""
    async with Proxy(mosquitto.host, mosquitto.port) as proxy:
        proxy.refuse = True
        link = Connection(Address(host="127.0.0.1", port=proxy.port, timeout=300), version=version)
        with nothing_left(), pytest.raises(OutsideError):
            async with asyncio.timeout(30):
                await link.open()


@VERSIONS
async def test_a_broker_that_never_answers_is_given_up(version: Version) -> None:
    """After the connection time-out, and the socket is closed."""
    async with fake_broker() as port:
        link = Connection(Address(host="127.0.0.1", port=port, timeout=0.2), version=version)
        with nothing_left(), pytest.raises(OutsideError, match="timed out"):
            await link.open()


async def test_a_cancel_while_connecting_leaves_nothing_behind() -> None:
    """aiomqtt connects in a thread that goes on: we wait for it and close what it has opened."""
    async with fake_broker() as port:
        link = Connection(Address(host="127.0.0.1", port=port, timeout=300))
        with nothing_left():
            async with asyncio.TaskGroup() as group:
                opening = group.create_task(link.open())
                async with asyncio.timeout(30):
                    while link._client is None or link._client.paho.socket() is None:
                        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
                opening.cancel()
        assert opening.cancelled()


async def test_a_wrong_password_is_an_outside_error_without_the_password(tmp_path: Any) -> None:
    """What the broker says, and nothing that must not be read."""
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    with Mosquitto(settings=[f"password_file {passwords}", "allow_anonymous false"]) as broker:
        link = Connection(Address(host=broker.host, port=broker.port, username="u", password="geheim"))
        with nothing_left(), pytest.raises(OutsideError, match=r"[Nn]ot authori") as refused:
            await link.open()
    assert "geheim" not in str(refused.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "certificate.pem", folder / "key.pem"
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-out", str(paths[0]), "-keyout", str(paths[1])]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", *name, *files]
    subprocess.run(command, check=True, capture_output=True)
    return paths


@VERSIONS
async def test_tls_carries_a_flood(certificate: tuple[Path, Path], version: Version) -> None:
    """TLS holds bytes that the socket does not show: they are read, also after a pause."""
    topic, (public, private) = name(), certificate
    with Mosquitto(settings=[f"certfile {public}", f"keyfile {private}"]) as broker:
        address = Address(host=broker.host, port=broker.port, tls=True, ca=str(public))
        link = Connection(address, version=version, client_id=name(), session=DAY, room=10)
        sender = Connection(address)
        try:
            await link.open()
            await sender.open()
            assert await link.subscribe(topic, qos=1, retained=1, identifier=1) is None
            async with asyncio.TaskGroup() as group:
                group.create_task(publish_all(sender, topic, 300))
                for number in range(300):
                    (message,) = await take(link, 1)
                    assert message.payload == str(number).encode()
                    link.ack(message)
        finally:
            await link.close()
            await sender.close()


async def publish_all(link: Connection, topic: str, count: int) -> None:
    """Numbered messages, each taken by the broker."""
    for sending in [await link.send(topic, str(number).encode(), qos=1, retain=False) for number in range(count)]:
        await sending


async def test_a_certificate_that_is_not_known_is_refused(certificate: tuple[Path, Path]) -> None:
    """Nothing is sent to a broker that cannot show who it is."""
    public, private = certificate
    with Mosquitto(settings=[f"certfile {public}", f"keyfile {private}"]) as broker:
        link = Connection(Address(host=broker.host, port=broker.port, tls=True))
        with nothing_left(), pytest.raises(OutsideError, match="CERTIFICATE_VERIFY_FAILED"):
            await link.open()
        named = Connection(Address(host="localhost", port=broker.port, tls=True, ca=str(public)))
        with nothing_left(), pytest.raises(OutsideError, match="CERTIFICATE_VERIFY_FAILED"):
            await named.open()
        missing = Connection(Address(host="localhost", port=broker.port, tls=True, ca="/nowhere/ca.pem"))
        with nothing_left(), pytest.raises(OutsideError, match=r"/nowhere/ca\.pem"):
            await missing.open()
        lenient = Connection(Address(host="localhost", port=broker.port, tls=True, ca=str(public), check_hostname=False))
        await lenient.open()
        await lenient.close()


async def test_closing_is_safe_never_opened_and_twice(mosquitto: Mosquitto) -> None:
    """And afterwards there is nothing to be had."""
    link = Connection(Address(host=mosquitto.host, port=mosquitto.port))
    await link.close()
    await link.open()
    with nothing_left():
        await link.close()
        await link.close()
    with pytest.raises(OutsideError):
        await link.send("a", b"", qos=1, retain=False, properties=None)
    with pytest.raises(OutsideError):
        await link.take(1)


@VERSIONS
async def test_sent_means_acknowledged(mosquitto: Mosquitto, version: Version) -> None:
    """A message that the broker does not answer is not sent, and one whose connection is cut is an error."""
    topic = name()
    async with Proxy(mosquitto.host, mosquitto.port) as proxy, connected(proxy.port, version=version) as link:
        await (await link.send(topic, b"a", qos=1, retain=False, properties=publish_properties("text/plain", [])))
        proxy.half_open = True
        sending = await link.send(topic, b"b", qos=1, retain=False, properties=None)
        proxy.cut()
        with pytest.raises(OutsideError, match="connection lost"):
            await sending
        with pytest.raises(OutsideError, match="connection lost"):
            await link.send(topic, b"c", qos=1, retain=False, properties=None)


async def test_a_refusal_in_the_acknowledgement_is_an_error(tmp_path: Any) -> None:
    """aiomqtt takes every PUBACK for a yes; the reason code says otherwise."""
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite open/#\n")
    with Mosquitto(settings=[f"acl_file {rules}"]) as broker:
        async with connected(broker.port) as link:
            await (await link.send("open/a", b"a", qos=1, retain=False, properties=None))
            with pytest.raises(OutsideError, match="refuses the message: Not authorized"):
                await (await link.send("closed/a", b"a", qos=1, retain=False, properties=None))


async def test_a_packet_larger_than_the_broker_takes_is_not_sent() -> None:
    """It would close the connection, and again after every reconnect."""
    with Mosquitto(settings=["max_packet_size 2000"]) as broker:
        async with connected(broker.port) as link:
            with pytest.raises(NeverTaken, match="at most 2000 bytes"):
                await link.send("a", b"a" * 2000, qos=1, retain=False, properties=None)
            await (await link.send("a", b"a", qos=1, retain=False, properties=None))
