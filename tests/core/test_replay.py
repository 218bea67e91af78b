"""Go on from one task run: of a copy of what was done, or of the execution itself."""

import pytest

from onbeat.core import signals as s
from onbeat.core.replay import settable
from tests.core.world import CREATED, FAILED, HANG, RESTARTED, RUNNING, SKIPPED, SUCCESS, State, World

NESTED = """
tasks:
  - {id: first, type: t}
  - id: par
    type: core.flow.Parallel
    tasks:
      - id: left
        type: core.flow.Sequential
        tasks: [{id: a, type: t}, {id: b, type: t}, {id: c, type: t}]
      - {id: right, type: t}
  - {id: last, type: t}
"""


def test_what_came_before_is_copied_and_the_rest_runs_anew():
    """Side by side with it is not after it; the copies keep their outputs, the new ones have their own."""
    source = World(NESTED).play()
    again = source.replay("b", b=[{"value": "new"}])

    assert again.history == [*source.history, RESTARTED]
    assert again.states == {"first": SUCCESS, "par": RUNNING, "left": RUNNING, "right": SUCCESS, "a": SUCCESS, "b": RESTARTED}
    again.play()
    assert again.state is SUCCESS
    assert set(again.states.values()) == {SUCCESS}
    assert again.run("a").outputs == source.run("a").outputs
    assert again.run("b").outputs == {"value": "new"}
    assert source.run("b").outputs != again.run("b").outputs


def test_a_flowable_is_run_anew_with_all_in_it():
    """From its first task."""
    source = World(NESTED).play()
    again = source.replay("left")

    assert again.states == {"first": SUCCESS, "par": RUNNING, "left": RUNNING, "right": SUCCESS}
    assert again.play().state is SUCCESS
    assert len(again.states) == len(source.states)


@pytest.mark.parametrize(("limit", "kept"), [(1, ["a[x]"]), (0, ["a[x]", "a[z]"])])
def test_later_values_come_after_where_values_are_one_after_another(limit: int, kept: list[str]):
    """And not where they are worked on side by side."""
    each = f"tasks: [{{id: e, type: core.flow.ForEach, values: [x, y, z], concurrencyLimit: {limit}, tasks: [{{id: a, type: t}}]}}]"
    source = World(each).play()
    again = source.replay("a[y]")

    assert [name for name, state in again.states.items() if name != "e" and state is SUCCESS] == kept
    assert again.play().state is SUCCESS
    assert list(again.states.values()) == [SUCCESS] * 4


def test_a_failed_execution_may_be_replayed_from_before_its_failure():
    """The errors that ran are not copied."""
    flow = "tasks: [{id: a, type: t}, {id: b, type: t}]\nerrors: [{id: told, type: t}]\n"
    source = World(flow, {"b": [FAILED]}).play()
    again = source.replay("a", b=[SUCCESS]).play()

    assert again.states == {"a": SUCCESS, "b": SUCCESS}
    assert again.state is SUCCESS
    assert source.state is FAILED


def test_a_state_that_an_operator_gives_goes_on_from_there():
    """A failure that was none: the task after it runs; the errors that ran are taken away."""
    flow = "tasks: [{id: a, type: t}, {id: b, type: t}]\nerrors: [{id: told, type: t}]\n"
    world = World(flow, {"a": [FAILED]}).play()
    world.tell(s.SetState(SUCCESS, world.run("a").n))
    world.play()

    assert world.states == {"a": SUCCESS, "b": SUCCESS}
    assert world.state is SUCCESS


def test_a_success_that_was_none_fails_what_is_around_it():
    """Later task runs stay as they are, and nothing new begins."""
    world = World(NESTED).play()
    world.tell(s.SetState(FAILED, world.run("b").n))
    world.play()

    assert world.state is FAILED
    assert world.states["left"] is FAILED
    assert world.states["par"] is FAILED
    assert world.states["c"] is SUCCESS
    assert world.states["last"] is SUCCESS


def test_the_state_of_a_whole_execution_is_given_as_it_is():
    """Nothing goes on; it is a state event like any other."""
    world = World("tasks: [{id: a, type: t}]", {"a": [FAILED]}).play()
    world.tell(s.SetState(SUCCESS))

    assert world.history == [CREATED, RUNNING, FAILED, SUCCESS]
    assert world.states == {"a": FAILED}


@pytest.mark.parametrize(
    ("run", "state", "said"),
    [(0, RUNNING, "no state in which an execution ends"), (1, RUNNING, "no state in which a task run ends"), (9, SUCCESS, "no task run 9")],
)
def test_what_cannot_be_set_says_why(run: int, state: State, said: str):
    """And changes nothing."""
    world = World("tasks: [{id: a, type: t}]").play()

    assert said in (settable(world.flow, world.execution, run, state) or "")
    assert world.tell(s.SetState(state, run)) == ()


def test_only_what_has_ended_is_corrected():
    """What runs says itself how it ends."""
    world = World("tasks: [{id: a, type: t}]", {"a": [HANG]}).play()

    assert "only a terminated one" in (settable(world.flow, world.execution, 1, SUCCESS) or "")
    assert world.tell(s.SetState(SUCCESS, 1)) == ()


def test_a_skipped_task_may_be_replayed():
    """Its condition is looked at again."""
    flow = 'tasks: [{id: a, type: t, when: "{{ outputs.x is defined }}"}, {id: b, type: t}]'
    source = World(flow).play()
    assert source.states["a"] is SKIPPED
    again = source.replay("a").play()

    assert again.states == {"a": SKIPPED, "b": SUCCESS}
