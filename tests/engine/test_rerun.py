"""What has ended runs again, on a whole node: restart, replay, change of state, labels."""

import asyncio
from pathlib import Path

import pytest

from onbeat.core import signals as s
from onbeat.core.execution import Execution
from onbeat.core.states import State
from onbeat.engine.rerun import Impossible, replay, restart, run_number, set_labels, set_state
from onbeat.errors import NotFound, Overloaded, Refused
from onbeat.ports import Delivery
from onbeat.stores.memory import MemoryStore
from onbeat.stores.sqlite import SqliteStore
from tests.engine.families import children, ended, until
from tests.engine.flows import leftovers
from tests.engine.harness import node_with, states
from tests.engine.rerunning import FLOWS, Deeds, Work, node_of, number, revise, run


@pytest.fixture
def work(deeds: Deeds) -> Work:
    """The tasks of all flows here."""
    return Work(deeds)


# ---- restart -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_a_restart_is_answered_as_it_was_saved(tmp_path: Path, work: Work, kind: str) -> None:
    """RESTARTED, with what is to run: what goes on is seen later. Only what failed runs again."""
    work.fails = {"b"}
    (tmp_path / "data").mkdir()
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "data")
    async with node_of(tmp_path, store) as node:
        execution = await run(node, "line")
        assert work.take() == "ab"
        work.fails = set()
        saved = await restart(node, execution.id)
        assert (saved.id, saved.state, saved.restarts) == (execution.id, State.RESTARTED, 1)
        assert [state for _, _, state in states(saved)] == ["SUCCESS", "RESTARTED"]
        await until(node, execution.id, State.SUCCESS)
        assert work.take() == "bc"
        assert leftovers(node) == {}


async def test_what_cannot_be_restarted(tmp_path: Path, work: Work) -> None:
    """Unknown, running, without a failure, or a part of a loop: each is told which, and nothing is written."""
    async with node_of(tmp_path) as node:
        with pytest.raises(NotFound):
            await restart(node, "nope")
        fine = await run(node, "line")
        with pytest.raises(Impossible, match="No task found"):
            await restart(node, fine.id)
        work.waits = {"a"}
        running = await node.start("t", "line")
        with pytest.raises(Refused, match="only a terminated one"):
            await restart(node, running.id)
        work.gate.set()
        work.fails = {"b"}
        loop = await run(node, "loop")
        (iteration,) = await children(node, loop.id)
        end = await node.store.journal_end()
        for action in (restart(node, iteration.id), replay(node, iteration.id), set_state(node, iteration.id, 1, State.SUCCESS)):
            with pytest.raises(Refused, match=f"restart or replay {loop.id}"):
                await action
        assert await node.store.journal_end() == end


async def test_two_who_restart_it_at_once_restart_it_once(tmp_path: Path, work: Work) -> None:
    """Both hear that it is RESTARTED; what failed runs once more."""
    work.fails = {"b"}
    async with node_of(tmp_path) as node:
        execution = await run(node, "line")
        work.take()
        work.fails = set()
        answers = await asyncio.gather(*(restart(node, execution.id) for _ in range(3)))
        assert {answer.state for answer in answers} == {State.RESTARTED}
        found = await until(node, execution.id, State.SUCCESS)
        assert (found.restarts, work.take()) == (1, "bc")


async def test_a_restart_waits_for_its_place(tmp_path: Path, work: Work) -> None:
    """Somebody else has the only one: it is QUEUED until that has ended."""
    work.fails = {"b"}
    async with node_of(tmp_path) as node:
        execution = await run(node, "limited")
        work.fails, work.waits = set(), {"a"}
        other = await node.start("t", "limited")
        await until(node, other.id, State.RUNNING)
        saved = await restart(node, execution.id)
        assert saved.state is State.RESTARTED
        await until(node, execution.id, State.QUEUED)
        work.gate.set()
        assert (await until(node, execution.id, State.SUCCESS)).restarts == 1
        assert (await ended(node, other.id)).state is State.SUCCESS
        assert leftovers(node) == {}


