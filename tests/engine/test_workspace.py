"""Directories of tasks: theirs alone or shared, there when needed and gone when over, whatever happens in between."""

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.event import Json
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.engine.storage import LocalStorage
from onbeat.errors import Overloaded
from onbeat.ports import Outcome, TaskContext
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with

Deeds = dict[str, Callable[[TaskContext], Any]]


def flow(tasks: str) -> dict[str, str]:
    """A flow `f` of namespace `a.b` with these tasks."""
    return {"f.yaml": "id: f\nnamespace: a.b\ninputs: [{id: x, type: STRING, defaults: x}]\n" + tasks}


SHARED = """
tasks:
  - id: wd
    type: core.flow.WorkingDirectory
    inputFiles: {first: "{{ inputs.x }}"}
    outputFiles: [out/*]
    tasks:
      - {id: one, type: test.Told, what: one}
      - {id: two, type: test.Told, what: two}
"""


async def go(node: Node, **inputs: Json) -> Execution:
    """Run the flow to its end."""
    return await node.engine.ended((await node.start("a.b", "f", inputs)).id)


def left(folder: Path) -> list[str]:
    """What is in the folder of directories."""
    work = folder / "data" / "work"
    return sorted(path.name for path in work.iterdir()) if work.exists() else []


def sees(found: list[dict[str, str]], write: str | None = None) -> Callable[[TaskContext], Any]:
    """A deed that notes what is in its directory, and leaves a file there."""

    async def deed(context: TaskContext) -> Outcome:
        folder = context.directory
        assert folder is not None
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        found.append({path.relative_to(folder).as_posix(): path.read_text() for path in paths})
        if write is not None:
            (folder / write).parent.mkdir(exist_ok=True)
            (folder / write).write_text(context.task)
        return Outcome()

    return deed


# ---- an attempt's own ------------------------------------------------------------------------------------------------


async def test_a_script_has_a_directory_with_its_files(tmp_path: Path) -> None:
    """What goes in by `inputFiles` comes out by `outputFiles`, under the task run's own address; real programs."""
    tasks = """
tasks:
  - id: one
    type: scripts.shell.Script
    inputFiles: {in.txt: "{{ inputs.x }}"}
    outputFiles: ["*.out", missing]
    script: 'cp in.txt a.out; test {{ workingDir }} = $PWD'
  - id: two
    type: scripts.shell.Commands
    inputFiles: {copy: "{{ outputs.one.outputFiles['a.out'] }}"}
    commands: [cat copy]
"""
    async with node_with(MemoryStore(), flow(tasks), tmp_path, sources=False) as node:
        execution = await go(node, x="hello")
        outputs = execution.runs[1].outputs
        assert execution.state is State.SUCCESS
        assert outputs is not None
        where = f"kestra:///a/b/f/executions/{execution.id}/tasks/one/{execution.id}-1"
        assert outputs["outputFiles"] == {"a.out": f"{where}/a.out"}
        assert outputs["exitCode"] == 0
        await node.logs.flush()
        said = [line.message for line in await node.queries.logs(execution.id)]
        assert said == ["`outputFiles`: there is no file `missing`", "hello"]
    assert left(tmp_path) == []


@pytest.mark.parametrize("how", ["success", "failure", "bug", "timeout", "kill"])
async def test_a_directory_goes_with_its_attempt(tmp_path: Path, clock: ManualClock, deeds: Deeds, how: str) -> None:
    """Whatever ends it. It is for this user only, and two attempts have two."""
    folders: list[Path] = []
    begun = asyncio.Event()

    async def deed(context: TaskContext) -> Outcome:
        assert context.directory is not None
        folders.append(context.directory)
        assert stat.S_IMODE(context.directory.stat().st_mode) == 0o700
        (context.directory / "left").write_text("x")
        begun.set()
        if how in ("timeout", "kill"):
            await asyncio.Event().wait()
        if how == "bug":
            raise ZeroDivisionError
        return Outcome(state=State.FAILED if how == "failure" else State.SUCCESS)

    deeds["act"] = deed
    tasks = "tasks: [{id: t, type: test.Told, what: 'act{{ workingDir[:0] }}', timeout: PT5S}]\n"
    async with node_with(MemoryStore(), flow(tasks), tmp_path, clock=clock, sources=False) as node:
        for _ in range(2):
            begun.clear()
            execution = await node.start("a.b", "f")
            await begun.wait()
            if how == "kill":
                await node.kill(execution.id)
            if how == "timeout":
                await clock.advance(6)
            await node.engine.ended(execution.id)
        async with asyncio.timeout(10):
            while left(tmp_path):
                await clock.advance(0)
    assert folders[0] != folders[1]


async def test_who_does_not_ask_has_none(tmp_path: Path, deeds: Deeds) -> None:
    """A directory costs more than most tasks do."""
    seen: list[Path | None] = []

    async def deed(context: TaskContext) -> Outcome:
        seen.append(context.directory)
        return Outcome()

    deeds["act"] = deed
    async with node_with(MemoryStore(), flow("tasks: [{id: t, type: test.Told, what: act}]\n"), tmp_path, sources=False) as node:
        await go(node)
    assert seen == [None]


