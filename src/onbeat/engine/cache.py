"""Keep things in storage for a time, under a name: what a task gave, what a directory held.

There is no list of them beside storage that could say otherwise than it: the instant is the last part of the path.

Rules
1. What has been kept last under a name counts; what was there before goes once the new one is whole.
2. What is older than its time is as if it were not there.
3. A group keeps so many and no more: the oldest go.

Called by: task_cache, workspace.
"""

from datetime import timedelta
from typing import NamedTuple

from onbeat.core.addresses import SCHEME
from onbeat.core.event import Micros
from onbeat.ports import Clock, Storage


class Kept(NamedTuple):
    """Something that is kept: since when, and where."""

    at: Micros
    uri: str

    def fresh(self, ttl: timedelta | None, now: Micros) -> bool:
        """Whether its time is not over."""
        return ttl is None or now - self.at < ttl // timedelta(microseconds=1)


class Cache:
    """Groups of names in storage. A group is a path of the cache's own."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def find(self, group: str, name: str, ttl: timedelta | None) -> Kept | None:
        """What was kept under the name, if its time is not over."""
        kept = [_read(path) for path, _ in await self._storage.files(f"{group}/{name}")]
        newest = max(kept, default=None)
        return newest if newest is not None and newest.fresh(ttl, self._clock.now()) else None

    def path(self, group: str, name: str) -> str:
        """Where to keep something under the name now; `settle` afterwards."""
        return f"{group}/{name}/{self._clock.now():017}"

    async def settle(self, group: str, most: int) -> None:
        """Remove what has been replaced, and the oldest of more than `most`."""
        newest: dict[str, Kept] = {}
        for path, _ in await self._storage.files(group):
            name, kept = path.rpartition("/")[0], _read(path)
            if name in newest:
                newest[name], kept = max(newest[name], kept), min(newest[name], kept)
                await self._storage.delete(kept.uri.removeprefix(SCHEME))
            else:
                newest[name] = kept
        for kept in sorted(newest.values())[: max(0, len(newest) - most)]:
            await self._storage.delete(kept.uri.removeprefix(SCHEME))


def _read(path: str) -> Kept:
    return Kept(int(path.rpartition("/")[2]), SCHEME + path)
