"""Show executions in lists, in Kestra's JSON: what an execution is, without what it holds.

Called by: the routes that list executions.
"""

from datetime import timedelta
from typing import Any

from onbeat.api.questions import CORRELATION
from onbeat.core.durations import format_duration
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.ports import ExecutionSummary


def summary_json(summary: ExecutionSummary) -> dict[str, Any]:
    """One line of a list."""
    labels = {**summary.labels, CORRELATION: summary.correlation_id}
    return {
        "id": summary.id,
        "namespace": summary.namespace,
        "flowId": summary.flow,
        "flowRevision": summary.revision,
        "state": summary_state(summary),
        "trigger": None if summary.trigger is None else {"id": summary.trigger},
        "labels": [{"key": key, "value": value} for key, value in labels.items()],
        "parentId": summary.parent,
        "originalId": summary.id,
        "correlationId": summary.correlation_id,
        "deleted": False,
        "metadata": {"originalCreatedDate": iso(summary.created)},
    }


def summary_state(summary: ExecutionSummary) -> dict[str, Any]:
    """Its state: of those before it a list knows the first only."""
    created = {"state": State.CREATED.value, "date": iso(summary.created)}
    state: dict[str, Any] = {"current": summary.state.value, "histories": [created], "startDate": created["date"]}
    if summary.ended is not None:
        state["histories"].append({"state": summary.state.value, "date": iso(summary.ended)})
        state["endDate"] = iso(summary.ended)
        state["duration"] = format_duration(timedelta(microseconds=summary.ended - summary.created))
    return state
