"""Decide: what each signal does, and that a stale one does nothing. Constructs are in plan/, lanes in test_blocks.py."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.decide import decide
from tests.core.world import (
    CANCELLED,
    CREATED,
    FAILED,
    PAUSED,
    QUEUED,
    RESTARTED,
    RETRYING,
    RUNNING,
    SECOND,
    SUCCESS,
    World,
)  # fmt: skip

ONE = "tasks: [{id: a, type: t}]"
TWO = "tasks: [{id: a, type: t}, {id: b, type: t}]"
BESIDE = "tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: a, type: t}, {id: b, type: t}]}, {id: after, type: t}]"


# ---- beginning ---------------------------------------------------------------------------------------------------


def test_a_begun_execution_asks_for_a_place_for_its_first_task():
    """Created, running, a task run that waits to be dispatched."""
    world = World(TWO)
    assert world.outstanding() == {cmd.AwaitSlot()}
    world.tell(s.Begin())

    assert (world.state, world.states) == (RUNNING, {"a": CREATED})
    assert world.outstanding() == {cmd.Dispatch(1)}
    assert world.tell(s.Begin()) == ()


def test_a_dispatched_task_runs_its_first_attempt():
    """RUNNING with attempt 1; being dispatched twice is once."""
    world = World(TWO)
    world.tell(s.Begin())
    world.tell(s.Dispatched(1))

    assert world.outstanding() == {cmd.RunTask(1, 1)}
    assert world.tell(s.Dispatched(1)) == ()
    assert world.tell(s.Dispatched(7)) == ()


def test_a_scheduled_execution_begins_at_its_time():
    """It stays CREATED until its timer; an early, a late-told and another timer do nothing."""
    world = World(ONE, scheduled=1_000_000 * SECOND + 60 * SECOND)
    world.tell(s.Begin())
    due = world.now + 60 * SECOND
    assert world.outstanding() == {cmd.ArmTimer(0, due)}
    assert world.tell(s.TimerFired(0, due)) == ()
    world.crash()
    world.now = due + 1
    assert world.tell(s.TimerFired(0, due + 1)) == ()
    world.tell(s.TimerFired(0, due))

    assert (world.state, world.execution.wake) == (RUNNING, None)
    assert world.tell(s.TimerFired(0, due)) == ()


# ---- the concurrency limit ---------------------------------------------------------------------------------------

LIMITED = "concurrency: {limit: 1}\n" + ONE


def test_with_a_limit_it_waits_for_a_slot():
    """Begin does nothing; a granted slot lets it run."""
    world = World(LIMITED)
    assert world.tell(s.Begin()) == ()
    assert world.outstanding() == {cmd.AwaitSlot()}
    world.tell(s.SlotGranted())

    assert world.history == [CREATED, RUNNING]
    assert world.tell(s.SlotGranted()) == ()


def test_without_a_slot_it_is_queued_until_one_is_free():
    """CREATED, QUEUED, RUNNING; said twice is said once."""
    world = World(LIMITED)
    world.tell(s.SlotQueued())
    assert (world.state, world.outstanding()) == (QUEUED, {cmd.AwaitSlot()})
    assert world.tell(s.SlotQueued()) == ()
    assert world.tell(s.Recover()) == ()
    world.tell(s.SlotGranted())
    world.play()

    assert world.history == [CREATED, QUEUED, RUNNING, SUCCESS]


@pytest.mark.parametrize("state", [FAILED, CANCELLED])
def test_refused_it_ends_without_having_run(state):
    """CANCEL and FAIL: two states in its history, and the reason."""
    world = World(LIMITED)
    world.tell(s.SlotRefused(state))

    assert world.history == [CREATED, state]
    assert world.execution.error == "the flow's concurrency limit is reached"


def test_one_that_waited_for_another_place_may_be_refused_late():
    """It waited for its ordering key; when its turn came the limit was reached."""
    world = World("concurrency: {limit: 1, behavior: CANCEL}\n" + ONE)
    world.tell(s.SlotQueued())
    world.tell(s.SlotRefused(CANCELLED))

    assert world.history == [CREATED, QUEUED, CANCELLED]


def test_a_key_that_cannot_be_evaluated_fails_the_execution():
    """It would wait for a place that nobody can name."""
    world = World("concurrency: {limit: 1, key: '{{ inputs.team }}'}\n" + ONE)
    world.tell(s.Begin())

    assert world.history == [CREATED, FAILED]
    assert "team" in (world.execution.error or "")


# ---- attempts ----------------------------------------------------------------------------------------------------


def test_a_tasks_outputs_are_kept():
    """On the run and for expressions."""
    world = World(ONE, {"a": [{"x": [1]}]}).play()

    assert world.run("a").outputs == {"x": [1]}
    assert world.execution.context["a"] == {"x": [1]}


def test_an_end_of_another_attempt_is_stale():
    """Another attempt, another run, an ended one."""
    world = World(TWO)
    world.begin()
    for signal in (s.TaskEnded(1, 2, SUCCESS), s.TaskEnded(1, 0, SUCCESS), s.TaskEnded(5, 1, SUCCESS)):
        assert world.tell(signal) == ()
    world.end("a")

    assert world.tell(s.TaskEnded(1, 1, FAILED)) == ()


def test_a_timeout_fails_the_attempt():
    """The runner's late answer is stale."""
    world = World("tasks: [{id: a, type: t, timeout: PT2.5S}]")
    world.begin()
    world.at(2.5)

    assert (world.state, world.run("a").error) == (FAILED, "timed out after 2.5 s")
    assert world.tell(s.TaskEnded(1, 1, SUCCESS)) == ()


