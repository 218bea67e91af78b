"""The embedded bus as a source, on the store in memory."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.errors import Overloaded
from onbeat.plugins.bus import PROVIDES, EventTrigger
from onbeat.ports import JournalRow, LedgerRow, Listener, Position, Received, Record, SourceContext, Started, Work, following
from onbeat.stores.memory import MemoryStore
from tests.plugins.source_suite import FakeLog, LoopClock

TOPIC = "orders"
NAME = "core.trigger.Event:orders"


def listener(name: str = "t", start: str = "latest", disabled: bool = False, topic: str = TOPIC) -> Listener:
    """A trigger of the topic."""
    return Listener(name, EventTrigger.model_validate({"topic": topic, "from": start}), disabled=disabled)


class World:
    """The store and what was durably started; the source may be stopped and started again."""

    def __init__(self) -> None:
        self.wrote = asyncio.Event()
        self.store = MemoryStore(on_write=self._write)
        self.started: list[tuple[str, str]] = []
        self.received: list[Received] = []
        self.listeners: list[Listener] = []
        self.reports: list[str | None] = []
        self.settings: dict[str, Any] = {}
        self.refusals = 0
        self.meanwhile: list[str] = []
        """Sent after the next batches, one after each."""
        self.crash: str | None = None
        self.crashed = asyncio.Event()
        self.room = asyncio.Event()
        self._changed = asyncio.Event()
        self._told = asyncio.Condition()
        self._sent = 0

    def _write(self, moment: str) -> None:
        self.wrote.set()
        self.wrote = asyncio.Event()

    async def send(self, *ids: str, topic: str = TOPIC, **fields: Any) -> None:
        """Publish records."""
        await self.store.open()
        records = tuple(Record(topic=topic, id=id_, data={"n": id_}, time=1_000_000, **fields) for id_ in ids)
        await self.store.write(Work(records=records))

    async def emit(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        if self.refusals:
            self.refusals -= 1
            raise Overloaded("full")
        if self.crash == "before":
            await self._die()
        await self.store.write(Work(positions=tuple(positions)))
        for one in received:
            assert one.event is not None
            assert one.triggers
            self.started += [(name, one.event.id) for name in sorted(one.triggers)]
        self.received += received
        if self.meanwhile:
            await self.send(self.meanwhile.pop())
        async with self._told:
            self._told.notify_all()
        if self.crash == "after":
            await self._die()
        return tuple(Started() for _ in received)

    async def _die(self) -> None:
        self.crash = None
        self.crashed.set()
        await asyncio.Event().wait()

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait for a state of what was started."""
        async with asyncio.timeout(5), self._told:
            await self._told.wait_for(what)

    async def until_had(self, name: str, id_: str) -> None:
        """Wait until a trigger has had an event."""
        await self.until(lambda: (name, id_) in self.started)

    def change(self, *listeners: Listener) -> None:
        """Hot reload."""
        self.listeners = list(listeners)
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_changed(self) -> None:
        await self._changed.wait()

    async def wait_room(self) -> None:
        await self.room.wait()

    @asynccontextmanager
    async def running(self, *listeners: Listener) -> AsyncIterator[None]:
        """The source runs and is ready, until the block ends as a crash would end it."""
        await self.store.open()
        self.crashed.clear()
        self.listeners = list(listeners or self.listeners)
        ready = asyncio.Event()
        options = self.listeners[0].options
        context = SourceContext(
            name=options.subscription("t", self.settings),
            emit=self.emit,
            store=self.store,
            clock=LoopClock(),
            log=FakeLog(),
            ready=ready.set,
            report=self.reports.append,
            wait_room=self.wait_room,
            wait_changed=self.wait_changed,
            settings=self.settings,
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(options.run(context, lambda: self.listeners))
            try:
                async with asyncio.timeout(5):
                    await ready.wait()
                yield
            finally:
                task.cancel()

    def had(self, name: str = "t") -> list[str]:
        """What a trigger was started for, in order."""
        return [id_ for trigger, id_ in self.started if trigger == name]


async def test_a_new_trigger_starts_at_now() -> None:
    """What was there before is not for it; what comes is, in order, with what a flow sees of it."""
    world = World()
    await world.send("old")
    async with world.running(listener()):
        await world.send("a", key="k", headers={"h": "1"})
        await world.send("b")
        await world.until_had("t", "b")
    assert world.had() == ["a", "b"]
    event = world.received[0].event
    assert event is not None
    assert event.variables == {
        "id": "a",
        "topic": TOPIC,
        "key": "k",
        "data": {"n": "a"},
        "time": "1970-01-01T00:00:01.000000Z",
        "headers": {"h": "1"},
    }


async def test_one_reader_serves_all_triggers_of_a_topic() -> None:
    """One name, one event for both; topics are apart."""
    assert listener("a").options.subscription("a", {}) == listener("b", "earliest").options.subscription("b", {})
    assert listener().options.subscription("a", {}) != listener(topic="x").options.subscription("a", {})
    world = World()
    async with world.running(listener("a"), listener("b")):
        await world.send("x", topic="other")
        await world.send("1")
        await world.until_had("b", "1")
    (received,) = world.received
    assert received.triggers == {"a", "b"}


async def test_what_came_while_it_was_down_is_not_lost() -> None:
    """The position is the topic's; after a restart it goes on."""
    world = World()
    async with world.running(listener()):
        pass
    await world.send(*map(str, range(1200)))
    async with world.running():
        await world.until_had("t", "1199")
    assert world.had() == [str(number) for number in range(1200)]


async def test_from_earliest_catches_up_and_joins() -> None:
    """It has the whole topic, once and in order, while the others have what is new without waiting for that."""
    world = World()
    await world.send(*(f"old{number}" for number in range(450)))
    world.meanwhile = ["new1"]
    async with world.running(listener("live"), listener("late", "earliest")):
        await world.until_had("late", "new1")
        await world.send("new2")
        await world.until_had("late", "new2")
    assert world.had("late") == [*(f"old{number}" for number in range(450)), "new1", "new2"]
    assert world.had("live") == ["new1", "new2"]
    assert next(index for index, one in enumerate(world.started) if one == ("live", "new1")) < 450
    assert world.received[-1].triggers == {"late", "live"}, "it has joined"


async def test_a_trigger_is_only_given_what_came_after_it_was_first_seen() -> None:
    """Others are further behind: what they still have to get is not for a new one."""
    world = World()
    async with world.running(listener("old")):
        pass
    await world.send("between")
    async with world.running(listener("old"), listener("new")):
        await world.send("after")
        await world.until_had("new", "after")
    assert world.had("old") == ["between", "after"]
    assert world.had("new") == ["after"]


async def test_a_reload_is_seen_while_it_waits() -> None:
    """A trigger that is added starts from then on; one that is removed gets nothing more."""
    world = World()
    async with world.running(listener("a")):
        await world.send("1")
        await world.until_had("a", "1")
        world.change(listener("b", "earliest"))
        await world.until_had("b", "1")
        await world.send("2")
        await world.until_had("b", "2")
    assert (world.had("a"), world.had("b")) == (["1"], ["1", "2"])


async def test_a_disabled_trigger_skips() -> None:
    """What passed while it was disabled does not come when it is enabled, nor after a restart."""
    world = World()
    async with world.running(listener("t"), listener("u")):
        world.change(listener("t", disabled=True), listener("u"))
        await world.send("1")
        await world.until_had("u", "1")
        world.change(listener("t"), listener("u"))
        await world.send("2")
        await world.until_had("t", "2")
    assert world.had("t") == ["2"]
    async with world.running(listener("t", disabled=True)):
        await world.send("3")
        async with asyncio.timeout(5):
            while (await world.store.positions(NAME))[TOPIC] != str(await world.store.records_end(TOPIC)):
                await world.wrote.wait()
    async with world.running(listener("t")):
        await world.send("4")
        await world.until_had("t", "4")
    assert world.had("t") == ["2", "4"]


async def test_a_trigger_that_is_disabled_while_it_catches_up_goes_on_later() -> None:
    """The history it asked for is not lost."""
    world = World()
    await world.send("1", "2")
    async with world.running(listener("u"), listener("t", "earliest", disabled=True)):
        await world.send("3")
        await world.until_had("u", "3")
    async with world.running(listener("u"), listener("t", "earliest")):
        await world.until_had("t", "3")
    assert world.had("t") == ["1", "2", "3"]


async def test_where_there_is_no_room_reading_waits() -> None:
    """Nothing was written: the same is given again when there is room, and it is said meanwhile."""
    world = World()
    async with world.running(listener()):
        world.refusals = 2
        await world.send("1")
        world.room.set()
        await world.until_had("t", "1")
    assert world.had() == ["1"]
    assert any("waits: full" in (report or "") for report in world.reports)


class Journal(MemoryStore):
    """A store whose journal the test writes."""

    async def append(self, *seqs: int) -> None:
        """Rows with these numbers."""
        await self.open()
        for seq in seqs:
            self._journal.append(JournalRow(seq, f"e{seq}", 1, None, None))  # type: ignore[arg-type]  # only seq is looked at
            self._seqs["journal"] = seq
        self._written.advance(self._seqs["journal"])


async def test_the_topic_of_state_events_is_the_journal() -> None:
    """Rows that are no state event are passed over; the position bears the name by which the store keeps what is not read."""
    world = World()
    journal = world.store = Journal()
    world.settings = {
        "events_topic": "onbeat.executions",
        "project": lambda row: Record(topic="onbeat.executions", id=f"{row.seq}", data=None, time=0) if row.seq % 2 else None,
    }
    await journal.append(1, 2)
    async with world.running(listener(topic="onbeat.executions")):
        await journal.append(3, 4, 5)
        await world.until_had("t", "5")
        await journal.append(*range(6, 2000))
        await world.until_had("t", "1999")
    assert world.had() == [str(number) for number in range(3, 2000, 2)]
    (reader,) = {reader for reader, _ in journal._positions}
    assert reader.startswith("journal:")
    assert (await journal.positions(reader))["seq"] == "1999"


async def test_a_stretch_without_events_is_not_read_again_for_ever() -> None:
    """Where nothing of the journal is a state event the position still moves, so that the store may forget."""
    world = World()
    journal = world.store = Journal()
    world.settings = {"project": lambda row: None if row.seq < 1400 else Record(topic="x", id=f"{row.seq}", data=None, time=0)}
    async with world.running(listener(topic="onbeat.executions")):
        await journal.append(*range(1, 1400))
        await journal.append(1400)
        await world.until_had("t", "1400")
        values = {value for _, value in journal._positions.items()}
    assert "1400" in values


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["send", "run", "crash before", "crash after", "down"]),
        st.integers(1, 7),
        st.sets(st.sampled_from("abc"), min_size=1),
    ),
    max_size=12,
)


