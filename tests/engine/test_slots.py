"""Concurrency limits and ordering keys on a whole node: who runs, who waits, and that nobody waits for ever."""

import asyncio
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from onbeat.core import signals as s
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.node import Node
from onbeat.errors import Refused, StoreBroken
from onbeat.ports import ExecutionFilter
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from onbeat.testing import START, ManualClock, settle
from tests.engine.harness import node_with


def flow(id_: str, more: str = "", topic: str = "") -> str:
    """A flow that naps. more: further properties. topic: it is started by events there, with the ordering key and the team they name."""
    trigger = f"""
triggers:
  - id: on
    type: core.trigger.Event
    topic: {topic}
    key: "{{{{ trigger.data.key }}}}"
    inputs: {{team: "{{{{ trigger.data.team }}}}"}}
"""
    return f"""
id: {id_}
namespace: t
inputs: [{{id: team, type: STRING, defaults: a}}]
tasks: [{{id: nap, type: core.flow.Sleep, duration: PT10S}}]
{more}
{trigger if topic else ""}
"""


FLOWS = {
    "ordered.yaml": flow("ordered", topic="things"),
    "teams.yaml": flow("teams", 'concurrency: {limit: 2, key: "{{ inputs.team }}"}'),
    "both.yaml": flow("both", "concurrency: {limit: 2}", "others"),
    "one.yaml": flow("one", "concurrency: {limit: 1}"),
    "cancels.yaml": flow("cancels", "concurrency: {limit: 1, behavior: CANCEL}", "more"),
    "broken.yaml": flow("broken", 'concurrency: {limit: 1, key: "{{ inputs.nothing }}"}'),
    "secret.yaml": flow("secret", 'concurrency: {limit: 1, key: "{{ envs.team }}"}'),
    "fails.yaml": """
id: fails
namespace: t
concurrency: {limit: 1}
tasks:
  - {id: nap, type: core.flow.Sleep, duration: PT10S}
  - {id: bad, type: core.execution.Fail, condition: "{{ taskrun.attemptsCount == 0 }}"}
""",
    "parent.yaml": """
id: parent
namespace: t
tasks: [{id: call, type: core.flow.Subflow, namespace: t, flowId: one}]
""",
    "loop.yaml": """
id: loop
namespace: t
concurrency: {limit: 1}
tasks:
  - id: each
    type: core.flow.Loop
    values: [1, 2, 3]
    tasks: [{id: say, type: core.debug.Return, format: "{{ item.value }}"}]
""",
}


def node(directory: Path, clock: ManualClock, store: Any = None, **more: Any) -> Any:
    """A node with FLOWS."""
    return node_with(store or MemoryStore(), FLOWS, directory, clock=clock, **more)


async def publish(running: Node, *events: tuple[str, str], topic: str = "things") -> list[str]:
    """Events of (key, team), one after the other; what they started."""
    await settle()
    started = [await running.publish(topic, {"key": key, "team": team}) for key, team in events]
    return [id_ for each in started for id_ in each.executions or ()]


async def states(running: Node, ids: list[str]) -> str:
    """The first letter of the state of each."""
    return "".join([(await running.engine.load(id_)).state.value[0] for id_ in ids])


async def history(running: Node, id_: str) -> list[str]:
    """The states it was in."""
    return [state.value for state, _ in (await running.engine.load(id_)).history]


async def test_executions_of_one_key_run_one_at_a_time_in_order(tmp_path: Path, clock: ManualClock) -> None:
    """Those of another key, and those without one, do not wait for them."""
    async with node(tmp_path, clock) as running:
        ids = await publish(running, ("k", "a"), ("k", "a"), ("l", "a"), ("k", "a"))
        alone = await running.start("t", "ordered")
        await settle()
        assert await states(running, [*ids, alone.id]) == "RQRQR"
        await clock.advance(10)
        assert await states(running, ids) == "SRSQ"
        await clock.advance(10)
        assert await states(running, ids) == "SSSR"
        assert await history(running, ids[3]) == ["CREATED", "QUEUED", "RUNNING"]