def test_each_attempt_has_its_own_timeout():
    """The retry arms it anew; an end in time disarms it."""
    world = World("tasks: [{id: a, type: t, timeout: PT2S, retry: {type: constant, interval: PT10S, maxAttempts: 2}}]")
    world.begin()
    world.at(12)
    assert [timer.due - world.now for timer in world.timers()] == [2 * SECOND]
    world.end("a")

    assert world.past("a") == [CREATED, RUNNING, RETRYING, CREATED, RUNNING, SUCCESS]


@pytest.mark.parametrize("timeout", ["7", "'{{ outputs.no }}'", "soon"])
def test_a_timeout_that_is_none_fails_the_run_before_it_starts(timeout: str):
    """No attempt is made, for it could not be ended."""
    world = World(f"tasks: [{{id: a, type: t, timeout: {timeout}}}]")
    world.begin()

    assert (world.state, world.run("a").attempt) == (FAILED, 0)
    assert (world.run("a").error or "").startswith("timeout: ")


def test_a_timeout_from_outside_is_asked_for_before_the_attempt():
    """A place that comes while it is asked for is stale."""
    world = World("tasks: [{id: a, type: t, timeout: '{{ envs.t }}'}]", outside={"envs": {"t": "PT3S"}})
    world.tell(s.Begin())
    world.tell(s.Dispatched(1))
    assert world.outstanding() == {cmd.Evaluate(1, "timeout")}
    assert world.tell(s.Dispatched(1)) == ()
    world.grant()

    assert world.outstanding() == {cmd.RunTask(1, 1), cmd.ArmTimer(1, world.now + 3 * SECOND)}


def test_a_timeout_that_renders_to_nothing_is_none():
    """Null: no timer."""
    world = World("tasks: [{id: a, type: t, timeout: '{{ null }}'}]")
    world.begin()

    assert world.outstanding() == {cmd.RunTask(1, 1)}


def test_what_the_shell_cannot_evaluate_fails_the_run():
    """With the property's name."""
    world = World("tasks: [{id: a, type: t, when: '{{ envs.x }}'}]")
    world.tell(s.Begin())
    world.tell(s.Evaluated(1, "when", None, "no such variable"))

    assert (world.state, world.run("a").error) == (FAILED, "when: no such variable")


def test_an_answer_nobody_asked_for_is_stale():
    """Another property, another run, the flow, twice."""
    world = World("tasks: [{id: a, type: t, when: '{{ envs.x }}'}]")
    world.tell(s.Begin())
    for signal in (s.Evaluated(1, "timeout", 1), s.Evaluated(4, "when", 1), s.Evaluated(0, "outputs", 1), s.Dispatched(1)):
        assert world.tell(signal) == ()
    world.tell(s.Evaluated(1, "when", "yes"))

    assert world.tell(s.Evaluated(1, "when", "")) == ()


def test_all_signals_that_wait_are_decided_together():
    """Deciding two at once is deciding one after the other."""
    world = World(BESIDE)
    world.begin()
    ends = [s.TaskEnded(2, 1, SUCCESS), s.TaskEnded(3, 1, FAILED)]
    together = decide(world.flow, world.execution, ends, world.now)

    assert together == (*world.tell(ends[0]), *world.tell(ends[1]))
    assert world.state is FAILED


# ---- pause and resume by a person --------------------------------------------------------------------------------


def test_a_paused_execution_lets_what_runs_end_and_starts_nothing():
    """The next task begins with the resume."""
    world = World(TWO)
    world.begin()
    world.tell(s.Pause())
    world.end("a")
    assert (world.state, world.states, world.outstanding()) == (PAUSED, {"a": SUCCESS}, {cmd.AwaitResume(0)})
    world.tell(s.Resume())

    assert world.states == {"a": SUCCESS, "b": CREATED}
    assert world.history == [CREATED, RUNNING, PAUSED, RESTARTED, RUNNING]


