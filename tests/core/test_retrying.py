"""The whole execution is tried again: as a new one, and how long that goes on."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.execution import ROOT
from onbeat.core.restart import restartable
from tests.core.world import CREATED, FAILED, HANG, KILLED, RETRIED, RETRYING, RUNNING, SECOND, SUCCESS, World

ANEW = "{behavior: CREATE_NEW_EXECUTION, type: constant, interval: PT2S, %s}"
BY_ITS_TASK = "tasks: [{id: a, type: t, retry: " + ANEW + "}]"
BY_ITS_FLOW = "retry: " + ANEW + "\ntasks: [{id: a, type: t}]"


def tries(flow: str) -> list[World]:
    """All executions that come of it, each to its end, in order. Its task always fails."""
    first = World(flow, {"a": lambda *_: FAILED})
    played: list[World] = []
    while len(played) < len(first.family):
        played.append(list(first.family.values())[len(played)].play())
    return played


@pytest.mark.parametrize("flow", [BY_ITS_TASK, BY_ITS_FLOW])
@pytest.mark.parametrize(("limit", "states"), [
    ("maxAttempts: 2", [RETRIED, FAILED]),
    ("maxDuration: PT5S", [RETRIED, RETRIED, FAILED]),
    ("maxAttempts: 2, maxDuration: PT5S", [RETRIED, FAILED]),
])  # fmt: skip
def test_tries_and_time_are_counted_over_all_executions(flow: str, limit: str, states: list[object]):
    """Not anew for each of them: it would never end."""
    assert [one.state for one in tries(flow % limit)] == states


def test_each_try_knows_the_first():
    """Its id, and when it began to run."""
    first, *others = tries(BY_ITS_TASK % "maxAttempts: 3")

    assert [one.execution.head.original for one in others] == [first.execution.id] * 2
    assert [one.execution.head.first for one in others] == [first.execution.history[1][1]] * 2
    assert others[1].execution.head.scheduled == first.execution.history[1][1] + 4 * SECOND


FROM_WHAT_FAILED = "retry: {type: constant, interval: PT5S, maxAttempts: 3}\ntasks: [{id: a, type: t}, {id: b, type: t}]"


def test_it_runs_again_from_what_failed():
    """RETRYING until it is time; what succeeded is not done again."""
    world = World(FROM_WHAT_FAILED, {"b": [FAILED, SUCCESS]}).play()

    assert world.history == [CREATED, RUNNING, RETRYING, RUNNING, SUCCESS]
    assert (world.run("a").attempt, world.run("b").attempt, world.execution.retries) == (1, 2, 1)
    assert world.now == world.execution.head.created + 5 * SECOND


def test_it_gives_up_after_its_tries():
    """The first counts; it ends as it did at last."""
    world = World(FROM_WHAT_FAILED, {"b": [FAILED]}).play()

    assert (world.state, world.run("b").attempt, world.history.count(RETRYING)) == (FAILED, 3, 2)


def test_its_errors_and_finally_run_with_each_try():
    """Those of the try before are taken away."""
    world = World(FROM_WHAT_FAILED + "\nerrors: [{id: e, type: t}]\nfinally: [{id: f, type: t}]", {"b": [FAILED, FAILED, SUCCESS]}).play()

    assert world.states == {"a": SUCCESS, "b": SUCCESS, "f": SUCCESS}
    assert world.state is SUCCESS


def test_a_task_that_tries_by_itself_does_so_first():
    """The flow's policy is for what has no try left."""
    retry = "retry: {type: constant, interval: PT1S, maxAttempts: 2}"
    world = World(FROM_WHAT_FAILED.replace("{id: b, type: t}", f"{{id: b, type: t, {retry}}}"), {"b": [FAILED, FAILED, SUCCESS]}).play()

    assert (world.state, world.history.count(RETRYING), world.past("b").count(RETRYING)) == (SUCCESS, 1, 1)


