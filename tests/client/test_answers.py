"""Answers with types; tests/client/aio reads those of a daemon."""

from datetime import UTC, datetime
from typing import Any

import pytest

from onbeat.client.answers import ENDED, GOOD, Execution, Labels, Published, event_of, once, page_of, read, read_all
from onbeat.client.frames import Frame
from onbeat.core.states import TERMINATED, State
from onbeat.errors import OutsideError

EXECUTION: dict[str, Any] = {
    "id": "x",
    "namespace": "shop",
    "flowId": "greet",
    "flowRevision": 1,
    "state": {"current": "RUNNING", "startDate": "2026-11-21T12:00:00Z", "histories": []},
    "labels": [{"key": "team", "value": "blue"}],
    "taskRunList": [{"id": "r", "taskId": "t", "state": {"current": "SUCCESS", "startDate": "2026-11-21T12:00:00.5Z"}}],
}


def test_the_states_that_end_are_the_daemons():
    """The client has its own list, for it loads nothing of the core."""
    assert {str(state) for state in TERMINATED} == ENDED
    assert {str(State.SUCCESS), str(State.WARNING)} == GOOD


def test_an_execution_has_types():
    """Times are instants, labels a map, task runs have states of their own."""
    execution = read(Execution, EXECUTION)
    assert (execution.created, execution.ended_at, execution.took) == (datetime(2026, 11, 21, 12, tzinfo=UTC), None, None)
    assert execution.labels == {"team": "blue"}
    assert (execution.ended, execution.ok, execution.runs_of("t")[0].ok, execution.runs_of("u")) == (False, False, True, [])


def test_what_is_not_known_is_no_error():
    """Rules 1 and 2: it is in `raw`, which is not printed; a field may be called so, too."""
    content = {**EXECUTION, "raw": 1, "new": 2, "state": {**EXECUTION["state"], "current": "DREAMING"}}
    execution = read(Execution, content)
    assert (execution.raw, execution.state, execution.ended) == (content, "DREAMING", False)
    assert "new" not in repr(execution)
    assert "id='x'" in repr(execution)


@pytest.mark.parametrize(
    "wrong", [None, [], {}, {**EXECUTION, "id": 1}, {**EXECUTION, "labels": [{"key": "a"}]}, {**EXECUTION, "labels": 1}]
)
def test_an_answer_of_another_shape_is_none(wrong: Any):
    """Rule 3: said with its place."""
    with pytest.raises(OutsideError, match=r"is no Execution \(.*is this an onbeat daemon"):
        read(Execution, wrong)


@pytest.mark.parametrize("wrong", [None, {}, "x"])
def test_a_list_of_another_shape_is_none(wrong: Any):
    """Rule 3: a page, too."""
    with pytest.raises(OutsideError, match="is no list of Execution"):
        read_all(Execution, wrong)
    with pytest.raises(OutsideError, match="no page"):
        page_of(wrong)


def test_an_answer_cannot_be_changed():
    """It is what the daemon said."""
    with pytest.raises(AttributeError):
        read(Execution, EXECUTION).id = "y"  # type: ignore[misc]


def test_an_event_knows_its_place():
    """The id of its frame; attributes are CloudEvents' own names."""
    event = event_of(Frame("event", "7", {"id": "1", "source": "s", "type": "t", "partitionkey": "k", "data": [1]}))
    assert (event.position, event.key, event.data, event.time) == (7, "k", [1], None)


def test_a_key_of_our_own_makes_no_duplicate():
    """What the daemon said stays in `raw`."""
    published = once(read(Published, {"id": "1", "duplicate": True}))
    assert (published.duplicate, published.raw["duplicate"]) == (False, True)


def test_labels_may_be_a_map():
    """As some routes write them."""
    assert read(Execution, {**EXECUTION, "labels": {"a": "b"}}).labels == Labels(a="b")
