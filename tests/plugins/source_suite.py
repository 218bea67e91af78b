"""Hold every real source to the same promise: what it received starts once, or it comes again.

A source's test file gives a `Bench` (how to send from outside, how to restart the broker) with its `Features`, and subclasses
`SourceSuite`; the behaviours below then run against the real broker.

    class TestKafka(SourceSuite):
        @pytest.fixture
        async def bench(self, kafka, kafka_topic): ...

A feature that is missing changes what is expected, never whether it is tested.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from onbeat.errors import OutsideError, Overloaded
from onbeat.ports import LedgerRow, Listener, Position, Received, SourceContext, SourceOptions, Started, Work


@dataclass(frozen=True)
class Features:
    """What a source can promise beside giving each message.

    redelivers: what came while nobody listened, or was not acknowledged when we crashed, comes again.
    recognises: a redelivery has the key of the first delivery, or the source leaves it out, so that it starts nothing anew.
    ordered: messages come in the order they were sent.
    positions: the source keeps positions in the store.
    """

    redelivers: bool = True
    recognises: bool = True
    ordered: bool = True
    positions: bool = False


class Bench(ABC):
    """A source's side of the suite: one fresh topic (queue, folder …) at a real broker."""

    features: Features
    settings: Mapping[str, Any] = {}

    @abstractmethod
    def options(self) -> SourceOptions:
        """Settings of a trigger on the topic of this bench; equal ones share a subscription."""

    @abstractmethod
    async def send(self, *texts: str) -> None:
        """Send messages from outside, in this order; each holds `{"n": text}`. Returns when the broker has them."""

    @abstractmethod
    async def send_undecodable(self) -> bytes:
        """Send one message that cannot become an event; returns its bytes."""

    @abstractmethod
    async def restart_broker(self) -> None:
        """Restart the broker; what it acknowledged survives. Returns when it answers."""

    @abstractmethod
    def text(self, received: Received) -> str:
        """The text that a received event was sent with."""


class FakeStore:
    """Positions and ledgers in memory; a write is whole or, when it is told to fail, nothing."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], str] = {}
        self.ledgers: dict[tuple[str, str], str] = {}

    async def write(self, work: Work) -> None:
        """Keep the positions and ledger rows of a piece of work."""
        self.keep(work.positions, work.ledger)

    def keep(self, positions: Sequence[Position], ledger: Sequence[LedgerRow]) -> None:
        """Keep them now."""
        for row in positions:
            self.rows[row.reader, row.part] = row.value
        for entry in ledger:
            if entry.value is None:
                self.ledgers.pop((entry.ledger, entry.key), None)
            else:
                self.ledgers[entry.ledger, entry.key] = entry.value

    async def positions(self, reader: str) -> dict[str, str]:
        """The positions of a reader."""
        return {part: value for (name, part), value in self.rows.items() if name == reader}

    async def ledger(self, ledger: str, keys: Sequence[str] | None = None) -> dict[str, str]:
        """The rows of a ledger."""
        return {key: value for (name, key), value in self.ledgers.items() if name == ledger and (keys is None or key in keys)}


class FakeEmitter:
    """Takes events as the engine does: a key that is known starts nothing; positions are kept with the events.

    refusals: how often to raise Overloaded first. crash: after the next write, never return.
    """

    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.received: list[Received] = []
        self.started: list[Received] = []
        self.dead: list[Received] = []
        self.batches: list[int] = []
        self.refusals = 0
        self.crash = False
        self.crashed = asyncio.Event()
        self._keys: set[str] = set()
        self._changed = asyncio.Condition()

    async def __call__(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        """Take them, or refuse, or crash, as the test wants it."""
        if self.refusals:
            self.refusals -= 1
            await self._tell()
            raise Overloaded("full")
        self.batches.append(len(received))
        answers = tuple(self._start(one) for one in received)
        self.store.keep(positions, ledger)
        await self._tell()
        if self.crash:
            self.crash = False
            self.crashed.set()
            await asyncio.Event().wait()
        return answers

    def _start(self, one: Received) -> Started:
        self.received.append(one)
        if one.event is None:
            self.dead.append(one)
            return Started(dead=one.reason)
        if one.key in self._keys:
            return Started(duplicate=True)
        self._keys.add(one.key)
        self.started.append(one)
        return Started(started=(one.key,))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, what: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for a state of this emitter."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(what)


class LoopClock:
    """The loop's time: runs as the machine's does."""

    def now(self) -> int:
        """Not the wall's, but it goes on."""
        return int(self.monotonic() * 1_000_000)

    def monotonic(self) -> float:
        """The loop's seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait so long."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.Event().wait()
        except TimeoutError:
            return


class FakeLog:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def _log(self, text: str, **fields: Any) -> None:
        self.lines.append(" ".join([text, *(f"{name}={value}" for name, value in fields.items())]))

    debug = info = warning = error = exception = _log


async def until(what: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a state that nobody announces."""
    async with asyncio.timeout(seconds):
        while not what():
            await LoopClock().sleep(0.01)