async def test_a_restart_with_another_revision_is_a_new_execution(tmp_path: Path, work: Work) -> None:
    """From what failed on, with the flow as it is there; the first one stays as it was. With its own revision it is a restart."""
    work.fails = {"b"}
    async with node_of(tmp_path) as node:
        execution = await run(node, "line")
        fixed = FLOWS["line.yaml"].replace("{id: b, type: test.Told, what: b}", "{id: b, type: test.Told, what: a}")
        revision = await revise(node, tmp_path, "line", fixed)
        work.take()
        saved = await restart(node, execution.id, revision)
        assert (saved.head.revision, saved.head.replay_of, saved.state) == (revision, execution.id, State.RESTARTED)
        assert (await until(node, saved.id, State.SUCCESS)).head.original == execution.id
        assert work.take() == "ac"
        assert (await node.engine.load(execution.id)).state is State.FAILED
        with pytest.raises(NotFound):
            await restart(node, execution.id, 99)
        work.fails = set()
        assert (await restart(node, execution.id, execution.head.revision)).id == execution.id


async def test_all_that_failed_runs_again_with_another_revision(tmp_path: Path, work: Work) -> None:
    """Two lanes failed: what is around both is repeated."""
    work.fails = {"b", "c"}
    async with node_of(tmp_path) as node:
        execution = await run(node, "lanes")
        revision = await revise(node, tmp_path, "lanes", FLOWS["lanes.yaml"] + "  - {id: end, type: core.log.Log, message: x}\n")
        work.take()
        work.fails = set()
        saved = await restart(node, execution.id, revision)
        assert (await until(node, saved.id, State.SUCCESS)).state is State.SUCCESS
        assert sorted(work.take()) == ["a", "b", "c"]


# ---- replay ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "task", "again"),
    [
        ("line", "b", "bc"),
        ("line", "c", "c"),
        ("lanes", "b", "b"),
        ("lanes", "seq", "ab"),
        ("lanes", "both", "abc"),
        ("dag", "b", "bc"),
        ("dag", "graph", "abc"),
        ("loop", "each", "bc"),
        ("loop", "c", "c"),
        ("for_each", "b", "bbc"),
        ("until", "rounds", "bbc"),
        ("until", "b", "bbc"),
    ],
)
async def test_a_replay_repeats_from_a_task_run(tmp_path: Path, work: Work, flow: str, task: str, again: str) -> None:
    """A new execution, RESTARTED as answered: what came before is copied, what comes after runs; and a replay of that does the same."""
    async with node_of(tmp_path) as node:
        source = await run(node, flow, {"mine": "x"})
        work.take()
        saved = await replay(node, source.id, number(source, task))
        assert (saved.state, saved.head.replay_of, saved.head.original) == (State.RESTARTED, source.id, source.id)
        assert saved.labels == {"of": "flow", "mine": "x", "system.replay": "true"}
        assert saved.head.correlation_id == source.head.correlation_id
        found = await until(node, saved.id, State.SUCCESS)
        assert sorted(work.take()) == sorted(again)
        assert sorted(run.task for run in found.runs.values()) == sorted(run.task for run in source.runs.values())
        twice = await replay(node, saved.id, number(found, task))
        assert (twice.head.replay_of, twice.head.original) == (saved.id, source.id)
        assert (await until(node, twice.id, State.SUCCESS)).state is State.SUCCESS
        assert sorted(work.take()) == sorted(again)
        assert (await node.engine.load(source.id)) == source
        assert await node.store.check() == []
        assert leftovers(node) == {}


async def test_a_replay_from_the_start_is_a_start(tmp_path: Path, work: Work) -> None:
    """CREATED as answered, also of one that runs: it takes nothing from it but how it began."""
    work.waits = {"a"}
    async with node_of(tmp_path) as node:
        source = await node.start("t", "line")
        saved = await replay(node, source.id)
        assert saved.state is State.CREATED
        with pytest.raises(Refused, match="only a terminated one can be replayed from one of its task runs"):
            await replay(node, source.id, 1)
        work.gate.set()
        await until(node, saved.id, State.SUCCESS)


