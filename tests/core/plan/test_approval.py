"""Approval: wait for somebody's decision."""

import pytest

from onbeat.core import signals as s
from onbeat.errors import InvalidFile
from tests.core.world import CANCELLED, FAILED, KILLED, PAUSED, SUCCESS, WARNING, World, flow_of


def approval(more: str = "") -> str:
    """A flow with an Approval and a task after it."""
    return f"""
tasks:
  - id: ok
    type: core.flow.Approval
    {more}
    onWait: [{{id: ask, type: t}}]
    onApprove: [{{id: yes, type: t}}]
    onDeny: [{{id: no, type: t}}]
  - {{id: after, type: t}}
"""


def decided(world: World, decision: str | None, **facts: object) -> World:
    """Somebody decides, and it comes to its end."""
    world.play()
    assert world.state is PAUSED
    world.tell(s.Resume(decision=decision, by="ada", **facts))
    return world.play()


def test_it_asks_then_waits():
    """What tells somebody runs before it is PAUSED."""
    world = World(approval()).play()

    assert world.states == {"ok": PAUSED, "ask": SUCCESS}


@pytest.mark.parametrize(("decision", "ran", "state"), [("APPROVED", "yes", SUCCESS), (None, "yes", SUCCESS), ("DENIED", "no", CANCELLED)])
def test_a_decision_says_what_follows(decision: str | None, ran: str, state: object):
    """Approved (as by a resume that does not say): what `onApprove` has, then the flow goes on. Denied: it is cancelled by default."""
    world = decided(World(approval()), decision)

    assert world.states == {"ok": state, "ask": SUCCESS, ran: SUCCESS} | ({"after": SUCCESS} if state is SUCCESS else {})
    assert world.state is state


def test_its_outputs_tell_the_decision():
    """Who, when, what was said, and the answers."""
    world = decided(World(approval()), "DENIED", comment="too dear", inputs={"x": 1})

    assert world.run("ok").outputs == {
        "decision": "DENIED", "auto": False, "by": "ada", "on": "1970-01-12T13:46:40.000000Z", "comment": "too dear",
        "inputs": {"x": 1}, "onResume": {"x": 1},
    }  # fmt: skip


@pytest.mark.parametrize(("behaviour", "state"), [("CONTINUE", SUCCESS), ("CANCEL", CANCELLED), ("FAIL", FAILED), ("WARN", WARNING)])
@pytest.mark.parametrize("of", ["approve", "deny", "expire"])
def test_each_end_may_let_it_go_on_or_end_it(of: str, behaviour: str, state: object):
    """approveBehavior, denyBehavior, and expireBehavior for when nobody decides in time."""
    world = World(approval(f"{of}Behavior: {behaviour}" + ("\n    timeout: PT1H" if of == "expire" else "")))
    world = world.play() if of == "expire" else decided(world, {"approve": "APPROVED", "deny": "DENIED"}[of])

    assert (world.run("ok").state, world.state) == (state, state)
    assert ("after" in world.states) is (state in (SUCCESS, WARNING))
    assert world.run("ok").outputs["decision"] == {"approve": "APPROVED", "deny": "DENIED", "expire": "EXPIRED"}[of]


def test_by_default_it_is_cancelled_when_nobody_decides_in_time():
    """Neither branch runs."""
    world = World(approval("timeout: PT1H")).play()

    assert world.states == {"ok": CANCELLED, "ask": SUCCESS}


def test_decisions_may_have_other_names():
    """The first one approves, the others deny."""
    for decision, ran in (("ship", "yes"), ("hold", "no"), ("drop", "no")):
        world = decided(World(approval("decisions: [ship, hold, drop]\n    denyBehavior: CONTINUE")), decision)
        assert (ran in world.states, world.state) == (True, SUCCESS)


@pytest.mark.parametrize(
    ("condition", "automatic"), [("{{ inputs.small }}", True), ("{{ not inputs.small }}", False), ("{{ envs.go }}", True)]
)
def test_it_may_approve_by_itself(condition: str, automatic: bool):
    """`autoApprove` is a condition; what follows is as if somebody had."""
    world = World(approval(f'autoApprove: "{condition}"'), inputs={"small": True}, outside={"envs": {"go": "x"}}).play()

    assert world.state is (SUCCESS if automatic else PAUSED)
    if automatic:
        assert world.states == {"ok": SUCCESS, "ask": SUCCESS, "yes": SUCCESS, "after": SUCCESS}
        assert (world.run("ok").outputs["auto"], world.run("ok").outputs["by"]) == (True, None)


def test_a_wrong_condition_fails_it():
    """It is not taken for an approval."""
    world = World(approval('autoApprove: "{{ outputs.nowhere.x }}"\n    finally: [{id: f, type: t}]')).play()

    assert (world.run("ok").state, "yes" in world.states, world.run("f").state) == (FAILED, False, SUCCESS)


@pytest.mark.parametrize(("task", "decision"), [("ask", None), ("yes", "APPROVED"), ("no", "DENIED")])
def test_a_failure_in_it_fails_it(task: str, decision: str | None):
    """Whatever was decided."""
    world = World(approval("denyBehavior: CONTINUE"), {task: [FAILED]})
    world = decided(world, decision) if decision else world.play()

    assert (world.run("ok").state, world.state) == (FAILED, FAILED)


def test_a_restart_asks_again_what_was_denied():
    """What failed is the decision: it is made anew."""
    world = decided(World(approval("denyBehavior: FAIL")), "DENIED")
    assert world.state is FAILED
    world.restart()
    assert world.state is PAUSED

    assert decided(world, "APPROVED").state is SUCCESS


def test_a_restart_goes_on_after_the_decision():
    """What failed after it runs again; nobody is asked again."""
    world = decided(World(approval(), {"yes": [FAILED, SUCCESS]}), "APPROVED")

    assert world.restart().state is SUCCESS
    assert list(world.states) == ["ok", "ask", "yes", "after"]


def test_one_that_was_killed_while_it_waited_waits_again():
    """After a restart."""
    world = World(approval()).play()
    world.tell(s.Kill())
    assert (world.state, world.run("ok").state) == (KILLED, KILLED)
    world.restart()

    assert decided(world, "APPROVED").states == {"ok": SUCCESS, "ask": SUCCESS, "yes": SUCCESS, "after": SUCCESS}


def test_there_must_be_a_decision():
    """An empty list is refused."""
    with pytest.raises(InvalidFile, match="decisions"):
        flow_of(approval("decisions: []"))
