"""Build what expressions see of an execution: Kestra's names, from what the execution holds and nothing else.

`envs`, `globals` and secrets are not here: they are outside the execution, so a condition that uses them is evaluated by the shell,
which adds them.

Called by: decide for conditions and values, the engine for the properties of tasks.
"""

from collections.abc import Mapping
from typing import Any

from onbeat.core import refs, sealed
from onbeat.core.addresses import is_of_flow, path_of
from onbeat.core.event import Json, Micros
from onbeat.core.execution import ROOT, Execution, Head, TaskRun
from onbeat.core.flow import Flow, TaskSpec
from onbeat.core.plan.working_directory import enclosing
from onbeat.core.times import iso_millis, to_datetime
from onbeat.core.type_names import long_type

OUTSIDE_ROOTS = frozenset({"envs", "globals", "kestra"})
"""Root names that the execution does not hold."""


def variables(flow: Flow, execution: Execution, n: int = ROOT, now: Micros | None = None) -> dict[str, Any]:
    """The variables for the task run `n`, or for the flow's own expressions."""
    head, scope = execution.head, execution.head.scope
    verdict = execution.verdict
    names: dict[str, Any] = {
        "flow": {"id": head.flow, "namespace": head.namespace, "revision": head.revision, "tenantId": "main"},
        "execution": {
            "id": scope.origin if scope else head.id,
            "startDate": iso_millis(head.created),
            "originalId": head.original or head.id,
            "state": (verdict.state if verdict else execution.state).value,
            "outputs": refs.opened((verdict.outputs if verdict else execution.outputs) or {}),
        },
        "inputs": sealed.opened(refs.opened(head.inputs), flow.secret_inputs),
        "vars": _variables(execution),
        "labels": labels(execution),
        "outputs": outputs(execution),
        "tasks": execution.states if scope is None else {**scope.tasks, **execution.states},
        "trigger": refs.opened(head.trigger.variables) if head.trigger else {},
    }
    if now is not None:
        names["__now__"] = to_datetime(now)
    if scope is not None:
        names["item"] = scope.item
    if execution.error is not None:
        names["error"] = {"taskId": execution.failed_task, "message": execution.error}
    if n != ROOT:
        run = execution.runs[n]
        names["task"] = _task(flow.by_id[run.task])
        names["taskrun"] = taskrun(execution, run)
        worker = enclosing(flow, execution, n)
        if worker is not None:
            names["workerTaskrun"] = taskrun(execution, worker)
        above = list(parents(execution, run))
        names["parents"] = above
        if above:
            names["parent"] = above[0]
        undone = _undone(execution, run)
        if undone is not None:
            names["compensated"] = {"taskId": undone.task, "value": undone.value, "outputs": refs.opened(undone.outputs or {})}
    return names


def _variables(execution: Execution) -> dict[str, Any]:
    """`vars.*`: large ones that a task set are kept in storage. What names a file of another flow was written as text, and stays that."""
    values, head = execution.variables, execution.head
    kept = {name for name, value in values.items() if refs.is_mark(value) and _is_own(value[refs.REF_KEY], head)}
    return {**values, **refs.opened({name: values[name] for name in kept})} if kept else values


def _is_own(uri: Json, head: Head) -> bool:
    if isinstance(uri, str) and uri.startswith(refs.SECRET):
        return True  # it was encrypted here, or opens nothing
    path = path_of(uri)
    return path is not None and is_of_flow(path, head.namespace, head.flow)


def _undone(execution: Execution, run: TaskRun) -> TaskRun | None:
    """The task run that this one helps to undo."""
    while run.of is None and run.parent:
        run = execution.runs[run.parent]
    return None if run.of is None else execution.runs[run.of]


def outputs(execution: Execution) -> Mapping[str, Any]:
    """`outputs.*`: in an iteration of a Loop also what had been done around it."""
    scope = execution.head.scope
    if scope is None:
        return execution.context
    return {**refs.put_together(scope.outputs, scope.kept), **execution.context}


def _task(spec: TaskSpec) -> dict[str, Json]:
    return {"id": spec.id, "type": long_type(spec.type)}


def taskrun(execution: Execution, run: TaskRun) -> dict[str, Json]:
    """`taskrun.*`: inside a loop, value and iteration are those of the nearest loop; a LoopUntil has iterations, and no values."""
    facts: dict[str, Json] = {
        "id": execution.run_id(run.n),
        "startDate": iso_millis(run.history[0][1]),
        "attemptsCount": sum(attempt.end is not None for attempt in run.attempts),
    }
    if run.parent:
        facts["parentId"] = execution.run_id(run.parent)
    around = looped(execution, run)
    if around is not None:
        facts["value"] = around.value
    again: TaskRun | None = run
    while again is not None and again.iteration is None:
        again = execution.runs[again.parent] if again.parent else None
    if again is not None:
        facts["iteration"] = again.iteration
    return facts


def looped(execution: Execution, run: TaskRun) -> TaskRun | None:
    """The nearest run, from this one outwards, that a loop gave a value."""
    at: TaskRun | None = run
    while at is not None and at.value is None:
        at = execution.runs[at.parent] if at.parent else None
    return at


def parents(execution: Execution, run: TaskRun) -> list[dict[str, Json]]:
    """`parents`: the flowables around a task run, nearest first, each with its loop value and outputs."""
    found: list[dict[str, Json]] = []
    while run.parent:
        run = execution.runs[run.parent]
        above: dict[str, Json] = {}
        if run.value is not None:
            above["taskrun"] = {"value": run.value}
        if run.outputs is not None:
            above["outputs"] = refs.opened(run.outputs)
        if above:
            found.append(above)
    return found


def labels(execution: Execution) -> dict[str, Json]:
    """`labels.*`: dotted keys such as `system.correlationId` are nested."""
    nested: dict[str, Any] = {}
    for key, value in execution.labels.items():
        at = nested
        *way, last = key.split(".")
        for part in way:
            below = at.get(part)
            at[part] = at = below if isinstance(below, dict) else {}
        at[last] = value
    nested.setdefault("system", {})
    if isinstance(nested["system"], dict):
        nested["system"].setdefault("correlationId", execution.head.correlation_id)
    return nested
