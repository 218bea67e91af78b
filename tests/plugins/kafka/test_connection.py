"""Kafka's property names, read or refused."""

import ssl
from typing import Any

import pytest

from onbeat.errors import UserError
from onbeat.plugins.kafka.connection import read_properties

SETTINGS = {"kafka_bootstrap_servers": "broker:9092"}
JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="a\\"b";'


def test_the_server_s_brokers_are_the_default():
    """A flow names its own brokers, in either way, or gets the server's."""
    assert read_properties({}, SETTINGS).servers == "broker:9092"
    assert read_properties({"bootstrap.servers": "other:1, third:2"}, SETTINGS).servers == "other:1,third:2"
    assert read_properties({"bootstrap.servers": "other:1"}, SETTINGS, "mine:3").servers == "mine:3"


def test_no_broker_at_all_says_what_to_set():
    """The cure is in the message."""
    with pytest.raises(UserError, match="ONBEAT_KAFKA_BOOTSTRAP_SERVERS"):
        read_properties({}, {})


def test_the_server_s_login_is_not_sent_to_brokers_that_a_flow_names():
    """A flow must not be able to have our password sent to an address of its own."""
    settings = {**SETTINGS, "kafka_properties": {"security.protocol": "SASL_PLAINTEXT", "sasl.jaas.config": JAAS}}
    assert read_properties({}, settings).common["sasl_plain_password"] == 'a"b'
    assert "sasl_plain_password" not in read_properties({"bootstrap.servers": "evil:1"}, settings).common
    assert "sasl_plain_password" not in read_properties({}, settings, "evil:1").common


def test_java_s_names_become_aiokafka_s():
    """Numbers as numbers, each for the client it is for."""
    connection = read_properties(
        {"client.id": "x", "session.timeout.ms": "7000", "compression.type": "gzip", "max.poll.records": 5, "linger.ms": 3}, SETTINGS
    )
    assert connection.common["client_id"] == "x"
    assert connection.consumer == {"session_timeout_ms": 7000, "max_poll_records": 5}
    assert connection.producer == {"compression_type": "gzip", "linger_ms": 3}


def test_the_session_s_length_is_the_server_s_setting():
    """kafka_session_timeout is in seconds."""
    assert read_properties({}, {**SETTINGS, "kafka_session_timeout": 6}).consumer == {"session_timeout_ms": 6000}


def test_an_unknown_property_is_an_error_with_the_nearest_name():
    """Rule 1: a typing error in a security setting must not switch security off."""
    with pytest.raises(UserError, match=r"'security\.protocl' is not known; did you mean 'security\.protocol'\?"):
        read_properties({"security.protocl": "SSL"}, SETTINGS)


@pytest.mark.parametrize(
    ("name", "bad", "good"),
    [("enable.auto.commit", True, False), ("isolation.level", "read_uncommitted", "read_committed"), ("acks", "1", "-1")],
)
def test_what_the_promise_rests_on_is_not_for_flows_to_change(name, bad, good):
    """Rule 2: refused when it says otherwise, accepted when it says what we do."""
    with pytest.raises(UserError, match="what is promised about delivery rests on it"):
        read_properties({name: bad}, SETTINGS)
    assert read_properties({name: good}, SETTINGS).servers == "broker:9092"


def test_a_number_that_is_none_is_refused():
    """Before anything connects."""
    with pytest.raises(UserError, match=r"'session\.timeout\.ms' must be a whole number, not 'soon'"):
        read_properties({"session.timeout.ms": "soon"}, SETTINGS)


def test_jaas_is_read_and_other_logins_are_refused():
    """Escapes are undone; a login module without user and password is not offered."""
    assert read_properties({"sasl.jaas.config": JAAS}, SETTINGS).common["sasl_plain_username"] == "me"
    with pytest.raises(UserError, match="other logins are not offered"):
        read_properties({"sasl.jaas.config": "Krb5LoginModule required;"}, SETTINGS)


def test_secrets_stay_out_of_the_digest():
    """Rule 3: two passwords give one name; two users give two."""

    def digest(user: str, password: str) -> str:
        jaas = f'x required username="{user}" password="{password}";'
        return read_properties({"security.protocol": "SASL_PLAINTEXT", "sasl.jaas.config": jaas}, SETTINGS).digest

    assert digest("a", "1") == digest("a", "2") != digest("b", "1")
    assert read_properties({}, SETTINGS).digest == ""


def test_tls_has_a_context_that_checks_names():
    """On by default; Java's way to switch the host name check off works, and nothing switches the certificate check off."""
    context: Any = read_properties({"security.protocol": "SSL"}, SETTINGS).common["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    loose = read_properties({"security.protocol": "SASL_SSL", "ssl.endpoint.identification.algorithm": ""}, SETTINGS).common["ssl_context"]
    assert not loose.check_hostname
    assert loose.verify_mode is ssl.CERT_REQUIRED


def test_java_key_stores_and_missing_files_are_refused():
    """With the cure for the first, the file's error for the second."""
    with pytest.raises(UserError, match=r"must be PEM.*keytool"):
        read_properties({"security.protocol": "SSL", "ssl.truststore.type": "JKS"}, SETTINGS)
    with pytest.raises(UserError, match="No such file"):
        read_properties({"security.protocol": "SSL", "ssl.truststore.location": "/nowhere.pem"}, SETTINGS)
