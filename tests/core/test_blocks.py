"""Blocks: sequences, errors, finally, disabled tasks, conditions, what tasks allow, the flow's outputs."""

import pytest

from onbeat.core import changes as c
from onbeat.core import commands as cmd
from onbeat.core import signals as s
from tests.core.world import CREATED, FAILED, HANG, KILLED, PAUSED, RUNNING, SKIPPED, SUCCESS, WARNING, World

TWO = "tasks: [{id: a, type: t}, {id: b, type: t}]"


def test_tasks_of_a_flow_run_one_after_another():
    """The second begins in the same decision in which the first ends."""
    world = World(TWO)
    world.begin()
    assert world.running == ["a"]
    changes = world.tell(world.ending(world.run("a"), SUCCESS))
    assert [type(change) for change in changes] == [c.RunMoved, c.RunCreated]
    world.play()

    assert world.state is SUCCESS
    assert world.history == [CREATED, RUNNING, SUCCESS]


def test_a_failure_ends_the_flow_and_is_named():
    """The execution says which task failed it and why."""
    world = World(TWO, {"a": ["no disk"]}).play()

    assert world.states == {"a": FAILED}
    assert (world.state, world.execution.error, world.execution.failed_task) == (FAILED, "no disk", "a")


@pytest.mark.parametrize(("allow", "end", "run"), [
    ("allowFailure: true", FAILED, WARNING),
    ("allowFailure: true, allowWarning: true", FAILED, SUCCESS),
    ("allowWarning: true", WARNING, SUCCESS),
    ("allowWarning: true", FAILED, FAILED),
    ("allowFailure: true", KILLED, KILLED),
])  # fmt: skip
def test_what_a_task_allows(allow: str, end: object, run: object):
    """allowFailure makes WARNING of FAILED, allowWarning SUCCESS of WARNING; the following task runs then."""
    world = World(f"tasks: [{{id: a, type: t, {allow}}}, {{id: b, type: t}}]", {"a": [end]}).play()

    assert world.run("a").state is run
    assert world.state is run
    assert ("b" in world.states) is (run in (WARNING, SUCCESS))


def test_a_flowable_allows_as_a_task_does():
    """The failure inside stays visible, the flow ends WARNING."""
    world = World("tasks: [{id: s, type: core.flow.Sequential, allowFailure: true, tasks: [{id: a, type: t}]}, {id: b, type: t}]",
                  {"a": [FAILED]}).play()  # fmt: skip

    assert world.states == {"s": WARNING, "a": FAILED, "b": SUCCESS}
    assert world.state is WARNING


def test_a_success_names_no_failure():
    """A failure inside that was allowed twice over is no failure of the execution: its last state event has no error."""
    flow = "tasks: [{id: s, type: core.flow.Sequential, allowFailure: true, allowWarning: true, tasks: [{id: a, type: t}]}]"
    world = World(flow, {"a": ["why"]}).play()
    last = world.changes()[-1]

    assert isinstance(last, c.Moved)
    assert (world.state, last.error, last.failed_task) == (SUCCESS, None, None)


def test_disabled_tasks_are_as_if_not_written():
    """No task run, no state; a flow of nothing else succeeds."""
    assert World("tasks: [{id: a, type: t, disabled: true}, {id: b, type: t}]").play().states == {"b": SUCCESS}
    world = World(
        "tasks: [{id: a, type: t, disabled: true}]\nerrors: [{id: e, type: t}]\nfinally: [{id: f, type: t, disabled: true}]"
    ).play()
    assert (world.state, world.states) == (SUCCESS, {})


TAILS = """
tasks: [{id: a, type: t}, {id: b, type: t}]
errors: [{id: e1, type: t}, {id: e2, type: t, when: "{{ error.taskId == 'a' and error.message == 'why' }}"}]
finally: [{id: f, type: t}]
"""


def test_errors_run_after_a_failure_and_finally_at_the_end():
    """Errors see what failed; the execution ends FAILED all the same."""
    world = World(TAILS, {"a": ["why"]}).play()

    assert world.states == {"a": FAILED, "e1": SUCCESS, "e2": SUCCESS, "f": SUCCESS}
    assert world.history == [CREATED, RUNNING, FAILED]


