"""Show a flow to who starts or follows it: its inputs and the tasks by name, and nothing of what the tasks do.

Called by: the routes of executions: whoever may start a flow need not see what is in it.
"""

from collections.abc import Iterable
from typing import Any

from onbeat.core.flow import Flow, TaskSpec
from onbeat.core.plan.subflow import Subflow
from onbeat.core.type_names import long_type


def flow_outline(flow: Flow) -> dict[str, Any]:
    """A flow."""
    return {
        "id": flow.id,
        "namespace": flow.namespace,
        "revision": flow.revision,
        "description": flow.description,
        "disabled": flow.disabled,
        "draft": False,
        "deleted": False,
        "labels": [{"key": key, "value": value} for key, value in flow.labels.items()],
        "inputs": [spec.model_dump(mode="json", by_alias=True, exclude_none=True) for spec in flow.inputs],
        "outputs": [spec.model_dump(mode="json", by_alias=True, exclude_none=True) for spec in flow.outputs],
        "tasks": _tasks(flow.tasks),
        "errors": _tasks(flow.errors),
        "finally": _tasks(flow.finally_),
        "afterExecution": _tasks(flow.after_execution),
        "triggers": [{"id": str(raw.get("id")), "type": long_type(str(raw.get("type")))} for raw in flow.triggers],
    }


def _tasks(tasks: Iterable[TaskSpec]) -> list[dict[str, Any]]:
    return [_task(task) for task in tasks]


def _task(task: TaskSpec) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": task.id, "type": long_type(task.type)}
    inside = [child for branch in task.branches() for child in branch]
    if inside:
        shown["tasks"] = _tasks(inside)
    if isinstance(task, Subflow):
        shown["subflowId"] = {"namespace": task.namespace, "flowId": task.flow_id, "revision": task.revision}
    return shown
