"""WaitForEvent: wait for an event on a topic."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.execution import Awaited
from tests.core.world import EPOCH, FAILED, HANG, KILLED, PAUSED, RUNNING, SECOND, SUCCESS, WARNING, World


def waiting(more: str = "topic: orders") -> str:
    """A flow that waits, and a task after it."""
    return f"tasks: [{{id: w, type: core.flow.WaitForEvent, {more}}}, {{id: after, type: t, when: '{{{{ outputs.w.data.x == 1 }}}}'}}]"


EVENT = {"id": "e1", "topic": "orders", "key": "k", "data": {"x": 1}, "time": "1970-01-12T13:46:41Z", "headers": {}}


def test_the_event_is_its_outputs():
    """And the flow goes on."""
    world = World(waiting(), {"w": [EVENT]}).play()

    assert world.states == {"w": SUCCESS, "after": SUCCESS}
    assert world.run("w").outputs == EVENT


def test_it_waits_for_nothing_else():
    """Neither a place nor a task of a runner; the execution is RUNNING."""
    world = World(waiting(), {"w": [HANG]}).play()

    assert world.outstanding() == {cmd.AwaitEvent(1)}
    assert world.state is RUNNING


@pytest.mark.parametrize(("more", "awaited"), [
    ("topic: orders", Awaited("orders", EPOCH)),
    ("topic: '{{ inputs.t }}', key: '{{ inputs.k }}'", Awaited("t1", EPOCH, "7")),
    ("topic: orders, since: '1970-01-12T13:46:30Z'", Awaited("orders", EPOCH - 10 * SECOND)),
    ("topic: orders, matches: '{{ event.data.x > 0 }}'", Awaited("orders", EPOCH, None, conditional=True)),
    ("topic: '{{ envs.t }}'", Awaited("t2", EPOCH)),
])  # fmt: skip
def test_what_it_waits_for_is_settled_when_it_begins(more: str, awaited: Awaited):
    """Topic, key, and since when: the start of the execution unless it says otherwise, so that nothing is missed."""
    world = World(waiting(more), {"w": [HANG]}, inputs={"t": "t1", "k": 7}, outside={"envs": {"t": "t2"}})
    world.now += 5 * SECOND
    world.play()

    assert world.run("w").awaits == awaited


@pytest.mark.parametrize("more", ["topic: ''", "topic: 5", "topic: '{{ outputs.nowhere }}'", "topic: orders, since: yesterday"])
def test_what_cannot_be_waited_for_fails_it(more: str):
    """The run says why."""
    world = World(waiting(more)).play()

    assert (world.states, bool(world.run("w").error)) == ({"w": FAILED}, True)


def test_after_its_timeout_it_fails_or_tries_again():
    """As any attempt; a later one looks out again."""
    assert World(waiting("topic: orders, timeout: PT5S"), {"w": [HANG]}).play().run("w").error == "timed out after 5.0 s"

    retry = "topic: orders, timeout: PT5S, retry: {type: constant, interval: PT1S, maxAttempts: 2, warningOnRetry: true}"
    world = World(waiting(retry), {"w": [HANG, EVENT]}).play()
    assert (world.run("w").state, world.run("w").attempt) == (WARNING, 2)


def test_an_event_that_comes_when_nobody_waits_changes_nothing():
    """Twice the same, or after the end."""
    world = World(waiting(), {"w": [HANG]}).play()
    world.tell(s.EventArrived(1, EVENT))

    assert world.tell(s.EventArrived(1, EVENT)) == ()
    assert world.tell(s.EventArrived(2, EVENT)) == ()
    assert world.tell(s.EventArrived(99, EVENT)) == ()


def test_a_kill_ends_it_at_once():
    """Nothing has to be stopped."""
    world = World(waiting(), {"w": [HANG]}).play()
    world.tell(s.Kill())

    assert (world.state, world.run("w").state, world.outstanding()) == (KILLED, KILLED, frozenset())


def test_a_crash_loses_nothing():
    """It goes on waiting: no attempt of it was lost."""
    world = World(waiting(), {"w": [HANG, EVENT]}).play()
    world.crash()
    assert world.outstanding() == {cmd.AwaitEvent(1)}
    world.tell(s.EventArrived(1, EVENT))

    assert (world.run("w").state, world.run("w").attempt) == (SUCCESS, 1)


def test_an_event_that_comes_in_a_pause_is_kept():
    """The flow goes on with the resume."""
    world = World(waiting(), {"w": [HANG]}).play()
    world.tell(s.Pause())
    world.tell(s.EventArrived(1, EVENT))
    assert (world.state, world.states) == (PAUSED, {"w": SUCCESS})
    world.tell(s.Resume())

    assert world.play().state is SUCCESS


def test_a_restart_waits_again():
    """From the same instant: what came meanwhile is found."""
    world = World(waiting("topic: orders, timeout: PT5S"), {"w": [HANG]}).play()
    world.restart(w=[EVENT])

    assert world.state is SUCCESS
