"""AllowFailure: a branch that may fail."""

import pytest

from onbeat.core import signals as s
from tests.core.world import CANCELLED, FAILED, HANG, KILLED, SUCCESS, WARNING, World

FLOW = """
tasks:
  - id: may
    type: core.flow.AllowFailure
    tasks: [{id: a, type: t}, {id: b, type: t}]
    errors: [{id: e, type: t}]
    finally: [{id: f, type: t}]
  - {id: after, type: t}
"""


def test_a_failure_is_a_warning_of_it_and_the_flow_goes_on():
    """What follows in the branch does not run, its errors and its finally do."""
    world = World(FLOW, {"a": [FAILED]}).play()

    assert world.states == {"may": WARNING, "a": FAILED, "e": SUCCESS, "f": SUCCESS, "after": SUCCESS}
    assert world.state is WARNING


def test_without_a_failure_it_is_a_sequence():
    """SUCCESS, without errors; a warning stays one."""
    assert World(FLOW).play().states == {"may": SUCCESS, "a": SUCCESS, "b": SUCCESS, "f": SUCCESS, "after": SUCCESS}
    assert World(FLOW, {"a": [WARNING]}).play().run("may").state is WARNING


@pytest.mark.parametrize("state", [CANCELLED, KILLED])
def test_only_failures_are_allowed(state: object):
    """What was cancelled or killed was not done."""
    world = World(FLOW, {"a": [state]}).play()

    assert (world.run("may").state, world.state) == (state, state)
    assert "after" not in world.states


def test_a_kill_is_no_failure():
    """Nothing goes on from it."""
    world = World(FLOW, {"a": [HANG]}).play()
    world.tell(s.Kill())

    assert world.play().states == {"may": KILLED, "a": KILLED}


def test_allow_warning_makes_it_a_success():
    """As of any warning."""
    world = World(
        FLOW.replace("type: core.flow.AllowFailure", "type: core.flow.AllowFailure\n    allowWarning: true"), {"a": [FAILED]}
    ).play()

    assert (world.run("may").state, world.state) == (SUCCESS, SUCCESS)


def test_a_restart_leaves_it_as_it_is():
    """The flow has gone on from what was allowed."""
    world = World(FLOW, {"a": [FAILED], "after": [FAILED]}).play()
    world.restart(a=[SUCCESS], after=[SUCCESS])

    assert world.states == {"may": WARNING, "a": FAILED, "e": SUCCESS, "f": SUCCESS, "after": SUCCESS}
