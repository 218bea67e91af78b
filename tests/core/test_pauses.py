"""Pauses: of a person, beside those of Pause tasks. Pause and Approval have their own tests in plan/."""

import pytest

from onbeat.core import signals as s
from tests.core.world import CREATED, FAILED, HANG, PAUSED, RESTARTED, RUNNING, SECOND, SUCCESS, WARNING, World

BESIDE = """
tasks:
  - id: par
    type: core.flow.Parallel
    tasks:
      - {id: p, type: core.flow.Pause, pauseDuration: PT5S}
      - {id: a, type: t}
      - {id: b, type: t}
"""


def test_a_persons_pause_lets_what_runs_end_and_begins_nothing():
    """What ended is told to its block with the resume."""
    world = World("tasks: [{id: a, type: t}, {id: b, type: t}]", {"a": [HANG]}).play()
    world.tell(s.Pause())
    world.end("a")
    assert (world.state, world.states, world.execution.held) == (PAUSED, {"a": SUCCESS}, (1,))
    world.tell(s.Resume())

    assert (world.state, world.states) == (RUNNING, {"a": SUCCESS, "b": CREATED})
    assert world.history == [CREATED, RUNNING, PAUSED, RESTARTED, RUNNING]


def test_a_pause_whose_time_is_up_wakes_nobody_that_a_person_paused():
    """Also where nothing but Pause tasks is left by then."""
    world = World(BESIDE)
    world.begin()
    world.tell(s.Pause())
    world.end("a")
    world.end("b")
    world.at(60)
    assert (world.state, world.run("p").state) == (PAUSED, PAUSED)
    world.tell(s.Resume())

    assert world.play().state is SUCCESS


def test_who_paused_it_is_in_the_journal():
    """After a crash it is known, too."""
    by_hand = World(BESIDE)
    by_hand.begin()
    by_hand.tell(s.Pause())
    by_hand.crash()
    assert by_hand.execution.by_hand

    by_itself = World("tasks: [{id: p, type: core.flow.Pause, pauseDuration: PT5S}]")
    by_itself.begin()
    assert (by_itself.state, by_itself.execution.by_hand) == (PAUSED, False)
    by_itself.crash()
    assert by_itself.play().state is SUCCESS


def test_a_pause_beside_what_goes_on_ends_in_its_time():
    """The execution was never PAUSED."""
    world = World(BESIDE)
    world.begin()
    world.at(5)

    assert (world.run("p").state, world.state, world.history) == (SUCCESS, RUNNING, [CREATED, RUNNING])


def test_a_second_pause_and_a_resume_of_what_runs_are_stale():
    """Nothing changes."""
    world = World(BESIDE)
    world.begin()
    world.tell(s.Pause())
    assert world.tell(s.Pause()) == ()
    plain = World("tasks: [{id: a, type: t}]")
    plain.begin()

    assert plain.tell(s.Resume()) == ()


@pytest.mark.parametrize(("behaviour", "state"), [("FAIL", FAILED), ("WARN", WARNING)])
def test_a_pause_that_ends_badly_runs_its_finally(behaviour: str, state: object):
    """And its errors when it failed; its tasks, which follow a resume, do not run."""
    flow = f"""
tasks:
  - id: p
    type: core.flow.Pause
    pauseDuration: PT5S
    behavior: {behaviour}
    tasks: [{{id: t, type: t}}]
    errors: [{{id: e, type: t}}]
    finally: [{{id: f, type: t}}]
"""
    world = World(flow).play()

    assert world.states == {"p": state} | ({"e": SUCCESS} if state is FAILED else {}) | {"f": SUCCESS}
    assert world.run("p").error == "nobody resumed it in time"


def test_a_held_task_is_tried_again_with_the_resume():
    """Its attempt was lost, and `onLost: HOLD` waits for a person."""
    world = World("tasks: [{id: a, type: t, onLost: HOLD}]", {"a": [HANG, SUCCESS]}).play()
    world.crash()
    assert (world.state, world.run("a").state) == (PAUSED, PAUSED)
    world.tell(s.Resume())

    assert world.play().states == {"a": SUCCESS}


def test_a_pause_in_the_errors_of_a_loop_pauses_the_execution():
    """The loop's own iterations are over."""
    world = World(
        "tasks: [{id: l, type: core.flow.Loop, values: [1], tasks: [{id: t, type: t}], errors: [{id: p, type: core.flow.Pause}]}]",
        {"t": [FAILED]},
    )
    world.play()
    assert world.state is PAUSED
    world.tell(s.Resume())

    assert world.play().states == {"l": FAILED, "p": SUCCESS}


def test_loops_whose_time_came_meanwhile_go_on():
    """Whatever wakes the execution: a person, or a Pause whose time is up."""
    flow = """
tasks:
  - id: par
    type: core.flow.Parallel
    tasks:
      - {id: u, type: core.flow.LoopUntil, condition: false, checkFrequency: {interval: PT3S}, tasks: [{id: t, type: t}]}
      - {id: p, type: core.flow.Pause, pauseDuration: PT5S}
"""
    world = World(flow)
    world.begin()
    world.end("t")
    world.tell(s.Pause())
    world.at(60)
    world.tell(s.Resume())
    world.grant()

    assert world.running == ["t#2"]
    assert world.now == world.execution.head.created + 60 * SECOND
