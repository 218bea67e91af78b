"""What tasks may do to executions and triggers, in flows that run."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onbeat.core.addresses import execution_folder
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.engine.node import Node
from onbeat.ports import ExecutionFilter, Position, Work
from onbeat.stores.memory import MemoryStore
from tests.engine.harness import node_with

FLOWS = {
    "work.yaml": """
id: work
namespace: t.a
tasks:
  - {id: say, type: core.log.Log, message: [one, two], level: WARN}
  - {id: measure, type: core.metric.Publish, metrics: [{type: counter, name: n, value: 1}]}
  - {id: give, type: core.log.Fetch}
triggers:
  - {id: on, type: core.trigger.Event, topic: things}
""",
    "wait.yaml": """
id: wait
namespace: t
tasks:
  - {id: pause, type: core.flow.Pause, onResume: [{id: ok, type: BOOLEAN}]}
  - {id: said, type: core.debug.Return, format: "{{ outputs.pause.onResume.ok }}"}
""",
    "parent.yaml": """
id: parent
namespace: t
tasks: [{id: child, type: core.flow.Subflow, namespace: t, flowId: wait}]
""",
    "self.yaml": "{id: self, namespace: t, tasks: [{id: k, type: core.execution.Kill, executionId: '{{ execution.id }}'}]}",
    "act.yaml": """
id: act
namespace: t
inputs: [{id: what, type: STRING}, {id: options, type: JSON, defaults: {}}]
tasks:
  - id: act
    type: core.templating.TemplatedTask
    spec: "{{ {'type': inputs.what} | merge(inputs.options) }}"
""",
}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A node with those flows."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        for subscription in node.intake.subscriptions():
            await subscription.ready.wait()
        yield node


async def act(node: Node, what: str, **options: object) -> Execution:
    """An execution that does one thing, ended."""
    return await node.engine.ended((await node.start("t", "act", {"what": what, "options": options})).id)


async def run(node: Node, flow: str = "work") -> str:
    """An execution that has ended; its id."""
    return (await node.engine.ended((await node.start("t.a", flow)).id)).id


async def paused(node: Node, flow: str = "wait") -> str:
    """An execution that waits; its id."""
    started = await node.start("t", flow)
    async with asyncio.timeout(10):
        while not await node.queries.executions(ExecutionFilter(flow="wait", states=(State.PAUSED,))):
            await node.store.wait_journal(await node.store.journal_end())
    return started.id


async def test_a_task_resumes_a_paused_execution(node: Node) -> None:
    """With the answers, which are checked as a person's are."""
    waiting = await paused(node)
    wrong = await act(node, "core.execution.Resume", executionId=waiting, inputs={"ok": "maybe"})
    assert wrong.state is State.FAILED
    assert "`ok`" in (wrong.runs[1].error or "")
    assert (await act(node, "core.execution.Resume", executionId=waiting, inputs={"ok": True})).state is State.SUCCESS
    assert (await node.engine.ended(waiting)).context["said"] == {"value": "true"}
    again = await act(node, "core.execution.Resume", executionId=waiting)
    assert "not PAUSED" in (again.runs[1].error or "")


async def test_a_task_stops_an_execution_and_its_subflows(node: Node) -> None:
    """The child goes with its parent; stopped twice is refused."""
    parent = await paused(node, "parent")
    assert (await act(node, "core.execution.Kill", executionId=parent)).state is State.SUCCESS
    (child,) = await node.queries.executions(ExecutionFilter(flow="wait"))
    assert [(await node.engine.ended(id_)).state for id_ in (parent, child.id)] == [State.KILLED] * 2
    again = await act(node, "core.execution.Kill", executionId=parent)
    assert "has ended already" in (again.runs[1].error or "")
    missing = await act(node, "core.execution.Kill", executionId="nobody")
    assert "there is no execution nobody" in (missing.runs[1].error or "")


async def test_a_task_may_stop_its_own_execution(node: Node) -> None:
    """It does not wait for itself."""
    assert (await node.engine.ended((await node.start("t", "self")).id)).state is State.KILLED


async def test_executions_are_counted(node: Node) -> None:
    """By flow and state, with an expression over the count."""
    for _ in range(2):
        await run(node)
    flows = [{"namespace": "t.a", "flowId": "work"}, {"namespace": "t", "flowId": "wait"}]
    counted = await act(node, "core.execution.Count", flows=flows, states=["SUCCESS"], expression="{{ count == 0 }}")
    expected = [{"namespace": "t", "flowId": "wait", "count": 0}]
    assert counted.context["act"]["results"] == expected
    everything = await act(node, "core.execution.Count")
    assert everything.context["act"]["total"] == 4, "two, the first count, and this one itself"


