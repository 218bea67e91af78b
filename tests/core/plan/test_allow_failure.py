"""AllowFailure: its branch may fail; what is around it goes on."""

from onbeat.core import signals as s
from tests.core.world import FAILED, KILLED, RUNNING, SUCCESS, WARNING, World

FLOW = """
tasks:
  - id: may
    type: core.flow.AllowFailure
    tasks:
      - {id: a, type: t}
      - {id: b, type: t}
    errors:
      - {id: told, type: t}
  - {id: after, type: t}
errors:
  - {id: flow_failed, type: t}
"""


def test_a_failure_in_it_is_a_warning_around_it():
    """What followed in the branch does not run, its errors do, the flow goes on and ends as WARNING."""
    world = World(FLOW, {"a": [FAILED]}).play()

    assert world.states == {"may": WARNING, "a": FAILED, "told": SUCCESS, "after": SUCCESS}
    assert world.state is WARNING


def test_without_a_failure_it_is_a_success():
    """Nothing is allowed that did not happen; a warning stays one."""
    assert World(FLOW).play().states["may"] is SUCCESS
    assert World(FLOW, {"b": [WARNING]}).play().states["may"] is WARNING


def test_a_kill_is_not_allowed():
    """Somebody ended it: so it is ended."""
    world = World(FLOW, {"a": ["hang"]}).play()
    assert world.states["a"] is RUNNING
    world.tell(s.Kill())
    world.play()

    assert world.states == {"may": KILLED, "a": KILLED}
    assert world.state is KILLED
