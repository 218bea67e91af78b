"""Subflow: run another flow and, if so asked, wait for it."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.states import State
from tests.core.shell import chosen
from tests.core.world import CANCELLED, FAILED, HANG, KILLED, KILLING, RUNNING, SUCCESS, WARNING, World

CHILD = "tasks: [{id: work, type: t}]"


def parent(more: str = "") -> str:
    """A flow that calls `child`, and a task after it."""
    return f"tasks: [{{id: sub, type: core.flow.Subflow, namespace: tests, flowId: child{more}}}, {{id: after, type: t}}]"


def test_it_ends_when_its_child_does():
    """The child's id, state and outputs are the run's outputs."""
    child = "outputs: [{id: x, value: '{{ outputs.work.y }}'}]\ntasks: [{id: work, type: t}]"
    world = World(parent(), {"work": [{"y": 5}]}, flows={"child": child}).play()
    run = world.run("sub")

    assert world.state is SUCCESS
    assert run.outputs == {"executionId": run.child, "state": "SUCCESS", "outputs": {"x": 5}}


ASKED = "{{ outputs.work.y }}"
OUTSIDE = "{{ envs.absent ~ outputs.work.y }}"


@pytest.mark.parametrize("asked", [ASKED, OUTSIDE])
@pytest.mark.parametrize("after", ["", "\nafterExecution: [{id: last, type: t}]"])
def test_what_it_asks_of_its_child_and_cannot_have_fails_it_alone(asked: str, after: str):
    """The child has done its own: it ends well, and its own outputs are told."""
    child = "outputs: [{id: x, value: '{{ outputs.work.x }}'}]\n" + CHILD + after
    world = World(parent(f", outputs: {{y: '{asked}'}}"), {"work": [{"x": 5}]}, flows={"child": child}).play()
    run = world.run("sub")

    assert (world.state, run.state) == (FAILED, FAILED)
    assert run.outputs == {"executionId": run.child, "state": "SUCCESS", "outputs": {"x": 5}}
    assert run.error is not None
    assert run.error.startswith("outputs: ")
    assert [(one.state, one.execution.error) for one in world.children.values()] == [(SUCCESS, None)]


def test_what_it_asks_of_its_child_is_beside_the_childs_own():
    """Also where it has to be asked for outside."""
    child = "outputs: [{id: x, value: '{{ outputs.work.x }}'}]\n" + CHILD
    asked = f", outputs: {{y: '{ASKED}', z: \"{{{{ envs.home ~ '' }}}}\"}}"
    world = World(parent(asked), {"work": [{"x": 5, "y": 6}]}, flows={"child": child}, outside={"envs": {"home": "/h"}}).play()

    assert world.run("sub").outputs["outputs"] == {"x": 5, "y": 6, "z": "/h"}


def test_the_child_knows_where_it_comes_from():
    """Its correlation is the parent's; its trigger names the parent as Kestra does."""
    world = World(parent(", inputs: {a: 1}, labels: {team: x}"), flows={"child": CHILD}).play()
    head = next(iter(world.children.values())).execution.head

    assert (head.correlation_id, head.parent, head.parent_run, head.causation_id) == ("exec", "exec", 1, "exec/1")
    assert head.inputs == {"a": 1}
    assert head.trigger is not None
    assert head.trigger.type == "core.flow.Subflow"
    assert head.trigger.variables == {
        "executionId": "exec", "namespace": "tests", "flowId": "story", "flowRevision": 1, "taskRunId": "exec-1",
    }  # fmt: skip


def test_without_wait_it_ends_at_once():
    """The child goes on by itself: not even a kill reaches it."""
    world = World(parent(", wait: false"), {"work": [HANG]}, flows={"child": CHILD})
    world.begin()
    world.tell(chosen(world.flow, world.run("sub")))
    world.grant()

    assert world.states == {"sub": SUCCESS, "after": RUNNING}
    assert world.run("sub").outputs == {"executionId": world.run("sub").child}
    world.tell(s.Kill())
    assert [child.state for child in world.children.values()] == [RUNNING]


