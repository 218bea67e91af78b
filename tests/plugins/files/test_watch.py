"""A directory as a source: a real directory and watcher, a store in memory, and a clock that the test moves."""

import asyncio
import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from onbeat.errors import OutsideError
from onbeat.plugins.files import PROVIDES, Watch, disk
from onbeat.plugins.files.hints import Hints
from tests.plugins.files.world import World


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
