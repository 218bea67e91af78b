"""Show executions and flows in Kestra's JSON, so that its clients and habits work.

Called by: api and the CLI's `run`.
"""

from collections.abc import Iterable
from typing import Any

from onbeat.core import sealed
from onbeat.core.event import Json, Micros
from onbeat.core.execution import Attempt, Execution, TaskRun
from onbeat.core.flow import Flow
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.core.type_names import long_type


def state_json(current: State, history: Iterable[tuple[State, Micros]]) -> dict[str, Json]:
    """`state`: the present one and all before it."""
    histories = [{"state": state.value, "date": iso(at)} for state, at in history]
    shown: dict[str, Json] = {"current": current.value, "histories": histories, "startDate": histories[0]["date"]}
    if current.value in ("SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED", "RETRIED", "SKIPPED"):
        shown["endDate"] = histories[-1]["date"]
    return shown


def execution_json(execution: Execution, flow: Flow | None = None, *, runs: Iterable[int] | None = None) -> dict[str, Json]:
    """An execution with its task runs. flow: tells flowable tasks, which have no attempts. runs: the numbers of those to show; else all."""
    head = execution.head
    labels = [{"key": key, "value": value} for key, value in execution.labels.items()]
    if not any(label["key"] == "system.correlationId" for label in labels):
        labels.append({"key": "system.correlationId", "value": head.correlation_id})
    shown: dict[str, Any] = {
        "id": head.id,
        "namespace": head.namespace,
        "flowId": head.flow,
        "flowRevision": head.revision,
        "state": state_json(execution.state, execution.history),
        "inputs": sealed.shown(head.inputs),
        "outputs": sealed.shown(execution.outputs or {}),
        "labels": labels,
        "variables": sealed.shown(execution.variables),
        "taskRunList": [run_json(execution, execution.runs[n], flow) for n in (sorted(execution.runs) if runs is None else runs)],
        "originalId": head.original or head.id,
        "metadata": {"attemptNumber": execution.restarts + 1, "originalCreatedDate": iso(head.created)},
    }
    if head.trigger is not None:
        shown["trigger"] = {"id": head.trigger.id, "type": long_type(head.trigger.type), "variables": sealed.shown(head.trigger.variables)}
    if head.scheduled is not None:
        shown["scheduleDate"] = iso(head.scheduled)
    if (parent := head.replay_of or head.parent) is not None:
        shown["parentId"] = parent
    if execution.error is not None:
        shown["error"] = {"message": execution.error, "taskId": execution.failed_task}
    return shown


def run_json(execution: Execution, run: TaskRun, flow: Flow | None) -> dict[str, Json]:
    """A task run. A skipped one has one attempt, a flowable one none."""
    head = execution.head
    attempts = [_attempt_json(attempt) for attempt in run.attempts]
    if run.state is State.SKIPPED:
        attempts = [{"state": state_json(run.state, run.history)}]
    shown: dict[str, Any] = {
        "id": execution.run_id(run.n),
        "executionId": head.id,
        "namespace": head.namespace,
        "flowId": head.flow,
        "taskId": run.task,
        "state": state_json(run.state, run.history),
        "outputs": sealed.shown(run.outputs or {}),
    }
    if attempts:
        shown["attempts"] = attempts
    if run.parent:
        shown["parentTaskRunId"] = execution.run_id(run.parent)
    if run.value is not None:
        shown["value"] = run.value
        shown["iteration"] = run.iteration
    if run.error is not None:
        shown["error"] = run.error
    return shown


def _attempt_json(attempt: Attempt) -> dict[str, Json]:
    ended = [(attempt.state, attempt.end)] if attempt.end else []
    shown: dict[str, Json] = {"state": state_json(attempt.state, [(State.RUNNING, attempt.start), *ended])}
    if attempt.log is not None:
        shown["logFile"] = attempt.log
    return shown
