"""Bound the bytes of values that namespaces keep under keys, where a quota says so.

Rules
1. What is kept is read once and then counted on; it is read again before a value is refused, for what has expired is gone by itself.
2. Within LATELY of such a look a value is refused by what is known, unless something was removed: who tries without end reads nothing.
3. A smaller value in the place of a larger one is never refused.

Called by: values, before it keeps one.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from onbeat.engine.quotas import Quotas, Use
from onbeat.errors import OverQuota
from onbeat.ports import Clock

LATELY = 10.0
"""Seconds."""


class ValueRoom:
    """The room for values. size: bytes of a namespace's values. namespaces: those that have some. quotas: brought by the daemon."""

    def __init__(self, clock: Clock, size: Callable[[str], Awaitable[int]], namespaces: Callable[[], Awaitable[Sequence[str]]]) -> None:
        self.quotas = Quotas()
        self._clock, self._size, self._namespaces = clock, size, namespaces
        self._used: dict[str, int] = {}
        self._looked: dict[str, float] = {}

    async def take(self, namespace: str, key: str, before: int, after: int) -> None:
        """Count a value of so many bytes in the place of one of so many. Raises OverQuota."""
        found = self.quotas.size_limit(namespace, "kv_bytes")
        if found is None:
            return
        name, most = found
        if name not in self._used:
            await self._look(name)
        more = after - before
        if more > 0 and self._used[name] + more > most:
            if self._clock.monotonic() - self._looked.get(name, -LATELY) >= LATELY:
                await self._look(name)
            if self._used[name] + more > most:
                self.quotas.over_values(name)
                raise OverQuota(
                    f"quota: the values of `{name}` have at most {most:,} bytes; they have {self._used[name]:,}, "
                    f"and `{key}` is {more:,} more: it is not kept. Delete some, or use a file"
                )
        self._used[name] += more

    def removed(self, namespace: str) -> None:
        """A value was removed: look again before one is refused."""
        found = self.quotas.size_limit(namespace, "kv_bytes")
        if found is not None:
            self._looked.pop(found[0], None)

    async def _look(self, name: str) -> None:
        used = 0
        for namespace in await self._namespaces():
            found = self.quotas.size_limit(namespace, "kv_bytes")
            if found is not None and found[0] == name:
                used += await self._size(namespace)
        self._used[name], self._looked[name] = used, self._clock.monotonic()

    def use(self) -> Iterator[Use]:
        """How full those are that were used since the daemon began."""
        for name, used in self._used.items():
            found = self.quotas.size_limit("" if name == "*" else name, "kv_bytes")
            if found is not None:
                yield Use(name, "kv_bytes", used, found[1])
