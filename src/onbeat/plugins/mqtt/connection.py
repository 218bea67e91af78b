"""Hold one connection to a broker: what aiomqtt does, with acknowledgements of our own and no loss in between.

aiomqtt 2 acknowledges a message before anybody has seen it, drops messages when its queue is full, and hides the DUP flag, the
session-present flag and the reason code of a PUBACK. All of its insides that we touch, and of paho's under it, are touched here.

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
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from onbeat.errors import OutsideError
from onbeat.plugins.mqtt.address import Address, Version

KEEPALIVE = 30
_TAKEN_OVER = 0x8E
_REFUSED = 0x80
_NEVER = {0x90: "its topic is not allowed", 0x99: "the broker does not take its format"}
_FOREVER = 0xFFFFFFFF
"""An MQTT 5 session that never expires."""


class TakenOver(OutsideError):
    """Another client uses our client id."""


class NeverTaken(OutsideError):
    """The broker will not take this message, however often it is sent."""


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
        self.server = _properties(PacketTypes.CONNACK)
        self._client: _Client | None = None
        self._present = False
        self._waiting: deque[Arrived] = deque()
        self._paused = False
        self._stirred = asyncio.Event()
        self._sending: dict[int, asyncio.Future[None]] = {}

    # ---- its life ---------------------------------------------------------------------------------------------------

    async def open(self) -> bool:
        """Connect; whether the broker has kept our session. Raises OutsideError."""
        client = self._client = _Client(self)
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
        # One turn of the loop, so that what paho has scheduled for the socket is done before it closes.
        turn = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(turn.set_result, None)
        await turn
        client.paho._sock_close()
        if client._misc_task is not None:
            client._misc_task.cancel()
            await asyncio.wait({client._misc_task})
        self._end(OutsideError(f"MQTT broker {self.address.where}: the connection is closed"))

    def _disconnected(self, reason: ReasonCode) -> None:
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

    async def subscribe(self, filter_: str, *, qos: int, retained: int, identifier: int | None) -> str | None:
        """Subscribe; a sentence when the broker refuses or gives less. retained: MQTT 5's retain handling. Raises OutsideError."""
        options, properties = None, None
        if self.version == "V5":
            options = SubscribeOptions(qos=qos, retainHandling=retained)
            if identifier is not None and self.identifies:
                properties = _properties(PacketTypes.SUBSCRIBE)
                properties.SubscriptionIdentifier = identifier
        try:
            granted = await self._connected.subscribe(filter_, 0 if options else qos, options, properties)
        except aiomqtt.MqttError as error:
            raise self.lost or OutsideError(f"MQTT broker {self.address.where}: subscribing to `{filter_}`: {_sentence(error)}") from None
        code = granted[0]
        value = code.value if isinstance(code, ReasonCode) else code
        if value >= _REFUSED:
            return f"the broker refuses the subscription to `{filter_}`: {code}"
        return f"the broker gives `{filter_}` QoS {value} only, messages can be lost" if value < qos else None

    async def unsubscribe(self, filter_: str) -> None:
        """Want no more of it. Raises OutsideError."""
        try:
            await self._connected.unsubscribe(filter_)
        except aiomqtt.MqttError as error:
            raise self.lost or OutsideError(f"MQTT broker {self.address.where}: unsubscribing `{filter_}`: {_sentence(error)}") from None

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

    def _arrive(self, message: paho.MQTTMessage) -> None:
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
            asyncio.get_running_loop().add_reader(socket.fileno(), self._read)
            asyncio.get_running_loop().call_soon(self._read)  # TLS may hold bytes that the socket does not show

    def _read(self) -> None:
        if self._client is not None:
            client = self._client.paho
            more = not self._paused
            with self._ends_it():
                while more:
                    client.loop_read()
                    more = not self._paused and _pending(client.socket())

    def _write(self) -> None:
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

    @property
    def window(self) -> int:
        """How many messages the broker takes without having answered, at most paho's own 20."""
        return min(20, int(getattr(self.server, "ReceiveMaximum", 20)))

    def send(self, topic: str, payload: bytes, *, qos: int, retain: bool, properties: Properties | None) -> "asyncio.Future[None]":
        """Publish; done when the broker has it. Order is the order of the calls. Raises OutsideError, NeverTaken."""
        largest = getattr(self.server, "MaximumPacketSize", None)
        if largest is not None and len(payload) + len(topic.encode()) + 1024 > largest:
            raise NeverTaken(f"MQTT broker {self.address.where} takes packets of at most {largest} bytes")
        if self.lost is not None:
            raise self.lost
        future = asyncio.get_running_loop().create_future()
        info = self._connected.paho.publish(topic, payload, qos, retain, properties if self.version == "V5" else None)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise OutsideError(f"MQTT broker {self.address.where}: {paho.error_string(info.rc)}")
        self._sending[info.mid] = future
        return future

    def _sent(self, mid: int, code: ReasonCode) -> None:
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
    def _connected(self) -> "_Client":
        if self._client is None:
            raise self.lost or OutsideError(f"MQTT broker {self.address.where}: not connected")
        return self._client


