"""Rounds: the bookkeeping of a LoopUntil. What it does is in plan/test_loop_until.py."""

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.evolve_blocks import KEPT_ROUNDS
from tests.core.world import FAILED, SECOND, SUCCESS, World

NESTED = """
tasks:
  - id: loop
    type: core.flow.LoopUntil
    condition: "{{ outputs.loop.iterationCount >= 25 }}"
    checkFrequency: {interval: PT1S}
    tasks:
      - {id: s, type: core.flow.Sequential, tasks: [{id: e, type: core.flow.ForEach, values: [a, b], tasks: [{id: t, type: t}]}]}
"""


def test_what_is_inside_of_a_forgotten_iteration_is_forgotten_with_it():
    """However deep; what expressions see stays."""
    world = World(NESTED).play()

    assert len([name for name in world.states if name.startswith("t[")]) == 2 * KEPT_ROUNDS
    assert len(world.execution.blocks) == 2 + 2 * KEPT_ROUNDS
    assert set(world.execution.context["t"]) == {"a", "b"}
    assert world.execution.states["s"] == {"state": "SUCCESS"}


def test_a_timer_of_an_iteration_that_is_over_is_stale():
    """And one that comes early."""
    world = World(NESTED)
    world.begin()
    for _ in range(2):
        world.end(world.running[0])
    (timer,) = world.timers()
    assert world.tell(s.TimerFired(timer.run, timer.due)) == ()
    world.fire()

    assert world.tell(s.TimerFired(timer.run, timer.due)) == ()
    assert cmd.ArmTimer(timer.run, timer.due) not in world.outstanding()


def test_a_loop_that_is_late_does_not_catch_up():
    """The next iteration is an interval after the end of the last one, however late that was."""
    world = World(
        "tasks: [{id: l, type: core.flow.LoopUntil, condition: false, checkFrequency: {interval: PT10S}, tasks: [{id: t, type: t}]}]"
    )
    world.begin()
    world.now += 100 * SECOND
    world.end("t")

    assert world.timers()[0].due == world.now + 10 * SECOND


def test_its_time_limit_counts_from_its_beginning():
    """Over restarts, too."""
    often = "{interval: PT10S, maxDuration: PT25S}"
    flow = f"tasks: [{{id: l, type: core.flow.LoopUntil, condition: false, checkFrequency: {often}, tasks: [{{id: t, type: t}}]}}]"
    world = World(flow, {"t": [FAILED]}).play()
    world.now += 20 * SECOND
    world.restart(t=[SUCCESS])

    assert world.state is SUCCESS
    assert world.now == world.execution.head.created + 25 * SECOND
