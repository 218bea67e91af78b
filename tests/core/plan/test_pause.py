"""Pause: wait for a person or for a time."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.states import State
from onbeat.errors import InvalidFile
from tests.core.world import CANCELLED, CREATED, FAILED, PAUSED, RESTARTED, RUNNING, SUCCESS, WARNING, World, flow_of

PLAIN = "tasks: [{id: p, type: core.flow.Pause}, {id: after, type: t, when: '{{ outputs.p.onResume.answer == 7 }}'}]"


def test_it_waits_until_somebody_resumes():
    """The run and the execution are PAUSED; only a resume is awaited."""
    world = World(PLAIN)
    world.begin()

    assert world.state is PAUSED
    assert world.past("p") == [CREATED, RUNNING, PAUSED]
    assert {type(command) for command in world.outstanding()} == {cmd.AwaitResume}


def test_the_answers_of_the_resume_are_its_outputs():
    """`outputs.p.onResume.x` holds what the person gave; the execution went through RESTARTED."""
    world = World(PLAIN)
    world.begin()
    world.tell(s.Resume({"answer": 7}, by="ada"))
    world.play()

    assert world.states == {"p": SUCCESS, "after": SUCCESS}
    assert world.history == [CREATED, RUNNING, PAUSED, RESTARTED, RUNNING, SUCCESS]
    assert world.past("p") == [CREATED, RUNNING, PAUSED, RUNNING, SUCCESS]


@pytest.mark.parametrize("key", ["pauseDuration", "delay"])
def test_a_duration_lets_it_go_on_by_itself(key: str):
    """Not before, and not twice."""
    world = World(f"tasks: [{{id: p, type: core.flow.Pause, {key}: PT10S}}, {{id: after, type: t}}]")
    world.begin()
    world.at(9.9)
    assert world.state is PAUSED
    world.at(10)

    assert world.running == ["after"]
    assert world.timers() == []


@pytest.mark.parametrize(("behavior", "run", "whole", "after"), [
    ("RESUME", SUCCESS, SUCCESS, True),
    ("WARN", WARNING, WARNING, True),
    ("FAIL", FAILED, FAILED, False),
    ("CANCEL", CANCELLED, CANCELLED, False),
])  # fmt: skip
def test_the_end_of_the_duration_does_what_behavior_says(behavior: str, run: object, whole: object, after: bool):
    """RESUME goes on; WARN goes on with a warning; FAIL and CANCEL end it."""
    world = World(f"tasks: [{{id: p, type: core.flow.Pause, pauseDuration: PT1S, behavior: {behavior}}}, {{id: after, type: t}}]").play()

    assert world.run("p").state is run
    assert world.state is whole
    assert ("after" in world.states) is after


def test_a_resume_before_the_end_is_a_success_whatever_the_behavior():
    """The person came in time."""
    world = World("tasks: [{id: p, type: core.flow.Pause, pauseDuration: PT1S, behavior: FAIL}]")
    world.begin()
    world.tell(s.Resume())

    assert world.state is SUCCESS


@pytest.mark.parametrize(("more", "state"), [("", FAILED), (", allowFailure: true", WARNING)])
def test_a_timeout_fails_it(more: str, state: object):
    """Nobody resumed: the run says so."""
    world = World(f"tasks: [{{id: p, type: core.flow.Pause, timeout: PT5S{more}}}]").play()

    assert world.state is state
    assert world.run("p").error == "nobody resumed it before its timeout"


def test_with_a_duration_the_timeout_does_not_count():
    """The duration ends the pause as `behavior` says, whichever is shorter: so in Kestra."""
    world = World("tasks: [{id: p, type: core.flow.Pause, pauseDuration: PT10S, timeout: PT5S}]")
    world.begin()
    world.at(6)
    assert world.state is PAUSED
    world.at(10)

    assert world.state is SUCCESS


def test_a_duration_may_be_an_expression_or_wrong():
    """It is rendered; what is no duration fails the run, with the cure."""
    flow = "tasks: [{id: p, type: core.flow.Pause, pauseDuration: '{{ inputs.wait }}'}]"
    world = World(flow, inputs={"wait": "PT3S"})
    world.begin()
    assert [timer.due - world.now for timer in world.timers()] == [3_000_000]

    assert "write `PT30S`" in (World(flow, inputs={"wait": "30"}).play().run("p").error or "")
    assert World(flow, inputs={"wait": None}).play().state is PAUSED


def test_its_tasks_run_after_the_resume():
    """Kestra's old form: the pause goes on with tasks of its own, and ends as they do."""
    world = World(
        "tasks: [{id: p, type: core.flow.Pause, delay: PT1S, tasks: [{id: a, type: t}, {id: b, type: t}]}]", {"b": [FAILED]}
    ).play()

    assert world.states == {"p": FAILED, "a": SUCCESS, "b": FAILED}