async def test_a_replay_of_a_subflow_tells_nobody(tmp_path: Path, work: Work) -> None:
    """The parent of the first one has what it waited for; a replay of the parent starts a subflow of its own."""
    async with node_of(tmp_path) as node:
        parent = await run(node, "calls")
        (child,) = await children(node, parent.id)
        again = await replay(node, child.id)
        assert (again.head.parent, again.head.depth) == (None, 0)
        await until(node, again.id, State.SUCCESS)
        repeated = await replay(node, parent.id, 1)
        await until(node, repeated.id, State.SUCCESS)
        assert len(await children(node, repeated.id)) == 1
        assert len(await children(node, parent.id)) == 1


async def test_a_failed_subflow_of_a_replay_is_its_own(tmp_path: Path, work: Work) -> None:
    """The replay copied that it failed; a restart of it starts another, and does not wait for the source's."""
    flow = FLOWS["calls.yaml"].replace(
        "tasks:", "tasks:\n  - {id: first, type: core.flow.AllowFailure, tasks: [{id: wrong, type: test.Told, what: b}]}"
    )
    work.fails = {"b"}
    async with node_with(MemoryStore(), {**FLOWS, "calls.yaml": flow}, tmp_path, sources=False) as node:
        source = await run(node, "calls")
        work.take()
        saved = await replay(node, source.id, number(source, "call"))
        found = await until(node, saved.id, State.FAILED)
        work.fails = set()
        await restart(node, found.id)
        assert (await until(node, saved.id, State.WARNING)).restarts == 2  # the replay itself was one


async def test_a_replay_waits_for_its_place(tmp_path: Path, work: Work) -> None:
    """It is an execution as any other."""
    async with node_of(tmp_path) as node:
        source = await run(node, "limited")
        work.waits = {"a"}
        other = await node.start("t", "limited")
        await until(node, other.id, State.RUNNING)
        saved = await replay(node, source.id, number(source, "c"))
        await until(node, saved.id, State.QUEUED)
        work.take()
        work.gate.set()
        await until(node, saved.id, State.SUCCESS)
        assert work.take().count("c") == 2  # its own, and that of the one that had the place
        assert leftovers(node) == {}


@pytest.mark.parametrize(
    ("new", "task", "again"),
    [
        ("{id: a, type: test.Told, what: a}, {id: new, type: test.Told, what: a}, {id: b, type: test.Told, what: b}, C", "b", "bc"),
        ("{id: a, type: test.Told, what: a}, {id: b, type: test.Told, what: b}, {id: new, type: test.Told, what: a}, C", "b", "bac"),
        ("{id: a, type: test.Told, what: a}, {id: b, type: test.Told, what: b}", "b", None),
        ("{id: b, type: test.Told, what: b}, {id: a, type: test.Told, what: a}, C", "c", None),
        (
            "{id: a, type: test.Told, what: a}, {id: in, type: core.flow.Sequential, tasks: [{id: b, type: test.Told, what: b}]}, C",
            "c",
            None,
        ),
    ],
    ids=["inserted before", "inserted after", "gone", "turned", "moved inside"],
)
async def test_a_replay_with_another_revision(tmp_path: Path, work: Work, new: str, task: str, again: str | None) -> None:
    """Tasks are found where the revision has them: none runs twice, none is left out; what cannot be said so is refused."""
    async with node_of(tmp_path) as node:
        source = await run(node, "line")
        tasks = new.replace("C", "{id: c, type: test.Told, what: c}")
        revision = await revise(node, tmp_path, "line", f"id: line\nnamespace: t\ntasks: [{tasks}]")
        work.take()
        if again is None:
            with pytest.raises(Impossible, match="revision"):
                await replay(node, source.id, number(source, task), revision=revision)
            assert await node.queries.count() == 1
            return
        saved = await replay(node, source.id, number(source, task), revision=revision)
        assert (await until(node, saved.id, State.SUCCESS)).head.revision == revision
        assert work.take() == again


