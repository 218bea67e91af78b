"""Read Kafka's own property names into what aiokafka wants, and refuse what we cannot honour.

Flows that come from Kestra carry the Java client's names (`bootstrap.servers`, `sasl.jaas.config`). One that is silently
ignored is a security setting that is silently off, so each is either understood, known to be ours to decide, or an error that names it.

Rules
1. A property we do not know is an error with the nearest known name.
2. What the delivery promise rests on is ours: auto-commit on, or another isolation level, is refused.
3. Passwords stay out of subscription names, logs and messages.

Called by: source, feed, producer.
"""

import difflib
import hashlib
import re
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from aiokafka.helpers import create_ssl_context

from onbeat.errors import UserError

REQUEST_TIMEOUT_MS = 15_000
"""More than a group's rebalance takes; less than a person waits for a source to say that its broker is gone."""

SESSION_TIMEOUT = 10.0

# Java's name -> aiokafka's, for every client; and for consumers and producers alone.
_COMMON = {
    "bootstrap.servers": "bootstrap_servers",
    "client.id": "client_id",
    "security.protocol": "security_protocol",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.kerberos.service.name": "sasl_kerberos_service_name",
    "request.timeout.ms": "request_timeout_ms",
    "retry.backoff.ms": "retry_backoff_ms",
    "metadata.max.age.ms": "metadata_max_age_ms",
    "connections.max.idle.ms": "connections_max_idle_ms",
}
_CONSUMER = {
    "group.instance.id": "group_instance_id",
    "session.timeout.ms": "session_timeout_ms",
    "heartbeat.interval.ms": "heartbeat_interval_ms",
    "max.poll.interval.ms": "max_poll_interval_ms",
    "max.poll.records": "max_poll_records",
    "fetch.max.wait.ms": "fetch_max_wait_ms",
    "fetch.min.bytes": "fetch_min_bytes",
    "fetch.max.bytes": "fetch_max_bytes",
    "max.partition.fetch.bytes": "max_partition_fetch_bytes",
    "client.rack": "client_rack",
}
_PRODUCER = {"compression.type": "compression_type", "linger.ms": "linger_ms", "max.request.size": "max_request_size"}
# Understood elsewhere, or ours to decide: accepted when they say what we do anyway, or change nothing.
_TEXT = {"sasl.jaas.config", "group.id", "auto.offset.reset"}
_FILES = {
    "ssl.truststore.location", "ssl.truststore.certificates", "ssl.truststore.type", "ssl.truststore.password",
    "ssl.keystore.location", "ssl.keystore.certificate.chain", "ssl.keystore.key", "ssl.keystore.type", "ssl.keystore.password",
    "ssl.key.password", "ssl.endpoint.identification.algorithm",
}  # fmt: skip
_FIXED = {
    "enable.auto.commit": "false",
    "isolation.level": "read_committed",
    "enable.idempotence": "true",
    "acks": "all",
}
_IGNORED = {
    "key.deserializer", "value.deserializer", "key.serializer", "value.serializer", "auto.commit.interval.ms", "schema.registry.url",
    "partition.assignment.strategy", "retries", "delivery.timeout.ms", "max.in.flight.requests.per.connection",
    "batch.size", "buffer.memory",
}  # fmt: skip
_KNOWN = {*_COMMON, *_CONSUMER, *_PRODUCER, *_TEXT, *_FILES, *_FIXED, *_IGNORED}
_JAAS = re.compile(r'(username|password)\s*=\s*"((?:[^"\\]|\\.)*)"')


class Connection(msgspec.Struct, frozen=True):
    """How to reach a cluster: keyword arguments for aiokafka's client, its consumer and its producer."""

    common: dict[str, Any]
    consumer: dict[str, Any]
    producer: dict[str, Any]

    @property
    def servers(self) -> str:
        """The addresses, as text for people and names."""
        return str(self.common["bootstrap_servers"])

    @property
    def digest(self) -> str:
        """What tells this way of connecting from another to the same servers; empty for the plain one. Without secrets."""
        told = {
            name: value for name, value in self.common.items() if name in ("security_protocol", "sasl_mechanism", "sasl_plain_username")
        }
        return hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()[:8] if told else ""