def test_finally_runs_after_a_success_too():
    """Without the errors; its own failure fails the flow."""
    assert World(TAILS).play().states == {"a": SUCCESS, "b": SUCCESS, "f": SUCCESS}
    world = World(TAILS, {"f": ["late"]}).play()
    assert (world.state, world.execution.error) == (FAILED, "late")


def test_a_failing_error_branch_does_not_run_itself_again():
    """Its next task does not run, finally does, and the first failure is the one that is named."""
    world = World(TAILS, {"a": ["why"], "e1": ["worse"]}).play()

    assert world.states == {"a": FAILED, "e1": FAILED, "f": SUCCESS}
    assert world.execution.error == "why"


def test_errors_and_finally_of_a_flowable_come_before_the_flows():
    """The nearest block handles it first; then the failure goes up."""
    world = World(
        """
        tasks:
          - id: s
            type: core.flow.Sequential
            tasks: [{id: a, type: t}]
            errors: [{id: se, type: t}]
            finally: [{id: sf, type: t}]
          - {id: b, type: t}
        errors: [{id: e, type: t}]
        """,
        {"a": [FAILED]},
    ).play()

    assert world.states == {"s": FAILED, "a": FAILED, "se": SUCCESS, "sf": SUCCESS, "e": SUCCESS}


def test_errors_wait_for_what_still_runs():
    """In a Parallel the other lanes end first."""
    world = World(
        """
        tasks:
          - id: p
            type: core.flow.Parallel
            tasks: [{id: a, type: t}, {id: b, type: t}]
            errors: [{id: e, type: t}]
        """
    )
    world.begin()
    world.end("a", FAILED)
    assert world.running == ["b"]
    world.end("b")

    assert world.running == ["e"]


def test_disabled_tails_are_no_tails():
    """A finally or an error branch of disabled tasks opens nothing."""
    world = World("tasks: [{id: a, type: t}]\nerrors: [{id: e, type: t, disabled: true}]", {"a": [FAILED]}).play()

    assert not [change for change in world.changes() if isinstance(change, c.Opened) and change.phase != "tasks"]


@pytest.mark.parametrize("key", ["when", "runIf"])
@pytest.mark.parametrize("condition", ["false", "0", "''", "'{{ 1 == 2 }}'", "'{{ null }}'"])
def test_a_falsy_condition_skips_the_task(key: str, condition: str):
    """SKIPPED counts as done: the next task runs, the flow succeeds."""
    world = World(f"tasks: [{{id: a, type: t, {key}: {condition}}}, {{id: b, type: t}}]").play()

    assert world.states == {"a": SKIPPED, "b": SUCCESS}
    assert world.state is SUCCESS


def test_a_skipped_flowable_has_nothing_inside():
    """Its block is not opened."""
    world = World("tasks: [{id: s, type: core.flow.Sequential, when: false, tasks: [{id: a, type: t}]}]").play()

    assert world.states == {"s": SKIPPED}


@pytest.mark.parametrize(("more", "state"), [("", FAILED), (", allowFailure: true", WARNING)])
def test_a_condition_that_cannot_be_evaluated_fails_the_task(more: str, state: object):
    """It never gets an attempt; the message names what is missing."""
    world = World(f"tasks: [{{id: a, type: t, when: '{{{{ outputs.no.x }}}}'{more}}}]").play()

    assert world.run("a").state is state
    assert "outputs.no" in (world.run("a").error or "")
    assert world.run("a").attempt == 0


def test_conditions_see_outputs_and_states_so_far():
    """`outputs.a.x` and `tasks.a.state`."""
    world = World(
        "tasks: [{id: a, type: t}, {id: b, type: t, when: \"{{ outputs.a.x == 1 and tasks.a.state == 'SUCCESS' }}\"}]", {"a": [{"x": 1}]}
    )

    assert world.play().states["b"] is SUCCESS


@pytest.mark.parametrize(("answer", "state"), [("yes", SUCCESS), ("", SKIPPED)])
def test_a_condition_that_reaches_outside_is_asked_for(answer: str, state: object):
    """The shell evaluates it; the answer is journaled and used."""
    world = World("tasks: [{id: a, type: t, when: '{{ envs.go }}'}]", outside={"envs": {"go": answer}})
    world.tell(s.Begin())
    assert world.outstanding() == {cmd.Evaluate(1, "when")}
    world.play()

    assert world.run("a").state is state
    assert world.run("a").answers == {"when": answer}


