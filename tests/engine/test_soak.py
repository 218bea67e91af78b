"""A soak in miniature: thousands of executions of every kind at once, then nothing is left of them but what is stored."""

import asyncio
from collections import Counter
from pathlib import Path

from onbeat.core.changes import Created, Moved
from onbeat.core.evolve import fold
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import NotFound, Overloaded, Refused
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from tests.engine.flows import leftovers
from tests.engine.harness import node_with
from tests.engine.test_intake import event

EACH = 375
"""Executions of each of the eight flows."""
FLOWS = {
    "plain.yaml": """
id: plain
namespace: t
tasks: [{id: a, type: core.debug.Return, format: "{{ trigger.data }}"}, {id: b, type: core.log.Log, message: "{{ outputs.a.value }}"}]
triggers: [{id: on, type: core.trigger.Event, topic: hooks}]
""",
    "chain.yaml": """
id: chain
namespace: t
tasks: [{id: tell, type: core.event.Publish, topic: next, data: "{{ trigger.data }}"}]
triggers: [{id: on, type: core.trigger.Event, topic: first}]
""",
    "next.yaml": """
id: next
namespace: t
tasks: [{id: a, type: core.debug.Return, format: "{{ trigger.data }}"}]
triggers: [{id: on, type: core.trigger.Event, topic: next}]
""",
    "parent.yaml": """
id: parent
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: child}]
""",
    "child.yaml": """
id: child
namespace: t
tasks:
  - id: both
    type: core.flow.Parallel
    tasks: [{id: a, type: core.debug.Return, format: a}, {id: skip, type: core.log.Log, message: never, runIf: "{{ false }}"}]
""",
    "pause.yaml": """
id: pause
namespace: t
tasks: [{id: wait, type: core.flow.Pause}, {id: after, type: core.debug.Return, format: x}]
""",
    "sleep.yaml": """
id: sleep
namespace: t
tasks: [{id: nap, type: core.flow.Sleep, duration: PT1H, timeout: PT2H}]
""",
    "retry.yaml": """
id: retry
namespace: t
tasks:
  - id: flaky
    type: core.execution.Fail
    condition: "{{ taskrun.attemptsCount < 2 }}"
    retry: {type: constant, interval: PT0.01S, maxAttempts: 3}
  - {id: bad, type: core.execution.Fail}
errors: [{id: tell, type: core.log.Log, message: "{{ errorLogs() | length }}"}]
""",
}


async def flood(node: Node) -> list[str]:
    """Events by a source, some of them twice; returns what they started."""
    (hooks,) = [each for each in node.intake.subscriptions() if each.name.endswith(":hooks")]
    started: list[str] = []
    for n in range(EACH):
        for _ in range(1 + (n % 3 == 0)):
            while True:
                try:
                    (result,) = await node.intake.emit(hooks, [event(f"{n}", n)])
                    break
                except Overloaded:
                    await node.engine.wait_room()
        started += result.started
    return started


async def start(node: Node, flow: str) -> Execution:
    """One by hand, when there is room."""
    while True:
        await node.engine.wait_room()
        try:
            return await node.start("t", flow)
        except Overloaded:
            continue


async def publish(node: Node) -> None:
    """Events on the bus whose flow publishes the next."""
    for n in range(EACH):
        while True:
            try:
                await node.publish("first", n, id_=f"{n}")
                break
            except Overloaded:
                await node.engine.wait_room()


async def run(node: Node, flow: str) -> list[Execution]:
    """All executions of a kind, to their end."""
    made = [await start(node, flow) for _ in range(EACH)]
    return [await node.engine.ended(each.id) for each in made]


async def resume(node: Node) -> list[Execution]:
    """Executions that pause and are resumed, every fifth of them killed while it waits."""
    made = [await start(node, "pause") for _ in range(EACH)]
    for n, each in enumerate(made):
        at = 0
        while (await node.engine.load(each.id)).state is not State.PAUSED:
            await node.store.wait_journal(at)
            at = await node.store.journal_end()
        await (node.kill(each.id) if n % 5 == 0 else node.resume(each.id))
    return [await node.engine.ended(each.id) for each in made]


async def kill(node: Node) -> list[Execution]:
    """Executions that sleep for an hour and are killed, some twice at once."""
    made = []
    for n in range(EACH):
        each = await start(node, "sleep")
        made.append(each)
        killed = await asyncio.gather(*[node.kill(each.id) for _ in range(1 + n % 2)], return_exceptions=True)
        assert all(isinstance(found, Execution | Refused) for found in killed)
    return [await node.engine.ended(each.id) for each in made]


async def settled(node: Node) -> None:
    """Returns when every stored execution has ended."""
    at, wanted = 0, 8 * EACH
    while await node.queries.count(ExecutionFilter(states=(State.SUCCESS, State.WARNING, State.FAILED, State.KILLED))) < wanted:
        await node.store.wait_journal(at)
        at = await node.store.journal_end()


async def test_three_thousand_executions_leave_nothing(tmp_path: Path) -> None:
    """All end as they should, the journal folds to what is stored, sequences have no gap, and the engine keeps nothing of them."""
    store = MemoryStore()
    async with node_with(store, FLOWS, tmp_path, max_active=200, max_tasks=50) as node:
        async with asyncio.timeout(90), asyncio.TaskGroup() as group:
            for subscription in node.intake.subscriptions():
                await subscription.ready.wait()
            work = [
                group.create_task(flood(node)),
                group.create_task(publish(node)),
                group.create_task(run(node, "parent")),
                group.create_task(run(node, "retry")),
                group.create_task(resume(node)),
                group.create_task(kill(node)),
            ]
            await asyncio.wait(work)
            await settled(node)
        assert node.trouble() == []
        found = await store.executions(limit=10_000)
        counted = Counter((each.flow, each.state.value) for each in found)
        assert counted == {
            ("plain", "SUCCESS"): EACH,
            ("chain", "SUCCESS"): EACH,
            ("next", "SUCCESS"): EACH,
            ("parent", "SUCCESS"): EACH,
            ("child", "SUCCESS"): EACH,
            ("retry", "FAILED"): EACH,
            ("pause", "SUCCESS"): EACH - EACH // 5,
            ("pause", "KILLED"): EACH // 5,
            ("sleep", "KILLED"): EACH,
        }
        for each in found:
            rows = await store.changes(each.id)
            assert fold(row.change for row in rows) == await store.load(each.id)
            events = [row.change for row in rows if isinstance(row.change, Created | Moved)]
            sequences = [1 if isinstance(change, Created) else change.sequence for change in events]
            assert sequences == list(range(1, len(sequences) + 1))
        assert await store.check() == []
        while leftovers(node):
            await node.clock.sleep(0)
        assert len(node.engine._memory.room) == 0
        assert node.intake._expected == {}
        assert node.logs._dirty == {}
        assert store._inbox == []


async def test_executions_that_fail_to_be_made_leave_nothing(tmp_path: Path) -> None:
    """Unknown ids that are told, asked and waited for: no mailbox, no waiter stays."""
    async with node_with(MemoryStore(), FLOWS, tmp_path) as node:
        for n in range(500):
            for asked in (node.kill(f"no{n}"), node.engine.ended(f"no{n}")):
                try:
                    await asked
                    raise AssertionError("there is no such execution")
                except NotFound:
                    pass
        assert leftovers(node) == {}
