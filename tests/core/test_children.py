"""Children: executions that a task run started. Subflow, Loop and ForEachItem have their own tests in plan/."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.states import State
from tests.core.world import CANCELLED, CREATED, FAILED, HANG, KILLED, KILLING, RUNNING, SUCCESS, WARNING, World

SUB = "tasks: [{{id: sub, type: core.flow.Subflow, namespace: tests, flowId: child{}}}, {{id: after, type: t}}]"
CHILD = {"child": "tasks: [{id: work, type: t}]"}


def started(more: str = "") -> World:
    """A parent whose child hangs."""
    return World(SUB.format(more), {"work": [HANG]}, flows=CHILD).play()


@pytest.mark.parametrize(("end", "state"), [
    (SUCCESS, SUCCESS), (WARNING, WARNING), (CANCELLED, CANCELLED), (FAILED, FAILED), (KILLED, FAILED),
])  # fmt: skip
def test_a_task_run_ends_as_its_child_did(end: State, state: State):
    """A child that was killed fails it: the parent was not killed."""
    world = started()
    (child,) = world.children
    world.tell(s.ChildEnded(1, child, end, {"o": 1}))

    assert world.run("sub").state is state
    assert world.run("sub").outputs == {"executionId": child, "state": end.value, "outputs": {"o": 1}}
    assert (world.run("sub").error is not None) is (state is FAILED)


def test_without_transmit_failed_it_is_a_success():
    """What it ended as is told in the outputs."""
    world = started(", transmitFailed: false")
    world.tell(s.ChildEnded(1, next(iter(world.children)), FAILED))

    assert (world.run("sub").state, world.run("sub").outputs["state"]) == (SUCCESS, "FAILED")


def test_a_child_that_is_tried_anew_is_not_over():
    """Its successor is waited for; the end of the first is past, and the second end counts once."""
    world = started()
    (child,) = world.children
    world.tell(s.ChildEnded(1, child, State.RETRIED, successor="next"))
    assert world.outstanding() == {cmd.AwaitChild(1, "next")}
    assert world.tell(s.ChildEnded(1, child, State.RETRIED, successor="next")) == ()
    assert world.tell(s.ChildEnded(1, child, SUCCESS)) == ()
    world.tell(s.ChildEnded(1, "next", SUCCESS))

    assert world.run("sub").state is SUCCESS
    assert world.tell(s.ChildEnded(1, "next", SUCCESS)) == ()


def test_a_kill_waits_for_the_child_to_stop():
    """Nobody is told twice."""
    world = started()
    child = next(iter(world.children.values()))
    child.audit = False
    world.tell(s.Kill())
    assert (world.state, world.run("sub").state, child.state) == (KILLING, KILLING, KILLING)
    world.play()

    assert (world.state, world.run("sub").state, child.state) == (KILLED, KILLED, KILLED)


def test_a_failed_attempt_kills_its_child():
    """One that timed out is stopped; the next attempt starts another."""
    world = World(SUB.format(", timeout: PT5S, retry: {type: constant, interval: PT1S, maxAttempts: 2}"), {"work": [HANG]}, flows=CHILD)
    world.play()

    assert [child.state for child in world.children.values()] == [KILLING, KILLING]
    assert (world.run("sub").state, world.run("sub").attempt) == (FAILED, 2)


@pytest.mark.parametrize(("allow", "state"), [("allowFailure: true", WARNING), ("allowFailure: true, allowWarning: true", SUCCESS)])
def test_a_child_that_took_too_long_is_killed_though_that_is_allowed(allow: str, state: State):
    """Nobody waits for it any more."""
    world = World(SUB.format(f", timeout: PT5S, {allow}"), {"work": [HANG]}, flows=CHILD).play()

    assert world.run("sub").state is state
    assert [child.state for child in world.children.values()] == [KILLING]


def test_a_child_that_nobody_waits_for_is_not_killed():
    """`wait: false`."""
    world = World(SUB.format(", wait: false"), {"work": [HANG]}, flows=CHILD).play()

    assert (world.state, [child.state for child in world.children.values()]) == (SUCCESS, [RUNNING])


def test_a_restarted_subflow_has_its_time_again():
    """The child is run again, and may take as long as the first time."""
    world = World(SUB.format(", timeout: PT5S"), {"work": [FAILED, HANG]}, flows=CHILD).play()
    assert world.state is FAILED
    world.now += 100_000_000
    world.tell(s.Restart())
    world.grant()

    assert [timer.due - world.now for timer in world.timers()] == [5_000_000]
    assert world.play().run("sub").error == "timed out after 5.0 s"


def test_a_scheduled_child_begins_in_its_time():
    """The parent waits for it."""
    world = World(SUB.format(""), {"work": [HANG]}, flows=CHILD)
    world.tell(s.Begin())
    world.tell(s.Dispatched(1))
    world.tell(s.ChildChosen(1, 1, "tests", "child", 1, scheduled=world.now + 60_000_000))
    (child,) = world.children.values()

    assert (child.state, child.timers()[0].due, world.run("sub").state) == (CREATED, world.now + 60_000_000, RUNNING)


def test_what_the_parent_asks_for_is_rendered_in_the_child():
    """The old form of outputs: a map, with what the child sees."""
    world = World(SUB.format(", outputs: {x: '{{ outputs.work.y }}'}"), {"work": [{"y": 7}]}, flows=CHILD).play()

    assert world.run("sub").outputs["outputs"]["x"] == 7
