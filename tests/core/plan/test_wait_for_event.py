"""WaitForEvent: a task run that waits for what comes on a topic, and runs nowhere."""

import pytest

from onbeat.core import commands as cmd
from onbeat.core import signals as s
from onbeat.core.times import iso
from tests.core.world import EPOCH, FAILED, HANG, KILLED, RUNNING, SECOND, SUCCESS, World

EVENT = {"id": "e", "topic": "paid", "key": "7", "data": {"ok": True}, "time": iso(EPOCH), "headers": {}}


def waiting(more: str = "") -> World:
    """An execution that waits on topic `paid` for the key of its input."""
    flow = f"""
tasks:
  - id: wait
    type: core.flow.WaitForEvent
    topic: paid
    key: "{{{{ inputs.order }}}}"
    {more}
  - {{id: after, type: t}}
"""
    world = World(flow, {"wait": [HANG]}, inputs={"order": 7})
    world.begin()
    return world


def test_it_waits_for_its_topic_and_key_from_the_executions_start():
    """So an event before the wait is not missed; nothing runs meanwhile."""
    world = waiting()
    awaited = world.run("wait").awaits

    assert awaited is not None
    assert (awaited.topic, awaited.key, awaited.since) == ("paid", "7", EPOCH)
    assert {type(command) for command in world.outstanding()} == {cmd.AwaitEvent}


def test_the_event_is_its_output():
    """And the flow goes on; a second event changes nothing."""
    world = waiting()
    world.tell(s.EventArrived(1, EVENT))

    assert world.run("wait").outputs == EVENT
    assert world.tell(s.EventArrived(1, EVENT)) == ()
    assert world.play().states == {"wait": SUCCESS, "after": SUCCESS}


def test_it_may_look_back_further():
    """`since` says from when."""
    awaited = waiting(f'since: "{iso(EPOCH - 60 * SECOND)}"').run("wait").awaits
    assert awaited is not None
    assert awaited.since == EPOCH - 60 * SECOND


def test_nobody_waits_for_ever():
    """After `timeout` it fails; what comes then is too late."""
    world = waiting("timeout: PT5S")
    world.at(5)

    assert world.states == {"wait": FAILED}
    assert world.tell(s.EventArrived(1, EVENT)) == ()
    assert world.state is FAILED


def test_a_crash_changes_nothing():
    """It is no attempt that was lost: it waits on."""
    world = waiting()
    world.crash()

    assert world.run("wait").state is RUNNING
    assert [attempt.lost for attempt in world.run("wait").attempts] == [False]
    world.tell(s.EventArrived(1, EVENT))
    assert world.play().state is SUCCESS


def test_a_kill_ends_the_wait():
    """At once: nothing runs that would have to stop."""
    world = waiting()
    world.tell(s.Kill())
    world.play()

    assert world.states == {"wait": KILLED}
    assert world.state is KILLED


@pytest.mark.parametrize(("options", "said"), [('topic: ""', "topic"), ("topic: paid, since: yesterday", "since")])
def test_what_cannot_be_waited_for_fails_it(options: str, said: str):
    """With the name of what is wrong."""
    world = World(f"tasks: [{{id: wait, type: core.flow.WaitForEvent, {options}}}]").play()

    assert world.states == {"wait": FAILED}
    assert said in (world.run("wait").error or "")
