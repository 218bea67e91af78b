"""Execution: the value that holds a run."""

import pytest

from onbeat.core.execution import ROOT, Attempt, Execution, Head, Phase, TaskRun
from onbeat.core.states import TERMINATED, State
from tests.core.world import World


def run(**facts: object) -> TaskRun:
    """A task run with these facts."""
    given: dict = {"n": 1, "task": "a", "parent": ROOT, "phase": Phase.TASKS, "lane": 0, "step": 0, "state": State.CREATED, "history": ()}
    return TaskRun(**(given | facts))


@pytest.mark.parametrize("state", State)
def test_what_is_terminated_has_ended(state: State):
    """An execution and a task run alike."""
    execution = Execution(head=World("tasks: [{id: a, type: t}]").execution.head, state=state, history=())

    assert execution.ended is run(state=state).ended is (state in TERMINATED)


def test_attempts_are_counted_from_one_and_lost_ones_apart():
    """`attempt` numbers the present one; `counted` is what the retries see."""
    attempts = (Attempt(state=State.FAILED, start=1, end=2, lost=True), Attempt(state=State.RUNNING, start=3))

    assert (run().attempt, run().counted) == (0, 0)
    assert (run(attempts=attempts).attempt, run(attempts=attempts).counted) == (2, 1)


def test_a_task_runs_id_is_the_executions_and_its_number():
    """What people and the API see."""
    execution = World("tasks: [{id: a, type: t}]", id="0006b11nhJT6EYxFUgUbtV").play().execution

    assert (execution.id, execution.run_id(1)) == ("0006b11nhJT6EYxFUgUbtV", "0006b11nhJT6EYxFUgUbtV-1")


def test_values_cannot_be_changed():
    """A new one is made: what another holds stays as it is."""
    execution = World("tasks: [{id: a, type: t}]").play().execution
    for value, field in ((execution, "state"), (execution.runs[1], "state"), (execution.blocks[ROOT], "open"), (execution.head, "id")):
        with pytest.raises(AttributeError):
            setattr(value, field, None)


def test_phases_are_in_order_of_time():
    """A block goes through them in this order."""
    assert list(Phase) == [Phase.TASKS, Phase.COMPENSATION, Phase.ERRORS, Phase.FINALLY, Phase.AFTER]


def test_a_head_needs_little():
    """What is left out is empty."""
    head = Head(id="i", namespace="n", flow="f", revision=1, created=0, correlation_id="i")

    assert (head.inputs, head.labels, head.trigger, head.parent, head.scheduled) == ({}, {}, None, None, None)
