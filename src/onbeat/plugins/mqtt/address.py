"""Read where a broker is and who we are there: the options that every MQTT trigger and task has.

Rules
1. `mqtt://`, `tcp://`, `mqtts://`, `ssl://`, `ws://` and `wss://` are understood; a name alone is `mqtt://`. Kestra's spellings work.
2. The options win over the URL; without a server the setting `mqtt_url` is taken.
3. No message shows a password, nor what stands before the `@`.

Called by: trigger and publish.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.alias_generators import to_camel

from onbeat.core.durations import Duration
from onbeat.errors import UserError

_SCHEMES: dict[str, tuple[int, Literal["tcp", "websockets"], bool]] = {
    "mqtt": (1883, "tcp", False),
    "tcp": (1883, "tcp", False),
    "mqtts": (8883, "tcp", True),
    "ssl": (8883, "tcp", True),
    "tls": (8883, "tcp", True),
    "ws": (80, "websockets", False),
    "wss": (443, "websockets", True),
}
_CURE = "write it like `mqtt://broker:1883` or `mqtts://user:password@broker:8883`"

Version = Literal["V3", "V5"]


@dataclass(frozen=True, slots=True)
class Address:
    """A broker and our credentials for it. ca, certificate, key: paths of PEM files."""

    host: str
    port: int = 1883
    transport: Literal["tcp", "websockets"] = "tcp"
    tls: bool = False
    path: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    check_hostname: bool = True
    authentication: str | None = None
    timeout: float = 10.0

    @property
    def name(self) -> str:
        """`host:port`, with the user when there is one: for names and messages."""
        return f"{self.username}@{self.where}" if self.username else self.where

    @property
    def where(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The broker as a CloudEvent's source names it."""
        return f"mqtt://{self.where}"


def parse_server(text: str) -> Address:
    """The address in a server's URL. Raises ValueError with the form to write, and never shows the URL's credentials."""
    try:
        parts = urlsplit(text if "://" in text else f"mqtt://{text}")
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError(f"that is not a server; {_CURE}") from None
    known = _SCHEMES.get(parts.scheme)
    if known is None or not host:
        raise ValueError(f"`{parts.scheme}` is not a scheme of MQTT; {_CURE}" if known is None else f"the server has no host; {_CURE}")
    default, transport, tls = known
    return Address(
        host=host,
        port=port or default,
        transport=transport,
        tls=tls,
        path=(parts.path or "/mqtt") if transport == "websockets" else None,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def address_of(url: str) -> Address:
    """The address that the setting `mqtt_url` names. Raises UserError."""
    try:
        return parse_server(url)
    except ValueError as wrong:
        raise UserError(f"the setting `mqtt_url`: {wrong}") from None


class Broker(BaseModel):
    """The options that say which broker, and who we are there."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, alias_generator=to_camel)

    server: str | None = None
    """The broker: `mqtt://host:1883`, `mqtts://host:8883`; Kestra's `tcp://` and `ssl://` too. Without it the setting `mqtt_url`."""
    client_id: str | None = Field(None, min_length=1)
    """Our name at the broker, under which it keeps the session. Without it one that follows from the node's name."""
    mqtt_version: Version = Field("V5", validation_alias=AliasChoices("mqttVersion", "version"))
    """`V5`, or `V3` for MQTT 3.1.1."""
    username: str | None = None
    password: SecretStr | None = None
    crt: str | None = None
    """Path of the certificate (PEM) by which the broker is known; it makes the connection TLS."""
    client_certificate: str | None = None
    client_key: str | None = None
    """Paths of our own certificate and its key (PEM), for brokers that ask for one."""
    https_hostname_verification_enabled: bool = True
    auth_method: str | None = None
    """Name of an MQTT 5 authentication method; the exchange itself has to be a single step."""
    connection_timeout: Duration = timedelta(seconds=10)

    @field_validator("server")
    @classmethod
    def _is_server(cls, server: str | None) -> str | None:
        if server is not None:
            parse_server(server)
        return server

    def address(self, settings: Mapping[str, Any]) -> Address:
        """Where to connect. Raises UserError when neither the options nor the settings say so."""
        server = self.server or settings.get("mqtt_url")
        if not server:
            raise UserError("there is no MQTT server: give the trigger or task a `server:`, or set ONBEAT_MQTT_URL")
        url = address_of(str(server))
        return Address(
            host=url.host,
            port=url.port,
            transport=url.transport,
            tls=url.tls or self.crt is not None or self.client_certificate is not None,
            path=url.path,
            username=self.username or url.username,
            password=self.password.get_secret_value() if self.password else url.password,
            ca=self.crt,
            certificate=self.client_certificate,
            key=self.client_key,
            check_hostname=self.https_hostname_verification_enabled,
            authentication=self.auth_method,
            timeout=self.connection_timeout.total_seconds(),
        )
