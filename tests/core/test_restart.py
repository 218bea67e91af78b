"""Restart: run a terminated execution again from where it failed."""

import pytest

from onbeat.core import changes as c
from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.restart import restartable
from onbeat.core.states import State
from tests.core.world import CREATED, FAILED, HANG, KILLED, RESTARTED, RUNNING, SKIPPED, SUCCESS, WARNING, World


def restart(world: World, **plays: object) -> World:
    """Restart it with another script, and let it play to its end."""
    return world.restart(**plays)


def test_the_failed_task_runs_again_and_what_follows_runs():
    """What succeeded stays; the failed run keeps its attempts."""
    world = World("tasks: [{id: a, type: t}, {id: b, type: t}, {id: c, type: t}]", {"b": [FAILED, SUCCESS]}).play()
    assert world.state is FAILED
    restart(world)

    assert world.states == {"a": SUCCESS, "b": SUCCESS, "c": SUCCESS}
    assert [world.run(name).attempt for name in "abc"] == [1, 2, 1]
    assert world.history == [CREATED, RUNNING, FAILED, RESTARTED, RUNNING, SUCCESS]
    assert world.execution.error is None


def test_the_rows_up_to_running_show_it_as_it_was_saved():
    """The API answers with the execution RESTARTED: the failed leaf is RESTARTED, the flowables around it RUNNING, the tails gone."""
    world = World(
        "tasks: [{id: s, type: core.flow.Sequential, tasks: [{id: a, type: t}], finally: [{id: f, type: t}]}]\nerrors: [{id: e, type: t}]",
        {"a": [FAILED]},
    ).play()
    changes = world.tell(s.Restart())
    running = next(at for at, change in enumerate(changes) if isinstance(change, c.Moved) and change.after is RUNNING)
    world.journal = world.journal[: running - len(changes)]
    world.forget()

    assert world.state is RESTARTED
    assert world.states == {"s": RUNNING, "a": RESTARTED}


def test_it_says_that_it_was_restarted():
    """By a label, beside those that it has; one that goes on by its own retry does not."""
    world = World("labels: {a: b}\ntasks: [{id: a, type: t}]", {"a": [FAILED]}, labels={"a": "b"}).play().restart(a=[SUCCESS])
    assert (world.state, world.execution.labels) == (SUCCESS, {"a": "b", "system.restarted": "true"})

    retried = World("retry: {type: constant, interval: PT1S, maxAttempts: 2}\ntasks: [{id: a, type: t}]", {"a": [FAILED, SUCCESS]}).play()
    assert (retried.state, retried.execution.labels) == (SUCCESS, {})


def test_it_goes_as_deep_as_the_failure():
    """Flowables around the failed leaf run again; a loop's other values stay."""
    world = World(
        """
        tasks:
          - id: each
            type: core.flow.ForEach
            values: [x, y, z]
            concurrencyLimit: 2
            tasks:
              - {id: a, type: t}
              - id: if
                type: core.flow.If
                condition: true
                then: [{id: b, type: t}]
          - {id: after, type: t}
        """,
        {"b": lambda world, run: FAILED if run.path == ("y",) and run.attempt == 1 else SUCCESS},
    ).play()
    assert world.state is FAILED
    assert "a[z]" in world.states  # x was done before y failed
    restart(world)

    assert world.state is SUCCESS
    assert world.run("b[y]").attempt == 2
    assert [name for name in world.states if name.startswith("b")] == ["b[x]", "b[y]", "b[z]"]


def test_steps_that_another_lanes_failure_stopped_are_made_up_for():
    """A lane that ended well, but whose next step never began because another lane failed, goes on."""
    world = World(
        "tasks: [{id: each, type: core.flow.ForEach, values: [x, y, z], concurrencyLimit: 2, tasks: [{id: a, type: t}, {id: b, type: t}]}]"
    )
    world.begin()
    world.end("a[x]", FAILED)
    world.end("a[y]")
    assert world.states == {"each": FAILED, "a[x]": FAILED, "a[y]": SUCCESS}
    restart(world)

    assert world.state is SUCCESS
    assert sorted(world.states) == ["a[x]", "a[y]", "a[z]", "b[x]", "b[y]", "b[z]", "each"]


def test_an_error_branch_and_a_finally_run_anew():
    """What they did after the failure is taken away, with its outputs and states."""
    world = World(
        """
        tasks: [{id: a, type: t}]
        errors: [{id: e, type: core.flow.Sequential, tasks: [{id: e1, type: t}]}]
        finally: [{id: f, type: t}]
        """,
        {"a": [FAILED]},
    ).play()
    assert world.states == {"a": FAILED, "e": SUCCESS, "e1": SUCCESS, "f": SUCCESS}
    world.tell(s.Restart())
    assert world.states == {"a": RESTARTED}
    assert "e1" not in world.execution.context
    assert "f" not in world.execution.states
    restart(world, a=[SUCCESS])

    assert world.states == {"a": SUCCESS, "f": SUCCESS}
    assert world.state is SUCCESS


