"""Follow a topic of the embedded bus.

Topics are logs in the store, so an event is followed by a position that is kept in the transaction that starts the flows: nothing
is asked twice, nothing is forgotten by a crash. The topic of state events is the journal itself, seen through its projection.

Rules
1. One reader serves all triggers of a topic; its position moves in the transaction of what it emits.
2. A new trigger starts at now; with `from: earliest` it first catches up by a position of its own, then joins the others.
3. A disabled trigger skips what comes meanwhile; one that was being given history goes on with it when it is enabled again.
4. A trigger is only given what came after it was first seen, also when others are further behind.
5. Where there is no room, reading waits: nothing is held in memory but one batch.

Called by: the engine's services, through the registry.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

from pydantic import Field

from onbeat.errors import Overloaded
from onbeat.ports import JournalRow, Listener, Position, Received, Record, SourceContext, SourceOptions, Store, Work
from onbeat.ports.waiting import first, until_changed

STATE_TOPIC = "onbeat.executions"
BATCH = 500
LOOKED_AT = 1_000
CATCH_UP = 100
"""Smaller, so that those who wait for new events do not wait long for those who read history."""

Project = Callable[[JournalRow], Record | None]
Row = tuple[int, Record | None]


class EventTrigger(SourceOptions):
    """Starts for each event on a topic of the bus: what `core.event.Publish`, `onbeat publish` and `POST /events` put there, and on
    `onbeat.executions` what happens to executions.

    `trigger.*`: `id`, `topic`, `key`, `data`, `time`, `headers`. A new trigger begins with the next event; `from: earliest` gives it
    what the topic still holds, first.

    Example:

    ```yaml
    triggers:
      - id: order_paid
        type: core.trigger.Event
        topic: orders.paid
        when: "{{ trigger.data.total > 100 }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.trigger.Event",)
    listens_disabled: ClassVar[bool] = True

    topic: str = Field(min_length=1, max_length=249)
    start: Literal["latest", "earliest"] = Field("latest", alias="from")

    def subscription(self, trigger: str, settings: Mapping[str, Any]) -> str:
        """All triggers of a topic share one reader. The journal's bears the name by which the store keeps what it has not read."""
        prefix = "journal:" if self.topic == settings.get("events_topic", STATE_TOPIC) else ""
        return f"{prefix}{type(self).names[0]}:{self.topic}"

    async def run(self, context: SourceContext, triggers: Callable[[], Sequence[Listener]]) -> None:
        """Follow the topic until cancelled."""
        feed: _Feed = _Records(context.store, self.topic)
        if self.topic == context.settings.get("events_topic", STATE_TOPIC):
            feed = _Journal(context.store, self.topic, context.settings["project"])
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


# ---- what is followed ----------------------------------------------------------------------------------------------


class _Feed(Protocol):
    """A log in the store. part: its position's name."""

    topic: str
    part: str

    async def end(self) -> int: ...
    async def read(self, after: int, limit: int) -> list[Row]: ...
    def wait(self, after: int) -> Coroutine[Any, Any, None]: ...


class _Records:
    """A topic of the embedded bus."""

    def __init__(self, store: Store, topic: str) -> None:
        self.store, self.topic, self.part = store, topic, topic

    async def end(self) -> int:
        return await self.store.records_end(self.topic)

    async def read(self, after: int, limit: int) -> list[Row]:
        return [(record.seq, record) for record in await self.store.records(self.topic, after, limit)]

    async def wait(self, after: int) -> None:
        await self.store.wait_records(self.topic, after)


class _Journal:
    """The state events: each row of the journal as its projection, if it has one."""

    def __init__(self, store: Store, topic: str, project: Project) -> None:
        self.store, self.topic, self.part, self.project = store, topic, "seq", project

    async def end(self) -> int:
        return await self.store.journal_end()

    async def read(self, after: int, limit: int) -> list[Row]:
        return [(row.seq, self.project(row)) for row in await self.store.journal(after, limit)]

    async def wait(self, after: int) -> None:
        await self.store.wait_journal(after)


# ---- who follows ---------------------------------------------------------------------------------------------------


class _Follower:
    """How far the triggers of one topic have come.

    A trigger's own position is `+N` once it has joined: the shared one holds for it, beyond N; while it catches up it is a bare `N`.
    """

    def __init__(self, context: SourceContext, feed: _Feed, stored: Mapping[str, str]) -> None:
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
        return sum(record is not None for _, record in rows)

    async def follow(self, listeners: Sequence[Listener]) -> bool:
        """Give those who have joined what is new; whether there was anything."""
        rows = await self.feed.read(self.position, BATCH)
        if not rows:
            return False
        joined = {one.trigger: self.joined[one.trigger] for one in listeners if not one.disabled and one.trigger in self.joined}
        received = []
        for seq, record in rows:
            names = frozenset(name for name, begin in joined.items() if begin < seq)
            if record is not None and names:
                received.append(self._receive(record, names))
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
        waiting = [one.trigger for one in listeners if not one.disabled and one.trigger in self.behind]
        for name in waiting:
            rows = [row for row in await self.feed.read(self.behind[name], CATCH_UP) if row[0] <= self.position]
            received = [self._receive(record, frozenset({name})) for _, record in rows if record is not None]
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
                self.context.report(f"topic {self.feed.topic} waits: {error}")
                await self.context.wait_room()
                self.context.report(None)

    def _shared(self, position: int) -> Position:
        return Position(self.context.name, self.feed.part, str(position))

    def _own(self, trigger: str, value: str) -> Position:
        return Position(self.context.name, f"{self.feed.part}#{trigger}", value)

    def _receive(self, record: Record, names: frozenset[str]) -> Received:
        event = record.as_event()
        return Received(event=event, key=event.key, triggers=names)


PROVIDES = (EventTrigger,)
