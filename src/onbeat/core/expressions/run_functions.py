"""Functions that look at the execution's task runs: what an iteration gave, what a parent gave, which tasks are in a state.

Rules
1. The outputs of a task in loops are found by the values of the loops around it, the outermost first.
2. The n-th iteration of the nearest loop is known by `scope["__values__"]`, the loop's values in order.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from onbeat.core.expressions import guard
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.lookups import in_order
from onbeat.core.expressions.texts import kind_of, written

VALUES = "__values__"


def current_each_output(context: Context, outputs: Any) -> Any:
    """What `outputs` holds for the values of all loops around the present task run; null when there is nothing."""
    around = _around(context)
    nearest = (context.parent.get("taskrun") or {}).get("value")
    outputs = _down(outputs, reversed(around))
    if nearest is None or not isinstance(outputs, Mapping):
        return outputs
    # inside a flowable inside a loop, the flowable has the loop's value already
    return outputs.get(nearest, outputs if around and around[0] == nearest else None)


def iteration_output(context: Context, task_id: Any = None, iteration: Any = None) -> Any:
    """What a task gave in an iteration of the nearest loop: its `value`, or of `outputs.TASK` all outputs. The task is the present
    one and the iteration the one before this, unless they are given."""
    run = context.parent.get("taskrun") or {}
    if "iteration" not in run:
        raise ExpressionError("the function `iterationOutput` is for tasks in a loop")
    index = run["iteration"] - 1 if iteration is None else iteration
    values: Sequence[Any] = context.private(VALUES, "does not know the loop's values here")
    if type(index) is not int or not 0 <= index < len(values):
        last = len(values) - 1
        raise ExpressionError(f"the function `iterationOutput` takes an iteration from 0 to {last}; before the first one there is none")
    around = _around(context)
    if around and around[0] == run.get("value"):
        around = around[1:]  # a flowable between the loop and the task has the loop's value already
    path = [*reversed(around), written(context, values[index])]
    if isinstance(task_id, Mapping):
        return _down(task_id, path)
    task = (context.parent.get("task") or {}).get("id") if task_id is None else written(context, task_id)
    found = _down((context.parent.get("outputs") or {}).get(task), path)
    return found.get("value") if isinstance(found, Mapping) else None


def loop_outputs(context: Context, outputs: Any, name: str) -> list[Any]:
    """One output of every iteration of a Loop, in order: `loopOutputs(outputs.loop.outputs, 'result')`."""
    if not isinstance(outputs, list | tuple):
        raise ExpressionError(f"the function `loopOutputs` takes the list `outputs.LOOP.outputs`, not {kind_of(outputs)}")
    if not isinstance(name, str):
        raise ExpressionError(f"the function `loopOutputs` takes the name of an output, not {kind_of(name)}")
    return [_down(each, ("outputs", name)) for each in outputs]


def parent_output(context: Context, index: Any = None) -> Any:
    """The outputs of the construct around the task; `index` counts from the outermost, 0."""
    above = context.parent.get("parents") or ()
    if not above:
        raise ExpressionError("the function `parentOutput` is for tasks inside of a construct")
    if index is None:
        return above[0].get("outputs")
    if type(index) is not int or not 0 <= index < len(above):
        raise ExpressionError(f"the function `parentOutput` takes an index from 0 to {len(above) - 1}")
    return above[len(above) - 1 - index].get("outputs")


def tasks_with_state(context: Context, state: str) -> list[dict[str, Any]]:
    """The task runs in that state: their `taskId`, `state` and, in loops, `value`."""
    wanted = state.upper()
    found: list[dict[str, Any]] = []
    tasks = context.parent.get("tasks") or {}
    for task in in_order(tasks):
        _collect(context, tasks[task], {"taskId": task, "state": wanted}, found)
    return found


def _collect(context: Context, info: Mapping[str, Any], told: dict[str, Any], found: list[dict[str, Any]]) -> None:
    """The runs of one task, in the loops inside each other."""
    context.budget.spend(len(info))
    if info.get("state") == told["state"]:
        found.append(told)
    for value in in_order(info):
        if isinstance(info[value], Mapping):
            _collect(context, info[value], {**told, "value": value}, found)


def _around(context: Context) -> list[Any]:
    """The values of the loops and of what is in them around the task, nearest first."""
    return [parent["taskrun"].get("value") for parent in context.parent.get("parents") or () if parent.get("taskrun")]


def _down(value: Any, path: Any) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


FUNCTIONS = guard.functions(
    {
        "currentEachOutput": current_each_output,
        "iterationOutput": iteration_output,
        "loopOutputs": loop_outputs,
        "parentOutput": parent_output,
        "tasksWithState": tasks_with_state,
    }
)
