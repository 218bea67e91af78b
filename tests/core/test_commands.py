"""Commands: what the world must be doing. The stories of test_decide.py ask it at every step; here are its own rules."""

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.commands import ACTIVE, of_execution, of_run, outstanding
from tests.core.world import SECOND, World

BESIDE = """
tasks:
  - id: p
    type: core.flow.Parallel
    tasks:
      - {id: a, type: t, timeout: PT9S}
      - {id: w, type: core.flow.Pause}
      - {id: x, type: core.flow.Pause, delay: PT5S}
      - {id: q, type: t, when: "{{ envs.go }}"}
      - {id: d, type: t}
"""


def test_each_task_run_needs_what_its_state_says():
    """An attempt and its timer, a person, a timer, an answer, a place; a flowable needs nothing itself."""
    world = World(BESIDE)
    world.tell(s.Begin())
    world.tell(s.Dispatched(2))
    needs = {world.name(run): set(of_run(world.execution, run)) for run in world.execution.runs.values()}

    assert needs == {
        "p": set(),
        "a": {cmd.RunTask(2, 1), cmd.ArmTimer(2, world.now + 9 * SECOND)},
        "w": {cmd.AwaitResume(3)},
        "x": {cmd.ArmTimer(4, world.now + 5 * SECOND)},
        "q": {cmd.Evaluate(5, "when")},
        "d": {cmd.Dispatch(6)},
    }


def test_all_that_is_outstanding_is_what_the_parts_need():
    """The execution's own needs and those of the open task runs: so the difference of a change follows what it touched."""
    world = World(BESIDE)
    for signal in (s.Begin(), s.Dispatched(2), s.Pause(), s.Resume(), s.Kill()):
        world.tell(signal)
        execution = world.execution
        parts = {*of_execution(execution), *(command for n in execution.open for command in of_run(execution, execution.runs[n]))}
        assert outstanding(execution) == parts


def test_a_paused_execution_can_always_be_resumed():
    """Whoever paused it: a person, or its Pause tasks with or without a timer."""
    world = World("tasks: [{id: x, type: core.flow.Pause, delay: PT5S}]")
    world.begin()

    assert world.outstanding() == {cmd.AwaitResume(0), cmd.ArmTimer(1, world.now + 5 * SECOND)}


def test_an_ended_execution_needs_nothing():
    """Nor do its task runs."""
    world = World("tasks: [{id: a, type: t, timeout: PT5S}]").play()

    assert outstanding(world.execution) == frozenset()
    assert list(of_execution(world.execution)) == []
    assert list(of_run(world.execution, world.run("a"))) == []


def test_what_an_engine_must_do_is_active():
    """With the rest an execution may leave memory: timers, children, people and slots come back by themselves."""
    assert set(ACTIVE) == {cmd.Dispatch, cmd.RunTask, cmd.StopTask, cmd.Evaluate}
