"""Let many look on at once: one reader of the journal tells each follower what concerns him.

Were each follower to read for himself, five hundred of them would read the store five hundred times for each commit.

Rules
1. While nobody looks on nothing is read. A burst of commits is one reading: there are at most so many a second.
2. Who follows an execution gets each of its changes, in order, without a gap.
3. Who follows a list gets what became of the executions in it at most ten times a second, each once with its newest state: all of
   those that he sees, and of those that came as many as he can see, with how many more there are. Those who follow the same list share
   the work.
4. Who does not keep up is told that he lost his place (`Lagged`), and nothing is kept for him any more: he begins anew.

Called by: the API's streams.
"""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from itertools import islice
from typing import NamedTuple

from onbeat.core.evolve import evolve, fold
from onbeat.core.execution import Execution
from onbeat.errors import NotFound
from onbeat.ports import Clock, ExecutionFilter, ExecutionSummary, StoreAndQueries
from onbeat.ports.waiting import first
from onbeat.stores.memory_search import conditions

PAUSE = 0.02
"""Seconds from one reading to the next."""
TICK = 0.1
"""Seconds from one word about lists to the next; more where there are many who follow one."""
EACH = 0.005
"""Seconds for each of them: to tell them all costs the same part of the daemon's time, however many they are."""
_BATCH = 2_000
MOST = 5_000
"""How many changes of an execution, or executions of a list, wait for a follower; and how far back a list is taken up again."""
_REMEMBERED = 10
"""Pages of a list of which it is known that they were seen."""


class Lagged(Exception):
    """The follower was too slow, or comes back too late: what he missed is not told any more."""


class Told(NamedTuple):
    """A change: its place in the journal, the execution after it, and the task run that it is of, if it is of one."""

    seq: int
    execution: Execution
    run: int | None


class Following:
    """One who follows an execution. execution: it at the last change that was told."""

    def __init__(self, execution: Execution, seq: int) -> None:
        self.execution, self.seq = execution, seq
        self._told: list[Told] = []
        self._changed = asyncio.Event()
        self._lost = False

    @property
    def waits(self) -> bool:
        """Whether something is there that `next` has not told."""
        return self._changed.is_set()

    async def next(self) -> list[Told]:
        """What came since the last time. Raises Lagged."""
        await self._changed.wait()
        self._changed.clear()
        if self._lost:
            raise Lagged
        told, self._told = self._told, []
        return told

    def _tell(self, told: Told) -> None:
        self.execution, self.seq = told.execution, told.seq
        if len(self._told) >= MOST:
            self._lost, self._told = True, []
        elif not self._lost:
            self._told.append(told)
        self._changed.set()


class Line:
    """What became of an execution. text: room for how it is shown, so that all who hear of it share the work."""

    __slots__ = ("summary", "text")

    def __init__(self, summary: ExecutionSummary) -> None:
        self.summary = summary
        self.text: bytes | None = None


class Seen(NamedTuple):
    """What became of a list up to a place in the journal: the lines of those that changed or came, the newest first; the ids of those it
    does not mean any more; how many others came that are too many to tell."""

    seq: int
    changed: list[Line]
    gone: list[str]
    more: int


