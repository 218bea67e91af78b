"""Approval: a Pause that is resumed with a decision."""

import pytest

from onbeat.core import signals as s
from onbeat.core.plan.approval import Approval
from tests.core.world import CANCELLED, FAILED, PAUSED, SUCCESS, WARNING, World, flow_of


def approval(more: str = "") -> str:
    """A flow with an approval, what follows each decision, and a task after it."""
    return f"""
tasks:
  - id: ok
    type: core.flow.Approval
    onWait: [{{id: ask, type: t}}]
    onApprove: [{{id: yes_, type: t}}]
    onDeny: [{{id: no_, type: t}}]
    {more}
  - {{id: after, type: t}}
"""


def decided(world: World, decision: str | None, **facts: str) -> World:
    """Somebody decides."""
    world.tell(s.Resume({"x": 1}, decision=decision, **facts))
    return world.play()


def test_it_asks_and_waits():
    """onWait runs first; then the execution is PAUSED."""
    world = World(approval()).play()

    assert world.states == {"ok": PAUSED, "ask": SUCCESS}
    assert world.state is PAUSED


def test_approved_it_goes_on():
    """onApprove runs; the outputs say who decided what, and when."""
    world = decided(World(approval()).play(), "APPROVED", by="ada", comment="fine")

    assert world.states == {"ok": SUCCESS, "ask": SUCCESS, "yes_": SUCCESS, "after": SUCCESS}
    outputs = world.run("ok").outputs
    assert outputs is not None
    assert {key: outputs[key] for key in ("decision", "auto", "by", "comment", "inputs")} == {
        "decision": "APPROVED",
        "auto": False,
        "by": "ada",
        "comment": "fine",
        "inputs": {"x": 1},
    }


@pytest.mark.parametrize(("behaviour", "state"), [("CANCEL", CANCELLED), ("FAIL", FAILED), ("WARN", WARNING), ("CONTINUE", SUCCESS)])
def test_denied_it_ends_as_it_says(behaviour: str, state: str):
    """onDeny runs first, whatever follows; CANCEL is what it does when nothing is said."""
    world = decided(World(approval(f"denyBehavior: {behaviour}")).play(), "DENIED")

    assert world.states["ok"] is state
    assert world.states["no_"] is SUCCESS
    assert ("after" in world.states) is (state in (WARNING, SUCCESS))
    assert world.state is state


def test_denied_is_cancelled_by_default():
    """So is one that nobody decided about in time."""
    assert decided(World(approval()).play(), "DENIED").state is CANCELLED
    late = World(approval("timeout: PT5S"))
    late.begin()
    late.end("ask")
    late.at(5)
    assert late.play().state is CANCELLED
    outputs = late.run("ok").outputs
    assert outputs is not None
    assert (outputs["decision"], outputs["auto"]) == ("EXPIRED", True)


def test_decisions_may_have_other_names():
    """The first one approves, the others deny."""
    flow = approval("decisions: [ship, hold, drop]")
    assert "yes_" in decided(World(flow).play(), "ship").states
    assert "no_" in decided(World(flow).play(), "drop").states


def test_a_plain_resume_approves():
    """Somebody let it go on: that is nobody's absence."""
    world = decided(World(approval()).play(), None)
    outputs = world.run("ok").outputs
    assert outputs is not None
    assert (world.states["yes_"], outputs["decision"], outputs["auto"]) == (SUCCESS, "APPROVED", False)


@pytest.mark.parametrize(("condition", "waits"), [("true", False), ("false", True), ('"{{ outputs.ask.value is null }}"', True)])
def test_it_may_approve_by_itself(condition: str, waits: bool):
    """`autoApprove` is looked at when it would begin to wait, after onWait."""
    world = World(approval(f"autoApprove: {condition}")).play()

    assert (world.state is PAUSED) is waits
    if not waits:
        outputs = world.run("ok").outputs
        assert outputs is not None
        assert (outputs["decision"], outputs["auto"]) == ("APPROVED", True)


def test_a_decision_that_it_does_not_know_is_refused():
    """And one without the comment that it asks for."""
    spec = flow_of("tasks: [{id: ok, type: core.flow.Approval, commentRequired: true}]").by_id["ok"]
    assert isinstance(spec, Approval)
    assert spec.refused("MAYBE", "x") == "`ok` is decided as one of APPROVED, DENIED, and not as `MAYBE`"
    assert spec.refused("DENIED", " ") == "`ok` asks for a `comment` with the decision"
    assert spec.refused("DENIED", "no") is None
    assert spec.refused(None, "yes") is None
