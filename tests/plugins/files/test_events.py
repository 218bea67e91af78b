"""What is told of a file, and what is done with it."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.files.world import World


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return World(tmp_path / "in")


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
