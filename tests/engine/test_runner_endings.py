"""The runner when a task behaves badly: its attempt fails, nothing else does."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from onbeat.core.changes import to_record
from onbeat.core.refs import INLINE_LIMIT, is_mark
from onbeat.core.states import State
from onbeat.errors import Overloaded
from onbeat.ports import Outcome, Record, TaskContext, TaskFailed
from onbeat.testing import ManualClock, settle
from tests.engine.faulty import FaultyStore, Once
from tests.engine.flows import ended, leftovers, running
from tests.engine.harness import node_with

pytestmark = pytest.mark.usefixtures("deeds")
Deeds = dict[str, Callable[[TaskContext], Any]]


async def test_late_log_lines_wait_for_the_disk(tmp_path: Path, clock: ManualClock, deeds: Deeds) -> None:
    """An end that no longer counts brings log lines only; a full disk does not set the execution aside for them."""
    store = FaultyStore()

    async def stubborn(context: TaskContext) -> Outcome:
        try:
            await context.services.clock.sleep(3_600)
        finally:
            context.log("INFO", "last words")
        return Outcome()

    deeds["stubborn"] = stubborn
    async with running(tmp_path, store, clock) as node:
        execution = await node.start("t", "late", {"what": "stubborn"})
        await settle()
        store.refuse = Once(Overloaded("full"), wanted=lambda work: bool(work.logs) and not work.appends)
        for _ in range(20):
            await clock.advance(1)
        await ended(node, execution)
        assert node.engine.quarantined == {}
        assert [line.message for line in await node.queries.logs(execution.id)].count("last words") == 2


async def test_log_lines_of_a_running_task_wait_for_the_disk(tmp_path: Path, clock: ManualClock, deeds: Deeds) -> None:
    """The service that writes them goes on when the disk is full: nothing is lost, the daemon stays."""
    store = FaultyStore()

    async def chatty(context: TaskContext) -> Outcome:
        context.log("INFO", "early")
        await context.services.clock.sleep(60)
        return Outcome()

    deeds["chatty"] = chatty
    async with running(tmp_path, store, clock) as node:
        execution = await node.start("t", "does", {"what": "chatty"})
        store.refuse = Once(Overloaded("full"), 2, wanted=lambda work: bool(work.logs))
        await clock.advance(5)
        assert [line.message for line in await node.queries.logs(execution.id)] == ["early"]


async def test_an_attempt_that_is_stopped_before_it_began_ends(tmp_path: Path, clock: ManualClock) -> None:
    """Killed in the moment it was started: it says that it ended, gives its place back, and the execution ends."""
    async with running(tmp_path, FaultyStore(), clock) as node:
        execution = await node.start("t", "sleep")
        for n in range(1, 20):
            node.runner.start(node.engine._memory._working[execution.id].loaded, execution, 1, 1 + n)  # type: ignore[arg-type]
            node.runner.stop(execution.id, 1, 1 + n)
        await settle()
        assert len(node.runner) == 1
        await node.kill(execution.id)
        assert (await ended(node, execution)).state is State.KILLED
        await settle()
        assert leftovers(node) == {}


async def test_a_failure_whose_outputs_cannot_be_kept_is_a_failure(tmp_path: Path, deeds: Deeds) -> None:
    """NaN among what a failing task had to say fails its attempt, and not the daemon."""

    async def fail(context: TaskContext) -> Outcome:
        raise TaskFailed("no", {"x": float("nan")})

    deeds["fail"] = fail
    async with running(tmp_path) as node:
        found = await ended(node, await node.start("t", "does", {"what": "fail"}))
        assert found.state is State.FAILED
        assert "finite" in (found.runs[1].error or "")


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (asyncio.CancelledError(), "cancelled from within"),
        (ValueError("\udcff"), "ValueError: ?"),
        (ExceptionGroup("all", [ValueError()]), "ExceptionGroup"),
    ],
    ids=["exit", "cancelled", "surrogate", "group"],
)
async def test_whatever_a_task_raises_fails_its_attempt(tmp_path: Path, deeds: Deeds, raised: BaseException, said: str) -> None:
    """Also what Python means for the whole program, and what cannot be written as it is; the next execution runs."""

    async def strange(context: TaskContext) -> Outcome:
        raise raised

    deeds["strange"] = strange
    async with running(tmp_path) as node:
        found = await ended(node, await node.start("t", "does", {"what": "strange"}))
        assert found.state is State.FAILED
        assert said in (found.runs[1].error or "")
        assert node.trouble() == []
        assert (await ended(node, await node.start("t", "two"))).state is State.SUCCESS


@pytest.mark.parametrize("outcome", [None, Outcome(state=State.RUNNING), Outcome(records=(Record(topic="x", id="1", data={1}, time=1),))])
async def test_an_outcome_that_is_none_fails_the_attempt(tmp_path: Path, deeds: Deeds, outcome: Outcome | None) -> None:
    """Nothing, a state that is no end, a record that is no JSON: a plugin's bug is never the execution's."""

    async def strange(context: TaskContext) -> Any:
        return outcome

    deeds["strange"] = strange
    async with running(tmp_path) as node:
        found = await ended(node, await node.start("t", "does", {"what": "strange"}))
        assert found.state is State.FAILED
        assert node.trouble() == []


async def test_outputs_wait_for_room_on_the_disk(tmp_path: Path, clock: ManualClock, deeds: Deeds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that succeeded does not fail because its large outputs cannot be kept for a moment."""

    async def large(context: TaskContext) -> Outcome:
        return Outcome(outputs={"x": "y" * 100_000})

    deeds["large"] = large
    async with running(tmp_path, FaultyStore(), clock) as node:
        put, full = node.storage.put, Once(Overloaded("full"), 3)

        async def refusing(path: str, data: bytes) -> str:
            full(path)
            return await put(path, data)

        monkeypatch.setattr(node.storage, "put", refusing)
        execution = await node.start("t", "does", {"what": "large"})
        await settle()
        assert (await node.engine.load(execution.id)).runs[1].state is State.RUNNING
        for _ in range(4):
            await clock.advance(1)
        while not (await node.engine.load(execution.id)).ended:
            await node.store.wait_journal(await node.store.journal_end())
        assert (await node.engine.load(execution.id)).state is State.SUCCESS


