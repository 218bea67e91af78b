"""Draw an execution: its flow as a graph, each task with its last task run; a subflow that is drawn within, with those
of the execution that it started.

Called by: app.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission, caller_of
from onbeat.api.lookup import execution_of
from onbeat.api.routing import Within, answer, node_of, route
from onbeat.api.shapes.graphs import FlowGraph
from onbeat.api.subflow_graphs import SAID, started_flow, with_subflows
from onbeat.core.execution import Execution
from onbeat.core.flow import Flow, TaskSpec
from onbeat.core.graph import Facts, Inner, flow_graph
from onbeat.core.shape import run_json
from onbeat.errors import NotFound


def routes() -> list[BaseRoute]:
    """The route."""
    return route("/executions/{id}/graph", graph, Permission.READ, within=Within.OBJECT, answers=FlowGraph)


async def graph(request: Request, subflows: Annotated[list[str] | None, Query(description=SAID)] = None) -> Response:
    """An execution as a graph of its tasks, each with its last task run."""
    execution = await execution_of(request)
    flow = await _flow_of(request, execution)
    executions: dict[str, Execution | None] = {"root": execution}
    """Of what is drawn within which: None where nothing has run yet."""

    async def find(uid: str, task: Mapping[str, Any]) -> Inner | None:
        around = executions[max((each for each in executions if uid.startswith(f"{each}.")), key=len)]
        started = executions[uid] = None if around is None else await _started(request, around, str(task["id"]))
        if started is None:
            waiting = await started_flow(request, task)
            return None if waiting is None else Inner(waiting)
        try:
            inner = await _flow_of(request, started)
        except NotFound:  # its revision was purged
            return None
        return Inner(inner, facts_of(started, inner))

    return answer((await with_subflows(partial(flow_graph, flow, facts_of(execution, flow)), subflows or (), find)).as_json())


async def _flow_of(request: Request, execution: Execution) -> Flow:
    head = execution.head
    return (await node_of(request).catalog.revision(head.namespace, head.flow, head.revision)).flow


async def _started(request: Request, execution: Execution, task: str) -> Execution | None:
    """The execution that a task of this one started last, for who may read it."""
    children = [run.child for _, run in sorted(execution.runs.items()) if run.task == task and run.child is not None]
    try:
        found = await node_of(request).engine.load(children[-1]) if children else None
    except NotFound:  # it was purged
        return None
    return found if found is not None and (await caller_of(request)).may(Permission.READ, found.head.namespace) else None


def facts_of(execution: Execution, flow: Flow) -> Facts:
    """Of each task of an execution its last run."""
    last = {run.task: run for _, run in sorted(execution.runs.items())}

    def facts(task: TaskSpec) -> Mapping[str, Any]:
        run = last.get(task.id)
        return {} if run is None else {"taskRun": run_json(execution, run, flow)}

    return facts
