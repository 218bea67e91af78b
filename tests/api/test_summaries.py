"""What a list says of an execution."""

from onbeat.api.summaries import summary_json
from onbeat.core.states import State
from onbeat.core.times import from_iso
from onbeat.ports import ExecutionSummary

AT = from_iso("2026-11-21T12:00:00Z")


def summary(**more: object) -> ExecutionSummary:
    """A line of a list."""
    facts = {"id": "e", "namespace": "t", "flow": "f", "revision": 2, "state": State.RUNNING, "created": AT, "correlation_id": "c"}
    return ExecutionSummary(**{**facts, **more})  # type: ignore[arg-type]  # test values


def test_one_that_runs() -> None:
    """It has begun and has no end; its correlation id is a label, too."""
    shown = summary_json(summary(labels={"team": "blue"}, trigger="hook"))
    assert shown["state"] == {
        "current": "RUNNING",
        "histories": [{"state": "CREATED", "date": "2026-11-21T12:00:00.000000Z"}],
        "startDate": "2026-11-21T12:00:00.000000Z",
    }
    assert shown["labels"] == [{"key": "team", "value": "blue"}, {"key": "system.correlationId", "value": "c"}]
    assert shown["trigger"] == {"id": "hook"}


def test_one_that_has_ended() -> None:
    """How long it took is a duration as Kestra writes it."""
    shown = summary_json(summary(state=State.FAILED, ended=AT + 1_500_000, parent="p"))
    assert (shown["state"]["duration"], shown["state"]["endDate"]) == ("PT1.5S", "2026-11-21T12:00:01.500000Z")
    assert (shown["state"]["histories"][-1]["state"], shown["parentId"], shown["trigger"]) == ("FAILED", "p", None)