async def test_a_limit_may_be_for_each_value_of_a_key(tmp_path: Path, clock: ManualClock) -> None:
    """Two of each team at once."""
    async with node(tmp_path, clock) as running:
        ids = [(await running.start("t", "teams", {"team": team})).id for team in "aaabab"]
        await settle()
        assert await states(running, ids) == "RRQRQR"
        await clock.advance(10)
        assert await states(running, ids) == "SSRSRS"


async def test_a_key_and_a_limit_hold_at_once(tmp_path: Path, clock: ManualClock) -> None:
    """Who waits for its key takes no place of the limit; when it is its turn it comes before who came after it."""
    async with node(tmp_path, clock) as running:
        ids = await publish(running, ("k", "a"), ("k", "a"), ("l", "a"), ("m", "a"), topic="others")
        await settle()
        assert await states(running, ids) == "RQRQ"
        await clock.advance(10)
        assert await states(running, ids) == "SRSR"
        await clock.advance(10)
        assert await states(running, ids) == "SSSS"


async def test_a_refusal_comes_when_it_is_its_turn(tmp_path: Path, clock: ManualClock) -> None:
    """CANCEL: one that waited for its key is cancelled then, when another key has the place; the next of the key has its turn at once."""
    async with node(tmp_path, clock) as running:
        first = await publish(running, ("k", "a"), topic="more")
        second = await publish(running, ("l", "a"), ("k", "b"), topic="more")
        await settle()
        assert await states(running, [*first, *second]) == "RCQ"
        await clock.advance(10)
        assert await states(running, [*first, *second]) == "SCR"


async def test_a_key_that_cannot_be_evaluated_fails_the_execution(tmp_path: Path, clock: ManualClock) -> None:
    """With the reason, and nothing waits; it may not look outside, where it could say another thing the next time."""
    async with node(tmp_path, clock) as running:
        for flow, why in (("broken", "nothing"), ("secret", "nothing outside the execution")):
            execution = await running.start("t", flow)
            assert execution.state is State.FAILED
            assert why in (execution.error or "")


async def test_a_scheduled_execution_asks_for_its_place_when_its_time_has_come(tmp_path: Path, clock: ManualClock) -> None:
    """Until then it holds none; then it waits like others."""
    async with node(tmp_path, clock) as running:
        later = await running.start("t", "one", scheduled=START + 15_000_000)
        first = await running.start("t", "one")
        await settle()
        assert await states(running, [later.id, first.id]) == "CR"
        await clock.advance(11)
        third = await running.start("t", "one")
        await settle()
        assert await states(running, [later.id, third.id]) == "CR"
        await clock.advance(5)
        assert await states(running, [later.id, third.id]) == "QR"
        await clock.advance(10)
        assert await history(running, later.id) == ["CREATED", "QUEUED", "RUNNING"]


async def test_a_scheduled_one_is_killed_without_having_held_a_place(tmp_path: Path, clock: ManualClock) -> None:
    """And starts nothing when its time comes."""
    async with node(tmp_path, clock) as running:
        later = await running.start("t", "one", scheduled=START + 15_000_000)
        await running.kill(later.id)
        await clock.advance(20)
        assert await history(running, later.id) == ["CREATED", "KILLING", "KILLED"]


async def test_a_restarted_execution_waits_for_a_place_again(tmp_path: Path, clock: ManualClock) -> None:
    """RESTARTED, QUEUED while another runs, then its failed task runs."""
    async with node(tmp_path, clock) as running:
        failed = await running.start("t", "fails")
        await clock.advance(10)
        other = await running.start("t", "fails")
        await settle()
        assert await states(running, [failed.id, other.id]) == "FR"
        await running.engine.ask(failed.id, s.Restart())
        await settle()
        assert await states(running, [failed.id]) == "Q"
        await clock.advance(10)
        execution = await running.engine.load(failed.id)
        assert [state.value for state, _ in execution.history][2:] == ["FAILED", "RESTARTED", "QUEUED", "RUNNING", "SUCCESS"]


async def test_one_that_waits_can_be_killed_and_leaves_the_line(tmp_path: Path, clock: ManualClock) -> None:
    """The next one comes when the first has ended; also one whose parent was killed."""
    async with node(tmp_path, clock) as running:
        first, second = [(await running.start("t", "one")).id for _ in range(2)]
        parent = await running.start("t", "parent")
        last = (await running.start("t", "one")).id
        await settle()
        child = next(iter((await running.engine.load(parent.id)).runs.values())).child
        assert child is not None
        assert await states(running, [first, second, child, last]) == "RQQQ"
        await running.kill(second)
        await running.kill(parent.id)
        await clock.advance(10)
        assert await states(running, [first, second, child, last]) == "SKKR"


