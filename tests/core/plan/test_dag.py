"""Dag: a lane for each task, begun when those it depends on are over."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core import signals as s
from onbeat.core.parse import CONTEXT
from onbeat.core.plan.dag import Dag, find_cycle
from onbeat.errors import InvalidFile
from tests.core.world import CANCELLED, FAILED, HANG, RUNNING, SKIPPED, SUCCESS, WARNING, World, flow_of


def dag(needs: dict[str, Any], more: str = "", task: str = "") -> str:
    """A flow with a Dag of these tasks, each with those it depends on, and a task after it."""
    lines = [f"      - {{task: {{id: {id_}, type: t{task}}}, dependsOn: [{', '.join(of)}]}}" for id_, of in needs.items()]
    tail = "  - {id: after, type: t}"
    return "\n".join(["tasks:", "  - id: dag", "    type: core.flow.Dag", f"    {more}" if more else "", "    tasks:", *lines, tail])


DIAMOND = {"last": "lr", "l": "a", "r": "a", "a": ""}
"""Written in another order than it runs: a, then l and r side by side, then last."""


def test_each_task_begins_when_those_it_depends_on_are_over():
    """Those that depend on nothing begin at once, whatever place they are written in."""
    world = World(dag(DIAMOND))
    world.begin()
    assert world.running == ["a"]
    world.end("a")
    assert world.running == ["l", "r"]
    world.end("r")
    assert world.running == ["l"]
    world.end("l")
    assert world.running == ["last"]
    world.end("last")

    assert world.running == ["after"]


@pytest.mark.parametrize(("outcome", "state"), [(SUCCESS, SUCCESS), (WARNING, WARNING)])
def test_a_dependency_counts_whatever_it_ended_as(outcome: object, state: object):
    """A warning is an end, too; so is a task that was skipped, or is disabled."""
    assert World(dag({"a": "", "b": "a"}), {"a": [outcome]}).play().run("dag").state is state

    skipped = World(dag({"a": "", "b": "a"}, task=", when: '{{ task.id != \"a\" }}'")).play()
    assert skipped.states == {"dag": SUCCESS, "a": SKIPPED, "b": SUCCESS, "after": SUCCESS}


def test_disabled_tasks_are_over_at_once():
    """A chain of them holds nobody up; a Dag of nothing else is over."""
    flow = """
tasks:
  - id: dag
    type: core.flow.Dag
    tasks:
      - {task: {id: c, type: t}, dependsOn: [b]}
      - {task: {id: b, type: t, disabled: true}, dependsOn: [a]}
      - {task: {id: a, type: t, disabled: true}}