async def test_what_cannot_be_replayed(tmp_path: Path, work: Work) -> None:
    """No such task run, no such revision, a key of `concurrency` that this revision cannot evaluate, no room."""
    async with node_of(tmp_path) as node:
        source = await run(node, "line")
        with pytest.raises(Impossible, match="no task run 9"):
            await replay(node, source.id, 9)
        with pytest.raises(NotFound):
            await replay(node, source.id, revision=7)
        with pytest.raises(Impossible, match="no task run x"):
            run_number(source, "x")
        with pytest.raises(Impossible):
            run_number(source, f"other-{1}")
        assert run_number(source, f"{source.id}-1") == 1
        revision = await revise(node, tmp_path, "line", FLOWS["line.yaml"] + "concurrency: {limit: 1, key: '{{ inputs.nothing }}'}\n")
        for n in (0, 1):
            with pytest.raises(Impossible, match="nothing"):
                await replay(node, source.id, n, revision=revision)
        node.ready = False
        with pytest.raises(Overloaded):
            await replay(node, source.id)
        assert await node.queries.count() == 1


# ---- states and labels -------------------------------------------------------------------------------------------------


async def test_an_operator_says_how_a_task_ended(tmp_path: Path, work: Work) -> None:
    """What follows from it goes on; the answer is how it was saved."""
    work.fails = {"b"}
    async with node_of(tmp_path) as node:
        execution = await run(node, "line")
        work.take()
        saved = await set_state(node, execution.id, number(execution, "b"), State.SUCCESS)
        assert saved.state is State.RESTARTED
        assert [state for _, _, state in states(saved)] == ["SUCCESS", "SUCCESS"]
        await until(node, execution.id, State.SUCCESS)
        assert work.take() == "c"
        assert (await set_state(node, execution.id, 0, State.WARNING)).state is State.WARNING
        assert (await set_state(node, execution.id, 0, State.WARNING)).state is State.WARNING


async def test_what_cannot_be_set(tmp_path: Path, work: Work) -> None:
    """What runs, what is no end, what is not there."""
    async with node_of(tmp_path) as node:
        execution = await run(node, "line")
        for n, state in ((1, State.RUNNING), (0, State.PAUSED), (9, State.SUCCESS)):
            with pytest.raises(Impossible):
                await set_state(node, execution.id, n, state)
        work.waits = {"a"}
        running = await node.start("t", "line")
        with pytest.raises(Refused, match="only a terminated one"):
            await set_state(node, running.id, 0, State.FAILED)
        work.gate.set()


async def test_of_two_who_change_it_at_once_one_is_refused(tmp_path: Path, work: Work) -> None:
    """Each looked at it as it was; one wrote first. The other hears of it, and nothing of his is done."""
    work.fails = {"b"}
    async with node_of(tmp_path) as node:
        execution = await run(node, "line")
        b = number(execution, "b")
        work.waits = {"c"}
        found = await asyncio.gather(
            set_state(node, execution.id, b, State.SUCCESS), set_state(node, execution.id, b, State.FAILED), return_exceptions=True
        )
        assert isinstance(found[0], Execution)
        assert isinstance(found[1], Refused)
        work.gate.set()
        assert (await until(node, execution.id, State.SUCCESS)).runs[b].state is State.SUCCESS


async def test_labels_are_given_besides_those_it_has(tmp_path: Path, work: Work) -> None:
    """Also while it runs; those that only onbeat sets are refused."""
    work.waits = {"a"}
    async with node_of(tmp_path) as node:
        execution = await node.start("t", "line", labels={"mine": "x"})
        after = await set_labels(node, execution.id, {"mine": "y", "team": "blue"})
        assert after.labels == {"of": "flow", "mine": "y", "team": "blue"}
        with pytest.raises(Impossible, match="system"):
            await set_labels(node, execution.id, {"system.x": "y"})
        with pytest.raises(NotFound):
            await set_labels(node, "nope", {"a": "b"})
        work.gate.set()
        assert (await ended(node, execution.id)).labels["team"] == "blue"


async def test_a_stale_word_of_before_the_end_does_not_reach_the_restarted_one(tmp_path: Path, work: Work) -> None:
    """A kill was written into its inbox as it ended, and the daemon died before anybody read it: the restart is not killed by it."""
    work.fails = {"b"}
    store = MemoryStore()
    async with node_of(tmp_path, store) as node:
        execution = await run(node, "line")
        store._inbox.append(Delivery(store._next("inbox"), execution.id, s.Kill()))
        work.fails = set()
        await restart(node, execution.id)
        assert (await until(node, execution.id, State.SUCCESS)).restarts == 1
        assert await store.inbox(execution.id) == []
