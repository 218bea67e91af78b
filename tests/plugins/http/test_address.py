"""Addresses that no request may reach."""

import pytest

from onbeat.plugins.http.address import Egress, literal


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "100.100.100.200",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:5601:5601",
        "64:ff9b:1::a9fe:a9fe",
        "2001:db8::5efe:169.254.169.254",
    ],
)
def test_link_local_and_metadata_addresses_are_refused_however_they_are_written(address: str) -> None:
    """They hand out this machine's credentials to whoever asks."""
    assert Egress().refuses(address)
    assert Egress({"egress": "public-only"}).refuses(address)
    assert not Egress({"egress": "allow-all"}).refuses(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "93.184.216.34", "2606:2800::1", "fd00::1", "100.100.100.100"]
)
def test_other_addresses_are_allowed(address: str) -> None:
    """Loopback and private networks are where services run."""
    assert not Egress().refuses(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::10.0.0.1",
    ],
)
def test_only_public_addresses_are_allowed_when_the_server_says_so(address: str) -> None:
    """Rule 1: none of the many that lead inside."""
    assert Egress({"egress": "public-only"}).refuses(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2a00:1450:4001::1"])
def test_public_addresses_are_public(address: str) -> None:
    """Rule 1."""
    assert not Egress({"egress": "public-only"}).refuses(address)


def test_what_the_server_names_is_allowed() -> None:
    """Rule 5: names with a star, addresses and networks."""
    egress = Egress({"egress": "public-only", "egress_allow": ["*.Corp.example", "10.1.0.0/16", "::1"]})
    assert egress.allows_host("db.corp.example.")
    assert not egress.allows_host("corp.example.evil.com")
    assert [egress.refuses(address) for address in ("10.1.2.3", "10.2.0.1", "::1", "127.0.0.1")] == [False, True, False, True]


def test_a_host_is_an_address_or_a_name() -> None:
    """What looks like a number in another base is resolved first, as a name."""
    assert [literal(host) for host in ("127.0.0.1", "[::1]", "fe80::1%eth0", "2852039166", "example.com")] == [
        "127.0.0.1",
        "::1",
        "fe80::1",
        None,
        None,
    ]