"""
    assert World(flow).play().states == {"dag": SUCCESS, "c": SUCCESS}
    assert World(flow.replace("{id: c, type: t}", "{id: c, type: t, disabled: true}")).play().states == {"dag": SUCCESS}


def test_after_a_failure_nothing_further_begins():
    """What runs goes on to its end; what depends on the failed task, and what does not, stays out."""
    world = World(dag({"a": "", "b": "", "c": "a", "d": "b"}), {"a": [FAILED], "b": [HANG]}).play()
    assert world.states == {"dag": RUNNING, "a": FAILED, "b": RUNNING}
    world.end("b")

    assert world.states == {"dag": FAILED, "a": FAILED, "b": SUCCESS}
    assert world.state is FAILED


@pytest.mark.parametrize("more", ["allowFailure: true", "errors: [{id: e, type: t}]", "finally: [{id: f, type: t}]"])
def test_it_fails_as_any_flowable(more: str):
    """allowFailure turns it to a warning; its errors and its finally run."""
    world = World(dag({"a": "", "b": "a"}, more), {"a": [FAILED]}).play()

    assert world.state is (WARNING if "allow" in more else FAILED)
    assert ("e" in world.states, "f" in world.states) == ("errors" in more, "finally" in more)
    assert "b" not in world.states


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_concurrent_is_the_most_at_once(limit: int):
    """0 is no bound; a place that is free is taken by the next that may begin."""
    world = World(dag({"a": "", "b": "", "c": "", "d": "a"}, f"concurrent: {limit}"))
    world.begin()
    assert world.running == list("abc")[: limit or 3]
    world.end("a")

    assert world.running == {0: ["b", "c", "d"], 1: ["b"], 2: ["b", "c"], 3: ["b", "c", "d"]}[limit]
    assert world.play().state is SUCCESS


@pytest.mark.parametrize(("behaviour", "state"), [("FAILED", FAILED), ("CANCELLED", CANCELLED)])
def test_a_failure_may_stop_what_runs(behaviour: str, state: object):
    """onChildFailure: the others are stopped and end in that state; it failed, also when a finally runs in between."""
    for more in ("", "finally: [{id: f, type: t}]"):
        world = World(dag({"a": "", "b": "", "c": "a"}, f"onChildFailure: {behaviour}\n    {more}"), {"b": [HANG]})
        world.begin()
        world.end("a", FAILED)
        world.play()

        assert (world.run("dag").state, world.run("b").state) == (FAILED, state)
        assert "c" not in world.states


def test_a_failed_finally_is_no_failed_child():
    """onChildFailure says nothing of it: the Dag fails as its finally does."""
    world = World(dag({"a": ""}, "onChildFailure: CANCELLED\n    finally: [{id: f, type: t}]"), {"f": [FAILED]}).play()

    assert world.run("dag").state is FAILED


def test_a_restart_runs_what_failed_and_what_waits_for_it():
    """What succeeded stays; a kill is made up for as well."""
    world = World(dag({"c": "b", "b": "a", "a": "", "x": "", "y": "x"}), {"b": [FAILED, SUCCESS], "x": [HANG, SUCCESS]}).play()
    world.end("x")
    assert world.states == {"dag": FAILED, "a": SUCCESS, "x": SUCCESS, "b": FAILED}
    world.restart()
    assert world.states == {"dag": SUCCESS, "a": SUCCESS, "x": SUCCESS, "b": SUCCESS, "c": SUCCESS, "y": SUCCESS, "after": SUCCESS}
    assert [world.run(task).attempt for task in "abxyc"] == [1, 2, 1, 1, 1]

    killed = World(dag({"a": "", "b": "a"}), {"a": [HANG]}).play()
    killed.tell(s.Kill())
    killed.play()
    assert killed.restart(a=[SUCCESS]).state is SUCCESS


def test_a_restart_goes_past_disabled_tasks():
    """They are over when what they depend on is."""
    flow = dag({"a": "", "b": "a", "c": "b", "d": ""}).replace("{id: b, type: t}", "{id: b, type: t, disabled: true}")
    world = World(flow, {"d": [FAILED], "a": [HANG]}).play()
    world.end("a")
    assert world.states == {"dag": FAILED, "a": SUCCESS, "d": FAILED}

    assert world.restart(d=[SUCCESS]).states["c"] is SUCCESS


def test_a_replay_repeats_what_depends_on_the_task():
    """And nothing else: what ran side by side is copied."""
    world = World(dag({"x": "", "b": "a", "c": "b", "a": ""})).play()
    again = world.replay("a")
    assert list(again.states) == ["dag", "x", "a"]
    again.play()

    assert again.state is SUCCESS
    assert [again.run(task).attempt for task in "xabc"] == [1, 2, 1, 1]


def test_a_changed_state_goes_on_without_running_anything_twice():
    """What depends on the task begins if it has not, and stays if it has."""
    world = World(dag({"a": "", "b": "a"}), {"a": [FAILED]}).play()
    world.tell(s.SetState(SUCCESS, world.run("a").n))
    world.play()
    assert world.states == {"dag": SUCCESS, "a": SUCCESS, "b": SUCCESS, "after": SUCCESS}

    world.tell(s.SetState(WARNING, world.run("a").n))
    assert world.play().states == {"dag": WARNING, "a": WARNING, "b": SUCCESS, "after": SUCCESS}


@pytest.mark.parametrize(("needs", "said"), [
    ({"a": "b", "b": "a"}, "in a circle: a -> b -> a"),
    ({"a": "a"}, "in a circle: a -> a"),
    ({"x": "", "a": "xc", "b": "a", "c": "b"}, "in a circle: a -> c -> b -> a"),
])  # fmt: skip
def test_a_circle_is_refused_with_its_path(needs: dict[str, str], said: str):
    """When the flow is loaded."""
    with pytest.raises(InvalidFile, match=said):
        flow_of(dag(needs))


def test_a_dependency_that_is_no_task_of_it_is_refused():
    """With the name that was perhaps meant."""
    with pytest.raises(InvalidFile, match=r"`load` depends on `extact`, which is no task of this Dag.*extract"):
        flow_of(dag({"extract": "", "load": ["extact"]}))


EDGES = st.integers(1, 9).flatmap(
    lambda size: st.tuples(st.just(size), st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))))
)


@given(EDGES)
def test_a_circle_is_found_if_and_only_if_there_is_one(drawn: tuple[int, set[tuple[int, int]]]):
    """What is found is a way along the dependencies, back to where it began; without one an order can be given."""
    size, edges = drawn
    needs = {str(at): tuple(str(to) for from_, to in sorted(edges) if from_ == at) for at in range(size)}
    found = find_cycle(needs)

    if found:
        assert found[0] == found[-1]
        assert len(found) > 1
        assert all(after in needs[before] for before, after in pairwise(found))
    else:
        left = dict(needs)
        while ready := [name for name, of in left.items() if not set(of) & left.keys()]:
            left = {name: of for name, of in left.items() if name not in ready}
        assert not left


def test_a_chain_of_thousands_is_no_recursion():
    """Neither looking for a circle nor what comes after a task goes as deep as the chain."""
    needs = {str(at): (str(at + 1),) for at in range(20_000)}
    assert find_cycle(needs) == []
    assert len(find_cycle({**needs, "20000": ("0",)})) == 20_002

    chain = [{"task": {"id": f"t{at}", "type": "t"}} | ({"dependsOn": [f"t{at + 1}"]} if at < 2_000 else {}) for at in range(2_001)]
    spec = Dag.model_validate({"id": "d", "type": "core.flow.Dag", "tasks": chain}, context=CONTEXT)
    assert len(spec.after(2_000)) == 2_000
