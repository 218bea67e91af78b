"""Keep what triggers remember that wait for several events, and see to it when one of them is due.

All of it is rows of a ledger, written in the transaction of the event that changed it, together with the source's position and with
what starts: a crash before or after that transaction leaves nothing half done. In memory is a copy of the rows.

Rules
1. A trigger's groups are changed by one at a time, and in memory only once the store has them.
2. An event that was counted is not counted again, whoever brings it a second time.
3. Who is due is known again at a start: from the rows, with one sleeper and no look in between.
4. What a trigger keeps is bounded: past its limit an event is a dead event that says so.
5. A correlation that was edited begins anew, and says what it gave up.

Called by: intake.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

import msgspec
import structlog

from onbeat.core import correlation as core
from onbeat.core.correlation import Arrival, Fired, Group, Kept
from onbeat.core.event import Event, Micros
from onbeat.core.matching import Fit
from onbeat.core.refs import INLINE_LIMIT
from onbeat.core.trigger import TriggerSpec
from onbeat.errors import OutsideError, Refused, StoreBroken
from onbeat.ports import Clock, LedgerRow, Store, Work
from onbeat.ports.waiting import first

_log = structlog.get_logger("onbeat.correlator")
STATE = "correlate:"
SEEN = "correlated:"
_KEPT_SEEN: Micros = 7 * 86_400_000_000
"""How long the identity of a counted event is remembered, at least."""
_SIGNATURE = ""
_LONGEST_SLEEP = 60.0
"""Seconds after which the wall clock is looked at again while something is due: it may have been set."""
_BETWEEN_TRIES = 1.0
_AT_ONCE = 500
"""Groups of a trigger that are settled in one transaction."""
_encode = msgspec.json.Encoder().encode
_groups = msgspec.json.Decoder(Group)
_kept = msgspec.json.Decoder(Kept)


class Book:
    """The groups of one trigger, as the store has them. size: how many rows they are."""

    def __init__(self, spec: TriggerSpec, lock: asyncio.Lock) -> None:
        self.spec = spec
        self.lock = lock
        self.loaded = False
        self.groups: dict[str, Group] = {}
        self.size = 0
        self._heap: list[tuple[Micros, str]] = []

    def put(self, key: str, group: Group | None) -> None:
        """The group is this now."""
        before = self.groups.pop(key, None)
        self.size -= rows_of(before)
        if group is not None:
            self.groups[key] = group
            self.size += rows_of(group)
            if group.due is not None and (before is None or before.due != group.due):
                heapq.heappush(self._heap, (group.due, key))

    def due(self, now: Micros, limit: int) -> list[str]:
        """Keys of groups whose time has come, the earliest first."""
        found: list[str] = []
        waiting = []
        while self._heap and self._heap[0][0] <= now and len(found) < limit:
            entry = heapq.heappop(self._heap)
            group = self.groups.get(entry[1])
            if group is not None and group.due == entry[0]:
                waiting.append(entry)
                found.append(entry[1])
        for entry in waiting:
            heapq.heappush(self._heap, entry)
        return list(dict.fromkeys(found))

    @property
    def next_due(self) -> Micros | None:
        """When the next one is due."""
        while self._heap:
            due, key = self._heap[0]
            group = self.groups.get(key)
            if group is not None and group.due == due:
                return due
            heapq.heappop(self._heap)
        return None


def rows_of(group: Group | None) -> int:
    """How many rows a group is."""
    return 0 if group is None else 1 + len(group.kept)


class Desk:
    """What one transaction changes about some books: nothing of it holds before `keep`."""

    def __init__(self, books: Mapping[str, Book], now: Micros, loading: Sequence[LedgerRow]) -> None:
        self.books = books
        self.now = now
        self.seen: dict[str, set[str]] = {name: set() for name in books}
        self.recalled: dict[str, set[str]] = {name: set() for name in books}
        self.counted: dict[str, list[str]] = {name: [] for name in books}
        self._loading = loading
        self._changed: dict[tuple[str, str], Group | None] = {}
        self._sizes = {name: book.size for name, book in books.items()}

    def group(self, name: str, key: str) -> Group | None:
        """A group as it is on this desk."""
        return self._changed[name, key] if (name, key) in self._changed else self.books[name].groups.get(key)

    def arrive(self, name: str, fit: Fit, event: Event) -> tuple[Fired, ...]:
        """Count an event. Raises Refused when there is no room for it."""
        if fit.identity in self.seen[name]:
            return ()
        correlation = self.books[name].spec.correlation
        assert correlation is not None
        before = self.group(name, fit.group)
        slim = msgspec.structs.replace(event, data=None)
        arrival = Arrival(slim, min(event.time, self.now), fit.identity, fit.terms)
        after, fired = core.arrive(correlation.rule, before, arrival, fit.group)
        if after is not before:
            size = self._sizes[name] + rows_of(after) - rows_of(before)
            if size > correlation.limit and size > self._sizes[name]:
                raise Refused(f"the trigger keeps {self._sizes[name]} events already; its `limit` is {correlation.limit}")
            if after is not None and after.last > (before.last if before else 0) and len(_encode(slim)) > INLINE_LIMIT:
                raise Refused(f"the event is larger than the {INLINE_LIMIT} bytes that may be kept to wait for others")
        self._set(name, fit.group, after)
        self.seen[name].add(fit.identity)
        self.counted[name].append(fit.identity)
        return fired

    def settle(self, name: str, key: str) -> tuple[Fired, ...]:
        """See to a group whose time has come."""
        group, correlation = self.group(name, key), self.books[name].spec.correlation
        if group is None or group.due is None or group.due > self.now or correlation is None:
            return ()
        after, fired = core.due(correlation.rule, group, self.now)
        self._set(name, key, after)
        return fired

    def begin(self, name: str) -> None:
        """Wait for what is waited for before any event."""
        correlation = self.books[name].spec.correlation
        if correlation is not None and not self.books[name].groups:
            group = core.begin(correlation.rule, self.now)
            if group is not None:
                self._set(name, "", group)

    def _set(self, name: str, key: str, group: Group | None) -> None:
        self._sizes[name] += rows_of(group) - rows_of(self.group(name, key))
        self._changed[name, key] = group

    def rows(self) -> tuple[LedgerRow, ...]:
        """What is to be written."""
        found = list(self._loading)
        for (name, key), group in self._changed.items():
            found += _difference(STATE + name, key, self.books[name].groups.get(key), group)
        until = self.now + _KEPT_SEEN
        found += [LedgerRow(SEEN + name, identity, "", until) for name, counted in self.counted.items() for identity in counted]
        return tuple(found)

    def keep(self) -> None:
        """It is written."""
        for (name, key), group in self._changed.items():
            self.books[name].put(key, group)


def _difference(ledger: str, key: str, before: Group | None, after: Group | None) -> Iterator[LedgerRow]:
    """The rows that make one of the other."""
    was, is_ = before.kept if before is not None else (), after.kept if after is not None else ()
    if was and is_[: len(was)] == was:  # the usual case, which costs what came, not what is there
        was, is_ = (), is_[len(was) :]
    old, new = {one.n: one for one in was}, {one.n: one for one in is_}
    until = after.due if after is not None else None
    for n in old.keys() - new.keys():
        yield LedgerRow(ledger, _event_key(key, n), None)
    for n, one in new.items():
        if old.get(n) is not one:
            yield LedgerRow(ledger, _event_key(key, n), _encode(one).decode(), until)
    if after is None:
        if before is not None:
            yield LedgerRow(ledger, f"g\n{key}", None)
    elif before is not after:
        yield LedgerRow(ledger, f"g\n{key}", _encode(msgspec.structs.replace(after, kept=())).decode(), until)


def _event_key(key: str, n: int) -> str:
    return f"e\n{n:012}\n{key}"


class Correlator:
    """The books of all triggers that wait for several events. settle: sees to the groups of a trigger that are due."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._books: dict[str, Book] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._changed = asyncio.Event()
        self._sleeps_until: Micros | None = None

    def __bool__(self) -> bool:
        return bool(self._books)

    def update(self, triggers: Iterable[TriggerSpec]) -> None:
        """These are the triggers that wait for several events."""
        before, self._books = self._books, {}
        for spec in triggers:
            book = before.get(spec.name)
            if book is None or book.spec.correlation is None or book.spec.correlation.signature != _signature(spec):
                book = Book(spec, self._locks.setdefault(spec.name, asyncio.Lock()))  # what is being written of an old one comes first
            book.spec = spec
            self._books[spec.name] = book
        self._changed.set()

    def book(self, name: str) -> Book | None:
        """The book of a trigger."""
        return self._books.get(name)

    @asynccontextmanager
    async def holding(self, names: Iterable[str], identities: Sequence[str] = ()) -> AsyncIterator[Desk]:
        """The books of these triggers, for one transaction at a time. identities: of events that may have been counted before."""
        books = {name: self._books[name] for name in sorted(set(names) & self._books.keys())}
        async with AsyncExitStack() as locks:
            for book in books.values():
                await locks.enter_async_context(book.lock)
            loading = [row for book in books.values() if not book.loaded for row in await self._load(book)]
            desk = Desk(books, self._clock.now(), loading)
            for name in books:
                desk.begin(name)
                await self._recall(desk, name, identities)
            yield desk

    async def arrive(self, desk: Desk, name: str, fit: Fit, event: Event) -> tuple[Fired, ...]:
        """Count an event, unless it was counted before. Raises Refused when there is no room for it."""
        if fit.identity not in desk.recalled[name]:  # it is what `dedupe` says, known only now
            await self._recall(desk, name, [fit.identity])
        return desk.arrive(name, fit, event)

    async def _recall(self, desk: Desk, name: str, identities: Sequence[str]) -> None:
        """Read which of these were counted."""
        if identities:
            desk.seen[name] |= (await self._store.ledger(SEEN + name, identities)).keys()
            desk.recalled[name].update(identities)

    async def counted(self, name: str, identity: str) -> bool:
        """Whether an event was counted."""
        return identity in await self._store.ledger(SEEN + name, [identity])

    def kept(self, desk: Desk) -> None:
        """A desk's transaction is written."""
        desk.keep()
        for book in desk.books.values():
            book.loaded = True
            due = book.next_due
            if due is not None and (self._sleeps_until is None or due < self._sleeps_until):
                self._changed.set()

    async def _load(self, book: Book) -> list[LedgerRow]:
        """Read a book from the store; the rows that must be written with it."""
        ledger, signature = STATE + book.spec.name, _signature(book.spec)
        rows = await self._store.ledger(ledger)
        for key in list(book.groups):
            book.put(key, None)
        if rows.get(_SIGNATURE) == signature:
            kept: dict[str, list[Kept]] = {}
            for key in sorted(key for key in rows if key.startswith("e\n")):
                kept.setdefault(key[15:], []).append(_kept.decode(rows[key]))
            for key, value in rows.items():
                if key.startswith("g\n"):
                    group = _groups.decode(value)
                    book.put(group.key, msgspec.structs.replace(group, kept=tuple(kept.get(group.key, ()))))
            return []
        if len(rows) > 1:
            _log.warning(
                "a correlation was edited and begins anew; what it had kept is given up", trigger=book.spec.name, rows=len(rows) - 1
            )
        return [*(LedgerRow(ledger, key, None) for key in rows if key), LedgerRow(ledger, _SIGNATURE, signature)]

    # ---- deadlines ---------------------------------------------------------------------------------------------

    async def serve(self, settle: Callable[[str, Sequence[str]], Awaitable[bool]]) -> None:
        """See to what is due until cancelled. settle: of a trigger, these groups; whether it could be done now."""
        while True:
            self._changed.clear()
            late = False
            for name, book in list(self._books.items()):
                late |= not await self._see_to(name, book, settle)
            dues = [due for book in self._books.values() if (due := book.next_due) is not None]
            self._sleeps_until = min(dues, default=None)
            if late:
                await self._clock.sleep(_BETWEEN_TRIES)
            elif self._sleeps_until is None:
                await self._changed.wait()
            elif self._sleeps_until > self._clock.now():
                seconds = min((self._sleeps_until - self._clock.now()) / 1e6, _LONGEST_SLEEP)
                await first(self._clock.sleep(seconds), _wait(self._changed))

    async def _see_to(self, name: str, book: Book, settle: Callable[[str, Sequence[str]], Awaitable[bool]]) -> bool:
        try:
            if not book.loaded:
                async with self.holding([name]) as desk:
                    if rows := desk.rows():
                        await self._store.write(Work(ledger=rows))
                    self.kept(desk)
            keys = book.due(self._clock.now(), _AT_ONCE)
            return not keys or await settle(name, keys)
        except StoreBroken:
            raise
        except OutsideError as problem:
            _log.warning("what is due waits", trigger=name, problem=str(problem))
            return False
        except Exception:  # of this trigger alone: the others are seen to
            _log.exception("what is due cannot be seen to, and is tried again", trigger=name)
            return False


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


def _signature(spec: TriggerSpec) -> str:
    return spec.correlation.signature if spec.correlation is not None else ""
