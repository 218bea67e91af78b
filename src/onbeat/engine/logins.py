"""Say whether a name and a password belong together: slowly the first time, at once while it is remembered.

Rules
1. A success is remembered for five minutes for that name from that address, as a hash with a key that only this process has; another
   password for the account ends it.
2. Who fails often waits, by account and by address; while he waits nothing is checked, not even what is remembered for another address.
3. Nothing tells a name that is not there from a wrong password: neither the words nor the time nor the waits.
4. The same login ten times at once is checked once.

Called by: the API's access (Basic) and login.
"""

import asyncio
import hmac
import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from weakref import WeakValueDictionary

from onbeat.core.event import Micros
from onbeat.engine.passwords import Passwords
from onbeat.engine.throttle import Throttle
from onbeat.errors import Overloaded, Unauthorized
from onbeat.ports import Clock

_REMEMBERED: Micros = 300 * 1_000_000
_MOST = 1_000
ACCOUNT_FREE, ACCOUNT_LONGEST = 5, 60.0
ADDRESS_FREE, ADDRESS_LONGEST = 20, 300.0


class TooManyTries(Unauthorized):
    """Too many logins failed. seconds: when to try again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"too many logins failed; try again in {seconds:.0f} s")


class _Success(NamedTuple):
    digest: bytes
    hashed: str | None
    until: Micros


class Logins:
    """Checks passwords. find: the hash that is kept for a name, None when there is no such user or he may not log in."""

    def __init__(self, find: Callable[[str], Awaitable[str | None]], passwords: Passwords, clock: Clock) -> None:
        self._find = find
        self._passwords = passwords
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._successes: OrderedDict[tuple[str, str], _Success] = OrderedDict()
        self._one_at_a_time: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._accounts = Throttle(ACCOUNT_FREE, ACCOUNT_LONGEST)
        self._addresses = Throttle(ADDRESS_FREE, ADDRESS_LONGEST)

    async def check(self, name: str, password: str, address: str) -> None:
        """Returns when they belong together. Raises Unauthorized, TooManyTries, Overloaded."""
        where = network(address)
        who = (_short(name.casefold()), where)
        async with self._one_at_a_time.setdefault(who, asyncio.Lock()):
            await self._check(who, name, password)

    async def _check(self, who: tuple[str, str], name: str, password: str) -> None:
        account, where = who
        hashed = await self._find(name)
        now = self._clock.now()
        if wait := self._addresses.wait(where, now):
            raise TooManyTries(wait)
        digest = hmac.digest(self._key, password.encode("utf-8", "surrogatepass"), "sha256")
        known = self._successes.get(who)
        if known is not None and now < known.until and known.hashed == hashed and hmac.compare_digest(known.digest, digest):
            return
        if wait := self._accounts.take(account, now) or self._addresses.take(where, now):
            raise TooManyTries(wait)
        try:
            right = await self._passwords.fits(hashed, password)
        except Overloaded:  # nothing was looked at
            self._accounts.give_back(account)
            self._addresses.give_back(where)
            raise
        if not right:
            raise Unauthorized("the name or the password is wrong")
        self._accounts.succeeded(account)
        self._addresses.give_back(where)
        self._successes[who] = _Success(digest, hashed, self._clock.now() + _REMEMBERED)
        self._successes.move_to_end(who)
        while len(self._successes) > _MOST:
            self._successes.popitem(last=False)


def network(address: str) -> str:
    """What tries of one address are counted for: the address, of IPv6 the network that one customer has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return _short(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def _short(text: str) -> str:
    return text[:256]
