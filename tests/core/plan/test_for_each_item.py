"""ForEachItem: a file is cut into batches, each an execution of a subflow; three tasks show it."""

import pytest
from pydantic import ValidationError

from onbeat.core.plan.for_each_item import ForEachItem
from tests.core.world import FAILED, SUCCESS, WARNING, World, flow_of

CHILD = "tasks: [{id: work, type: t}]"


def items(more: str = "") -> str:
    """A flow with a ForEachItem and a task after it."""
    return f"""
tasks:
  - id: each
    type: core.flow.ForEachItem
    items: kestra:///rows.txt
    batch: {{rows: 2}}
    namespace: tests
    flowId: child
    {more}
  - {{id: after, type: t}}
"""


def test_it_shows_as_three_tasks_around_the_executions():
    """Split, items, merge; the executions are in none of them."""
    world = World(items(), flows={"child": CHILD}).play()

    assert world.states == {"each": SUCCESS, "each_split": SUCCESS, "each_items": SUCCESS, "each_merge": SUCCESS, "after": SUCCESS}
    assert [child.state for child in world.children.values()] == [SUCCESS, SUCCESS]
    outputs = world.run("each_items").outputs
    assert outputs is not None
    assert outputs["numberOfBatches"] == 2
    assert outputs["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 2}


def test_a_failed_one_stops_no_other_and_fails_it():
    """All batches are worked on; the merge does not run."""
    world = World(items(), {"work": [FAILED]}, flows={"child": CHILD}).play()

    assert [child.state for child in world.children.values()] == [FAILED, FAILED]
    assert world.states == {"each": FAILED, "each_split": SUCCESS, "each_items": FAILED}


def test_failures_that_are_not_transmitted_are_counted_only():
    """transmitFailed false; allowFailure is another way to go on."""
    world = World(items("transmitFailed: false"), {"work": [FAILED]}, flows={"child": CHILD}).play()
    assert world.states["each"] is SUCCESS
    allowed = World(items("allowFailure: true"), {"work": [FAILED]}, flows={"child": CHILD}).play()
    assert (allowed.states["each"], allowed.states["after"]) == (WARNING, SUCCESS)


def test_a_batch_is_a_line_when_nothing_is_said():
    """Or what `batch` says: rows, bytes or partitions."""
    flow = flow_of("tasks: [{id: e, type: core.flow.ForEachItem, items: x, namespace: n, flowId: f}]")
    each = flow.by_id["e"]
    assert isinstance(each, ForEachItem)
    assert flow.by_id["e_split"].options["rows"] == 1  # type: ignore[attr-defined]
    other = flow_of("tasks: [{id: e, type: core.flow.ForEachItem, items: x, namespace: n, flowId: f, batch: {partitions: 3}}]")
    assert "rows" not in other.by_id["e_split"].options  # type: ignore[attr-defined]


def test_an_unknown_way_to_cut_is_refused():
    """With the nearest right name."""
    given = {"id": "e", "type": "core.flow.ForEachItem", "items": "x", "namespace": "n", "flowId": "f", "batch": {"row": 3}}
    with pytest.raises(ValidationError, match="did you mean `rows`"):
        ForEachItem.model_validate(given)
