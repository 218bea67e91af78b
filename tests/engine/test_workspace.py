"""Directories of tasks: theirs alone or shared, there when needed and gone when over."""

import asyncio
import stat
from pathlib import Path

import pytest

from onbeat.core.states import State
from onbeat.engine.rerun import restart
from onbeat.engine.storage import LocalStorage
from onbeat.errors import Overloaded
from onbeat.ports import Outcome, TaskContext
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with
from tests.engine.workspaces import SHARED, Deeds, flow, go, left, sees


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


async def test_all_files_of_the_output_folder_are_kept(tmp_path: Path) -> None:
    """`{{ outputDir }}`, as Kestra has it, beside what `outputFiles` names."""
    tasks = """
tasks:
  - id: one
    type: scripts.shell.Script
    outputFiles: [named]
    script: 'mkdir {{ outputDir }}/deep; touch named unnamed {{ outputDir }}/any {{ outputDir }}/deep/more'
"""
    async with node_with(MemoryStore(), flow(tasks), tmp_path, sources=False) as node:
        execution = await go(node)
        assert sorted((execution.runs[1].outputs or {})["outputFiles"]) == ["any", "deep/more", "named"]


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
    begun, stopping, leave = asyncio.Event(), asyncio.Event(), asyncio.Event()
    found: list[bool] = []

    async def stubborn(context: TaskContext) -> None:
        try:
            begun.set()
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
        await begun.wait()
        await clock.advance(6)
        await stopping.wait()
        assert (await node.engine.ended(execution.id)).state is State.FAILED
        leave.set()
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


async def test_a_directory_that_is_prepared_again_stays(tmp_path: Path, clock: ManualClock, deeds: Deeds) -> None:
    """A late attempt of before the restart leaves it to those that work in it now."""
    seen: list[dict[str, str]] = []
    begun, stopping, leave, left_it = asyncio.Event(), asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def stubborn(context: TaskContext) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopping.set()
            await leave.wait()
            left_it.set()
            raise

    async def again(context: TaskContext) -> Outcome:
        leave.set()
        await left_it.wait()
        done: Outcome = await sees(seen, "out/1")(context)
        return done

    deeds |= {"one": stubborn, "two": sees(seen)}
    tasks = SHARED.replace("what: one", "what: one, timeout: PT5S")
    async with node_with(MemoryStore(), flow(tasks), tmp_path, clock=clock, sources=False) as node:
        execution = await node.start("a.b", "f")
        await begun.wait()
        await clock.advance(6)
        await stopping.wait()
        assert (await node.engine.ended(execution.id)).state is State.FAILED
        deeds["one"] = again
        await restart(node, execution.id)
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS
    assert seen == [{"first": "x"}, {"first": "x", "out/1": "one"}]
