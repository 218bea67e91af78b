"""Promises: an execution is held to its flow's sla."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.execution import ROOT
from onbeat.core.states import State
from tests.core.world import CANCELLED, FAILED, HANG, KILLED, PAUSED, RETRYING, RUNNING, SECOND, SUCCESS, World


def promising(sla: str, tasks: str = "[{id: a, type: t}, {id: b, type: t}]", more: str = "") -> str:
    """A flow with an sla and a finally."""
    return f"tasks: {tasks}\nfinally: [{{id: f, type: t}}]\nsla: [{sla}]\n{more}"


TEN = "{id: quick, type: MAX_DURATION, duration: PT10S}"


def of(behaviour: str, sla: str = TEN) -> str:
    """The sla with that behaviour, and labels."""
    return sla[:-1] + f", behavior: {behaviour}, labels: {{late: 'yes'}}}}"


@pytest.mark.parametrize(("behaviour", "state"), [("FAIL", FAILED), ("CANCEL", CANCELLED)])
def test_one_that_takes_too_long_is_ended(behaviour: str, state: State):
    """It bears the labels, says why, and its finally runs; not before its time."""
    world = World(promising(of(behaviour)), {"a": [HANG]}, labels={"l": "m"}).play()
    assert world.state is state
    assert world.now == world.execution.head.created + 10 * SECOND

    assert world.states == {"a": KILLED, "f": SUCCESS}
    assert world.execution.labels == {"l": "m", "late": "yes"}
    assert world.execution.error == "sla `quick` is broken: it took longer than 0:00:10"


def test_a_promise_may_only_label():
    """`behavior: NONE`: it goes on."""
    world = World(promising(of("NONE")), {"a": [HANG]}).play()
    assert (world.state, world.execution.labels) == (RUNNING, {"late": "yes"})
    world.end("a")

    assert world.play().state is SUCCESS


def test_one_that_is_quick_hears_nothing_of_it():
    """Its timer is disarmed with its end."""
    world = World(promising(TEN)).play()

    assert (world.state, world.execution.deadline, world.outstanding()) == (SUCCESS, None, frozenset())


def test_the_shortest_limit_counts():
    """Of several."""
    sla = "{id: long, type: MAX_DURATION, duration: PT1H}, {id: short, type: MAX_DURATION, duration: PT5S, behavior: CANCEL}"
    world = World(promising(sla), {"a": [HANG]})
    world.begin()

    assert world.timers() == [cmd.ArmTimer(ROOT, world.now + 5 * SECOND)]
    assert world.play().state is CANCELLED


def test_the_time_counts_from_when_it_begins_to_run():
    """Not while it waits for its time or for a place."""
    world = World(promising(TEN, more="concurrency: {limit: 1}"), {"a": [HANG]})
    world.tell(s.Begin())
    world.tell(s.SlotQueued())
    world.now += 60 * SECOND
    assert world.timers() == []
    world.tell(s.SlotGranted())

    assert world.timers()[0].due == world.now + 10 * SECOND


def test_it_counts_in_a_pause():
    """A paused one is ended, too."""
    world = World(promising(TEN, "[{id: p, type: core.flow.Pause}]")).play()

    assert (world.state, world.states) == (FAILED, {"p": KILLED, "f": SUCCESS})


def test_its_own_retries_are_part_of_the_time():
    """It is ended while it waits for one; what it had done is undone, and its finally runs."""
    tasks = "[{id: a, type: t, compensate: [{id: u, type: t}]}, {id: b, type: t}]"
    flow = promising(TEN, tasks, "retry: {type: constant, interval: PT1M, maxAttempts: 3}")
    world = World(flow, {"b": [FAILED]})
    world.begin()
    world.end("a")
    world.end("b", FAILED)
    world.end("f")
    assert world.state is RETRYING
    world.at(10)
    world.play()

    assert world.state is FAILED
    assert (world.execution.error or "").startswith("sla `quick`")
    assert (world.run("u").state, world.run("f").state) == (SUCCESS, SUCCESS)
    assert world.run("b").attempt == 1


def test_a_promise_that_only_labels_lets_it_retry():
    """In its time."""
    flow = promising(of("NONE"), more="retry: {type: constant, interval: PT1M, maxAttempts: 3}")
    world = World(flow, {"a": [FAILED, SUCCESS]}).play()

    assert (world.state, world.execution.labels) == (SUCCESS, {"late": "yes"})
    assert world.now == world.execution.head.created + 60 * SECOND


def test_after_a_restart_the_time_counts_anew():
    """And it may be broken again."""
    world = World(promising(TEN), {"a": [HANG]}).play()
    world.now += 100 * SECOND
    world.tell(s.Restart())
    assert world.execution.broken is None
    assert world.timers()[0].due == world.now + 10 * SECOND

    assert world.play().execution.broken == "quick"


def test_a_kill_ends_the_promise():
    """The time that it takes to stop breaks none."""
    world = World(promising(of("FAIL")), {"a": [HANG]})
    world.begin()
    world.tell(s.Kill())
    assert world.timers() == []

    assert world.tell(s.TimerFired(ROOT, world.execution.head.created + 10 * SECOND)) == ()
    assert world.play().execution.labels == {}


HOLDS = '{id: holds, type: EXECUTION_ASSERTION, assert: "{{ (outputs.a.x ?? 1) > 0 }}"}'


def test_what_must_hold_is_looked_at_with_each_change():
    """At the first that breaks it, it is ended."""
    assert World(promising(HOLDS), {"a": [{"x": 5}]}).play().state is SUCCESS

    world = World(promising(of("CANCEL", HOLDS)), {"a": [{"x": 0}]}).play()
    assert (world.state, world.execution.labels) == (CANCELLED, {"late": "yes"})
    assert (world.run("b").state, world.run("b").attempt) == (KILLED, 0)
    assert world.execution.error == "sla `holds` is broken: its `assert` does not hold"


@pytest.mark.parametrize(("wrong", "said"), [
    ("{{ outputs.nowhere.x }}", "cannot be evaluated"),
    ("{{ envs.x }}", "reaches outside"),
])  # fmt: skip
def test_what_cannot_be_looked_at_does_not_hold(wrong: str, said: str):
    """It is not taken for true; the reason is told."""
    world = World(promising(f'{{id: holds, type: EXECUTION_ASSERTION, assert: "{wrong}"}}')).play()

    assert world.state is FAILED
    assert said in (world.execution.error or "")


def test_only_the_first_that_is_broken_counts():
    """The other one's labels and behaviour do not."""
    world = World(promising(f"{of('NONE', HOLDS)}, {TEN}"), {"a": [{"x": 0}], "b": [HANG]}).play()

    assert (world.state, world.execution.broken, world.execution.deadline) == (RUNNING, "holds", None)


def test_iterations_are_part_of_the_execution_around_them():
    """A Loop's executions have no promises of their own."""
    flow = promising(f"{TEN}, {HOLDS}", "[{id: l, type: core.flow.Loop, values: [1], tasks: [{id: a, type: t}]}]")
    world = World(flow, {"a": [HANG]})
    world.begin()

    assert [child.execution.deadline for child in world.children.values()] == [None]
    assert world.play().state is FAILED
    assert [child.state for child in world.children.values()] == [KILLED]


def test_a_broken_promise_wakes_nobody_who_paused_it_by_hand_but_ends_it():
    """The promise is about the time, whoever takes it."""
    world = World(promising(TEN), {"a": [HANG]})
    world.begin()
    world.tell(s.Pause())
    assert world.state is PAUSED

    assert world.play().state is FAILED
