"""LoopUntil: the same tasks again and again, until a condition holds."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.evolve_blocks import KEPT_ROUNDS
from onbeat.core.plan.loop_until import LoopUntil, frequency
from onbeat.errors import InvalidFile
from tests.core.world import FAILED, HANG, KILLED, PAUSED, RESTARTED, RUNNING, SUCCESS, WARNING, World, flow_of


def until(condition: str = "{{ outputs.t.x >= 3 }}", more: str = "", often: str = "interval: PT10S") -> str:
    """A flow with a loop and a task after it."""
    return f"""
tasks:
  - id: loop
    type: core.flow.LoopUntil
    condition: "{condition}"
    checkFrequency: {{{often}}}
    {more}
    tasks: [{{id: t, type: t}}]
  - {{id: after, type: t}}
"""


def counting(world: World, run: object) -> dict[str, int]:
    """The output x is 1 in the first iteration, 2 in the next."""
    return {"x": world.run("loop").outputs["iterationCount"]}


def test_tasks_run_again_until_the_condition_holds():
    """It is looked at after each iteration, with the outputs of that iteration; the first begins at once."""
    world = World(until(), {"t": counting})
    world.begin()
    world.end("t", {"x": 1})
    assert world.timers() == [cmd.ArmTimer(1, world.now + 10_000_000)]
    world.play()

    assert world.states == {"loop": SUCCESS, "t": SUCCESS, "t#2": SUCCESS, "t#3": SUCCESS, "after": SUCCESS}
    assert world.run("loop").outputs == {"iterationCount": 3}
    assert (world.now - world.execution.head.created) == 20_000_000


def test_its_old_name_is_the_same():
    """`core.flow.WaitFor`."""
    (spec,) = flow_of(until().replace("LoopUntil", "WaitFor").replace("  - {id: after, type: t}", "")).tasks
    assert isinstance(spec, LoopUntil)


def test_the_iteration_is_known_to_its_tasks():
    """`taskrun.iteration` counts from 0, `outputs.<loop>.iterationCount` from 1."""
    counts = "{{ taskrun.iteration }}/{{ outputs.loop.iterationCount }}"
    flow = until("{{ outputs.loop.iterationCount == 2 }}").replace(
        "{id: t, type: t}", f"{{id: t, type: core.flow.Switch, value: '{counts}', defaults: [{{id: d, type: t}}]}}"
    )
    world = World(flow).play()

    assert [world.run(name).outputs["value"] for name in ("t", "t#2")] == ["0/1", "1/2"]


def test_without_an_interval_it_waits_a_minute():
    """Kestra's default; the other limits are none."""
    assert frequency({}) == frequency(None) == (frequency({"interval": "PT60S"}))
    assert (frequency({}).most, frequency({}).longest) == (None, None)


@pytest.mark.parametrize(("fail", "state"), [("true", FAILED), ("false", SUCCESS)])
@pytest.mark.parametrize(("often", "rounds"), [("interval: PT1S, maxIterations: 3", 3), ("interval: PT2S, maxDuration: PT3S", 2)])
def test_its_limits_end_it(often: str, rounds: int, fail: str, state: object):
    """As its tasks ended, or as a failure with `failOnMaxReached`. The duration ends it in the middle of an interval, too.

    After `maxIterations` the count is that of the iteration that would have been next, as in Kestra.
    """
    world = World(until("{{ false }}", f"failOnMaxReached: {fail}", often)).play()

    assert world.run("loop").state is state
    assert world.run("loop").outputs == {"iterationCount": rounds + ("maxIterations" in often)}
    if state is FAILED:
        assert world.run("loop").error == f"its condition did not hold within its limits, after {rounds} iterations"


