"""The engine on a whole node: executions go on, wait, stop, recover; one bad one does not stop the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from onbeat.core import signals as s
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine import deciding
from onbeat.engine.node import Node
from onbeat.engine.rerun import Impossible, restart
from onbeat.errors import NotFound, Refused
from onbeat.stores.memory import MemoryStore
from onbeat.testing import ManualClock, settle
from tests.engine.harness import node_with, states

FLOWS = {
    "two.yaml": """
id: two
namespace: t
tasks:
  - {id: a, type: core.debug.Return, format: "1"}
  - {id: b, type: core.debug.Return, format: "{{ outputs.a.value }}2"}
outputs:
  - {id: b, type: STRING, value: "{{ outputs.b.value }}"}
""",
    "sleep.yaml": """
id: sleep
namespace: t
tasks:
  - {id: nap, type: core.flow.Sleep, duration: PT1H}
  - {id: after, type: core.log.Log, message: after}
""",
    "late.yaml": """
id: late
namespace: t
tasks:
  - {id: nap, type: core.flow.Sleep, duration: PT1H, timeout: PT5S, retry: {type: constant, interval: PT10S, maxAttempts: 2}}
""",
    "parent.yaml": """
id: parent
namespace: t
tasks:
  - {id: call, type: core.flow.Subflow, namespace: t, flowId: sleep}
""",
    "pause.yaml": """
id: pause
namespace: t
tasks:
  - {id: wait, type: core.flow.Pause, onResume: [{id: ok, type: BOOLEAN}]}
  - {id: say, type: core.debug.Return, format: "{{ outputs.wait.onResume.ok }}"}
""",
    "one.yaml": """
id: one
namespace: t
concurrency: {limit: 1}
tasks:
  - {id: nap, type: core.flow.Sleep, duration: PT10S}
""",
    "fails.yaml": """
id: fails
namespace: t
tasks:
  - {id: first, type: core.debug.Return, format: x}
  - {id: bad, type: core.execution.Fail, condition: "{{ taskrun.attemptsCount == 0 }}"}
""",
    "outside.yaml": """
id: outside
namespace: t
tasks:
  - {id: ask, type: core.flow.If, condition: "{{ envs.answer == '42' }}", then: [{id: right, type: core.log.Log, message: right}]}
""",
}


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves."""
    return ManualClock()


@asynccontextmanager
async def running(
    tmp_path: Path, clock: ManualClock | None = None, store: MemoryStore | None = None, **more: object
) -> AsyncIterator[Node]:
    """A node with FLOWS and no sources."""
    async with node_with(store or MemoryStore(), FLOWS, tmp_path, clock=clock, sources=False, **more) as node:
        yield node


async def until(node: Node, execution: str, state: State) -> Execution:
    """Wait for a change that brings the execution to the state."""
    async with asyncio.timeout(10):
        at = 0
        while (found := await node.engine.load(execution)).state is not state:
            await node.store.wait_journal(at)
            at = await node.store.journal_end()
    return found


async def test_two_trivial_tasks_are_three_commits(tmp_path: Path) -> None:
    """Created with its first task running, that task's end with the second running, the end: nothing more is written."""
    writes = []
    store = MemoryStore(on_write=writes.append)
    async with running(tmp_path, store=store) as node:
        before = len(writes)
        execution = await node.start("t", "two")
        ended = await node.engine.ended(execution.id)
        assert ended.state is State.SUCCESS
        assert ended.outputs == {"b": "12"}
        assert (len(writes) - before) / 2 == 3


async def test_kill_stops_the_task_and_starts_nothing(tmp_path: Path, clock: ManualClock) -> None:
    """A killed execution ends KILLED, its running task too, and the next task never exists."""
    async with running(tmp_path, clock) as node:
        execution = await node.start("t", "sleep")
        await settle()
        await node.kill(execution.id)
        ended = await node.engine.ended(execution.id)
        assert ended.state is State.KILLED
        assert states(ended) == [("nap", None, "KILLED")]
        with pytest.raises(Refused, match="ended already"):
            await node.kill(execution.id)