@dataclass
class Run:
    """A source that runs."""

    emitter: FakeEmitter
    listeners: list[Listener]
    reports: list[str | None]
    log: FakeLog
    ready: asyncio.Event
    task: asyncio.Task[None] | None = None
    room: asyncio.Event = field(default_factory=asyncio.Event)
    failures: list[str] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def change(self, listeners: Sequence[Listener]) -> None:
        """Hot reload: these are the listeners from now on."""
        self.listeners = list(listeners)
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_changed(self) -> None:
        """Until the next change."""
        await self._changed.wait()

    async def until_ready(self, seconds: float = 30) -> None:
        """Until events would be seen."""
        async with asyncio.timeout(seconds):
            await self.ready.wait()


def listen(*options: SourceOptions) -> list[Listener]:
    """Listeners with these settings, named t0, t1, …"""
    return [Listener(trigger=f"t{number}", options=one, namespace="test", flow="f") for number, one in enumerate(options)]


@asynccontextmanager
async def running(
    emitter: FakeEmitter, listeners: Sequence[Listener], settings: Mapping[str, Any] | None = None, *, wait: bool = True
) -> AsyncIterator[Run]:
    """Run a source as the engine does: again after an OutsideError, until the block ends; a crash is a cancel.

    The source is ready when the block begins, unless the test does not want to wait for that. wait_room returns at once unless the test
    clears `room`.
    """
    run = Run(emitter, list(listeners), [], FakeLog(), asyncio.Event())
    run.room.set()
    options, clock, settings = listeners[0].options, LoopClock(), settings or {}
    context = SourceContext(
        name=options.subscription(listeners[0].trigger, settings),
        emit=emitter,
        store=emitter.store,  # type: ignore[arg-type]  # the two methods that sources use
        clock=clock,
        log=run.log,
        ready=run.ready.set,
        report=run.reports.append,
        wait_room=run.room.wait,  # type: ignore[arg-type]  # what it returns does not matter
        wait_changed=run.wait_changed,
        settings=settings,
    )

    async def serve() -> None:
        while True:
            try:
                await options.run(context, lambda: run.listeners)
            except OutsideError as error:
                run.failures.append(str(error))
            await clock.sleep(0.1)

    async with asyncio.TaskGroup() as group:
        run.task = group.create_task(serve())
        try:
            if wait:
                await run.until_ready()
            yield run
        finally:
            run.task.cancel()
            await asyncio.wait({run.task})


