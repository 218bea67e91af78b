"""Where the broker is, and who we are there."""

import pytest
from pydantic import ValidationError

from onbeat.errors import UserError
from onbeat.plugins.mqtt.address import Broker, address_of, parse_server


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("mqtt://broker", ("broker", 1883, "tcp", False)),
        ("broker", ("broker", 1883, "tcp", False)),
        ("broker:1884", ("broker", 1884, "tcp", False)),
        ("tcp://localhost:1883", ("localhost", 1883, "tcp", False)),
        ("ssl://broker", ("broker", 8883, "tcp", True)),
        ("mqtts://[::1]:8884", ("::1", 8884, "tcp", True)),
        ("ws://broker/path", ("broker", 80, "websockets", False)),
        ("wss://broker", ("broker", 443, "websockets", True)),
    ],
)
def test_a_server_is_understood_as_kestra_and_mqtt_write_it(server: str, expected: tuple[object, ...]) -> None:
    """Scheme, host and port; the port follows from the scheme."""
    address = parse_server(server)
    assert (address.host, address.port, address.transport, address.tls) == expected


@pytest.mark.parametrize(
    "server", ["http://u:geheim@broker", "mqtt://u:geheim@", "mqtt://u:geheim@broker:nine", "mqtt://u:geheim@broker:99999"]
)
def test_a_wrong_server_is_refused_without_showing_its_password(server: str) -> None:
    """The message says how to write it."""
    with pytest.raises(ValueError, match="mqtt://broker:1883") as refused:
        parse_server(server)
    assert "geheim" not in str(refused.value)
    with pytest.raises(ValidationError) as invalid:
        Broker(server=server)
    assert "mqtt://broker:1883" in str(invalid.value)
    with pytest.raises(UserError, match="the setting `mqtt_url`"):
        address_of(server)


def test_options_win_over_the_url_and_the_url_over_nothing() -> None:
    """Credentials may stand in the URL, percent-encoded, or beside it."""
    address = Broker(server="mqtt://u:p%40ss@broker").address({})
    assert (address.username, address.password) == ("u", "p@ss")
    address = Broker(server="mqtt://u:p@broker", username="v", password="q").address({})
    assert (address.username, address.password) == ("v", "q")


def test_no_password_is_shown() -> None:
    """Not by an address, nor by the options."""
    broker = Broker(server="broker", username="u", password="geheim")
    assert "geheim" not in repr(broker)
    assert "geheim" not in repr(broker.address({}))
    assert "geheim" not in broker.address({}).name


def test_without_a_server_the_setting_is_taken() -> None:
    """And without both, the message names both."""
    assert Broker().address({"mqtt_url": "mqtt://broker:1"}).where == "broker:1"
    with pytest.raises(UserError, match="ONBEAT_MQTT_URL"):
        Broker().address({"mqtt_url": None})


def test_a_certificate_makes_it_tls() -> None:
    """Kestra's `crt` on a tcp:// address means TLS."""
    assert Broker(server="tcp://broker:8883", crt="/ca.pem").address({}).tls


def test_kestras_names_are_read() -> None:
    """camelCase, `mqttVersion` and its older name `version`."""
    broker = Broker.model_validate(
        {"clientId": "c", "version": "V3", "connectionTimeout": "PT3S", "httpsHostnameVerificationEnabled": False}
    )
    assert (broker.client_id, broker.mqtt_version) == ("c", "V3")
    address = broker.address({"mqtt_url": "b"})
    assert (address.timeout, address.check_hostname) == (3.0, False)
    assert Broker.model_validate({"mqttVersion": "V3"}).mqtt_version == "V3"