async def test_kill_reaches_the_subflow(tmp_path: Path, clock: ManualClock) -> None:
    """Killing a parent kills the child it waits for, and both end."""
    async with running(tmp_path, clock) as node:
        execution = await node.start("t", "parent")
        await settle()
        child = next(iter((await node.engine.load(execution.id)).runs.values())).child
        assert child is not None
        await node.kill(execution.id)
        assert (await node.engine.ended(execution.id)).state is State.KILLED
        assert (await node.engine.ended(child)).state is State.KILLED


async def test_a_late_task_is_stopped_and_tried_again(tmp_path: Path, clock: ManualClock) -> None:
    """A timeout ends the attempt; the retry waits its interval; the last attempt fails the flow."""
    async with running(tmp_path, clock) as node:
        execution = await node.start("t", "late")
        await clock.advance(6)
        run = (await node.engine.load(execution.id)).runs[1]
        assert run.state is State.RETRYING
        assert "timed out" in (run.error or "")
        await clock.advance(9)
        assert (await node.engine.load(execution.id)).runs[1].attempt == 2
        await clock.advance(6)
        ended = await node.engine.ended(execution.id)
        assert ended.state is State.FAILED
        assert [attempt.state for attempt in ended.runs[1].attempts] == [State.FAILED, State.FAILED]


async def test_resume_checks_and_gives_the_answers(tmp_path: Path, clock: ManualClock) -> None:
    """A Pause waits for its onResume inputs; a wrong answer leaves it paused."""
    async with running(tmp_path, clock) as node:
        execution = await node.start("t", "pause")
        await until(node, execution.id, State.PAUSED)
        with pytest.raises(Exception, match="ok"):
            await node.resume(execution.id, {})
        assert (await node.engine.load(execution.id)).state is State.PAUSED
        await node.resume(execution.id, {"ok": "true"})
        ended = await node.engine.ended(execution.id)
        assert ended.runs[2].outputs == {"value": "true"}


async def test_a_paused_execution_leaves_memory_and_comes_back(tmp_path: Path, clock: ManualClock) -> None:
    """Nothing is at work while everything waits for a person, and a restart changes nothing of it."""
    store = MemoryStore()
    async with running(tmp_path, clock, store) as node:
        execution = await node.start("t", "pause")
        await until(node, execution.id, State.PAUSED)
        await settle()
        assert node.engine.at_work() == 0
    async with running(tmp_path, clock, store) as node:
        assert (await node.engine.load(execution.id)).state is State.PAUSED
        await node.resume(execution.id, {"ok": True})
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS


async def test_pause_lets_what_runs_end(tmp_path: Path, clock: ManualClock) -> None:
    """Pausing by hand: the running task goes on to its end, the next one waits for the resume."""
    async with running(tmp_path, clock) as node:
        execution = await node.start("t", "sleep")
        await settle()
        await node.pause(execution.id)
        await clock.advance(3_601)
        paused = await node.engine.load(execution.id)
        assert paused.state is State.PAUSED
        assert states(paused) == [("nap", None, "SUCCESS")]
        await node.resume(execution.id)
        assert (await node.engine.ended(execution.id)).state is State.SUCCESS


async def test_a_slot_passes_to_the_longest_waiting(tmp_path: Path, clock: ManualClock) -> None:
    """With a limit of one the second is QUEUED until the first has ended, the third until the second has."""
    async with running(tmp_path, clock) as node:
        first, second, third = [await node.start("t", "one") for _ in range(3)]
        await settle()
        assert [(await node.engine.load(each.id)).state for each in (first, second, third)] == ["RUNNING", "QUEUED", "QUEUED"]
        await clock.advance(10)
        assert [(await node.engine.load(each.id)).state for each in (first, second, third)] == ["SUCCESS", "RUNNING", "QUEUED"]
        await node.kill(second.id)
        await node.engine.ended(second.id)
        await settle()
        assert (await node.engine.load(third.id)).state is State.RUNNING


