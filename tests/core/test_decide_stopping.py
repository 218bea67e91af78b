"""Decide, continued: kill in every state, and what a crash loses."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from tests.core.world import CREATED, FAILED, KILLED, KILLING, PAUSED, RETRYING, RUNNING, SUCCESS, WARNING, World

ONE = "tasks: [{id: a, type: t}]"
BESIDE = "tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: a, type: t}, {id: b, type: t}]}, {id: after, type: t}]"


# ---- kill --------------------------------------------------------------------------------------------------------


def test_a_kill_stops_what_runs_and_starts_nothing():
    """KILLING until the runner says that the attempts are gone; then KILLED, all of it."""
    world = World(BESIDE + "\nerrors: [{id: e, type: t}]\nfinally: [{id: f, type: t}]")
    world.begin()
    world.tell(s.Kill())
    assert (world.state, world.states) == (KILLING, {"p": RUNNING, "a": KILLING, "b": KILLING})
    assert world.outstanding() == {cmd.StopTask(2, 1), cmd.StopTask(3, 1)}
    assert world.tell(s.Kill()) == ()
    world.end("a", KILLED)
    world.end("b", SUCCESS)

    assert (world.state, world.states) == (KILLED, {"p": KILLED, "a": KILLED, "b": KILLED})


def test_outputs_of_a_task_that_ended_in_the_kill_are_kept():
    """It is KILLED all the same: nobody goes on from it."""
    world = World(ONE)
    world.begin()
    world.tell(s.Kill())
    world.end("a", {"x": 1})

    assert (world.run("a").state, world.run("a").outputs) == (KILLED, {"x": 1})


@pytest.mark.parametrize("flow", [ONE, "concurrency: {limit: 1}\n" + ONE])
def test_a_kill_before_anything_ran(flow: str):
    """CREATED or QUEUED: over at once."""
    world = World(flow)
    world.tell(s.Kill())
    assert world.history == [CREATED, KILLING, KILLED]
    assert world.tell(s.Begin()) == ()
    assert world.tell(s.SlotGranted()) == ()

    queued = World("concurrency: {limit: 1}\n" + ONE)
    queued.tell(s.SlotQueued())
    queued.tell(s.Kill())
    assert queued.state is KILLED


def test_a_kill_of_a_scheduled_execution():
    """Its timer is gone."""
    world = World(ONE, scheduled=2_000_000_000_000)
    world.tell(s.Begin())
    world.tell(s.Kill())

    assert (world.state, world.execution.wake, world.outstanding()) == (KILLED, None, frozenset())


@pytest.mark.parametrize("signals", [[], [s.Pause()]])
def test_a_kill_of_a_task_without_a_place(signals: list):
    """It never had an attempt; a place that comes now is stale."""
    world = World(ONE)
    world.tell(s.Begin())
    for signal in signals:
        world.tell(signal)
    world.tell(s.Kill())

    assert (world.state, world.states) == (KILLED, {"a": KILLED})
    assert world.tell(s.Dispatched(1)) == ()


def test_a_kill_between_two_attempts():
    """RETRYING is killed at once; its timer is stale."""
    world = World("tasks: [{id: a, type: t, retry: {type: constant, interval: PT1S, maxAttempts: 2}}]")
    world.begin()
    world.end("a", FAILED)
    (timer,) = world.timers()
    assert world.run("a").state is RETRYING
    world.tell(s.Kill())
    world.now = timer.due

    assert world.state is KILLED
    assert world.tell(s.TimerFired(1, timer.due)) == ()


def test_a_kill_of_a_pause():
    """The Pause task is KILLED; a resume comes too late."""
    world = World("tasks: [{id: p, type: core.flow.Pause}]")
    world.begin()
    world.tell(s.Kill())

    assert (world.state, world.states) == (KILLED, {"p": KILLED})
    assert world.tell(s.Resume()) == ()


def test_a_kill_of_a_pause_beside_a_task():
    """The execution is KILLING until the task is gone."""
    world = World("tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: w, type: core.flow.Pause, delay: PT1S}, {id: a, type: t}]}]")
    world.begin()
    world.tell(s.Kill())
    assert world.timers() == []
    assert world.tell(s.Resume()) == ()
    world.play()

    assert world.states == {"p": KILLED, "w": KILLED, "a": KILLED}


def test_a_kill_of_a_paused_execution_with_ended_tasks():
    """What ended during the pause keeps its state; its block is told, and begins nothing."""
    world = World(BESIDE)
    world.begin()
    world.tell(s.Pause())
    world.end("a")
    world.end("b", WARNING)
    world.tell(s.Kill())

    assert (world.state, world.states) == (KILLED, {"p": KILLED, "a": SUCCESS, "b": WARNING})


@pytest.mark.parametrize(("flow", "run"), [
    ("tasks: [{id: a, type: t, when: '{{ envs.x }}'}]", CREATED),
    ("tasks: [{id: a, type: core.flow.If, condition: '{{ envs.x }}', then: [{id: b, type: t}]}]", RUNNING),
    ("tasks: [{id: a, type: core.flow.Pause, delay: '{{ envs.x }}'}]", RUNNING),
])  # fmt: skip
def test_a_kill_while_the_shell_evaluates(flow: str, run: object):
    """There is no attempt to stop: it is over at once, and the answer is stale."""
    world = World(flow)
    world.tell(s.Begin())
    assert world.run("a").state is run
    (ask,) = [command for command in world.outstanding() if isinstance(command, cmd.Evaluate)]
    world.tell(s.Kill())

    assert (world.state, world.states) == (KILLED, {"a": KILLED})
    assert world.tell(s.Evaluated(1, ask.ask, "PT1S")) == ()


def test_a_kill_of_a_loop_begins_no_further_value():
    """Values that had not begun never do."""
    world = World("tasks: [{id: each, type: core.flow.ForEach, values: [x, y, z], concurrencyLimit: 2, tasks: [{id: a, type: t}]}]")
    world.begin()
    world.tell(s.Kill())
    world.play()

    assert world.states == {"each": KILLED, "a[x]": KILLED, "a[y]": KILLED}


def test_a_kill_in_an_error_branch_ends_it_killed():
    """Though a task failed before: KILLED is what it ends as."""
    world = World(ONE + "\nerrors: [{id: e, type: t}]\nfinally: [{id: f, type: t}]")
    world.begin()
    world.end("a", FAILED)
    assert world.running == ["e"]
    world.tell(s.Kill())
    world.play()

    assert (world.state, world.states) == (KILLED, {"a": FAILED, "e": KILLED})


def test_nothing_leaves_a_terminated_execution():
    """Every signal but Restart and SetLabels is stale."""
    world = World(ONE).play()
    signals = [
        s.Begin(), s.Recover(), s.Dispatched(1), s.TaskEnded(1, 1, FAILED), s.TimerFired(1, 1), s.TimerFired(0, 1), s.Evaluated(1, "when"),
        s.ChildChosen(1, 1, "n", "f", 1), s.ChildEnded(1, "c", SUCCESS), s.SlotGranted(), s.SlotQueued(), s.SlotRefused(FAILED),
        s.Kill(), s.Pause(), s.Resume(), s.Restart(),
    ]  # fmt: skip
    for signal in signals:
        assert world.tell(signal) == ()


# ---- crashes -----------------------------------------------------------------------------------------------------


def lost(policy: str, more: str = "") -> World:
    """A task that ran when its engine died."""
    world = World(f"tasks: [{{id: a, type: t, onLost: {policy}{more}}}, {{id: b, type: t}}]")
    world.begin()
    world.now += 1
    world.crash()
    return world


def test_a_lost_attempt_is_made_again():
    """RETRY, the default: at once, whatever the retry policy says, for it does not count."""
    world = lost("RETRY", ", retry: {type: constant, interval: PT1H, maxAttempts: 2}")

    assert world.past("a") == [CREATED, RUNNING, RETRYING, CREATED, RUNNING]
    assert (world.running, world.run("a").attempt, world.run("a").counted) == (["a"], 2, 1)
    assert world.tell(s.TaskEnded(1, 1, SUCCESS)) == ()
    world.end("a", FAILED)
    assert world.run("a").state is RETRYING


@pytest.mark.parametrize(("more", "state"), [("", FAILED), (", allowFailure: true", WARNING)])
def test_a_lost_attempt_may_fail_the_run(more: str, state: object):
    """FAIL: no retry; the message says why."""
    world = lost("FAIL", more + ", retry: {type: constant, interval: PT1H, maxAttempts: 2}")

    assert world.run("a").state is state
    assert world.run("a").error == "the engine stopped while this task ran (onLost: FAIL)"


def test_a_lost_attempt_may_wait_for_a_person():
    """HOLD: the run and the execution are PAUSED; a resume makes the next attempt, and the lost one does not count."""
    world = lost("HOLD")
    assert (world.state, world.run("a").state, world.outstanding()) == (PAUSED, PAUSED, {cmd.AwaitResume(0), cmd.AwaitResume(1)})
    assert world.run("a").attempts[0].lost
    world.crash()
    world.tell(s.Resume())
    world.grant()

    assert (world.running, world.run("a").attempt, world.run("a").counted) == (["a"], 2, 1)
    assert world.play().states == {"a": SUCCESS, "b": SUCCESS}


def test_a_held_run_can_be_killed():
    """It stays lost."""
    world = lost("HOLD")
    world.tell(s.Kill())

    assert (world.state, world.run("a").state) == (KILLED, KILLED)


def test_a_crash_while_paused_makes_the_attempt_again_after_the_resume():
    """Nothing starts before."""
    world = World(ONE)
    world.begin()
    world.tell(s.Pause())
    world.crash()
    assert (world.state, world.run("a").state, world.running) == (PAUSED, CREATED, [])
    world.tell(s.Resume())

    assert world.play().state is SUCCESS


def test_a_crash_while_it_is_killed_ends_it():
    """Nobody is left to stop the attempt: it is lost, and the execution KILLED."""
    world = World(BESIDE)
    world.begin()
    world.tell(s.Kill())
    world.crash()

    assert (world.state, world.run("a").state, world.run("a").attempts[0].lost) == (KILLED, KILLED, True)


def test_a_crash_loses_nothing_that_waits():
    """Places, timers, answers, pauses and slots are asked for again; no change is made."""
    flows = [
        "tasks: [{id: a, type: t}]",
        "tasks: [{id: a, type: t, when: '{{ envs.x }}'}]",
        "tasks: [{id: a, type: core.flow.If, condition: '{{ envs.x }}', then: [{id: b, type: t}]}]",
        "tasks: [{id: a, type: core.flow.Pause, delay: PT1S}]",
        "tasks: [{id: a, type: t}]\nconcurrency: {limit: 1}",
    ]
    for flow in flows:
        world = World(flow)
        world.tell(s.Begin())
        before = world.outstanding()
        world.forget()
        assert world.tell(s.Recover()) == ()
        assert world.outstanding() == before


def test_a_crash_right_after_the_creation_begins_it():
    """The transaction that made it may have been all there was."""
    world = World(ONE)
    world.crash()

    assert world.running == ["a"]


def test_a_crash_after_the_timer_was_told_is_answered_by_the_timer_again():
    """An armed timer is derived from the state."""
    world = World("tasks: [{id: a, type: t, timeout: PT2S, onLost: FAIL}]")
    world.begin()
    world.forget()

    assert len(world.timers()) == 1


def test_a_kill_of_a_pause_in_which_a_block_had_nothing_to_do():
    """The block was opened during the pause and would have ended with the resume: the kill ends it."""
    world = World(
        "tasks: [{id: e, type: core.flow.ForEach, values: '{{ envs.v }}', tasks: [{id: a, type: t}]}]", outside={"envs": {"v": []}}
    )
    world.tell(s.Begin())
    world.tell(s.Pause())
    world.grant()
    assert world.states == {"e": RUNNING}
    world.tell(s.Kill())

    assert (world.state, world.states) == (KILLED, {"e": KILLED})
