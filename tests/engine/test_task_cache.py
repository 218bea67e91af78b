"""Outputs of an earlier run of a task, instead of another run."""

from pathlib import Path
from typing import ClassVar

import pytest

from onbeat.core.execution import Execution
from onbeat.core.signals import Facts
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.ports import LogLine, Outcome, Record, TaskContext, TaskFailed, TaskOptions, WorkspaceTask
from onbeat.registry import Registry
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock
from tests.engine.harness import node_with

RUNS: list[str] = []


class Counted(TaskOptions):
    """Counts how often it runs, and ends as `how` says."""

    names: ClassVar[tuple[str, ...]] = ("test.Counted",)
    what: str
    how: str = ""

    async def run(self, context: TaskContext) -> Outcome:
        RUNS.append(self.what)
        outputs = {"count": len(RUNS)}
        match self.how:
            case "failed":
                raise TaskFailed("no", outputs)
            case "warning":
                return Outcome(state=State.WARNING, outputs=outputs)
            case "publishes":
                return Outcome(outputs=outputs, records=(Record(topic="t", id="1", data=None, time=0),))
            case "labels":
                return Outcome(outputs=outputs, facts=Facts(labels={"a": "b"}))
            case "large":
                return Outcome(outputs={"text": "x" * 11_000_000})
            case "file":
                return Outcome(outputs={"uri": await context.services.storage.put("some/file", b"x")})
        return Outcome(outputs=outputs)


class Working(WorkspaceTask):
    """Works in a directory."""

    names: ClassVar[tuple[str, ...]] = ("test.Working",)
    what: str

    async def run(self, context: TaskContext) -> Outcome:
        RUNS.append(self.what)
        assert context.directory is not None
        (context.directory / "out").write_text("x")
        return Outcome()


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the types known."""
    RUNS.clear()
    real, ours = Registry.task, {"test.Counted": Counted, "test.Working": Working}
    monkeypatch.setattr(Registry, "task", lambda self, name: ours.get(name) or real(self, name))


def flow(options: str, cache: str = "{ttl: PT1H}", more: str = "") -> dict[str, str]:
    """A flow whose one task has a cache."""
    task = f"  - {{id: a, type: test.Counted, {options}, taskCache: {cache}}}\n"
    return {"f.yaml": f"id: f\nnamespace: t\ninputs: [{{id: x, type: STRING, defaults: x}}]\ntasks:\n{task}{more}"}


async def go(node: Node, **inputs: str) -> Execution:
    """Run the flow to its end."""
    return await node.engine.ended((await node.start("t", "f", inputs)).id)


def count(execution: Execution) -> object:
    """What the first task gave."""
    return (execution.runs[1].outputs or {}).get("count")


async def lines(node: Node, execution: Execution) -> list[LogLine]:
    """The log of an execution."""
    await node.logs.flush()
    return await node.queries.logs(execution.id)


async def test_a_second_run_with_the_same_properties_is_not_one(tmp_path: Path) -> None:
    """Its outputs are those of the first, and the log says so; other properties are another run."""
    async with node_with(MemoryStore(), flow('what: "{{ inputs.x }}"'), tmp_path, sources=False) as node:
        first, second, other = await go(node), await go(node), await go(node, x="y")
        assert [count(each) for each in (first, second, other)] == [1, 1, 2]
        assert [each.runs[1].state for each in (first, second)] == [State.SUCCESS] * 2
        assert ["the task is not run" in line.message for line in await lines(node, second)] == [True]
    assert RUNS == ["x", "y"]


async def test_it_survives_a_restart(tmp_path: Path) -> None:
    """What is kept is on the disk."""
    for _ in range(2):
        async with node_with(MemoryStore(), flow("what: x"), tmp_path, sources=False) as node:
            assert count(await go(node)) == 1


async def test_what_is_too_old_is_run_again(tmp_path: Path) -> None:
    """And kept anew."""
    clock = ManualClock()
    async with node_with(MemoryStore(), flow("what: x"), tmp_path, clock=clock, sources=False) as node:
        assert count(await go(node)) == 1
        clock.set_wall(clock.now() + 3_600_000_000)
        assert [count(await go(node)), count(await go(node))] == [2, 2]


@pytest.mark.parametrize("how", ["failed", "warning", "publishes", "labels", "large"])
async def test_only_a_success_that_is_nothing_but_its_outputs_is_kept(tmp_path: Path, how: str) -> None:
    """What publishes, sets a label or did not go well runs each time."""
    async with node_with(MemoryStore(), flow(f"what: x, how: {how}"), tmp_path, sources=False) as node:
        await go(node)
        await go(node)
    assert RUNS == ["x", "x"]


async def test_outputs_that_name_a_file_that_is_gone_are_not_taken(tmp_path: Path) -> None:
    """It may have been purged with the execution that made it."""
    async with node_with(MemoryStore(), flow("what: x, how: file"), tmp_path, sources=False) as node:
        await go(node)
        await go(node)
        assert RUNS == ["x"]
        await node.storage.delete("some/file")
        await go(node)
    assert RUNS == ["x", "x"]


async def test_a_cache_that_is_off_is_none(tmp_path: Path) -> None:
    """`enabled: false`."""
    async with node_with(MemoryStore(), flow("what: x", "{enabled: false}"), tmp_path, sources=False) as node:
        await go(node)
        await go(node)
    assert RUNS == ["x", "x"]


async def test_the_name_of_the_directory_does_not_count(tmp_path: Path) -> None:
    """It is another one each time; the files that were kept are the first run's."""
    text = 'id: f\nnamespace: t\ntasks: [{id: a, type: test.Working, what: "{{ workingDir }}", outputFiles: [out], taskCache: {}}]\n'
    async with node_with(MemoryStore(), {"f.yaml": text}, tmp_path, sources=False) as node:
        first, second = await go(node), await go(node)
        assert first.runs[1].outputs == second.runs[1].outputs
        assert (await node.storage.get(first.runs[1].outputs["outputFiles"]["out"])) == b"x"  # type: ignore[index]  # it has outputs
    assert len(RUNS) == 1


async def test_of_the_properties_only_a_hash_is_kept(tmp_path: Path) -> None:
    """A secret may be among them."""
    async with node_with(MemoryStore(), flow("what: hunter2-the-password"), tmp_path, sources=False) as node:
        await go(node)
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if "hunter2" in path.name or b"hunter2" in path.read_bytes()]


async def test_trouble_with_storage_fails_nothing(tmp_path: Path) -> None:
    """A cache is a help, not a need: the task runs, and the log says what is wrong."""
    async with node_with(MemoryStore(), flow("what: x"), tmp_path, sources=False) as node:
        (tmp_path / "data" / "storage" / "t").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / "storage" / "t").symlink_to(tmp_path / "data" / "storage" / "t")
        execution = await go(node)
        assert execution.state is State.SUCCESS
        assert {line.level for line in await lines(node, execution)} == {"WARN"}
