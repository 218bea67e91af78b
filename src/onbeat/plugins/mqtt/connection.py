"""Hold one connection to a broker, with acknowledgements of our own and no loss in between.

Sources, sinks and tasks meet a broker here and nowhere else, so that what a lost connection means is decided once.

Rules
1. A message is acknowledged by `ack` alone, in the order of the calls.
2. No message is dropped. When more wait than `room`, we stop reading the socket: the broker keeps the rest.
3. What has arrived before the connection was lost is still given, then OutsideError.
4. A connection that is given up, also in the middle of connecting, leaves no socket and no task behind.
5. `send` is done when the broker has taken the message; a refusal in the PUBACK is an error.

Called by: subscription and publish.
"""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from onbeat.errors import OutsideError
from onbeat.plugins.mqtt import topic as topics
from onbeat.plugins.mqtt.address import Address, Version
from onbeat.plugins.mqtt.client import Client, new_properties

_IN_FLIGHT = 20
"""How many messages we send ahead of the broker's answers, at most: paho's own limit."""
_TAKEN_OVER = 0x8E
_REFUSED = 0x80
_NEVER = {0x90: "its topic is not allowed", 0x99: "the broker does not take its format"}


class TakenOver(OutsideError):
    """Another client uses our client id."""


class NeverTaken(OutsideError):
    """The broker will not take this message, however often it is sent."""


class Complaint(NamedTuple):
    """What is not as it should be with a subscription."""

    text: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it came. mid: its packet id, 0 for QoS 0. dup: the broker has sent it before."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    mid: int
    properties: Properties | None = None

    @property
    def identifiers(self) -> tuple[int, ...]:
        """The subscriptions it was sent for, when the broker says so."""
        return tuple(getattr(self.properties, "SubscriptionIdentifier", ()))

    @property
    def user(self) -> list[tuple[str, str]]:
        """The user properties, in order; a name may come more than once."""
        return list(getattr(self.properties, "UserProperty", ()))