@pytest.mark.parametrize("end", [KILLED, s.Facts(exit=FAILED)])
def test_only_a_failure_is_tried_again(end: object):
    """Not what was killed, nor what was told to end."""
    assert World(FROM_WHAT_FAILED, {"b": [end]}).play().history.count(RETRYING) == 0


def test_while_it_waits_only_the_time_is_outstanding():
    """A crash changes nothing; a kill ends it."""
    world = World(FROM_WHAT_FAILED, {"b": [FAILED, SUCCESS]})
    world.begin()
    world.end("a")
    world.end("b", FAILED)
    assert world.outstanding() == {cmd.ArmTimer(ROOT, world.now + 5 * SECOND)}
    world.crash()
    assert world.state is RETRYING
    world.tell(s.Kill())

    assert (world.state, world.outstanding()) == (KILLED, frozenset())


def test_an_iteration_is_not_tried_by_itself():
    """The execution around it is; the failed iterations run again with it."""
    loop = "{id: l, type: core.flow.Loop, values: [1], tasks: [{id: a, type: t}]}"
    flow = f"retry: {{type: constant, interval: PT5S, maxAttempts: 2}}\ntasks: [{loop}]"
    world = World(flow, {"a": [FAILED, SUCCESS]}).play()

    assert world.history.count(RETRYING) == 1
    assert [child.history.count(RETRYING) for child in world.children.values()] == [0]
    assert world.state is SUCCESS


def test_a_task_in_a_loop_tries_no_new_execution():
    """It would be one of an iteration."""
    world = World(
        "tasks: [{id: l, type: core.flow.Loop, values: [1], tasks: [{id: a, type: t, retry: " + ANEW % "maxAttempts: 3" + "}]}]",
        {"a": [FAILED]},
    )

    assert world.play().state is FAILED
    assert [child.state for child in world.children.values()] == [FAILED]


def test_a_new_try_has_what_the_first_began_with():
    """Inputs, trigger, key, parent; the labels as they are now."""
    world = World(BY_ITS_TASK % "maxAttempts: 2", {"a": [s.Facts(labels={"x": "y"})]}, inputs={"i": 1}, key="k", labels={"l": "m"})
    world.begin()
    world.tell(s.SlotGranted())
    world.grant()
    world.tell(s.SetLabels({"l": "n"}))
    world.end("a", FAILED)
    (other,) = [each for each in world.family.values() if each is not world]
    head = other.execution.head

    assert (head.inputs, head.key, head.labels, head.attempt, head.scheduled) == ({"i": 1}, "k", {"l": "n"}, 2, world.now + 2 * SECOND)
    assert other.state is CREATED


def test_a_parent_waits_for_the_new_try():
    """And ends as that does."""
    world = World(
        "tasks: [{id: sub, type: core.flow.Subflow, namespace: tests, flowId: child}]",
        {"a": lambda world, run: FAILED if world.execution.head.attempt == 1 else SUCCESS},
        flows={"child": BY_ITS_TASK % "maxAttempts: 2"},
    ).play()

    assert (world.state, world.run("sub").state) == (SUCCESS, SUCCESS)
    assert sorted(each.state for each in world.family.values() if each is not world) == [RETRIED, SUCCESS]


def test_what_was_tried_anew_is_not_restarted_nor_changed():
    """The other one stands for it."""
    world = World(BY_ITS_TASK % "maxAttempts: 2", {"a": [FAILED]})
    world.begin()
    world.end("a", FAILED)

    assert restartable(world.flow, world.execution) == "No task found to restart execution from!"
    assert world.tell(s.Restart()) == world.tell(s.SetState(SUCCESS, 1)) == world.tell(s.SetState(SUCCESS)) == ()


def test_a_kill_while_others_are_stopped_makes_no_new_try():
    """It ends KILLED, and nothing stands for it."""
    flow = "tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: a, type: t, retry: " + ANEW % "maxAttempts: 3" + "}, {id: b, type: t}]}]"
    world = World(flow, {"b": [HANG]})
    world.begin()
    world.end("a", FAILED)
    assert world.state is RUNNING
    world.tell(s.Kill())

    assert world.play().state is KILLED
    assert len(world.family) == 1
