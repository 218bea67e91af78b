"""Replay: go on from one task run, of a copy or after a correction."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.replay import replayable, settable
from onbeat.core.states import State
from onbeat.errors import UserError
from tests.core.world import (
    CANCELLED,
    CREATED,
    FAILED,
    HANG,
    KILLED,
    PAUSED,
    QUEUED,
    RESTARTED,
    RUNNING,
    SKIPPED,
    SUCCESS,
    WARNING,
    World,
)  # fmt: skip

FOUR = "tasks: [{id: a, type: t}, {id: b, type: t}, {id: c, type: t}, {id: d, type: t}]\noutputs: [{id: o, value: '{{ outputs.a.x }}'}]"


def test_a_replay_is_a_new_execution_from_a_task_run_on():
    """What came before is copied with its outputs, what came after runs anew; the source stays as it is."""
    world = World(FOUR, {"a": [{"x": 1}], "c": [FAILED]}).play()
    before = world.execution
    again = world.replay("b")
    assert again.states == {"a": SUCCESS, "b": RESTARTED}
    assert (again.state, again.history) == (RESTARTED, [CREATED, RUNNING, FAILED, RESTARTED])
    world.plays |= {"a": [HANG], "c": [SUCCESS]}
    again.play()

    assert again.states == dict.fromkeys("abcd", SUCCESS)
    assert (again.state, again.execution.outputs) == (SUCCESS, {"o": 1})
    assert [again.run(task).attempt for task in "abcd"] == [1, 2, 1, 1]
    assert world.execution == before


def test_it_waits_for_its_place_as_any_other():
    """Nothing of it runs before: neither a task nor a flowable that it begins with."""
    flow = (
        "concurrency: {limit: 1}\ntasks: [{id: a, type: t}, {id: p, type: core.flow.Parallel, tasks: [{id: b, type: t}, {id: c, type: t}]}]"
    )
    world = World(flow)
    world.tell(s.SlotGranted())
    world.play()
    for name in ("p", "b", "a"):
        again = world.replay(name)
        again.tell(s.Begin())
        assert again.outstanding() == {cmd.AwaitSlot()}
        again.tell(s.SlotQueued())
        assert (again.state, again.outstanding()) == (QUEUED, {cmd.AwaitSlot()})
        again.tell(s.SlotGranted())
        assert again.play().state is SUCCESS


def test_it_may_be_refused_its_place():
    """What was to run again has not."""
    world = World("concurrency: {limit: 1, behavior: CANCEL}\n" + FOUR)
    world.tell(s.SlotGranted())
    world.play()
    again = world.replay("b")
    again.audit = False  # what ended it is none of its parts
    again.tell(s.SlotRefused(CANCELLED))
    again.read_again()

    assert (again.state, again.states) == (CANCELLED, {"a": SUCCESS, "b": KILLED})


def test_a_crash_before_it_goes_on_begins_it():
    """The new engine finds it."""
    again = World(FOUR, {"a": [{"x": 1}]}).play().replay("b")
    again.crash()

    assert again.play().state is SUCCESS


def test_what_was_inside_of_it_runs_anew():
    """A flowable is opened again; its condition is not looked at again, its values are."""
    flow = """
tasks:
  - id: each
    type: core.flow.ForEach
    values: "{{ inputs.v }}"
    tasks: [{id: t, type: t}]
    finally: [{id: f, type: t}]
  - {id: after, type: t}
