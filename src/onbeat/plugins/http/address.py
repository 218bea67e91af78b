"""Say which addresses may be called.

Cloud metadata services hand this machine's own credentials to whoever can reach them. The check sits where the socket is made, so that
names, redirects, numbers written in other ways and mapped addresses all meet it.

Rules
1. Link-local and metadata addresses are refused. Loopback and private networks are allowed.

Called by: call.py.
"""

import ipaddress
import socket
from typing import Any

_REFUSED = tuple(
    ipaddress.ip_network(network) for network in ("169.254.0.0/16", "100.100.100.200/32", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Gate:
    """Makes the sockets of a request. refused: the addresses it made none for."""

    def __init__(self, *, open_: bool) -> None:
        self._open = open_
        self.refused: list[str] = []

    def make_socket(self, info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """A socket for an address. Raises PermissionError."""
        family, kind, protocol, _, address = info
        if not self._open and is_refused(address[0]):
            self.refused.append(address[0])
            raise PermissionError("refused")
        return socket.socket(family, kind, protocol)


def is_refused(text: str) -> bool:
    """Whether an address may not be called, in whatever way it is written."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return any(inner in network for inner in _inside(address) for network in _REFUSED if network.version == inner.version)


def _inside(address: Address) -> list[Address]:
    """The address and those that it carries: mapped, translated or tunnelled ones."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    carried: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour, address.teredo[1] if address.teredo else None]
    if address in _NAT64 or int(address) >> 32 == 0:
        carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *(inner for inner in carried if inner is not None)]