def test_a_limit_keeps_the_state_of_its_tasks():
    """A warning of the last iteration is one of the loop; one of an earlier iteration is past. allowWarning counts."""
    assert World(until("{{ false }}", often="interval: PT1S, maxIterations: 2"), {"t": [WARNING]}).play().run("loop").state is WARNING
    assert World(until("{{ false }}", often="interval: PT2S, maxDuration: PT3S"), {"t": [WARNING]}).play().run("loop").state is WARNING
    assert World(until("{{ false }}", "allowWarning: true", "maxDuration: PT1S"), {"t": [WARNING]}).play().run("loop").state is SUCCESS
    by_round = lambda world, run: [WARNING, SUCCESS][world.run("loop").outputs["iterationCount"] - 1]  # noqa: E731
    assert World(until("{{ false }}", often="interval: PT1S, maxIterations: 2"), {"t": by_round}).play().run("loop").state is SUCCESS


@pytest.mark.parametrize("wrong", ["{{ outputs.nowhere.x }}", "{{ 1 / 0 }}"])
def test_a_condition_that_cannot_be_evaluated_fails_it(wrong: str):
    """The run says why."""
    world = World(until(wrong)).play()

    assert world.states == {"loop": FAILED, "t": SUCCESS}
    assert world.run("loop").error


def test_what_fails_it_runs_its_errors_and_its_finally():
    """A task of it, its condition, its limits: all the same."""
    tails = "errors: [{id: e, type: t}]\n    finally: [{id: f, type: t}]"
    for flow, plays in (
        (until(more=tails), {"t": [FAILED]}),
        (until("{{ outputs.nowhere.x }}", tails), {}),
        (until("{{ false }}", f"failOnMaxReached: true\n    {tails}", "maxIterations: 1"), {}),
        (until("{{ false }}", tails, "interval: soon"), {}),
    ):
        world = World(flow, plays).play()
        assert world.states == {"loop": FAILED, "t": world.run("t").state, "e": SUCCESS, "f": SUCCESS}


def test_a_condition_that_reaches_outside_is_asked_for_in_each_iteration():
    """The answer of one is not that of the next."""
    world = World(until("{{ envs.ready }}"), outside={"envs": {"ready": False}})
    world.begin()
    world.end("t")
    world.outside["envs"] = {"ready": True}
    world.play()

    assert world.run("loop").outputs == {"iterationCount": 2}


def test_a_condition_from_outside_that_fails_fails_it():
    """It is not forgotten."""
    world = World(until("{{ envs.nothing }}")).play()

    assert (world.run("loop").state, world.state) == (FAILED, FAILED)
    assert "condition: " in (world.run("loop").error or "")


def test_a_kill_between_iterations_ends_it():
    """It waits for nothing any more."""
    world = World(until("{{ false }}"))
    world.begin()
    world.end("t")
    world.tell(s.Kill())

    assert (world.state, world.run("loop").state) == (KILLED, KILLED)
    assert world.outstanding() == frozenset()


def test_a_pause_between_iterations_holds_the_next_one():
    """Its time may come meanwhile: it begins with the resume, and not before its time."""
    for pause in (5, 15):
        world = World(until("{{ false }}"))
        world.begin()
        world.end("t")
        world.tell(s.Pause())
        world.at(pause)
        assert "t#2" not in world.states
        world.tell(s.Resume())
        world.grant()
        assert ("t#2" in world.states) is (pause == 15)
        world.at(pause + 10)
        assert world.running == ["t#2"]


def test_a_pause_inside_holds_the_iteration():
    """It goes on where it was."""
    world = World(until("{{ outputs.loop.iterationCount == 2 }}").replace("{id: t, type: t}", "{id: t, type: core.flow.Pause}")).play()
    assert world.state is PAUSED
    world.tell(s.Resume())
    world.play()
    assert (world.state, world.run("loop").outputs) == (PAUSED, {"iterationCount": 2})
    world.tell(s.Resume())

    assert world.play().state is SUCCESS


def test_a_crash_between_iterations_changes_nothing():
    """The timer is armed again."""
    world = World(until(), {"t": counting})
    world.begin()
    world.end("t", {"x": 1})
    world.crash()

    assert world.play().run("loop").outputs == {"iterationCount": 3}


