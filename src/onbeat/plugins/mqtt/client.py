"""Be aiomqtt's client, with what it hides and without what it gets wrong.

aiomqtt 2 acknowledges a message before anybody has seen it, drops messages when its queue is full, and hides the DUP flag, the
session-present flag and the reason code of a PUBACK. It forgets a loss that comes right after the CONNACK, waits out the time-out when
a socket is closed in place of one, and registers file numbers that may be closed by then. All that touches its insides is here.

Rules
1. paho acknowledges nothing by itself.
2. Whatever happens on the socket reaches the owner, and only while the socket is this client's.
3. A socket whose TLS handshake failed is closed.
4. `tried` is set when the connecting thread has ended, also when whoever waited for it was cancelled.

Called by: connection.
"""

import asyncio
import ssl
from datetime import timedelta
from typing import Any, Protocol

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from onbeat.plugins.mqtt.address import Address, Version

KEEPALIVE = 30
_FOREVER = 0xFFFFFFFF
"""An MQTT 5 session that never expires."""


class Owner(Protocol):
    """Says how to connect, and is told what happens."""

    address: Address
    version: Version
    client_id: str
    session: timedelta | None
    room: int

    def on_answer(self, present: bool, properties: Properties | None) -> None:
        """The broker's CONNACK has come. present: it has kept the session."""

    def on_disconnect(self, reason: ReasonCode) -> None:
        """The connection is gone."""

    def on_message(self, message: paho.MQTTMessage) -> None:
        """A message has come."""

    def on_sent(self, mid: int, code: ReasonCode) -> None:
        """The broker has answered what was published."""

    def on_readable(self) -> None:
        """The socket has bytes."""

    def on_writable(self) -> None:
        """The socket takes bytes."""


class Client(aiomqtt.Client):
    """aiomqtt's client, with what it hides."""

    def __init__(self, owner: Owner) -> None:
        address = owner.address
        options: dict[str, Any] = {}
        if owner.version == "V5":
            properties = new_properties(PacketTypes.CONNECT)
            if owner.session is not None:
                properties.SessionExpiryInterval = min(round(owner.session.total_seconds()), _FOREVER)
                properties.ReceiveMaximum = owner.room
            if address.authentication is not None:
                properties.AuthenticationMethod = address.authentication
            options = {"clean_start": owner.session is None, "properties": properties}
        else:
            options = {"clean_session": owner.session is None}
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

    async def end(self) -> None:
        """Close the socket, without a word, and leave no task."""
        # One turn of the loop, so that what paho has scheduled for the socket is done before it closes.
        turn = self._loop.create_future()
        self._loop.call_soon(turn.set_result, None)
        await turn
        self.paho._sock_close()
        if self._misc_task is not None:
            self._misc_task.cancel()
            await asyncio.wait({self._misc_task})

    def _client_connect(self) -> None:
        """In aiomqtt's thread, which goes on when we are cancelled: so say when it has ended. Certificates are read here, off the loop."""
        try:
            if self.owner.address.tls:
                self.paho.tls_set_context(_context(self.owner.address))
            super()._client_connect()
        finally:
            self._loop.call_soon_threadsafe(self.tried.set)

    def _on_connect(
        self, client: paho.Client, userdata: Any, flags: paho.ConnectFlags, reason_code: ReasonCode, properties: Properties | None = None
    ) -> None:
        self.owner.on_answer(flags.session_present, properties)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_disconnect(
        self, client: paho.Client, userdata: Any, flags: paho.DisconnectFlags, reason_code: ReasonCode, properties: Properties | None = None
    ) -> None:
        super()._on_disconnect(client, userdata, flags, reason_code, properties)
        if self._disconnected.done():
            self._disconnected.exception()  # or asyncio logs that nobody asked for it
        if self._connected.done():
            self.owner.on_disconnect(reason_code)
        else:  # closed in place of a CONNACK: there is nothing to wait for
            self._connected.set_exception(aiomqtt.MqttCodeError(reason_code, "closed while connecting"))

    def _on_socket_open(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        """In the thread, too. aiomqtt's own reader tells its errors to nobody who listens."""
        self._loop.call_soon_threadsafe(self._opened, sock)

    def _opened(self, sock: Any) -> None:
        if self.paho.socket() is sock and sock is not None:
            self._loop.add_reader(sock.fileno(), self.owner.on_readable)
            self._misc_task = self._loop.create_task(self._misc_loop())

    def _on_socket_register_write(self, client: paho.Client, userdata: Any, sock: Any) -> None:
        """aiomqtt registers a file number, later: by then it can be closed, or be another file's."""
        self._loop.call_soon_threadsafe(self._write_later, sock)

    def _write_later(self, sock: Any) -> None:
        if self.paho.socket() is sock and sock is not None:
            self._loop.add_writer(sock.fileno(), self.owner.on_writable)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        self.owner.on_message(message)

    def _on_publish(self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties) -> None:
        self.owner.on_sent(mid, reason_code)


class _Socket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho forgets it then."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _context(address: Address) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.ca)
        if address.certificate is not None:
            context.load_cert_chain(address.certificate, address.key)
    except OSError as error:
        files = ", ".join(filter(None, (address.ca, address.certificate, address.key)))
        raise OSError(f"reading the certificates {files}: {error}") from None
    context.check_hostname = address.check_hostname
    context.sslsocket_class = _Socket
    return context


def new_properties(packet: int) -> Properties:
    """Empty properties of a kind of packet."""
    return Properties(packet)  # type: ignore[no-untyped-call]  # paho types it nowhere