async def test_files_wait_for_room_on_the_disk(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is done; doing it again would be worse than to wait."""
    real, failures = LocalStorage.keep, 2

    async def full(self: LocalStorage, path: str, source: Path) -> str:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise Overloaded("the disk is full")
        return await real(self, path, source)

    monkeypatch.setattr(LocalStorage, "keep", full)
    tasks = "tasks: [{id: one, type: scripts.shell.Script, script: touch x, outputFiles: [x]}]\n"
    async with node_with(MemoryStore(), flow(tasks), tmp_path, clock=clock, sources=False) as node:
        execution = await node.start("a.b", "f")
        while not (await node.engine.load(execution.id)).ended:
            await clock.advance(1)
        assert (await node.engine.load(execution.id)).state is State.SUCCESS
        assert failures == -1


# ---- a shared one ----------------------------------------------------------------------------------------------------


async def test_tasks_share_a_directory(tmp_path: Path, deeds: Deeds) -> None:
    """What one leaves the next one finds, whatever they ask for; what is collected is the output, and nothing stays."""
    seen: list[dict[str, str]] = []
    deeds |= {"one": sees(seen, "out/1"), "two": sees(seen, "out/2")}
    async with node_with(MemoryStore(), flow(SHARED), tmp_path, sources=False) as node:
        execution = await go(node, x="hi")
        assert seen == [{"first": "hi"}, {"first": "hi", "out/1": "one"}]
        files = (execution.runs[1].outputs or {})["outputFiles"]
        assert sorted(files) == ["out/1", "out/2"]
        assert files["out/2"] == f"kestra:///a/b/f/executions/{execution.id}/tasks/wd/{execution.id}-1/out/2"
        assert await node.storage.get(files["out/2"]) == b"two"
        assert left(tmp_path) == []


async def test_a_failure_collects_too(tmp_path: Path, deeds: Deeds) -> None:
    """What there is may say why; the tasks of its `errors` find the directory still."""
    seen: list[dict[str, str]] = []

    async def fail(context: TaskContext) -> Outcome:
        await sees(seen, "out/1")(context)
        return Outcome(state=State.FAILED)

    deeds |= {"one": fail, "two": sees(seen)}
    tasks = SHARED + "    errors: [{id: e, type: test.Told, what: two}]\n"
    async with node_with(MemoryStore(), flow(tasks), tmp_path, sources=False) as node:
        execution = await go(node)
        assert execution.state is State.FAILED
        assert sorted((execution.runs[1].outputs or {})["outputFiles"]) == ["out/1"]
        assert seen == [{"first": "x"}, {"first": "x", "out/1": "one"}]
        assert left(tmp_path) == []


async def test_a_killed_one_goes_with_its_execution(tmp_path: Path, deeds: Deeds) -> None:
    """Nothing is collected after a kill."""
    begun = asyncio.Event()

    async def hang(context: TaskContext) -> None:
        begun.set()
        await asyncio.Event().wait()

    deeds["one"] = hang
    async with node_with(MemoryStore(), flow(SHARED), tmp_path, sources=False) as node:
        execution = await node.start("a.b", "f")
        await begun.wait()
        assert left(tmp_path) == [f"{execution.id}-1"]
        await node.kill(execution.id)
        assert (await node.engine.ended(execution.id)).state is State.KILLED
        async with asyncio.timeout(10):
            while left(tmp_path):
                await asyncio.to_thread(lambda: None)


@pytest.mark.parametrize("options", ["inputFiles: {../x: a}", "inputFiles: {a: 'kestra:///no/thing'}", "namespaceFiles: {ifExists: NO}"])
async def test_what_cannot_be_prepared_fails_the_run(tmp_path: Path, deeds: Deeds, options: str) -> None:
    """With a sentence; no task begins, and nothing stays."""
    tasks = f"tasks: [{{id: wd, type: core.flow.WorkingDirectory, {options}, tasks: [{{id: one, type: test.Told, what: one}}]}}]\n"
    async with node_with(MemoryStore(), flow(tasks), tmp_path, sources=False) as node:
        execution = await go(node)
        assert execution.state is State.FAILED
        assert [run.task for run in execution.runs.values()] == ["wd"]
        assert "Files`" in str(execution.error) or "no/thing" in str(execution.error)
        assert left(tmp_path) == []


async def test_a_late_attempt_leaves_before_the_directory_goes(tmp_path: Path, clock: ManualClock, deeds: Deeds) -> None:
    """An attempt that is being stopped may still write there."""
    stopping, leave = asyncio.Event(), asyncio.Event()
    found: list[bool] = []

    async def stubborn(context: TaskContext) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopping.set()
            await leave.wait()
            assert context.directory is not None
            (context.directory / "late").write_text("x")
            found.append(True)
            raise

    deeds["one"] = stubborn
    tasks = SHARED.replace("what: one", "what: one, timeout: PT5S")
    async with node_with(MemoryStore(), flow(tasks), tmp_path, clock=clock, sources=False) as node:
        execution = await node.start("a.b", "f")
        while not len(node.runner):
            await clock.advance(0)
        await clock.advance(6)
        await stopping.wait()
        assert (await node.engine.ended(execution.id)).state is State.FAILED
        leave.set()
        async with asyncio.timeout(10):
            while left(tmp_path):
                await clock.advance(0)
    assert found == [True]


async def test_each_value_of_a_loop_has_its_own(tmp_path: Path, deeds: Deeds) -> None:
    """Side by side."""
    seen: list[dict[str, str]] = []
    deeds["one"] = sees(seen, "mine")
    tasks = """
tasks:
  - id: each
    type: core.flow.ForEach
    concurrencyLimit: 0
    values: [a, b]
    tasks:
      - id: wd
        type: core.flow.WorkingDirectory
        inputFiles: {value: "{{ taskrun.value }}"}
        tasks: [{id: one, type: test.Told, what: one}]
"""
    async with node_with(MemoryStore(), flow(tasks), tmp_path, sources=False) as node:
        await go(node)
    assert sorted(each["value"] for each in seen) == ["a", "b"]
    assert all("mine" not in each for each in seen)


# ---- an engine that dies ---------------------------------------------------------------------------------------------


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