def read_properties(properties: Mapping[str, Any], settings: Mapping[str, Any], brokers: str | None = None) -> Connection:
    """A connection from a trigger's or task's properties, over the server's own settings. Raises UserError."""
    given = _plain(properties)
    servers = brokers or given.get("bootstrap.servers")
    if not servers:  # the server's own login is for its own brokers, not for any that a flow names
        given = {**_plain(settings.get("kafka_properties")), **given}
        servers = given.get("bootstrap.servers") or settings.get("kafka_bootstrap_servers")
    if not servers:
        raise UserError("no Kafka broker is named: set `brokers`, `properties.bootstrap.servers` or ONBEAT_KAFKA_BOOTSTRAP_SERVERS")
    for name, value in given.items():
        _check(name, value)
    common = {
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "client_id": "onbeat",
        **_pick(given, _COMMON),
        "bootstrap_servers": str(servers).replace(" ", ""),
    }
    common.update(_login(given))
    if "SSL" in str(common.get("security_protocol", "")):
        common["ssl_context"] = _ssl(given)
    session = {"session_timeout_ms": round(1000 * settings.get("kafka_session_timeout", SESSION_TIMEOUT))}
    return Connection(common, {**session, **_pick(given, _CONSUMER)}, _pick(given, _PRODUCER))


def _plain(properties: Any) -> dict[str, str]:
    return {str(name): str(value).lower() if isinstance(value, bool) else str(value) for name, value in (properties or {}).items()}


def _check(name: str, value: str) -> None:
    if name not in _KNOWN:
        near = difflib.get_close_matches(name, _KNOWN, 1)
        raise UserError(f"Kafka property {name!r} is not known" + (f"; did you mean {near[0]!r}?" if near else ""))
    fixed = _FIXED.get(name)
    if fixed is not None and value.lower() != fixed and not (name == "acks" and value == "-1"):
        raise UserError(f"Kafka property {name!r} must be {fixed!r}: what is promised about delivery rests on it. Remove the line")


def _pick(given: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: _number(name, given[name]) for name, ours in names.items() if name in given}


def _number(name: str, value: str) -> str | int:
    if not name.endswith((".ms", ".bytes", ".size", ".records")):
        return value
    try:
        return int(value)
    except ValueError:
        raise UserError(f"Kafka property {name!r} must be a whole number, not {value!r}") from None


def _login(given: Mapping[str, str]) -> dict[str, str]:
    if not (jaas := given.get("sasl.jaas.config")):
        return {}
    found = dict(_JAAS.findall(jaas))
    if len(found) != 2:
        raise UserError('Kafka property \'sasl.jaas.config\' must say username="…" and password="…"; other logins are not offered')
    unescaped = {name: re.sub(r"\\(.)", r"\1", value) for name, value in found.items()}
    return {"sasl_plain_username": unescaped["username"], "sasl_plain_password": unescaped["password"]}


def _ssl(given: Mapping[str, str]) -> ssl.SSLContext:
    for name in ("ssl.truststore.type", "ssl.keystore.type"):
        if given.get(name, "PEM").upper() != "PEM":
            raise UserError(
                f"Kafka property {name!r} must be PEM: Java's key stores are not read. Export it with `keytool -exportcert -rfc`"
            )
    try:
        context: ssl.SSLContext = create_ssl_context(
            cafile=given.get("ssl.truststore.location"), cadata=given.get("ssl.truststore.certificates")
        )
        _load_identity(context, given)
    except (OSError, ssl.SSLError) as error:
        raise UserError(f"Kafka's ssl.* properties: {error}") from error
    if given.get("ssl.endpoint.identification.algorithm") == "":
        context.check_hostname = False
    return context


def _load_identity(context: ssl.SSLContext, given: Mapping[str, str]) -> None:
    password = given.get("ssl.key.password") or given.get("ssl.keystore.password")
    if location := given.get("ssl.keystore.location"):
        context.load_cert_chain(location, password=password)
    elif (chain := given.get("ssl.keystore.certificate.chain")) and (key := given.get("ssl.keystore.key")):
        with tempfile.TemporaryDirectory() as folder:  # Python reads a key from a file only; the folder is ours alone (0700)
            path = Path(folder) / "identity.pem"
            path.write_text(f"{chain}\n{key}\n")
            context.load_cert_chain(path, password=password)
