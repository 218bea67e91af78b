"""Follow a log in the store by a position, for all triggers of it at once.

The bus's topics and the journal are logs. Whoever starts flows by one keeps a position that moves in the transaction of what it emits,
so nothing is asked twice and nothing is forgotten by a crash; how each trigger finds its place in it is the same for every log.

Rules
1. One reader serves all triggers; its position moves in the transaction of what it emits.
2. A new trigger starts at now; one that wants history first catches up by a position of its own, then joins the others.
3. A disabled trigger skips what comes meanwhile; one that was being given history goes on with it when it is enabled again.
4. A trigger is only given what came after it was first seen, also when others are further behind.
5. Where there is no room, reading waits: nothing is held in memory but one batch.

Called by: the sources that follow topics and the journal.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from onbeat.core.event import Event
from onbeat.errors import Overloaded
from onbeat.ports.sources import Listener, Received, SourceContext
from onbeat.ports.waiting import first, until_changed
from onbeat.ports.work import Position, Work

BATCH = 500
LOOKED_AT = 1_000
CATCH_UP = 100
"""Smaller, so that those who wait for new events do not wait long for those who read history."""

Row = tuple[int, Event | None]
"""A place in the log, and the event there, if it is one."""


class Feed(Protocol):
    """A log in the store. name: for people. part: its position's name."""

    name: str
    part: str

    async def end(self) -> int: ...
    async def read(self, after: int, limit: int) -> list[Row]: ...
    def wait(self, after: int) -> Coroutine[Any, Any, None]: ...
    def wants(self, listener: Listener, event: Event) -> bool: ...


async def follow(context: SourceContext, feed: Feed, triggers: Callable[[], Sequence[Listener]]) -> None:
    """Follow the log until cancelled."""
    follower = _Follower(context, feed, await context.store.positions(context.name))
    seen = list(triggers())
    await follower.meet(seen)
    context.measure(follower.lag)
    context.ready()
    while True:
        if not await follower.follow(seen) and not await follower.catch_up(seen):
            await first(feed.wait(follower.position), until_changed(context, triggers, seen))
        if seen != list(triggers()):
            seen = list(triggers())
            await follower.meet(seen)


class _Follower:
    """How far the triggers of one topic have come.

    A trigger's own position is `+N` once it has joined: the shared one holds for it, beyond N; while it catches up it is a bare `N`.
    """

    def __init__(self, context: SourceContext, feed: Feed, stored: Mapping[str, str]) -> None:
        self.context, self.feed = context, feed
        self.known = feed.part in stored
        self.position = self.saved = int(stored.get(feed.part, 0))
        own = {part.removeprefix(f"{feed.part}#"): value for part, value in stored.items() if part.startswith(f"{feed.part}#")}
        self.joined = {name: int(value) for name, value in own.items() if value.startswith("+")}
        self.behind = {name: int(value) for name, value in own.items() if not value.startswith("+")}

    async def meet(self, listeners: Sequence[Listener]) -> None:
        """Give each new trigger its place, durably."""
        new = [one for one in listeners if not one.disabled and one.trigger not in self.joined and one.trigger not in self.behind]
        if not new and self.known:
            return
        end = await self.feed.end()
        positions = []
        if not self.known:
            self.known, self.position, self.saved = True, end, end
            positions.append(self._shared(end))
        for one in new:
            if one.options.start == "latest":
                self.joined[one.trigger] = end
                positions.append(self._own(one.trigger, f"+{end}"))
            else:
                self.behind[one.trigger] = 0
                positions.append(self._own(one.trigger, "0"))
        await self.context.store.write(Work(positions=tuple(positions)))

    async def lag(self) -> int:
        """How many events it has not read; LOOKED_AT stands for that many or more."""
        rows = await self.feed.read(self.position, LOOKED_AT)
        return sum(event is not None for _, event in rows)

    async def follow(self, listeners: Sequence[Listener]) -> bool:
        """Give those who have joined what is new; whether there was anything."""
        rows = await self.feed.read(self.position, BATCH)
        if not rows:
            return False
        joined = [(one, self.joined[one.trigger]) for one in listeners if not one.disabled and one.trigger in self.joined]
        received = []
        for seq, event in rows:
            if event is not None:
                names = frozenset(one.trigger for one, begin in joined if begin < seq and self.feed.wants(one, event))
                if names:
                    received.append(Received(event=event, key=event.key, triggers=names))
        last = rows[-1][0]
        if received:
            await self._emit(received, self._shared(last))
            self.saved = last
        elif last - self.saved >= BATCH or any(one.disabled for one in listeners):
            await self.context.store.write(Work(positions=(self._shared(last),)))
            self.saved = last
        self.position = last
        return True

    async def catch_up(self, listeners: Sequence[Listener]) -> bool:
        """Give each who reads history the next of it, up to where the others are; there it joins them. Whether there was anything."""
        waiting = [one for one in listeners if not one.disabled and one.trigger in self.behind]
        for one in waiting:
            name = one.trigger
            rows = [row for row in await self.feed.read(self.behind[name], CATCH_UP) if row[0] <= self.position]
            found = [event for _, event in rows if event is not None and self.feed.wants(one, event)]
            received = [Received(event=event, key=event.key, triggers=frozenset({name})) for event in found]
            arrived = len(rows) < CATCH_UP
            reached = self.position if arrived else rows[-1][0]
            position = self._own(name, f"+{reached}" if arrived else str(reached))
            if received:
                await self._emit(received, position)
            else:
                await self.context.store.write(Work(positions=(position,)))
            if arrived:
                self.joined[name] = reached
                del self.behind[name]
            else:
                self.behind[name] = reached
        return bool(waiting)

    async def _emit(self, received: Sequence[Received], position: Position) -> None:
        while True:
            try:
                await self.context.emit(received, positions=(position,))
                return
            except Overloaded as error:
                self.context.report(f"{self.feed.name} waits: {error}")
                await self.context.wait_room()
                self.context.report(None)

    def _shared(self, position: int) -> Position:
        return Position(self.context.name, self.feed.part, str(position))

    def _own(self, trigger: str, value: str) -> Position:
        return Position(self.context.name, f"{self.feed.part}#{trigger}", value)
