"""What directories are to an engine that starts anew, and caches to the next execution."""

import asyncio
from pathlib import Path

from onbeat.core.states import State
from onbeat.ports import Outcome, TaskContext
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with
from tests.engine.workspaces import SHARED, Deeds, flow, go, left, sees


async def test_a_new_engine_finds_the_directory(tmp_path: Path, deeds: Deeds) -> None:
    """The task that ran is run again, in the directory as the tasks before left it; what else was left is removed."""
    store, seen, begun = MemoryStore(), list[dict[str, str]](), asyncio.Event()

    async def hang(context: TaskContext) -> None:
        begun.set()
        await asyncio.Event().wait()

    deeds |= {"one": sees(seen, "out/1"), "two": hang}
    async with node_with(store, flow(SHARED), tmp_path, sources=False) as node:
        execution = await node.start("a.b", "f")
        await begun.wait()
    work = tmp_path / "data" / "work"
    for name in (f"{execution.id}-2-1", f"{execution.id}-99", "x" * 22 + "-1", f"{execution.id}-1.new"):
        (work / name / "deep").mkdir(parents=True)
    (work / "some.log").write_text("")
    deeds["two"] = sees(seen, "out/2")
    async with node_with(store, flow(SHARED), tmp_path, sources=False) as node:
        ended = await node.engine.ended(execution.id)
        assert ended.state is State.SUCCESS
        assert seen[1] == {"first": "x", "out/1": "one"}
        assert sorted((ended.runs[1].outputs or {})["outputFiles"]) == ["out/1", "out/2"]
        assert left(tmp_path) == []


async def test_a_directory_that_is_gone_is_prepared_anew(tmp_path: Path, deeds: Deeds) -> None:
    """As far as it can be: what tasks had left there is lost, what it begins with is there."""
    store, seen, begun = MemoryStore(), list[dict[str, str]](), asyncio.Event()

    async def hang(context: TaskContext) -> None:
        begun.set()
        await asyncio.Event().wait()

    deeds |= {"one": sees(seen, "out/1"), "two": hang}
    async with node_with(store, flow(SHARED), tmp_path, sources=False) as node:
        execution = await node.start("a.b", "f")
        await begun.wait()
    for path in sorted((tmp_path / "data" / "work").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    deeds["two"] = sees(seen)
    async with node_with(store, flow(SHARED), tmp_path, sources=False) as node:
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS
    assert seen[1] == {"first": "x"}


async def test_what_is_collected_twice_is_the_same(tmp_path: Path, deeds: Deeds) -> None:
    """The engine may die after it has removed the directory and before the answer is written."""
    seen: list[dict[str, str]] = []
    deeds |= {"one": sees(seen, "out/1"), "two": sees(seen, "out/2")}
    async with node_with(MemoryStore(), flow(SHARED), tmp_path, sources=False) as node:
        execution = await go(node)
        loaded = await node.catalog.revision("a.b", "f", execution.head.revision)
        assert await node.runner.workspaces.collect(loaded, execution, 1) == execution.runs[1].outputs


async def test_what_is_prepared_twice_at_once_is_prepared_once(tmp_path: Path, deeds: Deeds) -> None:
    """Asked again while the first one is at it (a kill and a restart), it must not take the directory from under the tasks."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(context: TaskContext) -> Outcome:
        begun.set()
        await go_on.wait()
        return Outcome()

    deeds |= {"one": wait, "two": wait}
    async with node_with(MemoryStore(), flow(SHARED), tmp_path, sources=False) as node:
        execution = await node.start("a.b", "f")
        await begun.wait()
        execution = await node.engine.load(execution.id)
        loaded = await node.catalog.revision("a.b", "f", execution.head.revision)
        prepare = node.runner.workspaces.prepare
        answers = await asyncio.gather(*(prepare(loaded, execution, 1) for _ in range(3)))
        assert answers == [{"cache": None}] * 3
        assert left(tmp_path) == [f"{execution.id}-1"]
        go_on.set()
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS


# ---- caches ----------------------------------------------------------------------------------------------------------

CACHED = """
tasks:
  - id: wd
    type: core.flow.WorkingDirectory
    cache: {patterns: ["*.txt", deep/**], ttl: PT1H}
    tasks: [{id: one, type: test.Told, what: one}]
"""


async def test_a_cache_is_what_the_next_execution_begins_with(tmp_path: Path, clock: ManualClock, deeds: Deeds) -> None:
    """Kept after a success, restored before the first task, as it was when it was kept first; until its time is over."""
    seen: list[dict[str, str]] = []
    names = iter(["a.txt", "b.txt", "deep/c", "d.txt", "e.md"])

    async def work(context: TaskContext) -> Outcome:
        done: Outcome = await sees(seen, next(names))(context)
        return done

    deeds["one"] = work
    async with node_with(MemoryStore(), flow(CACHED), tmp_path, clock=clock, sources=False) as node:
        for _ in range(3):
            assert (await go(node)).state is State.SUCCESS
        clock.set_wall(clock.now() + 3_600_000_000)
        for _ in range(2):
            await go(node)
    assert seen == [{}, {"a.txt": "one"}, {"a.txt": "one"}, {}, {"d.txt": "one"}]


async def test_a_failure_keeps_no_cache(tmp_path: Path, deeds: Deeds) -> None:
    """What it left may be half."""
    seen: list[dict[str, str]] = []

    async def fail(context: TaskContext) -> Outcome:
        await sees(seen, "a.txt")(context)
        return Outcome(state=State.FAILED)

    deeds["one"] = fail
    async with node_with(MemoryStore(), flow(CACHED), tmp_path, sources=False) as node:
        for _ in range(2):
            await go(node)
    assert seen == [{}, {}]


async def test_a_cache_that_is_broken_is_none(tmp_path: Path, deeds: Deeds) -> None:
    """It is a help, not a need; the log says so."""
    seen: list[dict[str, str]] = []
    deeds["one"] = sees(seen, "a.txt")
    async with node_with(MemoryStore(), flow(CACHED), tmp_path, sources=False) as node:
        await go(node)
        (kept,) = [path for path in (tmp_path / "data" / "storage").rglob("*") if path.is_file()]
        kept.write_bytes(b"no archive" * 100)
        execution = await go(node)
        assert execution.state is State.SUCCESS
        await node.logs.flush()
        assert ["`cache` is not restored" in line.message for line in await node.queries.logs(execution.id)] == [True]
    assert seen == [{}, {}]
