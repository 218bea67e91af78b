"""Outputs: of an execution, and of its task runs. Kestra 2.0 has them apart from the execution.

A secret is shown as it is everywhere; a large value by where it is kept.

Called by: app.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.lookup import execution_of
from onbeat.api.routing import Within, answer, route
from onbeat.api.shapes.base import Free
from onbeat.api.shapes.executions import TaskOutputs
from onbeat.core import sealed
from onbeat.core.refs import is_mark
from onbeat.engine import rerun
from onbeat.errors import NotFound


def routes() -> list[BaseRoute]:
    """The routes."""
    read, one = Permission.READ, Within.OBJECT
    return [
        *route("/outputs/executions/{id}", of_execution, read, within=one, answers=Free),
        *route("/outputs/tasks/{id}", of_tasks, read, within=one, answers=list[TaskOutputs]),
        *route("/outputs/tasks/{id}/{run}", of_task, read, within=one, answers=Free),
    ]


async def of_execution(request: Request) -> Response:
    """The outputs of the flow."""
    return answer(sealed.shown((await execution_of(request)).outputs or {}))


async def of_tasks(request: Request) -> Response:
    """The task runs that have outputs. inline: none of these is kept in storage."""
    execution = await execution_of(request)
    shown = [
        {
            "taskId": run.task,
            "taskRunId": execution.run_id(run.n),
            "value": run.value,
            "iteration": run.iteration,
            "inline": not any(is_mark(value) for value in run.outputs.values()),
        }
        for _, run in sorted(execution.runs.items())
        if run.outputs
    ]
    return answer(shown)


async def of_task(request: Request) -> Response:
    """The outputs of a task run."""
    execution = await execution_of(request)
    try:
        run = execution.runs[rerun.run_number(execution, request.path_params["run"])]
    except rerun.Impossible as wrong:
        raise NotFound(str(wrong)) from None
    return answer(sealed.shown(run.outputs or {}))
