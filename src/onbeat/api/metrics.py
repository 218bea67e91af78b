"""Metrics: what the tasks of an execution measured, and those of all executions of a flow by time."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.buckets import DAY, buckets, fitting
from onbeat.api.lookup import execution_of
from onbeat.api.parameters import Instant
from onbeat.api.questions import instant_of
from onbeat.api.routing import Unprocessable, Within, answer, node_of, route
from onbeat.api.shapes.base import Paged
from onbeat.api.shapes.logs import Aggregations, Measurement
from onbeat.core.execution import Execution
from onbeat.core.times import iso
from onbeat.ports import MetricRow, Queries
from onbeat.ports.search import MetricFilter

_PAGE = 1_000
_USUAL = 30 * DAY
_MOST = 100_000
"""How many measurements of one execution are looked through."""


def routes() -> list[BaseRoute]:
    """The routes."""
    read, flow = Permission.READ, "{namespace}/{flow}"
    return [
        *route("/metrics/{id}", show, read, within=Within.OBJECT, answers=Paged[Measurement]),
        *route(f"/metrics/names/{flow}", names, read, answers=list[str]),
        *route(f"/metrics/names/{flow}/{{task}}", names, read, answers=list[str]),
        *route(f"/metrics/tasks/{flow}", tasks, read, answers=list[str]),
        *route(f"/metrics/aggregates/{flow}/{{metric}}", aggregates, read, answers=Aggregations),
        *route(f"/metrics/aggregates/{flow}/{{task}}/{{metric}}", aggregates, read, answers=Aggregations),
    ]


async def show(
    request: Request,
    size: Annotated[int, Query(description="At most 1,000.")] = 10,
    page: int = 1,
    task: Annotated[str | None, Query(alias="taskId")] = None,
    run: Annotated[str | None, Query(alias="taskRunId")] = None,
) -> Response:
    """An execution's metrics in order, by pages; `taskId` and `taskRunId` choose. A timer's value is in milliseconds, as Kestra's."""
    node, execution = node_of(request), await execution_of(request)
    size, page = min(max(size, 1), _PAGE), max(page, 1)
    rows = await _all(node.queries, execution.id)
    found = [row for row in rows if task in (None, row.task) and run in (None, execution.run_id(row.run))]
    results = [_shown(row, execution) for row in found[size * (page - 1) : size * page]]
    return answer({"results": results, "total": len(found)})


async def names(request: Request) -> Response:
    """What the tasks of a flow measured, or one of them, by name."""
    return answer(await node_of(request).queries.metric_names(_filter(request)))


async def tasks(request: Request) -> Response:
    """The tasks of a flow that measured something."""
    return answer(await node_of(request).queries.metric_tasks(_filter(request)))


async def aggregates(
    request: Request,
    start_date: Annotated[Instant | None, Query(alias="startDate", examples=["2026-11-21T12:00:00Z"])] = None,
    end_date: Annotated[Instant | None, Query(alias="endDate")] = None,
    aggregation: Annotated[Literal["sum", "avg", "min", "max", "count"], Query()] = "sum",
) -> Response:
    """What was measured, by time: the last 30 days unless told otherwise. A timer's value is in milliseconds."""
    node = node_of(request)
    end = instant_of(end_date, "endDate") if end_date else node.clock.now()
    start = instant_of(start_date, "startDate") if start_date else end - _USUAL
    if start >= end:
        raise Unprocessable("`endDate` must be after `startDate`")
    by = fitting(start, end)
    wanted = msgspec.structs.replace(_filter(request), start=start, end=end)
    found = {each.start: each for each in await node.queries.metric_sums(wanted, by=by)}
    shown = [
        {"name": request.path_params["metric"], "value": getattr(found[step], aggregation) if step in found else None, "date": iso(step)}
        for step in buckets(start, end, by)
    ]
    return answer({"groupBy": by, "aggregations": shown})


def _filter(request: Request) -> MetricFilter:
    path = request.path_params
    return MetricFilter(namespace=path["namespace"], flow=path["flow"], task=path.get("task"), name=path.get("metric"))


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
        "value": row.shown,
        "timestamp": iso(row.at),
        "tags": row.tags,
    }
