"""Addresses that no request may reach."""

import pytest

from onbeat.plugins.http.address import is_refused


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
    ],
)
def test_link_local_and_metadata_addresses_are_refused_however_they_are_written(address: str) -> None:
    """They hand out this machine's credentials to whoever asks."""
    assert is_refused(address)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "93.184.216.34", "2606:2800::1", "fd00::1", "100.100.100.100"]
)
def test_other_addresses_are_allowed(address: str) -> None:
    """Loopback and private networks are where services run."""
    assert not is_refused(address)
