"""Find a free TCP port on the loopback interface.

Every service of the tests listens on a port of its own, so that two checkouts, two workers and whatever runs on the
machine never meet.
"""

import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """A port nobody listens on at this moment; the service that gets it should bind it at once."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    """Does somebody accept connections there?"""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