class SourceSuite:
    """The behaviours. A subclass has the fixture `bench`."""

    async def test_each_message_is_emitted_once_and_in_order(self, bench: Bench) -> None:
        """What is sent while we listen comes, each once, in the order sent when the source promises order."""
        emitter = FakeEmitter(FakeStore())
        sent = [f"m{number}" for number in range(20)]
        async with running(emitter, listen(bench.options()), bench.settings):
            await bench.send(*sent)
            await emitter.until(lambda: len(emitter.received) >= len(sent))
            got = [bench.text(one) for one in emitter.received]
            assert (got if bench.features.ordered else sorted(got)) == (sent if bench.features.ordered else sorted(sent))

    async def test_what_is_refused_for_want_of_room_is_given_again(self, bench: Bench) -> None:
        """Overloaded means that nothing was written: the source slows down and gives the same again, and nothing is lost."""
        emitter = FakeEmitter(FakeStore())
        async with running(emitter, listen(bench.options()), bench.settings) as run:
            emitter.refusals = 3
            run.room.clear()
            await bench.send("one")
            await emitter.until(lambda: emitter.refusals == 2)
            await bench.send("two")
            run.room.set()
            await emitter.until(lambda: len(emitter.started) >= 2)
            assert sorted(bench.text(one) for one in emitter.started) == ["one", "two"]

    async def test_a_crash_between_write_and_acknowledgement_starts_nothing_twice(self, bench: Bench) -> None:
        """The write happened, the source never heard of it: after a restart the message is not new, and what follows comes."""
        store = FakeStore()
        emitter = FakeEmitter(store)
        async with running(emitter, listen(bench.options()), bench.settings):
            emitter.crash = True
            await bench.send("before")
            async with asyncio.timeout(30):
                await emitter.crashed.wait()
        async with running(emitter, listen(bench.options()), bench.settings):
            await bench.send("after")
            await emitter.until(lambda: any(bench.text(one) == "after" for one in emitter.started))
        texts = [bench.text(one) for one in emitter.started]
        assert texts.count("after") == 1
        assert texts.count("before") == 1 or not bench.features.recognises

    async def test_what_comes_while_nobody_listens_is_not_lost(self, bench: Bench) -> None:
        """A source that redelivers gives after a restart what was sent meanwhile; the others go on with what comes then."""
        emitter = FakeEmitter(FakeStore())
        async with running(emitter, listen(bench.options()), bench.settings):
            await bench.send("first")
            await emitter.until(lambda: len(emitter.started) == 1)
        await bench.send("meanwhile")
        async with running(emitter, listen(bench.options()), bench.settings):
            await bench.send("last")
            await emitter.until(lambda: any(bench.text(one) == "last" for one in emitter.started))
        texts = [bench.text(one) for one in emitter.started]
        assert texts == (["first", "meanwhile", "last"] if bench.features.redelivers else ["first", "last"])

    async def test_what_cannot_be_decoded_is_handed_on_whole_and_the_stream_goes_on(self, bench: Bench) -> None:
        """A poison message is given once, with its bytes and a reason, and the next one is not held back."""
        emitter = FakeEmitter(FakeStore())
        async with running(emitter, listen(bench.options()), bench.settings):
            raw = await bench.send_undecodable()
            await bench.send("next")
            await emitter.until(lambda: bool(emitter.started))
        assert [(one.raw, bool(one.reason)) for one in emitter.dead] == [(raw, True)]
        assert [bench.text(one) for one in emitter.started] == ["next"]

    async def test_two_listeners_share_one_subscription(self, bench: Bench) -> None:
        """Equal settings give one name; a message is received once for both."""
        emitter = FakeEmitter(FakeStore())
        first, second = bench.options(), bench.options()
        assert first.subscription("t0", bench.settings) == second.subscription("t1", bench.settings)
        async with running(emitter, listen(first, second), bench.settings):
            await bench.send("shared")
            await emitter.until(lambda: bool(emitter.received))
        assert [one.triggers for one in emitter.received] in ([None], [frozenset({"t0", "t1"})])

    async def test_a_disabled_listener_gets_nothing_and_holds_nothing_back(self, bench: Bench) -> None:
        """Messages are for the others only."""
        emitter = FakeEmitter(FakeStore())
        listeners = listen(bench.options(), bench.options())
        listeners[1] = Listener(trigger="t1", options=listeners[1].options, disabled=True)
        async with running(emitter, listeners, bench.settings):
            await bench.send("shared")
            await emitter.until(lambda: bool(emitter.received))
        assert all(one.triggers is None or one.triggers == {"t0"} for one in emitter.received)

    async def test_stopping_is_clean(self, bench: Bench) -> None:
        """A cancel ends the source with CancelledError and nothing else, and leaves no task behind."""
        before = asyncio.all_tasks()
        async with running(FakeEmitter(FakeStore()), listen(bench.options()), bench.settings) as run:
            pass
        assert run.task is not None
        assert run.task.cancelled()
        assert not {task for task in asyncio.all_tasks() - before if not task.done()}

    async def test_it_goes_on_after_the_broker_restarted(self, bench: Bench) -> None:
        """Nothing sent before or after the restart is lost, and nothing that was started starts again."""
        emitter = FakeEmitter(FakeStore())
        async with running(emitter, listen(bench.options()), bench.settings) as run:
            await bench.send("before")
            await emitter.until(lambda: bool(emitter.started))
            run.ready.clear()
            await bench.restart_broker()
            if not bench.features.redelivers:
                await run.until_ready()
            await bench.send("after")
            await emitter.until(lambda: any(bench.text(one) == "after" for one in emitter.started))
        assert [bench.text(one) for one in emitter.started] == ["before", "after"]

    async def test_positions_are_kept_when_it_promises_them(self, bench: Bench) -> None:
        """A source with positions writes them under the name of its subscription, and under no other."""
        store = FakeStore()
        emitter = FakeEmitter(store)
        options = bench.options()
        async with running(emitter, listen(options), bench.settings):
            await bench.send("one")
            await emitter.until(lambda: bool(emitter.started))
        readers = {reader for reader, _ in store.rows}
        assert readers == ({options.subscription("t0", bench.settings)} if bench.features.positions else set())