async def test_logs_are_fetched_into_a_file(node: Node) -> None:
    """Those of the level or worse, of the wanted tasks; an execution that is not there is told."""
    worked = await run(node)
    fetched = (await act(node, "core.log.Fetch", executionId=worked, level="WARN", tasksId="say")).context["act"]
    assert fetched["size"] == 2
    assert (await node.storage.get(fetched["uri"])).count(b"\n") == 2
    assert (await act(node, "core.log.Fetch", executionId=worked, level="ERROR")).context["act"]["size"] == 0
    missing = await act(node, "core.log.Fetch", executionId="nobody")
    assert "there is no execution nobody" in (missing.runs[1].error or "")


async def test_log_lines_are_purged(node: Node) -> None:
    """Of a namespace and those below it; metrics stay."""
    worked = await run(node)
    end = iso(node.clock.now() + 10_000_000)
    assert (await act(node, "core.log.PurgeLogs", namespace="x", endDate=end)).context["act"] == {"count": 0}
    assert (await act(node, "core.log.PurgeLogs", namespace="t", logLevels=["WARN"], endDate=end)).context["act"] == {"count": 2}
    assert await node.queries.logs(worked) == []
    assert len(await node.queries.metrics(worked)) == 1


async def test_executions_are_purged_with_their_files(node: Node) -> None:
    """What is kept for one that ended goes; the execution that purges, and those that run, stay."""
    worked, waiting = await run(node), await paused(node)
    folder = execution_folder("t.a", "work", worked)
    assert len(await node.storage.files(folder)) == 1
    end = iso(node.clock.now() + 10_000_000)
    purging = await act(node, "core.execution.PurgeExecutions", namespace="t", endDate=end)
    assert purging.context["act"] == {"executionsCount": 1, "logsCount": 2, "metricsCount": 1, "storagesCount": 1}
    assert {one.id for one in await node.queries.executions()} == {waiting, purging.id}
    assert await node.storage.files(folder) == []


async def test_a_purge_leaves_what_it_is_told_to(node: Node) -> None:
    """Files and logs can go without the execution."""
    worked = await run(node)
    end = iso(node.clock.now() + 10_000_000)
    options = {"purgeExecution": False, "purgeMetric": False, "flowId": "work", "namespace": "t.a", "endDate": end}
    purging = await act(node, "core.execution.PurgeExecutions", **options)
    assert purging.context["act"] == {"executionsCount": 0, "logsCount": 2, "metricsCount": 0, "storagesCount": 1}
    assert (await node.engine.load(worked)).state is State.SUCCESS
    assert len(await node.queries.metrics(worked)) == 1


async def test_a_purge_waits_for_readers_of_the_journal(node: Node) -> None:
    """A sink that is behind keeps the execution, and its files with it."""
    worked = await run(node)
    await node.store.write(Work(positions=(Position("journal:slow", "seq", "1"),)))
    end = iso(node.clock.now() + 10_000_000)
    purging = await act(node, "core.execution.PurgeExecutions", flowId="work", endDate=end)
    assert set(purging.context["act"].values()) == {0}
    assert len(await node.storage.files(execution_folder("t.a", "work", worked))) == 1


async def test_a_trigger_is_switched_off_and_on(node: Node) -> None:
    """Off it starts nothing; a trigger that is not there is told with the nearest name."""
    options = {"namespace": "t.a", "flowId": "work", "trigger": "on"}
    assert (await act(node, "core.trigger.Toggle", **options)).state is State.SUCCESS
    assert node.triggers.disabled("t.a.work.on")
    assert (await act(node, "core.trigger.Toggle", **options, enabled=True)).state is State.SUCCESS
    assert not node.triggers.disabled("t.a.work.on")
    missing = await act(node, "core.trigger.Toggle", **{**options, "trigger": "onn"})
    assert "no trigger onn" in (missing.runs[1].error or "")


async def test_old_revisions_go_but_for_those_that_executions_have(node: Node) -> None:
    """What ran goes on being shown, restarted and replayed on its own revision."""
    worked = await run(node)
    loaded = await node.find_flow("t.a", "work")
    for n in range(2, 5):
        await node.store.keep_flow("t.a", "work", f"{n}", f"{n}", node.clock.now(), None)
    assert (await act(node, "core.flow.PurgeFlows", namespace="t")).context["act"] == {"size": 2}
    assert (await node.engine.load(worked)).head.revision == loaded.flow.revision == 1
    assert [await node.store.flow("t.a", "work", n) is not None for n in range(1, 5)] == [True, False, False, True]