def test_tails_inside_loops_are_taken_away_with_their_outputs():
    """The outputs of one value's error branch go; those of another value's tasks stay."""
    world = World(
        """
        tasks:
          - id: each
            type: core.flow.ForEach
            values: [x, y]
            tasks:
              - id: seq
                type: core.flow.Sequential
                tasks: [{id: a, type: t}]
                finally: [{id: f, type: t}]
        """,
        {"a": lambda world, run: FAILED if run.path == ("y",) and run.attempt == 1 else SUCCESS},
    ).play()
    world.tell(s.Restart())

    assert set(world.execution.context["f"]) == {"x"}
    assert set(world.execution.states["f"]) == {"x"}


def test_the_tail_of_what_succeeded_stays():
    """A flowable that ended well is not touched: its finally has run, and others use its outputs."""
    world = World(
        """
        tasks:
          - {id: seq, type: core.flow.Sequential, tasks: [{id: a, type: t}], finally: [{id: f, type: t}]}
          - {id: b, type: t}
        """,
        {"b": [FAILED, SUCCESS]},
    ).play()
    restart(world)

    assert world.states == {"seq": SUCCESS, "a": SUCCESS, "f": SUCCESS, "b": SUCCESS}


def test_a_failure_that_was_allowed_is_not_run_again():
    """Only what made the execution fail runs again: the lane has gone on from an allowed failure."""
    world = World(
        """
        tasks:
          - {id: seq, type: core.flow.Sequential, allowFailure: true, tasks: [{id: a, type: t}]}
          - {id: b, type: t}
          - {id: c, type: t}
        """,
        {"a": [FAILED], "c": [FAILED, SUCCESS]},
    ).play()
    assert world.states == {"seq": WARNING, "a": FAILED, "b": SUCCESS, "c": FAILED}
    restart(world)

    assert world.states == {"seq": WARNING, "a": FAILED, "b": SUCCESS, "c": SUCCESS}
    assert world.state is WARNING


def test_a_warning_before_the_failure_is_not_forgotten():
    """It ends WARNING, as it would have without the failure."""
    world = World("tasks: [{id: a, type: t}, {id: b, type: t}]", {"a": [WARNING], "b": [FAILED, SUCCESS]}).play()

    assert restart(world).state is WARNING


def test_a_finally_that_failed_runs_again():
    """The tasks succeeded: only the finally is done anew."""
    world = World("tasks: [{id: a, type: t}]\nfinally: [{id: f, type: t}]", {"f": [FAILED]}).play()
    assert world.state is FAILED
    restart(world, f=[SUCCESS])

    assert world.state is SUCCESS
    assert world.run("a").attempt == 1


def test_a_construct_that_could_not_open_is_opened_anew():
    """Its condition is evaluated again; it is not dispatched as if it were a task."""
    world = World(
        """
        tasks:
          - id: par
            type: core.flow.Parallel
            tasks:
              - {id: late, type: t}
              - {id: if, type: core.flow.If, condition: "{{ outputs.late.x }}", then: [{id: a, type: t}]}
        """,
        {"late": [{"x": True}]},
    ).play()
    assert world.states == {"par": FAILED, "late": SUCCESS, "if": FAILED}
    restart(world)

    assert world.states == {"par": SUCCESS, "late": SUCCESS, "if": SUCCESS, "a": SUCCESS}


def test_a_pause_that_timed_out_pauses_again():
    """The restart arms its timer anew."""
    world = World("tasks: [{id: p, type: core.flow.Pause, timeout: PT1S}]").play()
    world.tell(s.Restart())
    assert world.timers() != []
    world.tell(s.Resume())

    assert world.state is SUCCESS


def test_when_is_asked_again():
    """`taskrun.attemptsCount` is what was tried before: a task can skip itself on a restart, as Kestra's own tests do."""
    world = World("tasks: [{id: a, type: t, when: '{{ taskrun.attemptsCount == 0 }}'}, {id: b, type: t}]", {"a": [FAILED]}).play()

    assert restart(world).states == {"a": SKIPPED, "b": SUCCESS}


def test_a_killed_execution_goes_on_from_where_it_was():
    """Task runs that the kill ended run again, those that had no attempt yet too."""
    world = World("tasks: [{id: par, type: core.flow.Parallel, tasks: [{id: a, type: t}, {id: b, type: t}]}, {id: c, type: t}]")
    world.tell(s.Begin())
    world.tell(s.Dispatched(2))
    world.tell(s.Kill())
    world.play()
    assert world.states == {"par": KILLED, "a": KILLED, "b": KILLED}
    restart(world)

    assert world.state is SUCCESS
    assert [world.run(name).attempt for name in "abc"] == [2, 1, 1]


def test_a_lane_that_a_pause_and_a_kill_held_back_goes_on():
    """Its task ended well while the execution was paused; the kill kept the next step from beginning."""
    world = World("tasks: [{id: a, type: t}, {id: b, type: t}]")
    world.begin()
    world.tell(s.Pause())
    world.end("a")
    world.tell(s.Kill())
    assert world.states == {"a": SUCCESS}
    restart(world)

    assert world.states == {"a": SUCCESS, "b": SUCCESS}
    assert world.state is SUCCESS


