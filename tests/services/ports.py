"""Find a free TCP port on the loopback interface.

Every service of the tests listens on a port of its own, so that two checkouts, two workers and whatever runs on the
machine never meet. It is below the range from which the kernel takes ports for outgoing connections: a service that starts a
second after it was given its port, or again after a kill, finds it free.
"""

import random
import socket

HOST = "127.0.0.1"
_RANGE = range(12_000, 32_000)
_system = random.SystemRandom()


def free_port() -> int:
    """A port nobody listens on at this moment; the service that gets it should bind it soon."""
    while True:
        port = _system.choice(_RANGE)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


def is_open(port: int) -> bool:
    """Does somebody accept connections there?"""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