BESIDE = """
tasks:
  - id: par
    type: core.flow.Parallel
    tasks:
      - id: p
        type: core.flow.Pause
      - id: q
        type: core.flow.Pause
        delay: PT5S
      - {id: a, type: t}
"""


def test_beside_a_task_that_runs_the_execution_goes_on():
    """It is PAUSED only once nothing else runs."""
    world = World(BESIDE)
    world.begin()
    assert world.state is RUNNING
    world.end("a")

    assert world.state is PAUSED


def test_a_resume_while_something_runs_resumes_every_pause():
    """The execution never was PAUSED; all its pauses get the answers."""
    world = World(BESIDE)
    world.begin()
    world.tell(s.Resume({"x": 1}))

    assert world.states == {"par": RUNNING, "p": SUCCESS, "q": SUCCESS, "a": RUNNING}
    assert world.run("q").outputs == {"onResume": {"x": 1}, "resumed": {"by": None, "on": "1970-01-12T13:46:40.000000Z", "to": "RUNNING"}}


def test_one_pause_over_leaves_the_other():
    """The execution runs for a moment and is PAUSED again."""
    world = World(BESIDE)
    world.begin()
    world.end("a")
    world.at(5)

    assert world.states == {"par": RUNNING, "p": PAUSED, "q": SUCCESS, "a": SUCCESS}
    assert world.history == [CREATED, RUNNING, PAUSED, RESTARTED, RUNNING, PAUSED]


def test_each_value_of_a_loop_pauses():
    """One after another, or all at once."""
    flow = "tasks: [{{id: each, type: core.flow.ForEach, values: [a, b], concurrencyLimit: {}, tasks: [{{id: p, type: core.flow.Pause}}]}}]"
    world = World(flow.format(1))
    world.begin()
    world.tell(s.Resume())
    assert world.states == {"each": RUNNING, "p[a]": SUCCESS, "p[b]": PAUSED}
    world.tell(s.Resume())
    assert world.state is SUCCESS

    world = World(flow.format(0))
    world.begin()
    world.tell(s.Resume())
    assert world.state is SUCCESS


def test_a_duration_from_outside_is_asked_for():
    """The shell evaluates it; the run pauses when it is told."""
    world = World("tasks: [{id: p, type: core.flow.Pause, pauseDuration: '{{ envs.wait }}'}]", outside={"envs": {"wait": "PT2S"}})
    world.begin()

    assert world.state is PAUSED
    world.at(2)
    assert world.state is SUCCESS


BEHAVES = "tasks: [{id: p, type: core.flow.Pause, pauseDuration: PT1S, behavior: '%s'}, {id: after, type: t}]"


@pytest.mark.parametrize("behavior", ["{{ inputs.b }}", "{{ envs.empty ~ inputs.b }}"])
@pytest.mark.parametrize(("given", "state", "after"), [
    ("RESUME", SUCCESS, True), ("WARN", WARNING, True), ("FAIL", FAILED, False), ("CANCEL", CANCELLED, False),
])  # fmt: skip
def test_what_becomes_of_it_may_be_an_expression(behavior: str, given: str, state: State, after: bool):
    """Also one that has to be asked for outside: it is known before anybody waits."""
    world = World(BEHAVES % behavior, inputs={"b": given}, outside={"envs": {"empty": ""}}).play()

    assert (world.state, world.states["p"], "after" in world.states) == (state, state, after)


def test_an_expression_that_gives_no_behavior_fails_it_at_once():
    """Before anybody waits for it; a word that is none is refused when the flow is read."""
    world = World(BEHAVES % "{{ inputs.b }}", inputs={"b": "SLEEP"})
    world.begin()

    assert world.states == {"p": FAILED}
    assert world.run("p").error == "`behavior` must be RESUME, WARN, FAIL or CANCEL, not `SLEEP`"
    with pytest.raises(InvalidFile, match="must be RESUME, WARN, FAIL or CANCEL"):
        flow_of(BEHAVES % "SLEEP")
