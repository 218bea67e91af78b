"""Free ports."""

import socket

from tests.services.ports import HOST, free_port, is_open


def test_a_free_port_can_be_bound_and_is_closed_until_then():
    """What free_port gives, a service can listen on; is_open sees the difference."""
    port = free_port()
    assert not is_open(port)
    with socket.create_server((HOST, port)):
        assert is_open(port)
