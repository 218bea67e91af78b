"""Stop what runs: all of it, what is not in a `finally`, or what is inside one block."""

import pytest

from onbeat.core import signals as s
from onbeat.core.execution import Execution
from tests.core.world import CANCELLED, FAILED, HANG, KILLED, KILLING, RUNNING, SUCCESS, WARNING, World

BESIDE = """
tasks:
  - id: par
    type: core.flow.Parallel
    {more}
    tasks:
      - {{id: a, type: t}}
      - id: seq
        type: core.flow.Sequential
        tasks: [{{id: b, type: t}}, {{id: c, type: t}}]
        finally: [{{id: clean, type: t}}]
  - {{id: after, type: t}}
finally:
  - {{id: last, type: t}}
"""


def beside(more: str = "") -> World:
    """Two tasks at work side by side."""
    world = World(BESIDE.format(more=more), {"a": [HANG], "b": [HANG]})
    world.begin()
    return world


def leaving(world: World, state: str) -> Execution:
    """Task `a` says that the execution ends in this state."""
    run = world.run("a")
    world.tell(s.TaskEnded(run.n, run.attempt, SUCCESS, facts=s.Facts(exit=state)))  # type: ignore[arg-type]
    world.grant()
    return world.execution


def test_a_kill_reaches_everything():
    """What runs is asked to stop; nothing begins, no `finally` either."""
    world = beside()
    world.tell(s.Kill())
    assert world.states == {"par": RUNNING, "a": KILLING, "seq": RUNNING, "b": KILLING}
    world.play()

    assert world.states == {"par": KILLED, "a": KILLED, "seq": KILLED, "b": KILLED}
    assert world.state is KILLED


@pytest.mark.parametrize("state", [SUCCESS, WARNING, FAILED, CANCELLED, KILLED])
def test_an_exit_stops_what_runs_and_cleans_up(state: str):
    """Blocks end in its state; their `finally`s run, and the flow's; what was to come does not begin."""
    world = beside()
    leaving(world, state)
    world.play()

    assert world.states == {"par": state, "a": state, "seq": state, "b": KILLED, "clean": SUCCESS, "last": SUCCESS}
    assert world.state is state


def test_a_second_exit_changes_nothing():
    """The first one has said how it ends."""
    world = beside()
    world.plays["clean"] = [HANG]
    leaving(world, WARNING)
    world.tell(s.TaskEnded(world.run("b").n, 1, KILLED))
    world.grant()
    run = world.run("clean")
    world.tell(s.TaskEnded(run.n, run.attempt, SUCCESS, facts=s.Facts(exit=FAILED)))
    world.play()

    assert world.state is WARNING


@pytest.mark.parametrize("state", [FAILED, CANCELLED])
def test_a_failure_may_stop_what_is_beside_it(state: str):
    """onChildFailure: the others are stopped, the block ends so; what is around it goes on as after any failure."""
    world = beside(f"onChildFailure: {state}")
    world.end("a", FAILED)
    world.play()

    assert world.states == {"par": state, "a": FAILED, "seq": KILLED, "b": KILLED, "clean": SUCCESS, "last": SUCCESS}
    assert world.state is state
