"""A directory as a source: a real directory and watcher, a store in memory, and a clock that the test moves."""

import asyncio
import json
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from onbeat.errors import OutsideError, Overloaded
from onbeat.plugins.files import PROVIDES, Watch, disk
from onbeat.plugins.files.hints import Hints
from onbeat.ports import LedgerRow, Listener, Position, Received, SourceContext, Started, Work
from onbeat.stores.memory import MemoryStore
from tests.plugins.fake_clock import FakeClock
from tests.plugins.source_suite import FakeLog

# Long ago: files that are written now are from the future, so only two looks make them complete.
START = datetime(2020, 1, 1, tzinfo=UTC)


class World:
    """A directory, the store, and what was durably started."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir(exist_ok=True)
        self.clock = FakeClock(START)
        self.store = MemoryStore()
        self.received: list[Received] = []
        self.started: list[tuple[str, str]] = []
        self.batches: list[int] = []
        self.reports: list[str | None] = []
        self.keys: set[tuple[str, str]] = set()
        self.on_emit: Callable[[], None] = lambda: None
        self.refusals = 0
        self.crash: str | None = None
        self.crashed = asyncio.Event()
        self.listeners: list[Listener] = []
        self._changed = asyncio.Event()
        self._told = asyncio.Condition()

    def listener(self, name: str = "t", disabled: bool = False, **options: Any) -> Listener:
        """A trigger of the directory."""
        return Listener(name, Watch.model_validate({"directory": str(self.root), **options}), disabled=disabled)

    def write(self, name: str, content: str = "x", age: float | None = None) -> Path:
        """A file; age: so many seconds before the clock's start."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        if age is not None:
            os.utime(path, (START.timestamp() - age,) * 2)
        return path

    def place(self, name: str, content: str = "x") -> None:
        """A file that is renamed into place."""
        half = self.root / f"{name}.tmp"
        half.write_text(content)
        half.rename(self.root / name)

    async def emit(
        self, received: Sequence[Received], *, positions: Sequence[Position] = (), ledger: Sequence[LedgerRow] = ()
    ) -> tuple[Started, ...]:
        if self.refusals:
            self.refusals -= 1
            raise Overloaded("full")
        if self.crash == "before":
            await self._die()
        await self.store.write(Work(ledger=tuple(ledger)))
        self.on_emit()
        for one in received:
            assert one.triggers
            assert one.event is None or json.dumps(one.event.variables).isascii()
            self.started += [
                (name, one.event.subject or "") for name in sorted(one.triggers) if one.event and (name, one.key) not in self.keys
            ]
            self.keys |= {(name, one.key) for name in one.triggers}
        self.received += received
        self.batches.append(len(received))
        if self.crash == "after":
            await self._die()
        async with self._told:
            self._told.notify_all()
        return tuple(Started() for _ in received)

    async def _die(self) -> None:
        self.crash = None
        self.crashed.set()
        await asyncio.Event().wait()

    async def until(self, what: Callable[[], bool]) -> None:
        async with asyncio.timeout(20), self._told:
            await self._told.wait_for(what)

    async def until_had(self, *names: str) -> None:
        """Until all these files have been started."""
        await self.until(lambda: set(names) <= {subject for _, subject in self.started})

    async def after(self, change: Callable[[], object]) -> None:
        """Do it, and return when the source has looked and sleeps again."""
        slept = len(self.clock.slept)
        change()
        await self.clock.until_slept(slept + 1)

    def change(self, *listeners: Listener) -> None:
        self.listeners = list(listeners)
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_changed(self) -> None:
        await self._changed.wait()

    async def wait_room(self) -> None:
        return

    @asynccontextmanager
    async def running(self, *listeners: Listener) -> AsyncIterator[None]:
        """The source runs, from its first sleep on (or its crash), until the block ends as a crash would end it."""
        await self.store.open()
        self.crashed.clear()
        self.listeners = list(listeners or self.listeners or [self.listener()])
        options = self.listeners[0].options
        context = SourceContext(
            name=options.subscription("t", {}),
            emit=self.emit,
            store=self.store,
            clock=self.clock,
            log=FakeLog(),
            ready=lambda: None,
            report=self.reports.append,
            wait_room=self.wait_room,
            wait_changed=self.wait_changed,
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(options.run(context, lambda: self.listeners))
            waits = [group.create_task(self.clock.until_asleep()), group.create_task(self.crashed.wait())]
            try:
                await asyncio.wait([task, *waits], return_when=asyncio.FIRST_COMPLETED)
                yield
            finally:
                for one in (task, *waits):
                    one.cancel()

    def had(self, name: str = "t") -> list[str]:
        """The files that a trigger was started for."""
        return [subject for trigger, subject in self.started if trigger == name]


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return World(tmp_path / "in")


# ---- completeness --------------------------------------------------------------------------------------------------


async def test_a_file_is_started_when_it_has_not_changed_for_a_while(world: World) -> None:
    """A slow writer: each change begins the wait anew; two seconds after the last one the file is started, once."""
    async with world.running():
        await world.after(lambda: world.write("a.csv", "1"))
        for length in range(2, 5):
            await world.clock.advance(1.5)
            await world.after(lambda length=length: world.write("a.csv", "1" * length))  # type: ignore[misc]
        await world.clock.advance(1.9)
        assert world.started == []
        await world.clock.advance(0.2)
        await world.until_had("a.csv")
    (received,) = world.received
    assert received.event is not None
    stat = (world.root / "a.csv").stat()
    assert received.event.variables == {
        "path": str(world.root / "a.csv"),
        "name": "a.csv",
        "directory": str(world.root),
        "size": 4,
        "modified": f"{datetime.fromtimestamp(stat.st_mtime_ns // 1000 / 1e6, UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        "uri": (world.root / "a.csv").as_uri(),
    }


async def test_a_file_renamed_into_place_is_started_at_once(world: World) -> None:
    """The recommended way needs no waiting; the temporary name is nobody's file."""
    async with world.running():
        world.place("a.csv")
        await world.until_had("a.csv")
        assert world.clock.monotonic() == 0
    assert world.started == [("t", "a.csv")]


async def test_a_renamed_file_that_is_still_open_is_not_complete(world: World) -> None:
    """Its writer goes on under the new name."""
    half = world.root / "a.tmp"
    with half.open("w") as writing:
        writing.write("1")
        writing.flush()
        async with world.running():
            await world.after(lambda: half.rename(world.root / "a"))
            assert world.started == []


async def test_a_next_version_is_started_again(world: World) -> None:
    """Each complete version of a file is its own event."""
    async with world.running():
        world.place("a", "one")
        await world.until_had("a")
        world.place("a", "three")
        await world.until(lambda: len(world.started) == 2)
    assert len({received.key for received in world.received}) == 2


# ---- what is there -------------------------------------------------------------------------------------------------


async def test_files_that_came_while_it_was_down_are_found_once(world: World) -> None:
    """The ledger and a scan, not the watcher, say what is new."""
    world.write("first", age=60)
    async with world.running():
        await world.until_had("first")
    world.write("down", age=30)
    for _ in range(2):
        async with world.running():
            await world.until_had("down")
    assert world.had() == ["first", "down"]


@pytest.mark.parametrize("crash", ["before", "after"])
async def test_a_crash_around_the_write_neither_skips_nor_repeats(world: World, crash: str) -> None:
    """The ledger's row is in the transaction of the start."""
    world.write("a", age=60)
    world.crash = crash
    async with world.running():
        assert world.crashed.is_set()
    world.keys.clear()  # without the store's help
    async with world.running():
        pass
    assert world.had() == ["a"]


async def test_a_thousand_files_partly_while_down_start_exactly_once(world: World) -> None:
    """600 at boot, a crash after the first batch, 200 while down, 200 while it runs, by write and by rename."""
    expected = {f"{number:04}.csv" for number in range(1000)}
    names = sorted(expected)
    for name in names[:600]:
        world.write(name, age=100)
    world.crash = "after"
    async with world.running():
        assert world.crashed.is_set()
    for name in names[600:800]:
        world.write(name, age=50)
    async with world.running():
        for name in names[800:900]:
            world.place(name)
        for name in names[900:]:
            world.write(name, age=5)
        await world.until_had(*expected)
    assert sorted(world.had()) == names
    assert max(world.batches) <= 500
    assert world.had()[:600] == names[:600]


async def test_what_no_hint_came_of_is_found_at_the_interval(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher's queue ran over, or it is deaf: the next look at everything finds the file."""
    monkeypatch.setattr(Hints, "hear", lambda self, changes: None)
    async with world.running(world.listener(interval="PT60S")):
        world.write("a", age=100)
        await world.clock.advance(59)
        assert world.started == []
        await world.clock.advance(2)
        await world.until_had("a")


async def test_files_that_exist_at_the_first_start_may_not_count(world: World) -> None:
    """`existing: false`: what was there is passed over, also after a restart; what comes while down later is not."""
    world.write("old", age=60)
    async with world.running(world.listener(existing=False), world.listener("u")):
        await world.until_had("old")
    world.write("new", age=50)
    async with world.running():
        await world.until(lambda: ("t", "new") in world.started)
    assert world.had("t") == ["new"]
    assert world.had("u") == ["old", "new"]


async def test_two_patterns_share_one_subscription(world: World) -> None:
    """Each has its own files; equal triggers have one event together."""
    csv, both, twin = (world.listener(name, pattern=glob) for name, glob in (("a", "*.csv"), ("b", "*.{csv,json}"), ("c", "*.csv")))
    assert csv.options.subscription("a", {}) == both.options.subscription("b", {})
    for name in ("1.csv", "2.json", "3.txt"):
        world.write(name, age=60)
    async with world.running(csv, both, twin):
        await world.until(lambda: len(world.started) >= 4)
    assert world.had("a") == world.had("c") == ["1.csv"]
    assert world.had("b") == ["1.csv", "2.json"]
    assert sorted(sorted(one.triggers or ()) for one in world.received) == [["a", "c"], ["b"], ["b"]]


async def test_directories_below_are_watched_when_asked_for(world: World) -> None:
    """Also one that comes later, and one that is moved in with files in it; a link to one is not followed."""
    outside = world.root.parent / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "secret").write_text("x")
    os.utime(outside / "deep" / "secret", (0, 0))
    moved = world.root.parent / "moved"
    (moved / "x").mkdir(parents=True)
    (moved / "x" / "b").write_text("x")
    os.utime(moved / "x" / "b", (0, 0))
    world.write("flat/no", age=60)
    async with world.running(
        world.listener("deep", recursive=True), world.listener("flat"), world.listener("some", pattern="new/**/*.csv")
    ):
        (world.root / "link").symlink_to(outside)
        world.write("new/sub/a.csv", age=60)
        await world.until_had("new/sub/a.csv")
        moved.rename(world.root / "moved")
        await world.until_had("moved/x/b")
        world.write("new/sub/later", age=60)
        await world.until_had("new/sub/later")
        (outside / "deep" / "more").write_text("x")
    assert sorted(world.had("deep")) == ["flat/no", "moved/x/b", "new/sub/a.csv", "new/sub/later"]
    assert world.had("flat") == []
    assert world.had("some") == ["new/sub/a.csv"]


async def test_a_file_that_went_and_came_back_is_known_by_its_key(world: World) -> None:
    """The ledger forgets what is gone, so that it does not grow for ever; the version's key is the same again."""
    path = world.write("a", age=60)
    async with world.running(world.listener(interval="PT1S")):
        away = path.rename(world.root.parent / "a")
        await world.clock.advance(3)
        async with asyncio.timeout(20):
            while any("\n" in key for key in await world.store.ledger(f"files:{world.listeners[0].options.subscription('t', {})}")):
                await world.clock.advance(1)
                await asyncio.to_thread(int)
        away.rename(path)
        await world.until(lambda: len(world.received) == 2)
    assert world.had() == ["a"]
    assert len({received.key for received in world.received}) == 1


async def test_a_directory_that_is_not_there_is_an_error_with_the_cure(world: World) -> None:
    """It is run again with back-off; nothing is forgotten meanwhile."""
    world.write("a", age=60)
    async with world.running():
        await world.until_had("a")
    world.root.rename(world.root.parent / "away")
    with pytest.raises(ExceptionGroup) as raised:
        async with world.running():
            pass
    (error,) = raised.value.exceptions
    assert isinstance(error, OutsideError)
    assert "create it" in str(error)
    (world.root.parent / "away").rename(world.root)
    world.keys.clear()
    async with world.running():
        pass
    assert world.had() == ["a"]


async def test_a_disabled_trigger_lets_files_pass(world: World) -> None:
    """What came while it was disabled does not start when it is enabled; one that was never enabled has not begun."""
    async with world.running(world.listener("t"), world.listener("u", pattern="*"), world.listener("v", disabled=True, pattern="[a-z]*")):
        await world.after(lambda: world.change(world.listener("t", disabled=True), world.listener("u")))
        world.write("passed", age=60)
        await world.until_had("passed")
    async with world.running(world.listener("t"), world.listener("u"), world.listener("v", pattern="[a-z]*")):
        world.write("next", age=50)
        await world.until(lambda: {("t", "next"), ("v", "next")} <= set(world.started))
    assert world.had("t") == ["next"]
    assert sorted(world.had("v")) == ["next", "passed"]


async def test_a_reload_is_seen_while_it_waits(world: World) -> None:
    """A trigger that is added has the files that are there."""
    world.write("a.csv", age=60)
    async with world.running(world.listener(pattern="*.json")):
        world.change(world.listener(pattern="*.json"), world.listener("u", pattern="*.csv"))
        await world.until_had("a.csv")
    assert world.started == [("u", "a.csv")]


async def test_where_there_is_no_room_files_stay_and_are_given_again(world: World) -> None:
    """Overloaded: nothing was written, the same comes later."""
    world.refusals = 3
    world.write("a", age=60)
    async with world.running():
        pass
    assert world.had() == ["a"]
    assert any("wait" in (report or "") for report in world.reports)


async def test_the_disk_is_never_touched_by_the_loops_thread(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk, or ten thousand files, must not hold up everything else."""
    threads: set[threading.Thread] = set()
    for name in ("scan", "look", "read", "move", "link", "is_remote", "is_directory", "is_closed"):
        original = getattr(disk, name)

        def noted(*args: Any, original: Any = original) -> Any:
            threads.add(threading.current_thread())
            return original(*args)

        monkeypatch.setattr(disk, name, noted)
    for number in range(50):
        world.write(f"{number}", age=60)
    async with world.running(world.listener(read="text", action="move", moveTo="done")):
        world.place("live")
        await world.until_had("live")
    assert threads
    assert threading.main_thread() not in threads


# ---- what is told, and what is done with the file ------------------------------------------------------------------


async def test_a_moved_file_is_at_its_new_place_when_the_flow_starts(world: World) -> None:
    """`trigger.path` can be opened from the start on, and a name that is taken is not replaced."""
    (world.root / "done").mkdir()
    (world.root / "done" / "a.csv").write_text("before")
    seen: list[str] = []
    world.write("a.csv", "one", age=60)
    world.write("b.csv", "two", age=50)
    listener = world.listener(action="move", moveTo="done")
    world.on_emit = lambda: seen.extend(sorted(path.read_text() for path in (world.root / "done").iterdir()))
    async with world.running(listener):
        pass
    assert seen == ["before", "one", "two"]
    names = [one.event.variables["path"].removeprefix(f"{world.root}/done/") for one in world.received if one.event]
    assert [(world.root / "done" / name).read_text() for name in names] == ["one", "two"]
    assert names[1] == "b.csv"
    assert [entry.name for entry in world.root.iterdir()] == ["done"]


@pytest.mark.parametrize("action", ["move", "delete"])
@pytest.mark.parametrize("crash", ["before", "after"])
async def test_a_crash_before_the_file_is_put_away_is_made_good(world: World, action: str, crash: str) -> None:
    """After the restart it is put where the start was told, and nothing is started or kept twice."""
    world.write("a.csv", "one", age=60)
    world.crash = crash
    options = {"action": "move", "moveTo": "done"} if action == "move" else {"action": "delete"}
    async with world.running(world.listener(**options)):
        assert world.crashed.is_set()
    assert (world.root / "a.csv").exists()
    world.keys.clear()
    async with world.running():
        pass
    assert world.had() == ["a.csv"]
    kept = [str(path.relative_to(world.root)) for path in sorted(world.root.rglob("*")) if path.is_file()]
    assert kept == (["done/a.csv"] if action == "move" else [])
    if action == "move":
        (received,) = world.received
        assert received.event is not None
        assert received.event.variables["path"] == str(world.root / "done" / "a.csv")


async def test_a_file_stays_until_all_triggers_have_had_it(world: World) -> None:
    """One moves at once, another waits longer: both have it."""
    async with world.running(world.listener("a", stableFor="PT0S", action="delete"), world.listener("b", stableFor="PT10S")):
        await world.after(lambda: world.write("x"))
        await world.until(lambda: world.started == [("a", "x")])
        assert (world.root / "x").exists()
        await world.clock.advance(11)
        await world.until(lambda: world.started == [("a", "x"), ("b", "x")])
        await world.clock.until_slept(len(world.clock.slept) + 1)
    assert not (world.root / "x").exists()


async def test_what_cannot_be_put_away_is_told(world: World) -> None:
    """It was started, it stays where it is, and people are told why."""
    world.write("a", age=60)
    (world.root.parent / "blocked").write_text("a file, not a directory")
    async with world.running(world.listener(action="move", moveTo="../blocked")):
        pass
    assert world.had() == ["a"]
    assert (world.root / "a").exists()
    assert "a was started but could not be put away" in (world.reports[-1] or "")


async def test_the_content_and_its_hash_are_given_when_asked_for(world: World) -> None:
    """Text or JSON as a value; with `key: hash` the same content is the same event whatever its name."""
    world.write("a.json", '{"n": 1}', age=60)
    world.write("b.json", '{"n": 1}', age=50)
    async with world.running(world.listener("j", read="json", key="hash"), world.listener("t", read="text")):
        pass
    assert world.had("j") == ["a.json"]
    assert world.had("t") == ["a.json", "b.json"]
    contents = {name: one.event.variables for one in world.received if one.event for name in one.triggers or ()}
    assert contents["j"]["content"] == {"n": 1}
    assert re.fullmatch("[0-9a-f]{64}", contents["j"]["hash"])
    assert contents["t"]["content"] == '{"n": 1}'
    assert "hash" not in contents["t"]


@pytest.mark.parametrize(
    ("content", "options", "reason", "raw"),
    [
        (b'{"n": ', {"read": "json"}, "is not json", True),
        (b"[NaN]", {"read": "json"}, "is not json", True),
        (b"[" * 100_000, {"read": "json"}, "is not json", True),
        (b"\xff", {"read": "text"}, "is not text", True),
        (b"x" * 11, {"maxSize": 10}, "raise `maxSize`", False),
        (b"x" * 1_048_577, {"read": "text"}, "leave `read` out", False),
    ],
)
async def test_what_cannot_be_told_becomes_a_dead_event_once(
    world: World, content: bytes, options: dict[str, Any], reason: str, raw: bool
) -> None:
    """It is handed on with the reason, and its bytes where they are few; a restart does not repeat it."""
    world.write("a", age=60).write_bytes(content)
    os.utime(world.root / "a", (0, 0))
    for _ in range(2):
        async with world.running(world.listener(**options)):
            pass
    (received,) = world.received
    assert received.event is None
    assert reason in (received.reason or "")
    assert received.raw == (content if raw else None)


async def test_any_name_becomes_valid_text_and_an_exact_uri(world: World) -> None:
    """Names are others' bytes: line breaks, dashes, bytes that are not UTF-8. The watcher dies of one; the file and those after it
    start all the same."""
    async with world.running(world.listener(pattern="*[!p]")):
        for name in ("-rf", "new\nline", "{{ x }}", os.fsdecode(b"\xff\xfe.csv")):
            world.write(name, age=60)
        await world.until(lambda: len(world.started) == 4)
        world.write("after", age=60)
        await world.until_had("after")
    events = {one.event.variables["name"]: one.event for one in world.received if one.event}
    assert set(events) == {"-rf", "new\nline", "{{ x }}", "\\xff\\xfe.csv", "after"}
    assert events["\\xff\\xfe.csv"].variables["uri"] == f"{world.root.as_uri()}/%FF%FE.csv"


# ---- options -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"action": "move"}, "moveTo"),
        ({"moveTo": "done"}, "action: move"),
        ({"interval": "PT0.5S"}, "PT1S"),
        ({"action": "move", "moveTo": "."}, "another one"),
        ({"maxSize": 0}, "greater than or equal to 1"),
        ({"stableFor": "2"}, "PT2S"),
        ({"directory": ""}, "at least 1 character"),
    ],
)
def test_wrong_options_are_refused_with_the_cure(options: dict[str, Any], cure: str) -> None:
    """Before anything runs."""
    with pytest.raises(ValidationError, match=re.escape(cure)):
        Watch.model_validate({"directory": "/in", **options})


def test_the_example_of_the_page_is_a_trigger() -> None:
    """What the documentation shows can be loaded; `from` is the directory's other name."""
    (page,) = re.findall(r"```yaml\n(.*?)```", Watch.__doc__ or "", re.DOTALL)
    (example,) = yaml.safe_load(page)["triggers"]
    options = Watch.model_validate({name: value for name, value in example.items() if name not in ("id", "type")})
    assert options.target == "/srv/orders/done"
    assert Watch.model_validate({"from": "/in"}).root == "/in"
    assert Watch in PROVIDES
    assert Watch.names[0] == "files.Watch"