class Listing:
    """One who follows a list, and sees so many of it at once."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._shown: dict[str, None] = {}
        self._changed: dict[str, Line] = {}
        self._came: dict[str, Line] = {}
        self._gone: dict[str, None] = {}
        self._seq = 0
        self._told = asyncio.Event()
        self._lost = False

    def show(self, ids: Iterable[str]) -> None:
        """He sees these: he is told when they change, and when they are not in the list any more."""
        self._shown.update(dict.fromkeys(ids))
        for id_ in list(islice(self._shown, max(len(self._shown) - _REMEMBERED * self._size, 0))):
            del self._shown[id_]

    async def next(self) -> Seen:
        """What became of it since the last time. Raises Lagged."""
        await self._told.wait()
        self._told.clear()
        if self._lost:
            self._lost = False
            raise Lagged
        came = sorted(self._came, reverse=True)[: self._size]
        told = {**self._changed, **{id_: self._came[id_] for id_ in came}}
        seen = Seen(self._seq, [told[id_] for id_ in sorted(told, reverse=True)], sorted(self._gone), len(self._came) - len(came))
        self._changed, self._came, self._gone = {}, {}, {}
        self.show(came)
        return seen

    def _tell(self, seq: int, meant: Mapping[str, Line], touched: Set[str]) -> None:
        self._seq = seq
        for id_ in self._shown.keys() & touched:
            line = meant.get(id_)
            if line is not None:
                self._changed[id_] = line
                self._gone.pop(id_, None)
            else:
                self._changed.pop(id_, None)
                self._gone[id_] = None
        for id_ in self._came.keys() & (touched - meant.keys()):
            del self._came[id_]
        self._came.update({id_: meant[id_] for id_ in meant.keys() - self._shown.keys()})
        if len(self._came) > MOST:
            self._lost, self._changed, self._came, self._gone = True, {}, {}, {}
        if self._lost or self._changed or self._came or self._gone:
            self._told.set()


class Watch:
    """The one reader, and all who look on."""

    def __init__(self, store: StoreAndQueries, clock: Clock, group: asyncio.TaskGroup) -> None:
        self._store = store
        self._clock = clock
        self._group = group
        self._followers: dict[str, list[Following]] = defaultdict(list)
        self._lists: dict[ExecutionFilter, list[Listing]] = {}
        self._untold: dict[str, None] = {}
        """Executions of which lists have not been told yet."""
        self._looking = 0
        self._reader: asyncio.Task[None] | None = None
        self._at = 0

    @asynccontextmanager
    async def execution(self, id_: str, after: int | None = None) -> AsyncIterator[Following]:
        """Follow an execution, from now on or from a place in the journal: then it begins as it was there.

        Raises NotFound; Lagged when the place is too far back, or none of this execution.
        """
        async with self._look():
            follower = await (self._now(id_) if after is None else self._as_it_was(id_, after))
            self._followers[id_].append(follower)
            try:
                await self._catch_up(id_)  # what was written since it was loaded, and may have been read before it was listed here
                yield follower
            finally:
                self._followers[id_].remove(follower)
                if not self._followers[id_]:
                    del self._followers[id_]

    @asynccontextmanager
    async def listing(self, wanted: ExecutionFilter, size: int, after: int | None = None) -> AsyncIterator[tuple[Listing, int]]:
        """Follow a list, from now on or from a place in the journal; with where it begins. size: how many are seen at once.

        Raises Lagged when the place is too far back.
        """
        async with self._look():
            follower, begin = Listing(size), self._at
            self._lists.setdefault(wanted, []).append(follower)
            try:
                if after is not None:
                    await self._take_up(follower, wanted, after)
                yield follower, begin
            finally:
                self._lists[wanted].remove(follower)
                if not self._lists[wanted]:
                    del self._lists[wanted]

    async def _now(self, id_: str) -> Following:
        seq = self._at
        found = await self._store.load(id_)
        if found is None:
            raise NotFound(f"there is no execution {id_}")
        return Following(found, seq)

    async def _as_it_was(self, id_: str, after: int) -> Following:
        rows = await self._store.changes(id_)
        known = bisect_right(rows, after, key=lambda row: row.seq)
        if not known or len(rows) - known > MOST or after > await self._store.journal_end():
            raise Lagged
        return Following(fold([row.change for row in rows[:known]]), after)

    async def _take_up(self, follower: Listing, wanted: ExecutionFilter, after: int) -> None:
        end = await self._store.journal_end()
        if not end - MOST <= after <= end:
            raise Lagged
        touched = [id_ for _, id_ in await self._store.touched(after, MOST)]
        if touched:
            lines = await self._lines(touched)
            follower.show(_meant(lines, ExecutionFilter(allowed=wanted.allowed)))  # he may have seen any of them
            follower._tell(end, _meant(lines, wanted), set(touched))

    @asynccontextmanager
    async def _look(self) -> AsyncIterator[None]:
        """While somebody does, there is a reader."""
        self._looking += 1
        try:
            if self._reader is None:
                self._at = await self._store.journal_end()
                if self._reader is None:
                    self._reader = self._group.create_task(self._read())
            yield
        finally:
            self._looking -= 1
            if not self._looking and self._reader is not None:
                self._reader.cancel()
                self._reader, self._untold = None, {}

    async def _read(self) -> None:
        tick = 0.0
        while True:
            if self._untold:
                await first(self._store.wait_journal(self._at), self._clock.sleep(max(tick - self._clock.monotonic(), 0)))
            else:
                await self._store.wait_journal(self._at)
            touched = await self._store.touched(self._at, _BATCH)
            for _, id_ in touched:
                if id_ in self._followers:
                    await self._catch_up(id_)
            if touched:
                self._at = touched[-1][0]
                self._untold.update(dict.fromkeys(id_ for _, id_ in touched) if self._lists else {})
            if self._untold and self._clock.monotonic() >= tick:
                told, self._untold = self._untold.keys(), {}
                lines = await self._lines(list(told))
                for wanted, followers in self._lists.items():
                    meant = _meant(lines, wanted)
                    for follower in followers:
                        follower._tell(self._at, meant, told)
                tick = self._clock.monotonic() + max(TICK, EACH * sum(map(len, self._lists.values())))
            await self._clock.sleep(PAUSE)

    async def _catch_up(self, id_: str) -> None:
        """Tell the followers of an execution what they have not heard."""
        rows = await self._store.changes(id_, min(each.execution.version for each in self._followers[id_]))
        made: dict[int, Execution] = {}
        for follower in self._followers.get(id_, ()):
            for row in rows:
                if row.version == follower.execution.version + 1:
                    if row.version not in made:
                        made[row.version] = evolve(follower.execution, row.change)
                    follower._tell(Told(row.seq, made[row.version], getattr(row.change, "n", None) or None))

    async def _lines(self, ids: Sequence[str]) -> list[Line]:
        return [Line(each) for each in await self._store.executions(ExecutionFilter(ids=tuple(ids)), limit=len(ids))]


def _meant(lines: Iterable[Line], wanted: ExecutionFilter) -> dict[str, Line]:
    """Those of them that the filter means."""
    left = list(lines)
    for holds in conditions(wanted):
        left = [line for line in left if holds(line.summary)]
    return {line.summary.id: line for line in left}