def test_a_task_that_has_no_place_yet_waits_for_the_resume():
    """A place that comes while it is paused is stale."""
    world = World(ONE)
    world.tell(s.Begin())
    world.tell(s.Pause())
    assert world.outstanding() == {cmd.AwaitResume(0)}
    assert world.tell(s.Dispatched(1)) == ()
    world.tell(s.Resume())

    assert world.outstanding() == {cmd.Dispatch(1)}


def test_a_failure_during_the_pause_counts_after_it():
    """Errors run after the resume, and know what failed."""
    world = World(TWO + "\nerrors: [{id: e, type: t, when: \"{{ error.taskId == 'a' }}\"}]")
    world.begin()
    world.tell(s.Pause())
    world.end("a", "why")
    world.tell(s.Resume())
    world.play()

    assert world.states == {"a": FAILED, "e": SUCCESS}
    assert (world.state, world.execution.error) == (FAILED, "why")


def test_a_retry_waits_for_the_resume():
    """Its timer makes it ready; it is dispatched after the resume."""
    world = World("tasks: [{id: a, type: t, retry: {type: constant, interval: PT1S, maxAttempts: 2}}]")
    world.begin()
    world.tell(s.Pause())
    world.end("a", FAILED)
    world.at(2)
    assert (world.run("a").state, world.running) == (CREATED, [])
    world.tell(s.Resume())
    world.grant()

    assert world.running == ["a"]


def test_an_answer_during_the_pause_is_used_after_it():
    """A construct opens, what is in it waits."""
    flow = "tasks: [{id: e, type: core.flow.ForEach, values: '{{ envs.v }}', tasks: [{id: a, type: t, when: '{{ taskrun.value == 1 }}'}]}]"
    for values, states in ([[], {"e": SUCCESS}], [[0, 1], {"e": SUCCESS, "a[0]": "SKIPPED", "a[1]": SUCCESS}]):
        world = World(flow, outside={"envs": {"v": values}})
        world.tell(s.Begin())
        world.tell(s.Pause())
        world.grant()
        assert (world.state, world.running) == (PAUSED, [])
        world.tell(s.Resume())

        assert world.play().states == states


def test_a_pause_tasks_timer_does_not_undo_a_persons_pause():
    """The person's resume lets everything go on."""
    flow = "tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: w, type: core.flow.Pause, delay: PT1S}, {id: a, type: t}]}]"
    for end_first in (True, False):
        world = World(flow)
        world.begin()
        world.tell(s.Pause())
        if end_first:
            world.end("a")
        world.at(5)
        assert (world.state, world.run("w").state) == (PAUSED, PAUSED)
        if not end_first:
            world.end("a")
        world.tell(s.Resume())

        assert world.state is SUCCESS


def test_pause_and_resume_of_what_cannot_be_are_stale():
    """Only a running one pauses, only a paused one resumes."""
    world = World(ONE)
    assert world.tell(s.Pause()) == ()
    world.begin()
    assert world.tell(s.Resume()) == ()
    world.end("a")

    assert world.tell(s.Pause()) == ()
    assert world.tell(s.Resume()) == ()


# ---- labels ------------------------------------------------------------------------------------------------------


def test_labels_are_replaced_and_borne_by_the_next_state_event():
    """Also of an execution that has ended; the same labels again change nothing."""
    world = World(ONE, labels={"team": "x"})
    world.begin()
    world.tell(s.SetLabels({"team": "y"}))
    assert world.tell(s.SetLabels({"team": "y"})) == ()
    world.end("a")

    assert world.changes()[-1].labels == {"team": "y"}
    world.tell(s.SetLabels({}))
    assert world.execution.labels == {}


def test_a_timer_does_not_undo_a_pause_in_which_a_loop_had_nothing_to_do():
    """The loop was opened, empty, during the pause; the resume ends it."""
    world = World(
        """
        tasks:
          - id: p
            type: core.flow.Parallel
            tasks:
              - {id: w, type: core.flow.Pause, delay: PT1S}
              - {id: e, type: core.flow.ForEach, values: "{{ envs.v }}", tasks: [{id: a, type: t}]}
        """,
        outside={"envs": {"v": []}},
    )
    world.tell(s.Begin())
    world.tell(s.Pause())
    world.grant()
    world.at(5)
    assert world.states == {"p": RUNNING, "w": PAUSED, "e": RUNNING}
    world.tell(s.Resume())

    assert world.state is SUCCESS
