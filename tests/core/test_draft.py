"""Draft: what is being decided."""

import pytest

from onbeat.core import changes as c
from onbeat.core.draft import Draft
from onbeat.core.evolve import IllegalTransition, fold
from onbeat.core.expressions import ExpressionError, NeedsOutside
from onbeat.core.refs import Ref, mark
from onbeat.core.states import State
from tests.core.world import CREATED, FAILED, KILLED, SUCCESS, World


def draft_of(flow: str, **facts: object) -> Draft:
    """A draft on a begun execution."""
    world = World(flow, **facts)
    world.begin()
    return Draft(world.flow, world.execution, world.now)


ONE = "tasks: [{id: a, type: t}]"


def test_what_is_decided_is_what_a_reload_gives():
    """Each change is applied at once, so the next rule sees it."""
    draft = draft_of(ONE)
    before = draft.execution
    draft.move_run(1, SUCCESS, outputs={"x": 1})

    assert draft.run(1).state is SUCCESS
    assert fold(draft.changes, before) == draft.execution


def test_a_wrong_step_is_never_decided():
    """It raises, and is not among the changes."""
    draft = draft_of(ONE)
    with pytest.raises(IllegalTransition):
        draft.move_run(1, CREATED)

    assert draft.changes == []


def test_a_run_that_ends_is_to_be_told_to_its_block():
    """Not while the execution is paused: then it is held by the execution itself."""
    draft = draft_of(ONE)
    draft.move_run(1, SUCCESS)
    assert draft.ended == [1]

    paused = draft_of(ONE)
    paused.move(State.PAUSED)
    paused.move_run(1, SUCCESS)
    assert (paused.ended, paused.execution.held) == ([], (1,))


def test_a_state_event_bears_the_error_only_where_it_failed():
    """A move to RUNNING says nothing of what went wrong before."""
    draft = draft_of("tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: a, type: t}, {id: b, type: t}]}]")
    draft.move_run(2, FAILED, error="why")
    draft.move(State.PAUSED)
    draft.move(State.KILLING)
    draft.move(KILLED)

    assert [change.error for change in draft.changes if isinstance(change, c.Moved)] == [None, None, "why"]


def test_only_flowables_have_blocks():
    """Asking a task for one is a bug."""
    with pytest.raises(AssertionError, match="task `a` has no block"):
        draft_of(ONE).flowable(1)


@pytest.mark.parametrize(("value", "found"), [(5, 5), ("{{ inputs.x }}", 3), (["{{ inputs.x }}"], [3]), ("{{ taskrun.id }}", "exec-1")])
def test_values_are_evaluated_for_a_task_run(value: object, found: object):
    """What has no expression is returned as it is."""
    assert draft_of(ONE, inputs={"x": 3}).evaluate(value, 1, "field") == found


@pytest.mark.parametrize(
    "value",
    ["{{ secret('X') }}", "{{ kv('k') }}", "{{ read('u') }}", "{{ envs.x }}", "{{ globals.x }}", "{{ kestra.url }}", "{{ inputs.f.x }}"],
)
def test_what_reaches_outside_is_asked_for_by_field(value: str):
    """A function, a name that the execution does not hold, or a value kept in storage."""
    draft = draft_of(ONE, inputs={"f": mark(Ref("kestra:///f", 9))})
    with pytest.raises(NeedsOutside) as asked:
        draft.evaluate(value, 1, "field")

    assert asked.value.name == "field"


def test_what_is_wrong_raises():
    """The caller fails the run with the message."""
    with pytest.raises(ExpressionError, match=r"`inputs\.nope`"):
        draft_of(ONE).evaluate("{{ inputs.nope }}", 1, "field")


def test_an_answer_goes_before_the_expression():
    """What the shell evaluated is used, and not evaluated again."""
    draft = draft_of("tasks: [{id: a, type: t, when: '{{ envs.x }}'}]", outside={"envs": {"x": "yes"}})

    assert draft.renderer(1)("when") == "yes"


def test_the_retry_policy_is_the_nearest():
    """The task's own, else that of the flowable around it, else none."""
    draft = draft_of(
        """
        tasks:
          - id: p
            type: core.flow.Parallel
            retry: {type: constant, interval: PT1S, maxAttempts: 7}
            tasks: [{id: a, type: t}, {id: b, type: t, retry: {type: constant, interval: PT1S, maxAttempts: 9}}]
        """
    )
    policies = [draft.retry_of(n) for n in (1, 2, 3)]

    assert [policy and policy.max_attempts for policy in policies] == [7, 7, 9]
    assert draft_of(ONE).retry_of(1) is None


def test_random_values_follow_from_the_execution():
    """Deciding again after a conflict gives the same; the next decision, another field and another run give others."""
    expression = "{{ randomInt(0, 1000000000) }}"
    draft = draft_of("tasks: [{id: p, type: core.flow.Parallel, tasks: [{id: a, type: t}, {id: b, type: t}]}]")
    again = Draft(draft.flow, draft.execution, draft.now)
    values = [draft.evaluate(expression, 2, "when"), draft.evaluate(expression, 3, "when"), draft.evaluate(expression, 2, "timeout")]

    assert again.evaluate(expression, 2, "when") == values[0]
    draft.move_run(2, SUCCESS)
    assert len({*values, draft.evaluate(expression, 2, "when")}) == 4