def test_a_restart_goes_on_with_the_iteration_that_failed():
    """Those before stay; the time that it may take counts from its beginning."""
    world = World(until(), {"t": lambda world, run: FAILED if world.run("loop").outputs["iterationCount"] == 2 else counting(world, run)})
    world.play()
    assert world.states == {"loop": FAILED, "t": SUCCESS, "t#2": FAILED}
    world.restart(t=counting)

    assert world.states == {"loop": SUCCESS, "t": SUCCESS, "t#2": SUCCESS, "t#3": SUCCESS, "after": SUCCESS}
    assert world.run("t#2").attempt == 2


def test_one_that_reached_its_limit_is_restarted_anew():
    """Going on would fail at once."""
    world = World(until("{{ false }}", "failOnMaxReached: true", "interval: PT1S, maxIterations: 2")).play()
    world.flow = flow_of(until("{{ outputs.loop.iterationCount == 2 }}", "failOnMaxReached: true", "interval: PT1S, maxIterations: 2"))

    assert world.restart().state is SUCCESS
    assert world.history.count(RESTARTED) == 1


def test_one_that_was_killed_between_iterations_goes_on():
    """With the next one."""
    world = World(until(), {"t": counting})
    world.begin()
    world.end("t", {"x": 1})
    world.tell(s.Kill())

    assert world.restart().run("loop").outputs == {"iterationCount": 3}


def test_a_replay_repeats_an_iteration_and_those_after_it():
    """What was before is copied, and the count goes on from there."""
    world = World(until(), {"t": counting}).play()
    again = world.replay("t#2")
    assert again.states == {"loop": RUNNING, "t": SUCCESS, "t#2": RESTARTED}
    assert again.run("loop").outputs == {"iterationCount": 2}
    again.play()

    assert again.states == {"loop": SUCCESS, "t": SUCCESS, "t#2": SUCCESS, "t#3": SUCCESS, "after": SUCCESS}
    assert again.run("loop").outputs == {"iterationCount": 3}


def test_iterations_of_long_ago_are_forgotten():
    """Their task runs are taken away; what expressions see is the last one's. Those that may have to be undone stay."""
    rounds = KEPT_ROUNDS + 5
    flow = until(f"{{{{ outputs.t.x >= {rounds} }}}}", "failOnMaxReached: true", f"interval: PT1S, maxIterations: {rounds}")
    world = World(flow, {"t": counting}).play()
    assert len([name for name in world.states if name.startswith("t")]) == KEPT_ROUNDS
    assert world.run("loop").outputs == {"iterationCount": rounds}

    undoable = World(flow.replace("{id: t, type: t}", "{id: t, type: t, compensate: [{id: u, type: t}]}"), {"t": counting}).play()
    assert len([name for name in undoable.states if name.startswith("t")]) == rounds


def test_a_disabled_task_is_no_iteration_without_end():
    """With nothing to do it looks at its condition, and waits."""
    world = World(until("{{ outputs.loop.iterationCount == 2 }}").replace("{id: t, type: t}", "{id: t, type: t, disabled: true}")).play()

    assert world.states == {"loop": SUCCESS, "after": SUCCESS}


@pytest.mark.parametrize(("often", "said"), [("every: PT1S", "unknown key `every`"), ("maxIteration: 3", "did you mean `maxIterations`")])
def test_an_unknown_key_of_its_frequency_is_refused(often: str, said: str):
    """With the nearest right name."""
    with pytest.raises(InvalidFile, match=said):
        flow_of(until(often=often))


def test_its_frequency_may_be_an_expression():
    """Rendered after each iteration."""
    world = World(
        until("{{ false }}", often="interval: '{{ inputs.wait }}', maxIterations: '{{ inputs.most }}'"), inputs={"wait": "PT5S", "most": 2}
    )
    world.begin()
    world.end("t")
    assert world.timers()[0].due - world.now == 5_000_000

    assert world.play().run("loop").outputs == {"iterationCount": 3}


def test_a_hanging_task_of_it_can_time_out():
    """As anywhere."""
    flow = until().replace("{id: t, type: t}", "{id: t, type: t, timeout: PT1S}")

    assert World(flow, {"t": [HANG]}).play().run("loop").state is FAILED
