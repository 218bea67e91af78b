"""Placing: a replay with another revision of the flow."""

import pytest

from onbeat.core import signals as s
from onbeat.core.flow import Flow
from onbeat.errors import UserError
from tests.core.world import FAILED, PAUSED, SUCCESS, World, flow_of


def revision(tasks: str) -> Flow:
    """The next revision of the flow."""
    return flow_of(f"tasks: {tasks}").model_copy(update={"revision": 2})


SOURCE = "tasks: [{id: a, type: t}, {id: b, type: t}, {id: c, type: t}]"


@pytest.mark.parametrize(("tasks", "runs"), [
    ("[{id: a, type: t}, {id: b, type: t}, {id: new, type: t}, {id: c, type: t}]", ["a", "b", "new", "c"]),
    ("[{id: new, type: t}, {id: a, type: t}, {id: b, type: t}, {id: c, type: t}]", ["a", "b", "c"]),
    ("[{id: a, type: t}, {id: new, type: t}, {id: b, type: t}, {id: c, type: t}]", ["a", "b", "c"]),
    ("[{id: a, type: t}, {id: b, type: t}]", ["a", "b"]),
])  # fmt: skip
def test_a_task_that_moved_along_its_list_is_found_there(tasks: str, runs: list[str]):
    """What follows it is what follows it now; what comes before it is as it was."""
    world = World(SOURCE, {"c": [FAILED]}).play()
    again = world.replay("b", flow=revision(tasks), c=[SUCCESS]).play()

    assert again.state is SUCCESS
    assert list(again.states) == runs
    assert again.run("a").attempt == 1


@pytest.mark.parametrize("tasks", [
    "[{id: b, type: t}, {id: a, type: t}, {id: c, type: t}]",
    "[{id: s, type: core.flow.Sequential, tasks: [{id: a, type: t}]}, {id: b, type: t}, {id: c, type: t}]",
])  # fmt: skip
def test_a_task_in_another_order_or_list_is_refused(tasks: str):
    """What had been done would run again, or be left out."""
    world = World(SOURCE).play()

    with pytest.raises(UserError, match=r"revision 2 of the flow has the task `.` at another place; replay it from the start"):
        world.replay("c", flow=revision(tasks))


def test_a_branch_or_a_lane_that_is_no_more_is_refused():
    """A Switch's case; a place of a Parallel."""
    switch = "[{{id: w, type: core.flow.Switch, value: x, cases: {{{case}: [{{id: a, type: t}}, {{id: b, type: t}}]}}}}]"
    with pytest.raises(UserError, match="at another place"):
        World("tasks: " + switch.format(case="x")).play().replay("b", flow=revision(switch.format(case="y")))
    parallel = "[{{id: p, type: core.flow.Parallel, tasks: [{tasks}]}}]"
    with pytest.raises(UserError, match="at another place"):
        World("tasks: " + parallel.format(tasks="{id: a, type: t}, {id: b, type: t}")).play().replay(
            "a", flow=revision(parallel.format(tasks="{id: b, type: t}, {id: a, type: t}"))
        )


@pytest.mark.parametrize(
    "construct", ["[{{id: p, type: core.flow.Parallel, tasks: [{}]}}]", "[{{id: d, type: core.flow.Dag, tasks: [{}]}}]"]
)
def test_lanes_that_a_revision_has_besides_run(construct: str):
    """They are not left out."""
    task = "{{task: {{id: {0}, type: t}}}}" if "Dag" in construct else "{{id: {0}, type: t}}"
    two, three = (construct.format(", ".join(task.format(id_) for id_ in ids)) for ids in ("ab", "abc"))
    again = World("tasks: " + two).play().replay("b", flow=revision(three)).play()

    assert (again.state, again.run("c").state) == (SUCCESS, SUCCESS)


def test_what_a_pause_runs_before_and_after_is_told_apart():
    """Both have a first step."""
    pause = "[{id: p, type: core.flow.Pause, onPause: {id: ask, type: t}, tasks: [{id: t, type: t}, {id: u, type: t}]}, {id: new, type: t}]"
    world = World("tasks: " + pause.replace(", {id: new, type: t}", ""))
    again = resumed(world.play()).replay("u", flow=revision(pause)).play()

    assert again.states == {"p": SUCCESS, "ask": SUCCESS, "t": SUCCESS, "u": SUCCESS, "new": SUCCESS}


def resumed(world: World) -> World:
    """Somebody resumes it, and it comes to its end."""
    assert world.state is PAUSED
    world.tell(s.Resume())
    return world.play()


def test_a_subflow_that_failed_is_started_anew():
    """The execution that it had started tells its end to the source."""
    flow = "tasks: [{id: a, type: t}, {id: sub, type: core.flow.Subflow, namespace: tests, flowId: child}]"
    world = World(flow, {"work": [FAILED]}, flows={"child": "tasks: [{id: work, type: t}]"}).play()
    again = world.replay("a", work=[SUCCESS]).play()

    assert again.state is SUCCESS
    assert len(again.children) == 1
