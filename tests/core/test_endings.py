"""Endings: what is undone when a flow fails, and what runs after it. Errors and finally are in test_blocks.py."""

import pytest

from onbeat.core import signals as s
from onbeat.core.restart import restartable
from tests.core.world import (
    CANCELLED,
    FAILED,
    HANG,
    KILLED,
    PAUSED,
    RETRIED,
    RETRYING,
    RUNNING,
    SECOND,
    SKIPPED,
    SUCCESS,
    WARNING,
    World,
)

SAGA = """
tasks:
  - {id: book, type: t, compensate: [{id: unbook, type: t}]}
  - id: both
    type: core.flow.Parallel
    tasks:
      - {id: car, type: t, compensate: [{id: uncar, type: t}, {id: tell, type: t}]}
      - {id: room, type: t, compensate: [{id: unroom, type: t}]}
  - {id: pay, type: t, compensate: [{id: unpay, type: t}]}
errors: [{id: e, type: t}]
finally: [{id: f, type: t}]
"""
UNDONE = ["uncar", "tell", "unroom", "unbook"]


def order(world: World, *phases: str) -> list[str]:
    """The names of the flow's own task runs of these phases, in order of creation."""
    return [world.name(run) for _, run in sorted(world.execution.runs.items()) if run.phase in phases]


def saga(more: str = "", **plays: object) -> World:
    """Played: the room is there before the car."""
    world = World(SAGA + more, {"car": [HANG], "pay": [FAILED], **plays}).play()
    world.end("car")
    return world.play()


def test_what_a_failed_flow_had_done_is_undone_in_reverse_order_of_completion():
    """And not of writing, or of begin; one after the other, before its errors. What failed, or never ran, is not undone."""
    world = saga()

    assert order(world, "compensation") == UNDONE
    assert order(world, "compensation", "errors", "finally") == [*UNDONE, "e", "f"]
    assert world.state is FAILED
    assert world.execution.compensated


def test_one_undoing_after_the_other():
    """The next begins when the one before has ended."""
    world = saga(uncar=[HANG])
    assert order(world, "compensation") == ["uncar"]
    assert world.running == ["uncar"]
    world.end("uncar")

    assert order(world, "compensation") == ["uncar", "tell"]


def test_an_undoing_that_fails_stops_no_other():
    """The flow has failed anyway."""
    world = saga(uncar=[FAILED], unroom=[CANCELLED])

    assert order(world, "compensation") == UNDONE
    assert world.state is FAILED


def test_nothing_is_undone_without_a_failure():
    """A warning is none, nor is a failure that was allowed."""
    for outcome in (SUCCESS, WARNING):
        assert order(saga(pay=[outcome]), "compensation") == []
    allowed = World(SAGA.replace("{id: pay, type: t,", "{id: pay, type: t, allowFailure: true,"), {"pay": [FAILED]}).play()
    assert (allowed.state, order(allowed, "compensation")) == (WARNING, [])


def test_a_kill_undoes_nothing():
    """Who kills wants it to stop; so it does in the middle of undoing."""
    world = saga(pay=[HANG])
    world.tell(s.Kill())
    assert (world.play().state, order(world, "compensation")) == (KILLED, [])

    world = saga(uncar=[HANG])
    world.tell(s.Kill())
    assert (world.play().state, order(world, "compensation")) == (KILLED, ["uncar"])


def test_a_skipped_task_has_done_nothing():
    """It is not undone; nor is one whose undoing is disabled."""
    flow = """
tasks:
  - {id: a, type: t, when: false, compensate: [{id: ua, type: t}]}
  - {id: b, type: t, compensate: [{id: ub, type: t, disabled: true}]}
  - {id: c, type: t}
"""
    world = World(flow, {"c": [FAILED]}).play()
    assert world.states == {"a": SKIPPED, "b": SUCCESS, "c": FAILED}
    assert not world.execution.compensated


def test_what_is_undone_is_known_to_what_undoes_it():
    """`compensated.taskId`, `.value` and `.outputs`; also inside of a flowable."""
    seen = "{{ compensated.taskId }}/{{ compensated.value }}/{{ compensated.outputs.x }}"
    inner = f"{{id: inner, type: core.flow.Switch, value: '{seen}', defaults: [{{id: d, type: t}}]}}"
    undo = f"[{{id: u, type: core.flow.Sequential, tasks: [{inner}]}}]"
    flow = f"""
tasks:
  - id: each
    type: core.flow.ForEach
    values: [v, w]
    tasks: [{{id: a, type: t, compensate: {undo}}}]
  - {{id: b, type: t}}
"""
    world = World(flow, {"a": [{"x": 5}], "b": [FAILED]}).play()

    assert [world.run(f"inner[{value}]").outputs["value"] for value in "wv"] == ["a/w/5", "a/v/5"]


def test_a_retry_of_the_flow_comes_before_undoing():
    """It goes on from what was done; undone is only what the last try leaves."""
    world = saga("retry: {type: constant, interval: PT5S, maxAttempts: 2}", e=[HANG])
    assert order(world, "compensation") == []
    world.end("e")
    world.grant()
    world.end("f")
    assert world.state is RETRYING
    world.fire()
    world.plays["e"] = [SUCCESS]
    world.play()

    assert world.run("pay").attempt == 2
    assert order(world, "compensation") == UNDONE


