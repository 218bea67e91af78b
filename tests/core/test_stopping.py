"""Stopping: an exit, and what is stopped inside one block. Kills are in test_decide_stopping.py."""

import pytest

from onbeat.core import signals as s
from onbeat.core.states import State
from tests.core.world import CANCELLED, FAILED, HANG, KILLED, KILLING, PAUSED, RUNNING, SUCCESS, WARNING, World

FLOW = """
tasks:
  - id: both
    type: core.flow.Parallel
    tasks:
      - id: one
        type: core.flow.Sequential
        tasks: [{id: leave, type: t}, {id: never, type: t}]
        errors: [{id: e1, type: t}]
        finally: [{id: f1, type: t}]
      - {id: other, type: t}
  - {id: after, type: t}
errors: [{id: e, type: t}]
finally: [{id: f, type: t}]
"""


def leaving(state: State, **plays: object) -> World:
    """A task told the execution to end, while another one runs."""
    return World(FLOW, {"leave": [s.Facts(exit=state)], "other": [HANG], **plays}).play()


@pytest.mark.parametrize("state", [SUCCESS, WARNING, FAILED, KILLED, CANCELLED])
def test_an_exit_ends_the_execution_in_its_state(state: State):
    """What runs is stopped, nothing begins but the `finally`s; the task that said so ended so."""
    world = leaving(state)

    assert world.state is state
    assert world.states == {"both": state, "one": state, "other": KILLED, "leave": state, "f1": SUCCESS, "f": SUCCESS}


def test_an_exit_waits_for_what_it_stops():
    """A task that does not stop at once is KILLING until it has."""
    world = World(FLOW, {"leave": [HANG], "other": [HANG]})
    world.begin()
    world.tell(world.ending(world.run("leave"), s.Facts(exit=SUCCESS)))
    assert (world.state, world.run("other").state) == (RUNNING, KILLING)

    assert world.play().state is SUCCESS


def test_what_is_in_a_finally_goes_on():
    """An exit leaves it, and what is in it ends as it does."""
    flow = """
tasks: [{id: a, type: t}]
finally:
  - id: s
    type: core.flow.Sequential
    tasks: [{id: x, type: t}, {id: y, type: t}]
"""
    world = World(flow, {"x": [s.Facts(exit=FAILED)]}).play()
    assert world.states == {"a": SUCCESS, "s": FAILED, "x": FAILED}

    inner = "{id: s, type: core.flow.Sequential, tasks: [{id: x, type: t}, {id: y, type: t}]}"
    beside = f"{{id: q, type: core.flow.Sequential, tasks: [{{id: z, type: t}}], finally: [{inner}]}}"
    beside = f"tasks: [{{id: p, type: core.flow.Parallel, tasks: [{beside}, {{id: leave, type: t}}]}}]"
    world = World(beside, {"x": [HANG], "leave": [HANG]}).play()
    world.tell(world.ending(world.run("leave"), s.Facts(exit=CANCELLED)))
    world.end("x")
    world.play()
    assert world.states == {"p": CANCELLED, "q": CANCELLED, "leave": CANCELLED, "z": SUCCESS, "s": SUCCESS, "x": SUCCESS, "y": SUCCESS}


def test_only_the_first_exit_counts():
    """Of two that come at once."""
    world = World(FLOW, {"leave": [HANG], "other": [HANG]}).play()
    leave, other = world.run("leave"), world.run("other")
    world.tell(world.ending(leave, s.Facts(exit=CANCELLED)), world.ending(other, s.Facts(exit=SUCCESS)))

    assert world.play().state is CANCELLED


@pytest.mark.parametrize(("waiting", "end"), [
    ("{id: w, type: core.flow.Pause}", KILLED),
    ("{id: w, type: core.flow.LoopUntil, condition: false, tasks: [{id: t, type: t}], finally: [{id: g, type: t}]}", CANCELLED),
    ("{id: w, type: core.flow.WaitForEvent, topic: x}", KILLED),
    ("{id: w, type: core.flow.ForEachItem, items: x, namespace: tests, flowId: none}", CANCELLED),
    ("{id: w, type: core.flow.If, condition: '{{ envs.x }}', then: [{id: t, type: t}]}", KILLED),
])  # fmt: skip
def test_an_exit_ends_what_waits(waiting: str, end: State):
    """For a person, a time, an event, the shell."""
    flow = f"tasks: [{{id: p, type: core.flow.Parallel, tasks: [{waiting}, {{id: leave, type: t}}]}}]"
    world = World(flow, {"w": [HANG]})
    world.tell(s.Begin())
    for run in list(world.execution.runs.values()):
        world.tell(s.Dispatched(run.n))
    if "LoopUntil" in waiting:
        world.grant()
        world.end("t")
    world.tell(world.ending(world.run("leave"), s.Facts(exit=CANCELLED)))
    world.play()

    assert (world.state, world.run("w").state) == (CANCELLED, end)
    assert ("g" in world.states) is ("LoopUntil" in waiting)


def test_an_exit_wakes_a_paused_execution():
    """It ends; what was held is told."""
    world = World(FLOW, {"leave": [HANG], "other": [HANG]}).play()
    world.tell(s.Pause())
    world.tell(world.ending(world.run("leave"), s.Facts(exit=SUCCESS)))

    assert world.history[-2:] == [State.RESTARTED, RUNNING]
    assert world.play().state is SUCCESS