VARIABLES = """
id: variables
namespace: t
variables: {odd: {"onbeat:ref": "kestra:///t/variables2/executions/0123456789012345678901/x.json", size: 3}}
tasks:
  - {id: much, type: core.debug.Return, format: "{{ range(0, 20000) | join(',') }}"}
  - {id: set, type: core.execution.SetVariables, variables: {much: "{{ outputs.much.value }}", list: [1, 2], little: 1}}
  - {id: more, type: core.execution.SetVariables, variables: {many: "{{ range(0, 9000) }}", few: 2}}
  - {id: again, type: core.execution.SetVariables, variables: {few: "{{ range(0, 9000) }}"}, overwrite: true}
  - id: each
    type: core.flow.Loop
    values: [1]
    tasks: [{id: say, type: core.debug.Return, format: "{{ vars.much | length }} {{ vars.many | length }} {{ vars.few | length }}"}]
    outputs: [{id: said, type: STRING, value: "{{ outputs.say.value }}"}]
  - {id: end, type: core.debug.Return, format: "{{ vars.much | length }} {{ vars.odd }} {{ vars.list | last }} {{ vars.little }}"}
outputs:
  - {id: said, type: STRING, value: "{{ outputs.end.value }}"}
  - {id: inside, type: JSON, value: "{{ outputs.each.outputs[0].outputs.said }}"}
"""


async def test_variables_that_are_large_together_are_kept_in_storage(tmp_path: Path) -> None:
    """Over all that were set, not each alone; expressions read them, also in a loop. What only looks like an address is not read."""
    async with node_with(FaultyStore(), {"variables.yaml": VARIABLES}, tmp_path, sources=False) as node:
        execution = await ended(node, await node.start("t", "variables"))
        assert execution.state is State.SUCCESS, execution.error
        size = len(",".join(map(str, range(20_001))))
        assert execution.outputs is not None
        assert execution.outputs["inside"] == f"{size} 9001 9001"
        assert str(execution.outputs["said"]).startswith(f"{size} ")
        assert "x.json" in str(execution.outputs["said"])
        assert str(execution.outputs["said"]).endswith(" 2 1")
        assert {name for name, value in execution.variables.items() if is_mark(value)} == {"odd", "much", "few"}
        rows = await node.store.journal(0, 10_000)
        assert max(len(to_record(row.change)) for row in rows) < 3 * INLINE_LIMIT
