"""Metrics: what an execution's tasks measured."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.lookup import execution_of
from onbeat.api.routing import Within, answer, node_of, route
from onbeat.core.execution import Execution
from onbeat.core.times import iso
from onbeat.errors import UserError
from onbeat.ports import MetricRow, Queries

_PAGE = 1_000
_MOST = 100_000
"""How many measurements of one execution are looked through."""


def routes() -> list[BaseRoute]:
    """The routes."""
    return [*route("/metrics/{id}", show, Permission.READ, within=Within.OBJECT)]


async def show(request: Request) -> Response:
    """An execution's metrics in order, by pages; `taskId` and `taskRunId` choose. A timer's value is in milliseconds, as Kestra's."""
    node, query, execution = node_of(request), request.query_params, await execution_of(request)
    try:
        size = min(max(int(query.get("size", "10")), 1), _PAGE)
        page = max(int(query.get("page", "1")), 1)
    except ValueError as wrong:
        raise UserError(str(wrong)) from None
    task, run = query.get("taskId"), query.get("taskRunId")
    rows = await _all(node.queries, execution.id)
    found = [row for row in rows if task in (None, row.task) and run in (None, execution.run_id(row.run))]
    results = [_shown(row, execution) for row in found[size * (page - 1) : size * page]]
    return answer({"results": results, "total": len(found)})


async def _all(queries: Queries, execution: str) -> list[MetricRow]:
    found: list[MetricRow] = []
    while page := await queries.metrics(execution, found[-1].seq if found else 0, _PAGE):
        found += page
        if len(found) >= _MOST:
            break
    return found


def _shown(row: MetricRow, execution: Execution) -> dict[str, Any]:
    return {
        "namespace": execution.head.namespace,
        "flowId": execution.head.flow,
        "executionId": row.execution,
        "taskId": row.task,
        "taskRunId": execution.run_id(row.run),
        "type": row.type,
        "name": row.name,
        "value": row.value * 1_000 if row.type == "timer" else row.value,
        "timestamp": iso(row.at),
        "tags": row.tags,
    }