@given(MOVES)
@settings(max_examples=60, deadline=None)
def test_each_event_starts_once_for_each_trigger_whatever_is_restarted_when(moves: list[tuple[str, int, set[str]]]) -> None:
    """Triggers come, crashes happen on both sides of the write: from its first sight on (from the beginning with `earliest`) each
    trigger has every event once and in order."""

    async def play() -> None:
        world = World()
        await world.store.open()
        present: dict[str, int] = {}
        sent = 0
        everyone: set[str] = set()

        async def send(count: int) -> None:
            nonlocal sent
            await world.send(*(f"{number}" for number in range(sent, sent + count)))
            sent += count

        async def run(crash: str | None, count: int) -> None:
            world.crash = crash
            listeners = [listener(name, "earliest" if name == "c" else "latest") for name in sorted(everyone)]
            for name in everyone:
                present.setdefault(name, 0 if name == "c" else sent)
            async with world.running(*listeners):
                await send(count)
                if crash:
                    async with asyncio.timeout(5):
                        await world.crashed.wait()
                else:
                    for name in sorted(everyone):
                        await world.until_had(name, f"{sent - 1}")

        for kind, count, names in moves:
            everyone |= names
            if kind == "send":
                await send(count)
            elif kind != "down":
                await run(kind.partition(" ")[2] or None, count)
        everyone |= {"a", "c"}
        await run(None, 1)
        for name in everyone:
            assert world.had(name) == [f"{number}" for number in range(present[name], sent)]

    before, following.BATCH, following.CATCH_UP = (following.BATCH, following.CATCH_UP), 3, 2
    try:
        asyncio.run(play())
    finally:
        following.BATCH, following.CATCH_UP = before


def test_the_example_of_the_page_is_a_trigger() -> None:
    """What the documentation shows can be loaded."""
    (page,) = re.findall(r"```yaml\n(.*?)```", EventTrigger.__doc__ or "", re.DOTALL)
    (example,) = yaml.safe_load(page)["triggers"]
    options = EventTrigger.model_validate({name: value for name, value in example.items() if name not in ("id", "type", "when")})
    assert options.start == "latest"
    assert EventTrigger in PROVIDES
    with pytest.raises(ValueError, match="topic"):
        EventTrigger.model_validate({"topic": ""})