@pytest.mark.parametrize(("more", "end", "run", "whole"), [
    ("", FAILED, FAILED, FAILED),
    ("", WARNING, WARNING, WARNING),
    ("", CANCELLED, CANCELLED, CANCELLED),
    ("", KILLED, FAILED, FAILED),  # the parent was not killed
    (", transmitFailed: false", FAILED, SUCCESS, SUCCESS),
    (", transmitFailed: false", KILLED, SUCCESS, SUCCESS),
    (", allowFailure: true", FAILED, WARNING, WARNING),
    (", allowFailure: true, allowWarning: true", FAILED, SUCCESS, SUCCESS),
])  # fmt: skip
def test_the_childs_end_is_the_runs_unless_it_is_not_transmitted(more: str, end: object, run: object, whole: object):
    """transmitFailed: false makes a success of every end."""
    world = World(parent(more), {"work": [end]}, flows={"child": CHILD}).play()

    assert world.run("sub").state is run
    assert world.state is whole


def test_a_failed_child_is_tried_again_as_a_new_one():
    """A retry starts another child, with another id."""
    retry = ", retry: {type: constant, interval: PT1S, maxAttempts: 2}"
    world = World(parent(retry), {"work": lambda world, run: FAILED if world.execution.head.created < 1_000_001_000_000 else SUCCESS},
                  flows={"child": CHILD}).play()  # fmt: skip

    assert world.state is SUCCESS
    assert [child.state for child in world.children.values()] == [FAILED, SUCCESS]
    assert len(world.children) == 2


def test_a_kill_goes_down_and_waits_for_the_child():
    """The run is KILLING until its child has ended."""
    world = World(parent(), {"work": [HANG]}, flows={"child": CHILD}).play()
    (child,) = world.children.values()
    world.tell(s.Kill())
    assert (world.state, world.run("sub").state, child.state) == (KILLING, KILLING, KILLING)
    world.play()

    assert (world.state, world.run("sub").state, child.state) == (KILLED, KILLED, KILLED)


def test_a_kill_before_the_child_is_there():
    """The target that was found comes too late: no child is made."""
    world = World(parent(), flows={"child": CHILD})
    world.begin()
    world.tell(s.Kill())
    world.tell(chosen(world.flow, world.run("sub")))
    assert world.children == {}

    assert world.play().state is KILLED


def test_a_target_that_is_not_found_fails_the_run():
    """The shell says so as it says any task's failure."""
    world = World(parent(), flows={"child": CHILD})
    world.begin()
    world.end("sub", "there is no flow tests.child")

    assert world.state is FAILED


def test_a_timeout_ends_the_run_and_kills_the_child():
    """The child is not left behind."""
    world = World(parent(", timeout: PT5S"), {"work": [HANG]}, flows={"child": CHILD}).play()

    assert world.state is FAILED
    assert "timed out after 5.0 s" in (world.run("sub").error or "")
    assert [child.play().state for child in world.children.values()] == [KILLED]


def test_a_child_that_went_on_as_another_execution_is_a_failure():
    """RETRIED is no success of this one."""
    world = World(parent(), {"work": [HANG]}, flows={"child": CHILD}).play()
    (child,) = world.children
    world.tell(s.ChildEnded(1, child, State.RETRIED))

    assert world.state is FAILED


def test_an_end_of_another_child_is_stale():
    """Only the present attempt's child counts, and only once."""
    world = World(parent(), {"work": [HANG]}, flows={"child": CHILD}).play()
    assert world.tell(s.ChildEnded(1, "somebody else", SUCCESS)) == ()
    assert world.tell(s.ChildEnded(9, "exec", SUCCESS)) == ()
    (child,) = world.children
    world.tell(s.ChildEnded(1, child, SUCCESS))

    assert world.tell(s.ChildEnded(1, child, FAILED)) == ()


def test_a_second_choice_makes_no_second_child():
    """A repeated answer of the shell is stale."""
    world = World(parent(), {"work": [HANG]}, flows={"child": CHILD}).play()
    world.tell(chosen(world.flow, world.run("sub")))

    assert len(world.children) == 1
    assert world.tell(s.TaskEnded(1, 1, FAILED)) == ()


def test_a_crash_while_it_waits_loses_nothing():
    """The child's end comes by the store; the run is not tried again."""
    world = World(parent(), {"work": [HANG]}, flows={"child": CHILD}).play()
    world.crash()

    assert world.run("sub").attempt == 1
    assert {type(command) for command in world.outstanding()} == {cmd.AwaitChild}


def test_a_crash_before_the_child_was_chosen_tries_again():
    """The lost attempt does not count."""
    world = World(parent(", onLost: FAIL"), flows={"child": CHILD})
    world.begin()
    world.crash()

    assert world.play().state is SUCCESS
    assert world.run("sub").counted == 1