def test_the_condition_is_evaluated_once_even_when_more_is_asked():
    """The values come from outside after `when` was true; it is not asked again although it would be false by now."""
    world = World(
        """
        tasks:
          - id: p
            type: core.flow.Parallel
            tasks:
              - id: each
                type: core.flow.ForEach
                when: "{{ tasks.b is undefined }}"
                values: "{{ envs.list }}"
                tasks: [{id: a, type: t}]
              - {id: b, type: t}
        """,
        outside={"envs": {"list": [1]}},
    )
    world.tell(s.Begin())
    world.tell(s.Dispatched(3))
    world.tell(s.TaskEnded(3, 1, SUCCESS))
    world.play()

    assert world.states == {"p": SUCCESS, "each": SUCCESS, "b": SUCCESS, "a[1]": SUCCESS}


def test_outputs_of_the_flow_are_rendered_at_its_end():
    """They keep their types; the last state event bears them."""
    world = World(
        "tasks: [{id: a, type: t}]\noutputs: [{id: n, value: '{{ outputs.a.x }}'}, {id: l, value: [1, '{{ 2 }}']}]", {"a": [{"x": 3}]}
    )
    world.play()

    assert world.execution.outputs == {"n": 3, "l": [1, 2]}
    assert world.changes()[-1] == c.Moved(at=world.now, before=RUNNING, after=SUCCESS, sequence=3, outputs={"n": 3, "l": [1, 2]})


def test_outputs_that_cannot_be_rendered_fail_the_execution():
    """The message says that it was the outputs; there are none."""
    world = World("tasks: [{id: a, type: t}]\noutputs: [{id: n, value: '{{ outputs.a.x }}'}]", {"a": [SUCCESS]}).play()

    assert (world.state, world.execution.outputs) == (FAILED, None)
    assert (world.execution.error or "").startswith("outputs: Unable to find `outputs.a")


@pytest.mark.parametrize("value", ["{{ outputs.a.x }}", "{{ envs.a }}"])
def test_the_failure_of_a_task_is_not_hidden_by_outputs_that_need_it(value: str):
    """The execution is FAILED for the task's reason."""
    world = World(f"tasks: [{{id: a, type: t}}]\noutputs: [{{id: n, value: '{value}'}}]", {"a": ["why"]}).play()

    assert (world.state, world.execution.error, world.execution.failed_task) == (FAILED, "why", "a")


OUTSIDE = "tasks: [{id: a, type: t}]\noutputs: [{id: n, value: '{{ envs.x }}'}]"


def test_outputs_that_reach_outside_are_asked_for():
    """The execution runs until the shell has answered."""
    world = World(OUTSIDE, outside={"envs": {"x": 5}})
    world.begin()
    world.tell(world.ending(world.run("a"), SUCCESS))
    assert (world.state, world.outstanding()) == (RUNNING, {cmd.Evaluate(0, "outputs")})
    world.play()

    assert (world.state, world.execution.outputs) == (SUCCESS, {"n": 5})


def test_outputs_that_the_shell_cannot_evaluate_fail_the_execution():
    """As those that can be evaluated here."""
    world = World(OUTSIDE).play()

    assert (world.state, (world.execution.error or "")[:9]) == (FAILED, "outputs: ")


def test_a_pause_while_outputs_are_asked_for():
    """The answer to the question before the pause is stale; the resume asks again."""
    world = World(OUTSIDE, outside={"envs": {"x": 5}})
    world.begin()
    world.tell(world.ending(world.run("a"), SUCCESS))
    world.tell(s.Pause())
    assert world.state is PAUSED
    assert world.tell(s.Evaluated(0, "outputs", {"n": 1})) == ()
    world.tell(s.Resume())

    assert world.play().execution.outputs == {"n": 5}


def test_a_kill_while_outputs_are_asked_for():
    """It is over at once."""
    world = World(OUTSIDE)
    world.begin()
    world.tell(world.ending(world.run("a"), SUCCESS))
    world.tell(s.Kill())

    assert world.state is KILLED


def test_no_outputs_for_a_killed_execution():
    """Nothing is rendered after a kill."""
    world = World("tasks: [{id: a, type: t}]\noutputs: [{id: n, value: 1}]", {"a": [HANG]}).play()
    world.tell(s.Kill())

    assert (world.play().state, world.execution.outputs) == (KILLED, None)
