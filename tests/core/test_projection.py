"""Projection: state events, as CloudEvents."""

import json

import pytest
from cloudevents.v1.conversion import to_json
from cloudevents.v1.http import from_dict

from onbeat.core import signals as s
from onbeat.core.changes import AnyChange, Moved
from onbeat.core.projection import LARGEST_OUTPUTS, is_event, state_event
from onbeat.core.states import TERMINATED
from tests.core.world import FAILED, RUNNING, SECOND, SUCCESS, World

FACTS = {
    "labels": {"team": "x"},
    "causation_id": "cause",
    "traceparent": "00-1-2-01",
    "hops": 2,
    "correlation_id": "root",
    "parent": "above",
}


def events(world: World) -> list[dict]:
    """The state events of all that was decided."""
    made = [state_event(world.execution.head, change) for change in world.changes()]
    return [event for event in made if event is not None]


def test_only_moves_of_the_execution_are_events():
    """Task runs, blocks and answers are not; `is_event` and `state_event` agree."""
    world = World("tasks: [{id: a, type: t}]").play()
    head = world.execution.head

    assert [is_event(change) for change in world.changes()] == [state_event(head, change) is not None for change in world.changes()]
    assert [event["data"]["state"] for event in events(world)] == ["CREATED", "RUNNING", "SUCCESS"]


def test_the_sequence_has_no_gap():
    """From 1, over pauses and restarts; the id is the execution's and the sequence."""
    world = World("tasks: [{id: a, type: t}]", {"a": [FAILED, SUCCESS]}).play()
    world.tell(s.Restart())
    world.play()
    made = events(world)

    assert [event["id"] for event in made] == [f"exec/{number}" for number in range(1, len(made) + 1)]
    assert [event["sequence"] for event in made] == [f"{number:010d}" for number in range(1, len(made) + 1)]
    assert [event["data"]["before"] for event in made] == [None, *(event["data"]["state"] for event in made[:-1])]


def test_the_whole_event():
    """Attributes and data, from the row and the head alone."""
    world = World("tasks: [{id: a, type: t}]\noutputs: [{id: n, value: 1}]", **FACTS)
    world.begin()
    world.now += 2 * SECOND
    world.end("a")

    assert events(world)[-1] == {
        "specversion": "1.0",
        "id": "exec/3",
        "source": "onbeat",
        "type": "io.onbeat.execution.success",
        "subject": "tests.story/exec",
        "time": "1970-01-12T13:46:42.000000Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:onbeat:schema:execution-state:1",
        "sequence": "0000000003",
        "correlationid": "root",
        "causationid": "cause",
        "traceparent": "00-1-2-01",
        "onbeathops": 3,
        "data": {
            "executionId": "exec",
            "namespace": "tests",
            "flowId": "story",
            "flowRevision": 1,
            "state": "SUCCESS",
            "before": "RUNNING",
            "labels": {"team": "x"},
            "createdAt": "1970-01-12T13:46:40.000000Z",
            "at": "1970-01-12T13:46:42.000000Z",
            "parentId": "above",
            "durationMs": 2000,
            "outputs": {"n": 1},
        },
    }


def test_a_failure_is_named():
    """Which task, and why; a child names its trigger."""
    flows = {"child": "tasks: [{id: work, type: t}]"}
    world = World("tasks: [{id: sub, type: core.flow.Subflow, namespace: tests, flowId: child}]", {"work": ["no disk"]}, flows=flows).play()
    (child,) = world.children.values()
    data = events(child)[-1]["data"]

    assert (data["error"], data["failedTask"], data["trigger"]) == ("no disk", "work", {"id": "sub", "type": "core.flow.Subflow"})
    assert "durationMs" in data
    assert "causationid" in events(child)[0]


def test_large_outputs_are_left_out():
    """The event says that they were; the execution has them."""
    small, large = (Moved(at=1, before=RUNNING, after=SUCCESS, sequence=3, outputs={"x": "y" * size}) for size in (10, LARGEST_OUTPUTS))
    head = World("tasks: [{id: a, type: t}]").execution.head
    assert "truncated" not in data_of(head, small)
    assert (data_of(head, large)["outputs"], data_of(head, large)["truncated"]) == ({}, True)


def data_of(head: object, change: AnyChange) -> dict:
    """The data of its event."""
    event = state_event(head, change)  # type: ignore[arg-type]
    assert event is not None
    return event["data"]


@pytest.mark.parametrize("change", range(3))
def test_it_is_a_cloud_event(change: int):
    """The CloudEvents library reads and writes it."""
    event = events(World("tasks: [{id: a, type: t}]", **FACTS).play())[change]

    assert json.loads(to_json(from_dict(event))) == event


def test_a_duration_only_at_the_end():
    """What goes on has none yet."""
    for event in events(World("tasks: [{id: a, type: t}]").play()):
        assert ("durationMs" in event["data"]) is (event["data"]["state"] in TERMINATED)
