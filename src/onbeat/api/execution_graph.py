"""Draw an execution: its flow as a graph, each task with its last task run.

Called by: app.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.lookup import execution_of
from onbeat.api.routing import Within, answer, node_of, route
from onbeat.api.shapes.graphs import FlowGraph
from onbeat.core.execution import Execution
from onbeat.core.flow import Flow, TaskSpec
from onbeat.core.graph import flow_graph
from onbeat.core.shape import run_json


def routes() -> list[BaseRoute]:
    """The route."""
    return route("/executions/{id}/graph", graph, Permission.READ, within=Within.OBJECT, answers=FlowGraph)


async def graph(
    request: Request, subflows: Annotated[list[str] | None, Query(description="Taken for Kestra's sake: a subflow is one node.")] = None
) -> Response:
    """An execution as a graph of its tasks, each with its last task run."""
    node, execution = node_of(request), await execution_of(request)
    head = execution.head
    loaded = await node.catalog.revision(head.namespace, head.flow, head.revision)
    return answer(await asyncio.to_thread(drawn, execution, loaded.flow))


def drawn(execution: Execution, flow: Flow) -> dict[str, Any]:
    """The graph of an execution's flow, with what ran."""
    last = {run.task: run for _, run in sorted(execution.runs.items())}

    def facts(task: TaskSpec) -> Mapping[str, Any]:
        run = last.get(task.id)
        return {} if run is None else {"taskRun": run_json(execution, run, flow)}

    return flow_graph(flow, facts).as_json()
