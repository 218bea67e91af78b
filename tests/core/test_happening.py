"""Happening: what the journal tells triggers of other flows."""

from typing import Any

import pytest

from onbeat.core.changes import Created, Labelled, Moved
from onbeat.core.execution import Head, Scope
from onbeat.core.happening import event_of
from onbeat.core.refs import Ref, mark
from onbeat.core.states import State


def head(**more: Any) -> Head:
    """An execution of shop.pay."""
    facts = {"id": "x", "namespace": "shop", "flow": "pay", "revision": 3, "created": 0, "correlation_id": "c", "labels": {"a": "1"}}
    return Head(**{**facts, **more})


def moved(after: State = State.SUCCESS, **more: Any) -> Moved:
    """It reached a state."""
    return Moved(at=5, before=State.RUNNING, after=after, sequence=3, **more)


def test_a_change_of_state_is_an_event():
    """With Kestra's names, its outputs, and what stands behind it."""
    event = event_of(head(hops=2, traceparent="t"), moved(outputs={"n": 1}, labels={"b": "2"}))
    assert event is not None
    assert event.variables == {
        "executionId": "x", "namespace": "shop", "flowId": "pay", "flowRevision": 3, "state": "SUCCESS", "outputs": {"n": 1},
    }  # fmt: skip
    assert (event.id, event.key, event.time, event.hops) == ("x/3", "x/3", 5, 3)
    assert (event.correlation_id, event.causation_id, event.traceparent) == ("c", "x", "t")
    assert event.data["labels"] == {"b": "2"}
    assert event.data["execution"]["state"] == "SUCCESS"


def test_being_created_is_one_too():
    """The first, with the labels it began with."""
    event = event_of(head(), Created(at=0, head=head()))
    assert event is not None
    assert (event.id, event.data["state"], event.data["labels"], event.variables["outputs"]) == ("x/1", "CREATED", {"a": "1"}, {})


def test_anything_else_is_none():
    """Labels that change, and what happens to tasks."""
    assert event_of(head(), Labelled(at=1, labels={})) is None


def test_the_rounds_of_a_loop_are_nobodys_upstream():
    """They are parts of an execution, though they are executions."""
    assert event_of(head(scope=Scope(task="loop", origin="y", item={})), moved()) is None


@pytest.mark.parametrize("state", [State.PAUSED, State.RUNNING, State.FAILED])
def test_every_state_is_told(state: State):
    """Which of them matter is the trigger's to say."""
    event = event_of(head(), moved(state))
    assert event is not None
    assert event.variables["state"] == state.value


def test_large_outputs_are_references_to_conditions():
    """Touched, they must be brought; the trigger's variables have what stands for them."""
    kept = Ref("kestra:///x", 100_000)
    event = event_of(head(), moved(outputs={"big": mark(kept)}))
    assert event is not None
    assert event.data["outputs"] == {"big": kept}
    assert event.variables["outputs"] == {"big": mark(kept)}