async def test_restart_runs_what_failed_again(tmp_path: Path) -> None:
    """The failed task gets its second attempt, what succeeded is not run again; a second restart has nothing to do."""
    async with running(tmp_path) as node:
        execution = await node.start("t", "fails")
        assert (await node.engine.ended(execution.id)).state is State.FAILED
        await restart(node, execution.id)
        ended = await node.engine.ended(execution.id)
        assert ended.state is State.SUCCESS
        assert ended.runs[1].attempt == 1
        assert ended.runs[2].attempt == 2
        with pytest.raises(Impossible):
            await restart(node, execution.id)


async def test_a_condition_that_reaches_outside_is_evaluated_by_the_shell(tmp_path: Path) -> None:
    """`envs` are not in the execution: the condition is asked for, answered and journaled, and the branch follows it."""
    async with running(tmp_path) as node:
        execution = await node.start("t", "outside")
        ended = await node.engine.ended(execution.id)
        assert ended.state is State.FAILED
        assert "envs.answer" in (ended.error or "")


async def test_work_lost_with_its_engine_is_run_again(tmp_path: Path, clock: ManualClock) -> None:
    """A stop is as safe as a kill -9: the next engine finds the attempt lost and runs it again; the lost one does not count."""
    store = MemoryStore()
    async with running(tmp_path, clock, store) as node:
        execution = await node.start("t", "late")
        await settle()
    async with running(tmp_path, clock, store) as node:
        await settle()
        run = (await node.engine.load(execution.id)).runs[1]
        assert [attempt.lost for attempt in run.attempts] == [True, False]
        assert run.counted == 1
        assert run.state is State.RUNNING


async def test_no_more_tasks_at_once_than_places(tmp_path: Path, clock: ManualClock) -> None:
    """With one place for tasks the second execution's task is CREATED until the first's has ended."""
    async with running(tmp_path, clock, max_tasks=1) as node:
        first, second = [await node.start("t", "sleep") for _ in range(2)]
        await settle()
        assert (await node.engine.load(second.id)).runs[1].state is State.CREATED
        assert node.engine.places.waiting() == 1
        await node.kill(first.id)
        await node.engine.ended(first.id)
        await settle()
        assert (await node.engine.load(second.id)).runs[1].state is State.RUNNING


async def test_a_bug_sets_one_execution_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock) -> None:
    """An execution whose decision raises is set aside with the reason; others go on."""
    async with running(tmp_path, clock) as node:
        bad = await node.start("t", "sleep")
        await settle()
        real = s.TaskEnded

        def broken(*args: object, **kwargs: object) -> None:
            raise RuntimeError("planted")

        with monkeypatch.context() as patch:
            patch.setattr(deciding, "decided", broken)
            node.engine.tell(bad.id, real(1, 1, State.SUCCESS))
            await settle()
        assert "planted" in node.engine.quarantined[bad.id]
        assert any(bad.id in sentence for sentence in node.trouble())
        good = await node.start("t", "two")
        assert (await node.engine.ended(good.id)).state is State.SUCCESS


async def test_somebody_else_wrote_first(tmp_path: Path, clock: ManualClock) -> None:
    """A Conflict is answered by loading and deciding again: the signal is not lost, the other's change stays."""
    store = MemoryStore()
    async with running(tmp_path, clock, store) as node:
        execution = await node.start("t", "sleep")
        await settle()
        stale = node.engine._memory._working[execution.id].execution
        await node.engine.ask(execution.id, s.SetLabels({"from": "another"}))
        node.engine._memory._working[execution.id].execution = stale
        ended = await node.engine.ask(execution.id, s.Kill())
        assert ended.labels == {"from": "another"}
        assert (await node.engine.ended(execution.id)).state is State.KILLED


async def test_an_unknown_execution_is_not_found(tmp_path: Path) -> None:
    """Asking and waiting for what is not there says so."""
    async with running(tmp_path) as node:
        with pytest.raises(NotFound):
            await node.engine.ask("nope", s.Kill())
        with pytest.raises(NotFound):
            await node.engine.ended("nope")
        assert node.engine.at_work() == 0