class Connection:
    """One connection, opened once. session: how long the broker keeps what we miss; None: not at all. room: messages that may wait here."""

    def __init__(
        self, address: Address, *, version: Version = "V5", client_id: str = "", session: timedelta | None = None, room: int = 100
    ) -> None:
        self.address, self.version, self.client_id, self.session, self.room = address, version, client_id, session, room
        self.lost: OutsideError | None = None
        self.server = new_properties(PacketTypes.CONNACK)
        self._client: Client | None = None
        self._present = False
        self._waiting: deque[Arrived] = deque()
        self._paused = False
        self._stirred = asyncio.Event()
        self._slots = asyncio.Semaphore(_IN_FLIGHT)
        self._sending: dict[int, asyncio.Future[None]] = {}

    # ---- its life ---------------------------------------------------------------------------------------------------

    async def open(self) -> bool:
        """Connect; whether the broker has kept our session. Raises OutsideError."""
        client = self._client = Client(self)
        try:
            await client.__aenter__()
        except asyncio.CancelledError:
            await client.tried.wait()
            await self._drop()
            raise
        except aiomqtt.MqttError as error:
            await self._drop()
            raise OutsideError(f"MQTT broker {self.address.where}: {_sentence(error)}") from None
        return self._present

    async def close(self) -> None:
        """Say goodbye and disconnect; the session stays. Safe when it was never opened, and twice."""
        if self._client is not None:
            try:
                if self.lost is None:
                    with contextlib.suppress(aiomqtt.MqttError, OSError):
                        await self._client.__aexit__(None, None, None)
            finally:
                await self._drop()

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        await client.end()
        self._end(OutsideError(f"MQTT broker {self.address.where}: the connection is closed"))

    def on_answer(self, present: bool, properties: Properties | None) -> None:
        """The client has the broker's CONNACK."""
        self._present, self.server = present, properties or self.server
        self._slots = asyncio.Semaphore(min(_IN_FLIGHT, int(getattr(self.server, "ReceiveMaximum", _IN_FLIGHT))))

    def on_disconnect(self, reason: ReasonCode) -> None:
        """The client is disconnected."""
        if reason.value == _TAKEN_OVER:
            self._end(
                TakenOver(
                    f"another client has connected to {self.address.where} with our client id `{self.client_id}`: "
                    "give each node its own (setting `node`, or `clientId:` of the trigger), or use a shared subscription"
                )
            )
        else:
            self._end(OutsideError(f"MQTT broker {self.address.where}: connection lost, {reason}"))

    def _end(self, error: OutsideError) -> None:
        self.lost = self.lost or error
        self._stirred.set()
        for future in self._sending.values():
            if not future.done():
                future.set_exception(self.lost)
        self._sending.clear()

    # ---- receiving --------------------------------------------------------------------------------------------------

    @property
    def identifies(self) -> bool:
        """Whether the broker says with each message for which subscription it is."""
        return self.version == "V5" and getattr(self.server, "SubscriptionIdentifierAvailable", 1) == 1

    async def subscribe(self, filter_: str, *, qos: int, retained: int, identifier: int | None) -> "Complaint | None":
        """Subscribe; a complaint when the broker refuses or gives less. retained: MQTT 5's retain handling. Raises OutsideError.

        The answer comes behind what the broker has sent before (Mosquitto 2.0 resends thousands, whatever the window), so it comes only
        while somebody takes messages; there is no time-out but that of the connection.
        """
        options, properties = None, None
        if self.version == "V5":
            options = SubscribeOptions(qos=qos, retainHandling=retained)
            if identifier is not None and self.identifies:
                properties = new_properties(PacketTypes.SUBSCRIBE)
                properties.SubscriptionIdentifier = identifier
        with self._asking(f"subscribing to `{filter_}`"):
            granted = await self._connected.subscribe(filter_, 0 if options else qos, options, properties, timeout=math.inf)
        code = granted[0]
        value = code.value if isinstance(code, ReasonCode) else code
        if value >= _REFUSED:
            return Complaint(f"the broker refuses the subscription to `{filter_}`: {code}", refused=True)
        return Complaint(f"the broker gives `{filter_}` QoS {value} only, messages can be lost") if value < qos else None

    async def unsubscribe(self, filter_: str) -> None:
        """Want no more of it. Raises OutsideError."""
        with self._asking(f"unsubscribing `{filter_}`"):
            await self._connected.unsubscribe(filter_, timeout=math.inf)

    @contextlib.contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except aiomqtt.MqttError as error:
            raise self.lost or OutsideError(f"MQTT broker {self.address.where}: {what}: {_sentence(error)}") from None

    def give_up(self, error: OutsideError) -> None:
        """No more is wanted of this connection: what has come is still given, then this error."""
        self._end(error)

    async def take(self, limit: int, seconds: float | None = None) -> list[Arrived]:
        """The messages that wait, at most so many; none after so long, or when stirred. Raises OutsideError when there will be no more."""
        if not self._waiting and self.lost is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stirred.wait()
        self._stirred.clear()
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        if not taken and self.lost is not None:
            raise self.lost
        if self._paused and len(self._waiting) < self.room:
            self._read_on()
        return taken

    def stir(self) -> None:
        """Let `take` return."""
        self._stirred.set()

    def ack(self, message: Arrived) -> None:
        """Tell the broker that the message is safe with us. On a lost connection nothing happens: it will come again."""
        if self._client is not None and message.qos:
            self._client.paho.ack(message.mid, message.qos)

    def on_message(self, message: paho.MQTTMessage) -> None:
        """The client has a message."""
        self._waiting.append(
            Arrived(
                topic=_topic(message),
                payload=bytes(message.payload),
                qos=message.qos,
                retain=bool(message.retain),
                dup=bool(message.dup),
                mid=message.mid,
                properties=message.properties,
            )
        )
        self._stirred.set()
        if len(self._waiting) >= 2 * self.room and not self._paused and (socket := self._connected.paho.socket()) is not None:
            self._paused = True
            asyncio.get_running_loop().remove_reader(socket.fileno())

    def _read_on(self) -> None:
        self._paused = False
        if self._client is not None and (socket := self._client.paho.socket()) is not None:
            asyncio.get_running_loop().add_reader(socket.fileno(), self.on_readable)
            asyncio.get_running_loop().call_soon(self.on_readable)  # TLS may hold bytes that the socket does not show

    def on_readable(self) -> None:
        """The socket has bytes."""
        if self._client is not None:
            client = self._client.paho
            more = not self._paused
            with self._ends_it():
                while more:
                    client.loop_read()
                    more = not self._paused and _pending(client.socket())

    def on_writable(self) -> None:
        """The socket takes bytes."""
        if self._client is not None:
            with self._ends_it():
                self._client.paho.loop_write()

    @contextlib.contextmanager
    def _ends_it(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever paho meets, this connection is over; the reason is in the message
            self._end(OutsideError(f"MQTT broker {self.address.where}: connection lost, {error}"))

    # ---- sending ----------------------------------------------------------------------------------------------------

    async def send(
        self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: Properties | None = None
    ) -> "asyncio.Future[None]":
        """Publish, when the broker takes one more without having answered; the future is done when it has this one. Order is the order of
        the calls. Raises OutsideError, NeverTaken."""
        try:
            topics.check_topic(topic)
        except ValueError as wrong:
            raise NeverTaken(f"MQTT: {wrong}") from None
        largest = getattr(self.server, "MaximumPacketSize", None)
        if largest is not None and len(payload) + len(topic.encode()) + 1024 > largest:
            raise NeverTaken(f"MQTT broker {self.address.where} takes packets of at most {largest} bytes")
        await self._slots.acquire()
        try:
            future = self._publish(topic, payload, qos, retain, properties)
        except BaseException:
            self._slots.release()
            raise
        future.add_done_callback(lambda _: self._slots.release())
        return future

    def _publish(self, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties | None) -> "asyncio.Future[None]":
        if self.lost is not None:
            raise self.lost
        info = self._connected.paho.publish(topic, payload, qos, retain, properties if self.version == "V5" else None)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise OutsideError(f"MQTT broker {self.address.where}: {paho.error_string(info.rc)}")
        future = self._sending[info.mid] = asyncio.get_running_loop().create_future()
        return future

    def on_sent(self, mid: int, code: ReasonCode) -> None:
        """The client has the answer to what was sent."""
        future = self._sending.pop(mid, None)
        if future is None or future.done():
            return
        if code.value in _NEVER:
            future.set_exception(NeverTaken(f"MQTT broker {self.address.where} refuses the message: {_NEVER[code.value]}"))
        elif code.value >= _REFUSED:
            future.set_exception(OutsideError(f"MQTT broker {self.address.where} refuses the message: {code}"))
        else:
            future.set_result(None)

    @property
    def _connected(self) -> "Client":
        if self._client is None:
            raise self.lost or OutsideError(f"MQTT broker {self.address.where}: not connected")
        return self._client


def publish_properties(content_type: str | None, user: list[tuple[str, str]]) -> Properties:
    """The MQTT 5 properties of a message that we send."""
    properties = new_properties(PacketTypes.PUBLISH)
    if content_type is not None:
        properties.ContentType = content_type
    if user:
        properties.UserProperty = user
    return properties


def _topic(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return "\ufffd"


def _pending(socket: Any) -> bool:
    return hasattr(socket, "pending") and socket.pending() > 0


def _sentence(error: BaseException) -> str:
    return str(error) or type(error).__name__