"""
    again = World(flow, inputs={"v": ["x", "y"]}).play().replay("each")
    assert again.states == {"each": RUNNING}
    again.play()

    assert again.states == {"each": SUCCESS, "t[x]": SUCCESS, "t[y]": SUCCESS, "f": SUCCESS, "after": SUCCESS}


@pytest.mark.parametrize(("limit", "kept"), [(1, ["t[x]"]), (0, ["t[x]", "t[z]"]), (2, ["t[x]", "t[z]"])])
def test_later_values_come_after_when_they_come_one_by_one(limit: int, kept: list[str]):
    """Those that run side by side do not."""
    flow = f"tasks: [{{id: e, type: core.flow.ForEach, values: [x, y, z], concurrencyLimit: {limit}, tasks: [{{id: t, type: t}}]}}]"
    again = World(flow).play().replay("t[y]")

    assert [name for name, state in again.states.items() if state is SUCCESS] == kept
    assert again.play().states == {"e": SUCCESS, "t[x]": SUCCESS, "t[y]": SUCCESS, "t[z]": SUCCESS}


def test_lanes_that_a_failure_had_stopped_go_on():
    """They are not done, though what failed them is repeated."""
    flow = "tasks: [{id: e, type: core.flow.ForEach, values: [x, y], concurrencyLimit: 0, tasks: [{id: t, type: t}, {id: u, type: t}]}]"
    world = World(flow, {"t": lambda world, run: FAILED if run.value == "x" else SUCCESS})
    world.begin()
    world.end("t[x]", FAILED)
    world.end("t[y]")
    assert "u[y]" not in world.states
    again = world.replay("t[x]", t=[SUCCESS]).play()

    assert again.states == {"e": SUCCESS, "t[x]": SUCCESS, "t[y]": SUCCESS, "u[y]": SUCCESS, "u[x]": SUCCESS}


def test_errors_are_repeated_from_errors():
    """With what came before: the failure stays one."""
    world = World(
        "tasks: [{id: a, type: t}]\nerrors: [{id: e1, type: t}, {id: e2, type: t}]\nfinally: [{id: f, type: t}]", {"a": [FAILED]}
    ).play()
    again = world.replay("e2").play()

    assert [again.run(task).attempt for task in ("a", "e1", "e2", "f")] == [1, 1, 2, 1]
    assert again.state is FAILED


def test_a_pause_is_repeated_from_what_came_before_it():
    """Then it waits again."""
    world = World("tasks: [{id: p, type: core.flow.Pause, onPause: {id: ask, type: t}, tasks: [{id: t, type: t}]}]").play()
    world.tell(s.Resume())
    world.play()
    again = world.replay("ask").play()
    assert (again.state, again.states) == (PAUSED, {"p": PAUSED, "ask": SUCCESS})
    again.tell(s.Resume())

    assert again.play().states == {"p": SUCCESS, "ask": SUCCESS, "t": SUCCESS}


def test_the_errors_of_a_loop_are_repeated_with_the_loop():
    """Its iterations are executions of the source."""
    flow = "tasks: [{id: l, type: core.flow.Loop, values: [1], tasks: [{id: t, type: t}], errors: [{id: e, type: t}]}]"
    again = World(flow, {"t": [FAILED]}).play().replay("e")
    assert again.states == {"l": RUNNING}

    assert again.play().states == {"l": FAILED, "e": SUCCESS}


SAGA = "tasks: [{id: a, type: t, compensate: [{id: u, type: t}]}, {id: b, type: t}]\nafterExecution: [{id: z, type: t}]"


@pytest.mark.parametrize(("name", "why"), [
    ("b", "what `a` had done was undone; replay it from there"),
    ("u", "which follows from how the execution ends"),
    ("z", "which follows from how the execution ends"),
])  # fmt: skip
def test_what_cannot_be_repeated_says_why(name: str, why: str):
    """What was undone is not copied as done; what follows from the end is not repeated by itself."""
    world = World(SAGA, {"b": [FAILED]}).play()

    assert why in (replayable(world.flow, world.execution, world.run(name).n) or "")
    with pytest.raises(UserError, match=why):
        world.replay(name)
    assert world.replay("a", b=[SUCCESS]).play().state is SUCCESS


def test_what_a_copy_undoes_is_in_the_right_order():
    """What was copied ended before all that it does itself."""
    flow = "tasks: [{id: a, type: t, compensate: [{id: ua, type: t}]}, {id: b, type: t, compensate: [{id: ub, type: t}]}, {id: c, type: t}]"
    again = World(flow).play().replay("b", c=[FAILED]).play()

    assert [name for name in again.states if name[0] == "u"] == ["ub", "ua"]


def test_a_replay_of_one_that_was_tried_anew():
    """It goes on as any other."""
    retry = "{type: constant, interval: PT1S, maxAttempts: 2, behavior: CREATE_NEW_EXECUTION}"
    world = World(f"tasks: [{{id: a, type: t}}, {{id: b, type: t, retry: {retry}}}]", {"b": [FAILED]}).play()
    assert world.state is State.RETRIED

    assert world.replay("b", b=[SUCCESS]).play().state is SUCCESS


# ---- corrections ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [SUCCESS, WARNING])
def test_a_failed_task_that_was_well_lets_the_flow_go_on(state: State):
    """From there; its errors are taken back."""
    world = World(FOUR + "\nerrors: [{id: e, type: t}]", {"a": [{"x": 1}], "b": [FAILED]}).play()
    world.tell(s.SetState(state, world.run("b").n))
    world.play()

    assert world.states == {"a": SUCCESS, "b": state, "c": SUCCESS, "d": SUCCESS}
    assert (world.state, world.execution.outputs) == (state, {"o": 1})
    assert world.run("b").attempts[-1].state is state


@pytest.mark.parametrize("state", [FAILED, CANCELLED, KILLED])
def test_a_task_that_was_not_well_ends_the_flow_so(state: State):
    """What came after it in its lane stays as it is, and nothing runs twice."""
    world = World(FOUR, {"a": [{"x": 1}]}).play()
    world.tell(s.SetState(state, world.run("b").n))
    world.play()

    assert world.states == {"a": SUCCESS, "b": state, "c": SUCCESS, "d": SUCCESS}
    assert world.state is state


def test_a_correction_beside_lanes_that_had_stopped():
    """They go on; a lane that failed for good keeps them from it."""
    flow = "tasks: [{id: e, type: core.flow.ForEach, values: [x, y], concurrencyLimit: 0, tasks: [{id: t, type: t}, {id: u, type: t}]}]"
    for state, after in ((SUCCESS, {"u[x]", "u[y]"}), (FAILED, set())):
        world = World(flow)
        world.begin()
        world.end("t[x]", FAILED)
        world.end("t[y]")
        world.tell(s.SetState(state, world.run("t[x]").n))
        world.play()
        assert set(world.states) == {"e", "t[x]", "t[y]"} | after


def test_the_state_of_an_execution_is_corrected_alone():
    """Its outputs stay; nothing runs; the same again changes nothing."""
    world = World(FOUR, {"a": [{"x": 1}]}).play()
    world.tell(s.SetState(FAILED))
    assert (world.state, world.execution.outputs, world.execution.restarts) == (FAILED, {"o": 1}, 0)
    assert world.tell(s.SetState(FAILED)) == ()
    world.tell(s.SetState(SUCCESS))

    assert world.history == [CREATED, RUNNING, SUCCESS, FAILED, SUCCESS]
    assert world.execution.error is None


@pytest.mark.parametrize(("run", "state", "why"), [
    (1, RUNNING, "RUNNING is no state in which a task run ends"),
    (0, SKIPPED, "SKIPPED is no state in which an execution ends"),
    (9, FAILED, "has no task run 9"),
])  # fmt: skip
def test_what_cannot_be_corrected_says_why(run: int, state: State, why: str):
    """And changes nothing."""
    world = World(FOUR, {"a": [{"x": 1}]}).play()

    assert why in (settable(world.flow, world.execution, run, state) or "")
    assert world.tell(s.SetState(state, run)) == ()


def test_only_what_has_ended_is_corrected():
    """And not what runs after an execution, was tried anew, or ran in a directory that is gone."""
    world = World(FOUR, {"a": [HANG]}).play()
    assert settable(world.flow, world.execution, 1, SUCCESS) == "execution exec is RUNNING; only a terminated one can be changed"

    after = World(SAGA).play()
    assert settable(after.flow, after.execution, after.run("z").n, FAILED) == "what runs after an execution does not change how it ended"

    directory = World("tasks: [{id: w, type: core.flow.WorkingDirectory, tasks: [{id: t, type: t}]}]").play()
    assert "in the directory of `w`" in (settable(directory.flow, directory.execution, directory.run("t").n, FAILED) or "")
    assert settable(directory.flow, directory.execution, directory.run("w").n, FAILED) is None


def test_it_is_restarted_after_a_correction():
    """What an operator called a failure is tried again."""
    world = World(FOUR, {"a": [{"x": 1}]}).play()
    world.tell(s.SetState(FAILED, world.run("d").n))
    world.play()

    assert world.restart().state is SUCCESS
    assert world.run("d").attempt == 2
