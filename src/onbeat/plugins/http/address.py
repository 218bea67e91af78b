"""Say which addresses may be called, and make the sockets to them: the setting `egress`.

Cloud metadata services hand this machine's own credentials to whoever can reach them, and what runs beside us trusts its network. A check
of the address as it is written is led around by names, redirects and numbers; so it sits where names are resolved and where the socket
is made.

Rules
1. `default`: link-local and metadata addresses are refused; loopback and private networks are allowed. `public-only`: nothing but public
   addresses. `allow-all`: whatever there is.
2. A name is resolved once, every address of it is checked, and the connection goes to one of those: another answer later changes nothing.
3. Each redirect is checked like the first address; so is a proxy's.
4. An address that carries another one (mapped, translated, tunnelled) is refused for either.
5. `egress_allow` names hosts (`*.example.com` too), addresses and networks that may be called all the same.
6. What proves who we are goes to no other host: a redirect there loses the headers that do.

Called by: call.py.
"""

import ipaddress
import re
import socket
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

_REFUSED = tuple(
    ipaddress.ip_network(network) for network in ("169.254.0.0/16", "100.100.100.200/32", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32")
)
_NAT64 = tuple(ipaddress.ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48"))
_ISATAP = frozenset((0x5EFE, 0x0200_5EFE))
_PROOF = re.compile(r"(?i)(proxy-)?authorization|cookie|.*(signature|token|secret|password|api[-_]?key).*")
"""Headers that prove who we are."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Egress:
    """The policy of a server. settings: what it lends to plugins."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        settings = settings or {}
        self.policy: str = settings.get("egress", "default")
        self._hosts: list[str] = []
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for allowed in settings.get("egress_allow", ()):
            try:
                self._networks.append(ipaddress.ip_network(allowed, strict=False))
            except ValueError:
                self._hosts.append(allowed.lower())

    def allows_host(self, host: str) -> bool:
        """Whether a name may be called wherever it leads."""
        return any(fnmatchcase(host.lower().rstrip("."), pattern) for pattern in self._hosts)

    def refuses(self, text: str) -> bool:
        """Whether an address may not be called, in whatever way it is written."""
        if self.policy == "allow-all":
            return False
        address = ipaddress.ip_address(text.partition("%")[0])
        if any(address in network for network in self._networks if network.version == address.version):
            return False
        if self.policy == "public-only":
            return not all(inner.is_global and not inner.is_multicast for inner in _inside(address))
        return any(inner in network for inner in _inside(address) for network in _REFUSED if network.version == inner.version)

    @property
    def reason(self) -> str:
        """What is said of an address that is refused."""
        if self.policy == "public-only":
            return "only public addresses may be called (`egress: public-only`); `egress_allow` names others"
        return "link-local and metadata addresses may not be called"


class Gate:
    """Resolves the names of a request and makes its sockets. refused: the addresses it made none for."""

    def __init__(self, egress: Egress) -> None:
        self.egress = egress
        self.refused: list[str] = []
        self.allowed: set[str] = set()

    def make_socket(self, info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        """A socket for an address. Raises PermissionError."""
        family, kind, protocol, _, address = info
        if address[0] not in self.allowed:
            self.check(address[0])
        return socket.socket(family, kind, protocol)

    def check(self, address: str) -> None:
        """Raises PermissionError for an address that may not be called."""
        if self.egress.refuses(address):
            self.refused.append(address)
            raise PermissionError("refused")

    def traces(self) -> list[aiohttp.TraceConfig]:
        """What looks at redirects."""
        config = aiohttp.TraceConfig()
        config.on_request_redirect.append(_leave_proof)
        return [config]


class Resolver(AbstractResolver):
    """Resolves names for a gate: rule 2."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._inner = aiohttp.resolver.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        """The addresses of a name. Raises PermissionError when one of them may not be called."""
        found = await self._inner.resolve(host, port, family)
        if self._gate.egress.allows_host(host):
            self._gate.allowed.update(each["host"] for each in found)
        else:
            for each in found:
                self._gate.check(each["host"])
        return found

    async def close(self) -> None:
        """Nothing is held."""
        await self._inner.close()


async def _leave_proof(session: aiohttp.ClientSession, context: SimpleNamespace, redirect: aiohttp.TraceRequestRedirectParams) -> None:
    """Rule 6."""
    location = redirect.response.headers.get("Location") or redirect.response.headers.get("URI") or ""
    try:
        other = redirect.url.join(URL(location)).origin() != redirect.url.origin()
    except ValueError:
        other = True
    if other:
        for name in [name for name in redirect.headers if _PROOF.fullmatch(name)]:
            redirect.headers.popall(name, None)


def literal(host: str) -> str | None:
    """The address that a host is written as; None when it is a name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        return None


def _inside(address: Address) -> Sequence[Address]:
    """The address and those that it carries: mapped, translated or tunnelled ones."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    carried: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour, address.teredo[1] if address.teredo else None]
    number = int(address)
    if number >> 32 == 0 or any(address in network for network in _NAT64) or (number >> 32) & 0xFFFF_FFFF in _ISATAP:
        carried.append(ipaddress.IPv4Address(number & 0xFFFF_FFFF))
    return [address, *(inner for inner in carried if inner is not None)]