PROMISED = """
tasks: [{id: a, type: t}]
finally:
  - {id: l, type: core.flow.Loop, values: [1], tasks: [{id: t, type: t}]}
  - id: u
    type: core.flow.LoopUntil
    condition: "{{ outputs.u.iterationCount > 1 }}"
    checkFrequency: {interval: PT1S}
    tasks: [{id: x, type: t}]
sla: [{id: s, type: MAX_DURATION, duration: PT10S, behavior: CANCEL}]
"""


@pytest.mark.parametrize("early", [True, False])
def test_an_exit_of_a_paused_execution_lets_its_finallys_go_on(early: bool):
    """What they waited for came while it was PAUSED: the end of an iteration, a time."""
    world = World(PROMISED)
    world.begin()
    world.end("a")
    (iteration,) = world.children.values()
    if early:
        world.tell(s.Pause())
    iteration.end("t")
    world.tell(world.inbox.pop())
    if not early:
        world.grant()
        world.end("x")
        world.tell(s.Pause())
    assert world.state is PAUSED
    world.at(10)
    world.play()

    assert (world.state, world.run("l").state, world.run("u").state) == (CANCELLED, SUCCESS, SUCCESS)
    assert world.run("u").outputs == {"iterationCount": 2}


def test_a_kill_beats_an_exit():
    """Also one that comes later; an exit after a kill says nothing."""
    world = World(FLOW, {"leave": [HANG], "other": [HANG]}).play()
    world.tell(world.ending(world.run("leave"), s.Facts(exit=SUCCESS)))
    world.tell(s.Kill())
    assert world.play().state is KILLED

    world = World(FLOW, {"leave": [HANG], "other": [HANG]}).play()
    world.tell(s.Kill())
    world.tell(world.ending(world.run("leave"), s.Facts(exit=SUCCESS)))
    assert world.play().state is KILLED


def test_an_exit_stops_executions_it_started():
    """Those of subflows and loops; they end, then it does."""
    loop = "{id: l, type: core.flow.Loop, values: [1], tasks: [{id: t, type: t}]}"
    flow = f"tasks: [{{id: p, type: core.flow.Parallel, tasks: [{loop}, {{id: leave, type: t}}]}}]"
    world = World(flow, {"t": [HANG], "leave": [HANG]}).play()
    world.end("leave", s.Facts(exit=FAILED))
    world.play()

    assert [child.state for child in world.children.values()] == [KILLED]
    assert world.states == {"p": FAILED, "l": KILLED, "leave": FAILED}


def test_a_restart_of_what_was_left_runs_what_was_kept_from_running():
    """As after any failure."""
    world = leaving(FAILED)
    world.restart(leave=[SUCCESS], other=[SUCCESS])

    assert world.state is SUCCESS
    assert {"never", "after"} <= set(world.states)


INSIDE = """
tasks:
  - id: p
    type: core.flow.Parallel
    onChildFailure: FAIL
    tasks:
      - {id: a, type: t}
      - id: s
        type: core.flow.Sequential
        tasks: [{id: b, type: t, allowFailure: true, retry: {type: constant, interval: PT1S, maxAttempts: 3}}, {id: c, type: t}]
        errors: [{id: wrong, type: t}]
        finally: [{id: f, type: t}]
      - {id: l, type: core.flow.LoopUntil, condition: false, tasks: [{id: u, type: t}], finally: [{id: g, type: t}]}
      - {id: i, type: core.flow.ForEachItem, items: x, namespace: tests, flowId: child}
    errors: [{id: cleanup, type: t}]
"""


@pytest.mark.parametrize(("word", "state"), [("FAIL", FAILED), ("cancel", CANCELLED), ("FAILED", FAILED), ("CANCELLED", CANCELLED)])
def test_a_failed_child_may_stop_those_beside_it(word: str, state: State):
    """Whatever they do; their `finally`s run, and nothing else of them begins. The others end as it says; the block failed."""
    plays = {"a": [HANG], "b": [HANG], "work": [HANG]}
    world = World(INSIDE.replace("FAIL", word), plays, flows={"child": "tasks: [{id: work, type: t}]"})
    world.begin()
    world.end("u")
    world.end("i_split", {"uris": ["x", "y", "z", "v"]})
    world.end("a", FAILED)
    world.play()

    states = world.states
    assert {name: states[name] for name in "apsblig"} == {
        "a": FAILED, "p": FAILED, "s": state, "b": state, "l": state, "i": state, "g": SUCCESS,
    }  # fmt: skip
    assert (states["f"], states["i_items"], "c" in states) == (SUCCESS, state, False)
    assert ("wrong" in states, states["cleanup"]) == (False, SUCCESS)
    assert {child.state for child in world.children.values()} == {KILLED}
    assert len(world.children) == 4


def test_a_pause_beside_a_failed_child_is_ended():
    """Nobody has to resume it."""
    flow = (
        "tasks: [{id: p, type: core.flow.Parallel, onChildFailure: CANCELLED, tasks: [{id: w, type: core.flow.Pause}, {id: a, type: t}]}]"
    )
    world = World(flow, {"a": [FAILED]}).play()

    assert world.states == {"p": FAILED, "w": CANCELLED, "a": FAILED}


def test_without_it_they_go_on():
    """The default."""
    world = World(INSIDE.replace("onChildFailure: FAIL", "onChildFailure: CONTINUE"), {"a": [FAILED], "b": [HANG]}, flows={"child": FLOW})
    world.begin()
    world.end("a", FAILED)

    assert world.run("b").state is RUNNING
    assert world.state is not PAUSED