def test_a_retry_that_was_promised_is_kept():
    """However long the errors take: nothing was undone for it."""
    world = saga("retry: {type: constant, interval: PT5S, maxDuration: PT10S}", e=[HANG])
    world.now += 60 * SECOND
    world.end("e")
    world.grant()
    world.end("f")

    assert world.state is RETRYING


@pytest.mark.parametrize("of", ["flow", "task"])
def test_a_try_anew_comes_after_undoing(of: str):
    """A new execution begins with nothing done."""
    retry = "retry: {type: constant, interval: PT5S, maxAttempts: 2, behavior: CREATE_NEW_EXECUTION}"
    flow = SAGA + retry if of == "flow" else SAGA.replace("{id: pay, type: t,", f"{{id: pay, type: t, {retry},")
    world = World(flow, {"pay": [FAILED]}).play()

    assert world.state is RETRIED
    assert sorted(order(world, "compensation")) == sorted(UNDONE)


@pytest.mark.parametrize(("state", "undone"), [(FAILED, True), (CANCELLED, False), (SUCCESS, False), (WARNING, False), (KILLED, False)])
def test_an_exit_undoes_when_it_fails_the_flow(state: object, undone: bool):
    """Not what was told to end otherwise, even where something had failed."""
    world = World(SAGA, {"pay": [s.Facts(exit=state)]}).play()

    assert world.state is state
    assert bool(order(world, "compensation")) is undone
    assert order(world, "finally") == ["f"]


def test_what_was_undone_is_not_restarted():
    """It is replayed, from before what was undone."""
    world = saga()

    assert restartable(world.flow, world.execution) == "what it had done was undone; replay it"
    assert world.tell(s.Restart()) == ()
    assert world.tell(s.SetState(SUCCESS, world.run("pay").n)) == ()


AFTER = """
tasks: [{id: a, type: t}]
finally: [{id: f, type: t}]
outputs: [{id: o, value: 7}]
afterExecution:
  - {id: told, type: core.flow.Switch, value: "{{ execution.state }}/{{ execution.outputs.o ?? 'none' }}", defaults: [{id: d, type: t}]}
  - {id: last, type: t}
"""


@pytest.mark.parametrize("outcome", [SUCCESS, WARNING, FAILED])
def test_what_runs_after_it_sees_how_it_ended(outcome: object):
    """Its final state and outputs; it is over when that is."""
    world = World(AFTER, {"a": [outcome], "last": [HANG]}).play()
    assert world.run("told").outputs["value"] == f"{outcome}/7"
    assert (world.state, world.execution.verdict.state) == (RUNNING, outcome)
    world.end("last")

    assert (world.state, world.execution.outputs) == (outcome, {"o": 7})
    assert list(world.states) == ["a", "f", "told", "d", "last"]


@pytest.mark.parametrize("outcome", [FAILED, WARNING, CANCELLED, s.Facts(exit=FAILED), s.Facts(exit=CANCELLED)])
def test_what_runs_after_it_changes_nothing(outcome: object):
    """Whatever becomes of it: a failure, an exit; nothing is tried again or undone for it."""
    flow = AFTER.replace("{id: a, type: t}", "{id: a, type: t, compensate: [{id: u, type: t}]}")
    flow += "\nretry: {type: constant, interval: PT1S, maxAttempts: 3}"
    flow += "\nsla: [{id: s, type: EXECUTION_ASSERTION, assert: '{{ tasks.last is undefined }}'}]"
    world = World(flow, {"last": [outcome]}).play()

    assert (world.state, world.execution.outputs) == (SUCCESS, {"o": 7})
    assert "u" not in world.states


def test_a_retry_anew_of_what_runs_after_it_is_none():
    """`CREATE_NEW_EXECUTION` there would repeat what is over."""
    retry = "retry: {type: constant, interval: PT1S, maxAttempts: 3, behavior: CREATE_NEW_EXECUTION}"
    world = World(AFTER.replace("{id: last, type: t}", f"{{id: last, type: t, {retry}}}"), {"last": [FAILED]}).play()

    assert (world.state, world.children) == (SUCCESS, {})


def test_a_kill_in_what_runs_after_it_kills_it():
    """Somebody wants it to stop."""
    world = World(AFTER, {"last": [HANG]}).play()
    world.tell(s.Kill())

    assert world.play().state is KILLED


def test_after_outputs_that_cannot_be_had_it_sees_a_failure():
    """That is how the execution ends."""
    world = World(AFTER.replace("value: 7", "value: '{{ outputs.nowhere }}'")).play()

    assert world.run("told").outputs["value"] == "FAILED/none"
    assert world.state is FAILED
    assert (world.execution.error or "").startswith("outputs: ")


def test_a_pause_in_what_runs_after_it_holds_its_end():
    """It is PAUSED, and ends as it was judged."""
    world = World(AFTER.replace("{id: last, type: t}", "{id: last, type: core.flow.Pause}"), {"a": [FAILED]}).play()
    assert world.state is PAUSED
    world.tell(s.Resume())

    assert world.play().state is FAILED


def test_a_kill_of_one_that_waits_for_its_restart_ends_it():
    """It had been judged before; that is past."""
    world = World("concurrency: {limit: 1}" + AFTER, {"a": [FAILED]})
    world.tell(s.SlotGranted())
    world.play()
    world.tell(s.Restart())
    world.tell(s.Kill())

    assert world.state is KILLED


def test_a_crash_in_what_runs_after_it_keeps_the_verdict():
    """It is in the journal."""
    world = World(AFTER, {"a": [FAILED], "last": [HANG, SUCCESS]}).play()
    world.crash()

    assert world.play().state is FAILED
