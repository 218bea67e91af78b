"""A flow's sla: how long an execution may take, and what must hold at each change."""

import pytest

from onbeat.core import signals as s
from tests.core.world import CANCELLED, FAILED, HANG, KILLED, RUNNING, SUCCESS, World


def promised(*slas: str, tasks: str = "[{id: a, type: t}, {id: b, type: t}]") -> str:
    """A flow with these slas."""
    return f"sla: [{', '.join(slas)}]\ntasks: {tasks}\nfinally: [{{id: last, type: t}}]\n"


def limit(behaviour: str = "FAIL", id_: str = "quick", seconds: int = 5) -> str:
    """A time limit."""
    return f"{{id: {id_}, type: MAX_DURATION, duration: PT{seconds}S, behavior: {behaviour}, labels: {{sla: {id_}}}}}"


def test_one_that_is_quick_enough_keeps_it():
    """No label, no timer left."""
    world = World(promised(limit())).play()

    assert world.state is SUCCESS
    assert world.execution.labels == {}


@pytest.mark.parametrize(("behaviour", "state"), [("FAIL", FAILED), ("CANCEL", CANCELLED)])
def test_one_that_takes_too_long_is_ended(behaviour: str, state: str):
    """What runs is stopped, nothing begins but `finally`; it bears the labels and says why."""
    world = World(promised(limit(behaviour)), {"a": [HANG]})
    world.begin()
    world.at(5)
    world.play()

    assert world.states == {"a": KILLED, "last": SUCCESS}
    assert world.state is state
    assert world.execution.labels == {"sla": "quick"}
    assert "quick" in (world.execution.error or "")


def test_none_only_labels():
    """It goes on."""
    world = World(promised(limit("NONE")), {"a": [HANG]})
    world.begin()
    world.at(6)

    assert world.states == {"a": RUNNING}
    assert world.execution.labels == {"sla": "quick"}
    world.end("a")
    assert world.play().state is SUCCESS


def test_the_shortest_limit_is_the_first_and_only_one():
    """Once one is broken the others do not count."""
    world = World(promised(limit("NONE", "short", 3), limit("FAIL", "long", 5)), {"a": [HANG]})
    world.begin()
    world.at(20)

    assert world.execution.labels == {"sla": "short"}
    assert world.state is RUNNING


@pytest.mark.parametrize(("assertion", "state"), [("outputs.a is undefined or outputs.a.x == 1", FAILED), ("true", SUCCESS)])
def test_what_must_hold_is_looked_at_after_each_change(assertion: str, state: str):
    """The task that broke it has ended well; what was to come does not run."""
    rule = f'{{id: holds, type: EXECUTION_ASSERTION, assert: "{{{{ {assertion} }}}}"}}'
    world = World(promised(rule), {"a": [{"x": 2}]}).play()

    assert world.state is state
    assert world.run("b").attempt == (state is SUCCESS)
    assert world.states["last"] is SUCCESS


def test_what_cannot_be_evaluated_is_broken():
    """A promise that nobody can look at is not kept."""
    world = World(promised('{id: holds, type: EXECUTION_ASSERTION, assert: "{{ outputs.nowhere.x }}"}')).play()

    assert world.state is FAILED
    assert "holds" in (world.execution.error or "")


def test_a_restart_counts_anew():
    """From when it runs again."""
    world = World(promised(limit(), tasks="[{id: a, type: t}]"), {"a": [FAILED, HANG]}).play()
    assert world.state is FAILED
    world.now += 100_000_000
    world.tell(s.Restart())
    world.grant()

    assert world.states["a"] is RUNNING
    assert [timer.due - world.now for timer in world.timers()] == [5_000_000]
