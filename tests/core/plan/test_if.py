"""If: one of two branches."""

import pytest

from tests.core.world import FAILED, SUCCESS, World

FLOW = """
tasks:
  - id: if
    type: core.flow.If
    condition: "{{ inputs.x }}"
    then:
      - {id: yes1, type: t}
      - {id: yes2, type: t}
    else:
      - {id: no1, type: t}
"""


@pytest.mark.parametrize("value", [True, "true", 1, "x", [0]])
def test_a_truthy_condition_takes_then(value: object):
    """Then's tasks run, and the outcome of the condition is an output."""
    world = World(FLOW, inputs={"x": value}).play()

    assert list(world.states) == ["if", "yes1", "yes2"]
    assert world.run("if").outputs == {"evaluationResult": True}


@pytest.mark.parametrize("value", [False, "false", 0, "0", "", None, "-0"])
def test_a_falsy_condition_takes_else(value: object):
    """Falsy is what `when` calls falsy."""
    world = World(FLOW, inputs={"x": value}).play()

    assert list(world.states) == ["if", "no1"]
    assert world.run("if").outputs == {"evaluationResult": False}


def test_without_else_nothing_runs():
    """A false condition without `else` is a success with no task in it."""
    world = World("tasks: [{id: if, type: core.flow.If, condition: false, then: [{id: yes, type: t}]}]").play()

    assert world.states == {"if": SUCCESS}
    assert world.state is SUCCESS


def test_a_condition_that_cannot_be_evaluated_fails_the_run():
    """The run says which name is missing; no branch runs."""
    world = World("tasks: [{id: if, type: core.flow.If, condition: '{{ outputs.nope }}', then: [{id: yes, type: t}]}]").play()

    assert world.states == {"if": FAILED}
    assert "outputs.nope" in (world.run("if").error or "")
    assert world.execution.failed_task == "if"


def test_the_condition_is_evaluated_once():
    """What the branch's tasks do to the condition's inputs changes nothing: the branch was chosen."""
    world = World(
        """
        tasks:
          - {id: a, type: t}
          - id: if
            type: core.flow.If
            condition: "{{ tasks.yes is undefined }}"
            then: [{id: yes, type: t}, {id: yes2, type: t}]
            else: [{id: no, type: t}]
        """
    ).play()

    assert list(world.states) == ["a", "if", "yes", "yes2"]