class _Client(aiomqtt.Client):
    """aiomqtt's client, with what it hides."""

    def __init__(self, owner: Connection) -> None:
        address = owner.address
        options: dict[str, Any] = {}
        if owner.version == "V5":
            properties = _properties(PacketTypes.CONNECT)
            if owner.session is not None:
                properties.SessionExpiryInterval = min(round(owner.session.total_seconds()), _FOREVER)
                properties.ReceiveMaximum = owner.room
            if address.authentication is not None:
                properties.AuthenticationMethod = address.authentication
            options = {"clean_start": owner.session is None, "properties": properties}
        else:
            options = {"clean_session": owner.session is None}
        if address.tls:
            options["tls_params"] = aiomqtt.TLSParameters(ca_certs=address.ca, certfile=address.certificate, keyfile=address.key)
            options["tls_insecure"] = not address.check_hostname
        super().__init__(
            address.host,
            address.port,
            username=address.username,
            password=address.password,
            identifier=owner.client_id or None,
            protocol=aiomqtt.ProtocolVersion.V5 if owner.version == "V5" else aiomqtt.ProtocolVersion.V311,
            transport=address.transport,
            websocket_path=address.path,
            timeout=address.timeout,
            keepalive=KEEPALIVE,
            **options,
        )
        self.owner = owner
        self.tried = asyncio.Event()
        self.paho: paho.Client = self._client
        self.paho.connect_timeout = address.timeout
        self.paho.manual_ack_set(True)

    def _client_connect(self) -> None:
        """In aiomqtt's thread, which goes on when we are cancelled: so say when it has ended."""
        try:
            super()._client_connect()
        finally:
            self._loop.call_soon_threadsafe(self.tried.set)

    def _on_connect(
        self, client: paho.Client, userdata: Any, flags: paho.ConnectFlags, reason_code: ReasonCode, properties: Properties | None = None
    ) -> None:
        self.owner._present = flags.session_present
        self.owner.server = properties or self.owner.server
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self, client: paho.Client, userdata: Any, flags: paho.DisconnectFlags, reason_code: ReasonCode, properties: Properties | None = None
    ) -> None:
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
        if self._disconnected.done():
            self._disconnected.exception()  # or asyncio logs that nobody asked for it
        if self._connected.done():
            self.owner._disconnected(reason_code)
        else:  # closed in place of a CONNACK: there is nothing to wait for
            self._connected.set_exception(aiomqtt.MqttCodeError(reason_code, "closed while connecting"))

    def _on_socket_open(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        """In the thread, too. aiomqtt's own reader tells its errors to nobody who listens."""
        self._loop.call_soon_threadsafe(self._opened, sock)

    def _opened(self, sock: Any) -> None:
        if self.paho.socket() is sock and sock is not None:
            self._loop.add_reader(sock.fileno(), self.owner._read)
            self._misc_task = self._loop.create_task(self._misc_loop())

    def _on_socket_register_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        """aiomqtt registers a file number, later: by then it can be closed, or be another file's."""
        self._loop.call_soon_threadsafe(self._write_later, sock)

    def _write_later(self, sock: Any) -> None:
        if self.paho.socket() is sock and sock is not None:
            self._loop.add_writer(sock.fileno(), self.owner._write)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        self.owner._arrive(message)

    def _on_publish(self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties) -> None:
        self.owner._sent(mid, reason_code)


def publish_properties(content_type: str | None, user: list[tuple[str, str]]) -> Properties:
    """The MQTT 5 properties of a message that we send."""
    properties = _properties(PacketTypes.PUBLISH)
    if content_type is not None:
        properties.ContentType = content_type
    if user:
        properties.UserProperty = user
    return properties


def _properties(packet: int) -> Properties:
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho types it nowhere


def _topic(message: paho.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return "\ufffd"


def _pending(socket: Any) -> bool:
    return hasattr(socket, "pending") and socket.pending() > 0


def _sentence(error: BaseException) -> str:
    return str(error) or type(error).__name__
