"""Let those wait who try again and again.

A password of eight letters falls to a program that may try as often as it likes. Here each failure beyond a few makes the next try wait
twice as long.

Rules
1. The first few tries wait for nothing: people mistype.
2. A try counts when it begins, so that a hundred at once are a hundred; a success forgets those before it.
3. A try that comes too early is not looked at, and makes nobody wait longer: else whoever tries could lock the right one out for good.
4. After a quiet while all is forgotten. What is remembered is bounded: the ones quiet for longest go first.

Called by: logins, once for each account and once for each address.
"""

from collections import OrderedDict
from dataclasses import dataclass

from onbeat.core.event import Micros

_SECOND = 1_000_000


@dataclass(slots=True)
class _Tries:
    count: int = 0
    until: Micros = 0
    last: Micros = 0


class Throttle:
    """Who failed how often. free: tries without a wait; longest: seconds of a wait; forget: quiet seconds after which all is new."""

    def __init__(self, free: int, longest: float, forget: float = 3_600, most: int = 10_000) -> None:
        self._free = free
        self._longest = longest
        self._forget = int(forget * _SECOND)
        self._most = most
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._tries)

    def take(self, key: str, now: Micros) -> float:
        """Begin a try: 0.0 when it may go on and counts, else the seconds to wait."""
        tries = self._tries.get(key)
        if tries is None or now - tries.last > self._forget:
            tries = self._tries[key] = _Tries()
        if now < tries.until:
            return (tries.until - now) / _SECOND
        tries.count += 1
        tries.last = now
        if tries.count >= self._free:
            tries.until = now + int(min(2.0 ** min(tries.count - self._free, 30), self._longest) * _SECOND)
        self._tries.move_to_end(key)
        while len(self._tries) > self._most:
            self._tries.popitem(last=False)
        return 0.0

    def wait(self, key: str, now: Micros) -> float:
        """The seconds that a try would have to wait; nothing counts."""
        tries = self._tries.get(key)
        return 0.0 if tries is None or now - tries.last > self._forget else max(tries.until - now, 0) / _SECOND

    def succeeded(self, key: str) -> None:
        """The last try was right."""
        self._tries.pop(key, None)

    def give_back(self, key: str) -> None:
        """The last try was no failure: it does not count, those before it do."""
        tries = self._tries.get(key)
        if tries is not None:
            tries.count = max(tries.count - 1, 0)
            tries.until = 0