def test_values_of_a_loop_that_never_began_begin():
    """A kill while paused left the loop between two values."""
    world = World("tasks: [{id: each, type: core.flow.ForEach, values: [x, y], tasks: [{id: a, type: t}]}]")
    world.begin()
    world.tell(s.Pause())
    world.end("a[x]")
    world.tell(s.Kill())
    assert world.states == {"each": KILLED, "a[x]": SUCCESS}

    assert restart(world).states == {"each": SUCCESS, "a[x]": SUCCESS, "a[y]": SUCCESS}


def test_it_can_be_restarted_again_and_again():
    """Each restart gives one more attempt; the outputs of the flow are rendered each time."""
    world = World("tasks: [{id: a, type: t}]\noutputs: [{id: x, value: '{{ outputs.a.x }}{{ envs.y }}'}]", outside={"envs": {"y": "!"}})
    world.plays = {"a": [FAILED, FAILED, {"x": 3}]}
    world.play()
    restart(restart(world))

    assert world.execution.restarts == 2
    assert world.execution.outputs == {"x": "3!"}


SUB = "tasks: [{{id: sub, type: core.flow.Subflow, namespace: tests, flowId: child{}}}]"
CHILD = {"child": "tasks: [{id: done, type: t}, {id: work, type: t}]"}


def test_a_subflow_that_failed_is_restarted_itself():
    """It goes on from what failed in it, and the parent waits for it again."""
    world = restart(World(SUB.format(""), {"work": [FAILED]}, flows=CHILD).play(), work=[SUCCESS])

    assert world.state is SUCCESS
    (child,) = world.children.values()
    assert child.history == [CREATED, RUNNING, FAILED, RESTARTED, RUNNING, SUCCESS]
    assert [child.run(task).attempt for task in ("done", "work")] == [1, 2]
    assert world.run("sub").attempt == 2


def test_a_subflow_may_start_another_child():
    """`restartBehavior: NEW_EXECUTION`: the failed attempt's child stays as it is."""
    world = World(SUB.format(", restartBehavior: NEW_EXECUTION"), {"work": [FAILED]}, flows=CHILD).play()
    restart(world, work=[SUCCESS])

    assert world.state is SUCCESS
    assert [child.state for child in world.children.values()] == [FAILED, SUCCESS]


def test_what_cannot_be_restarted_says_why():
    """Kestra's sentence when nothing failed; the state when it has not ended."""
    world = World("tasks: [{id: a, type: t}]", {"a": [HANG]}).play()
    assert restartable(world.flow, world.execution) == "execution exec is RUNNING; only a terminated one can be restarted"
    assert world.tell(s.Restart()) == ()
    world.end("a")
    assert restartable(world.flow, world.execution) == "No task found to restart execution from!"
    assert world.tell(s.Restart()) == ()

    failed = World("tasks: [{id: a, type: t}]", {"a": [FAILED]}).play()
    assert restartable(failed.flow, failed.execution) is None


def test_a_restarted_one_waits_for_its_place_again():
    """RESTARTED until it is granted, or QUEUED until then; only then the failed task runs again."""
    for queued in (False, True):
        world = World("concurrency: {limit: 1}\ntasks: [{id: a, type: t}, {id: b, type: t}]", {"a": [FAILED, SUCCESS]})
        world.tell(s.SlotGranted())
        world.play()
        world.tell(s.Restart())
        assert (world.state, world.outstanding()) == (RESTARTED, {cmd.AwaitSlot()})
        if queued:
            world.tell(s.SlotQueued())
        world.forget()
        world.tell(s.SlotGranted())
        assert world.tell(s.SlotGranted()) == ()
        world.play()

        waited = [RESTARTED, State.QUEUED] if queued else [RESTARTED]
        assert world.history == [CREATED, RUNNING, FAILED, *waited, RUNNING, SUCCESS]
        assert [world.run(name).attempt for name in "ab"] == [2, 1]


def test_a_restarted_one_may_be_refused_or_killed_while_it_waits():
    """It ends as that says, with its task runs as they were."""
    flow = "concurrency: {limit: 1, behavior: CANCEL}\ntasks: [{id: a, type: t}]"
    for signal, state in ((s.SlotRefused(State.CANCELLED), State.CANCELLED), (s.Kill(), KILLED)):
        world = World(flow, {"a": [FAILED]}, audit=False)  # what ended it is none of its parts
        world.tell(s.SlotGranted())
        world.play()
        world.tell(s.Restart())
        world.tell(signal)

        assert world.state is state
        assert world.states == {"a": FAILED}
        assert restartable(world.flow, world.execution) is None


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_one_that_never_began_has_nothing_to_restart(state: State):
    """Refused by the concurrency limit: there is no task run."""
    world = World("concurrency: {limit: 1, behavior: FAIL}\ntasks: [{id: a, type: t}]")
    world.tell(s.SlotRefused(state))

    assert restartable(world.flow, world.execution) == "No task found to restart execution from!"
    assert world.tell(s.Restart()) == ()