async def test_iterations_of_a_loop_need_no_place_of_their_own(tmp_path: Path, clock: ManualClock) -> None:
    """They are executions of the same flow, inside the one that has the place."""
    async with node(tmp_path, clock) as running:
        execution = await running.start("t", "loop")
        await settle()
        async with asyncio.timeout(10):
            assert (await running.engine.ended(execution.id)).state is State.SUCCESS


async def test_one_that_waits_can_be_forced_to_run(tmp_path: Path, clock: ManualClock) -> None:
    """Beside the limit; when it ends nobody gets the place that it had beyond it. What does not wait is refused."""
    async with node(tmp_path, clock) as running:
        ids = [(await running.start("t", "one")).id for _ in range(3)]
        await settle()
        assert (await running.force(ids[1])).state is State.RUNNING
        assert await states(running, ids) == "RRQ"
        await running.kill(ids[1])
        await settle()
        assert await states(running, ids) == "RKQ"
        for id_, why in ((ids[0], "RUNNING"), (ids[1], "KILLED")):
            with pytest.raises(Refused, match=why):
                await running.force(id_)


async def test_a_crash_at_any_write_loses_no_place(tmp_path: Path) -> None:
    """Wherever the process dies once, before or after a write: all run, no two of one key at once, no three at all."""
    for moment in ("before", "after"):
        for at in range(1, 26, 2):
            await crash_at(MemoryStore, tmp_path, moment, at)


async def test_a_crash_on_sqlite_loses_no_place(tmp_path: Path) -> None:
    """The same, with the places in a database that another process opens."""
    for moment in ("before", "after"):
        for at in range(2, 26, 8):
            data = tmp_path / f"{moment}{at}" / "data"
            data.mkdir(parents=True)
            await crash_at(lambda on_write, data=data: SqliteStore(data, on_write=on_write), data.parent, moment, at)


async def crash_at(make: Any, directory: Path, moment: str, at: int) -> None:
    """Publish into that crash, start again, and look at how the executions were one after the other."""
    seen = Counter[str]()
    quick = {name: text.replace("PT10S", "PT0.01S") for name, text in FLOWS.items()}

    def crash(when: str) -> None:
        seen[when] += 1
        if when == moment and seen[when] == at:
            raise OSError("crash")

    store = make(on_write=crash)
    for _ in range(2):
        try:
            async with asyncio.timeout(30), node_with(store, quick, directory) as running:
                for subscription in running.intake.subscriptions():
                    await subscription.ready.wait()
                for n, key in enumerate("kklkm"):
                    await running.publish("others", {"key": key, "team": "a"}, id_=str(n))
                at_row = 0
                while await running.queries.count(ExecutionFilter(states=(State.SUCCESS,))) < 5:
                    await store.wait_journal(at_row)
                    at_row = await store.journal_end()
            break
        except* (StoreBroken, asyncio.CancelledError):
            if not isinstance(store, MemoryStore):
                store = make(on_write=crash)
    await store.open()
    try:
        found = [await store.load(line.id) for line in await store.executions(limit=100)]
        assert Counter(each.state for each in found) == {State.SUCCESS: 5}
        overlaps(found)
    finally:
        await store.close()


def overlaps(found: list[Execution]) -> None:
    """The limit and the keys held all the time, and each key's executions ran in the order in which they were created."""
    spans = [(begin(each), each.history[-1][1], each) for each in found]
    for moment, _, one in spans:
        at_work = [each for first, last, each in spans if first <= moment < last]
        assert len(at_work) <= 2
        assert sum(each.head.key == one.head.key for each in at_work) == 1
    by_key = defaultdict(list)
    for _, _, each in sorted(spans, key=lambda span: span[0]):
        assert each.head.trigger is not None
        by_key[each.head.key].append(each.head.trigger.variables["id"])
    assert all(line == sorted(line) for line in by_key.values())


def begin(execution: Execution) -> int:
    """When it began to run."""
    return next(at for state, at in execution.history if state is State.RUNNING)
