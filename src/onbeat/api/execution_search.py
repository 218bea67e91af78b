"""Executions: find them, and what there is to find: flows and namespaces that can be started, the last execution of each flow.

Rules
1. What a list and its count mean is one filter, read by one reader; others' executions are not among them.
2. The order is that of creation unless said otherwise, the newest first; `before` goes on at any depth.

Called by: app.
"""

from collections.abc import AsyncIterator, Awaitable
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.filters import Page, page_of, read_conditions, sort_of
from onbeat.api.outlines import flow_outline
from onbeat.api.parameters import AnyState, Instant, Labels, Scopes, TimeRange, one_of, sort_field
from onbeat.api.questions import EXECUTION_FIELDS, execution_filter
from onbeat.api.routing import Unprocessable, Within, answer, callers_namespaces, node_of, route
from onbeat.api.shapes.base import Paged
from onbeat.api.shapes.executions import AverageDuration, ExecutionLine, FlowOutline, Latest
from onbeat.api.summaries import summary_json
from onbeat.api.tables import csv_text
from onbeat.core.access import covers
from onbeat.core.names import did_you_mean
from onbeat.core.states import State
from onbeat.core.times import iso
from onbeat.errors import UserError
from onbeat.ports import ExecutionFilter, ExecutionSummary
from onbeat.ports.search import COUNTED, COUNTED_BY_TEXT, Sort

SORTS = {
    "id": Sort.CREATED,
    "state.startDate": Sort.CREATED,
    "startDate": Sort.CREATED,
    "state.endDate": Sort.ENDED,
    "endDate": Sort.ENDED,
    "state.duration": Sort.DURATION,
    "duration": Sort.DURATION,
    "state.current": Sort.STATE,
    "state": Sort.STATE,
    "flowId": Sort.FLOW,
    "namespace": Sort.FLOW,
}
Distinct = Annotated[str, Query(examples=["NAMESPACE"], json_schema_extra={"enum": ["NAMESPACE", "FLOW_ID", "STATE"]})]
_COLUMNS = ("id", "namespace", "flowId", "flowRevision", "state", "startDate", "endDate", "duration", "labels", "parentId", "correlationId")
_PAGE = 500
_MOST_FLOWS = 1_000
_GOOD = (State.SUCCESS, State.WARNING)
_RECENT = 100
"""Executions whose durations are averaged."""


class ExecutionQuery(BaseModel):
    """Which executions. Also `filters[FIELD][OPERATION]=value`, as Kestra's clients write it; all that is given must hold."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    q: str | None = Field(None, description="Text in the execution's id, correlation id, flow or labels.")
    scope: Scopes = []
    namespace: str | None = Field(None, description="The namespace and those below it.")
    flow_id: str | None = None
    state: list[AnyState] = Field([], description="One of these.", examples=[["FAILED", "KILLED"]])
    labels: Labels = []
    start_date: Instant | None = Field(None, description="Created from then on.", examples=["2026-11-21T12:00:00Z"])
    end_date: Instant | None = Field(None, description="Created until then.")
    time_range: TimeRange | None = Field(None, description="Created within this time until now.", examples=["P1D"])
    trigger_id: str | None = None
    trigger_execution_id: str | None = Field(None, description="Started by this execution.")
    parent_id: str | None = Field(None, description="Started by this execution.")
    correlation_id: str | None = None
    child_filter: Annotated[str, one_of(("", "CHILD", "MAIN"))] | None = Field(
        None, description="CHILD: those that an execution started; MAIN: the others."
    )


class SearchQuery(ExecutionQuery):
    """Which executions, and which page of them."""

    sort: list[str] = sort_field(SORTS)
    page: int | None = None
    size: int | None = Field(None, description="25 unless told otherwise, 1,000 at most.")
    before: str | None = Field(None, description="In the order of creation: go on after this id.")


class OfFlowQuery(BaseModel):
    """The executions of one flow."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    namespace: str | None = Field(None, json_schema_extra={"minLength": 1})
    flow_id: str | None = Field(None, json_schema_extra={"minLength": 1})
    page: int | None = None
    size: int | None = None


class FlowName(BaseModel):
    """A flow."""

    namespace: str
    id: str


def routes() -> list[BaseRoute]:
    """The routes; those of words come before those of ids."""
    read, run = Permission.READ, Permission.RUN
    return [
        *route("/executions", of_flow, read, within=Within.LIST, answers=Paged[ExecutionLine]),
        *route("/executions/search", search, read, within=Within.LIST, answers=Paged[ExecutionLine]),
        *route("/executions/export/by-query/csv", export, read, within=Within.LIST, media="text/csv"),
        *route("/executions/latest", latest, read, ("POST",), within=Within.LIST, answers=list[Latest]),
        *route("/executions/distinct-field-values", distinct, read, within=Within.LIST, answers=list[str]),
        *route("/executions/namespaces", namespaces, run, within=Within.LIST, answers=list[str]),
        *route("/executions/namespaces/{namespace}/flows", flows, run, answers=list[FlowOutline]),
        *route("/executions/namespaces/{namespace}/flows/{flow}/average-duration", average, read, answers=AverageDuration),
        *route("/executions/flows/{namespace}/{flow}", flow, read, answers=FlowOutline),
    ]


async def search(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
    """Executions, newest first.

    Further pages by `page`, or at any depth by `before`: the last id of the page before.
    """
    wanted = await asked(request, others=("sort", "page", "size", "before"))
    node, page = node_of(request), page_of(query.size, query.page)
    sort, descending = sort_of(query.sort, {name: each.value for name, each in SORTS.items()}) or (Sort.CREATED.value, True)
    if query.before and sort != Sort.CREATED:
        raise UserError("`before` goes on in the order of creation; leave `sort` away, or use `page`")

    def listed() -> Awaitable[list[ExecutionSummary]]:
        return node.queries.executions(
            wanted, sort=Sort(sort), descending=descending, before=query.before, offset=page.offset, limit=page.size
        )

    if page.offset or query.before:
        total = await node.queries.count(wanted, counted(wanted, page))
        found = [] if page.past(total) else await listed()
    else:
        found = await listed()
        total = len(found) if len(found) < page.size else await node.queries.count(wanted, counted(wanted, page))
    return answer({"results": [summary_json(summary) for summary in found], "total": total})


def counted(wanted: ExecutionFilter, page: Page) -> int:
    """How far those of all pages are counted beside one: with a text less far, but behind this page in any case."""
    return min(COUNTED, max(COUNTED_BY_TEXT, page.offset + page.size)) if wanted.q else COUNTED


async def export(request: Request, query: Annotated[ExecutionQuery, Query()]) -> Response:
    """All executions that the query means as a table, for a spreadsheet; the newest first."""
    node, wanted = node_of(request), await asked(request)

    async def pieces() -> AsyncIterator[str]:
        before = None
        yield csv_text(_COLUMNS, ())
        while page := await node.queries.executions(wanted, before=before, limit=_PAGE):
            yield csv_text(_COLUMNS, [_exported(each) for each in page], head=False)
            before = page[-1].id

    return StreamingResponse(pieces(), headers={"Content-Disposition": 'attachment; filename="executions.csv"'}, media_type="text/csv")


def _exported(summary: ExecutionSummary) -> dict[str, Any]:
    line = summary_json(summary)
    return {**line, **line["state"], "state": line["state"]["current"], "labels": summary.labels}


async def of_flow(request: Request, query: Annotated[OfFlowQuery, Query()]) -> Response:
    """The executions of one flow, which `namespace` and `flowId` name; `/executions/search` looks through all."""
    missing = next((name for name, value in (("namespace", query.namespace), ("flowId", query.flow_id)) if not value), None)
    if missing:
        raise Unprocessable(f"`{missing}` is missing; `/executions/search` looks through all flows")
    read_conditions(request.query_params, (), others=("namespace", "flowId", "page", "size"))
    node, page = node_of(request), page_of(query.size, query.page)
    wanted = ExecutionFilter(allowed=await callers_namespaces(request), namespace=query.namespace, flow=query.flow_id)
    total = await node.queries.count(wanted)
    found = [] if page.past(total) else await node.queries.executions(wanted, offset=page.offset, limit=page.size)
    return answer({"results": [summary_json(summary) for summary in found], "total": total})


async def asked(request: Request, others: tuple[str, ...] = (), *, exact: bool = False) -> ExecutionFilter:
    """Which of the caller's executions a query asks for. others: parameters that say something else; exact: they are to be changed."""
    flat = tuple(name for name in EXECUTION_FIELDS if name not in others)
    conditions = read_conditions(request.query_params, EXECUTION_FIELDS, flat=flat, others=others, change=exact)
    return execution_filter(conditions, node_of(request).clock.now(), await callers_namespaces(request), exact=exact)


async def latest(request: Request, body: Annotated[list[FlowName], Body(max_length=_MOST_FLOWS)]) -> Response:
    """The last execution of each of these flows, of those that have one."""
    allowed = await callers_namespaces(request)
    wanted = [(each.namespace, each.id) for each in body if allowed is None or any(covers(outer, each.namespace) for outer in allowed)]
    found = await node_of(request).queries.latest_of_flows(wanted)
    return answer(
        [
            {
                "id": each.id,
                "flowId": each.flow,
                "namespace": each.namespace,
                "startDate": iso(each.created),
                "status": each.state.value,
            }
            for each in found
        ]
    )


async def distinct(request: Request, field: Distinct, size: Annotated[int | None, Query()] = None) -> Response:
    """The values that a field has in the executions that are asked for: NAMESPACE, FLOW_ID or STATE."""
    wanted = await asked(request, others=("field", "size"))
    name = {"NAMESPACE": "namespace", "FLOW_ID": "flow", "FLOWID": "flow", "STATE": "state"}.get(field.upper())
    if name is None:
        choices = ("NAMESPACE", "FLOW_ID", "STATE")
        raise UserError(f"the values of `{field[:40]}` are not counted{did_you_mean(field, choices)}; use {', '.join(choices)}")
    tallies = await node_of(request).queries.tally(wanted, by="month", group="flow")
    values = sorted({str(getattr(each, name)) for each in tallies})
    return answer(values[: page_of(size, 1, usual=1_000).size])


async def namespaces(request: Request) -> Response:
    """The namespaces in which the caller may start a flow."""
    allowed = await callers_namespaces(request)
    found = {loaded.flow.namespace for loaded in node_of(request).catalog.served() if not loaded.flow.disabled}
    return answer(sorted(name for name in found if allowed is None or any(covers(outer, name) for outer in allowed)))


async def flows(request: Request) -> Response:
    """The flows of a namespace that can be started."""
    namespace = request.path_params["namespace"]
    found = [loaded.flow for loaded in node_of(request).catalog.served()]
    return answer([flow_outline(each) for each in found if each.namespace == namespace and not each.disabled])


async def flow(request: Request, revision: Annotated[int | None, Query(ge=1, le=2**31)] = None) -> Response:
    """A flow as whoever starts it needs it."""
    path = request.path_params
    return answer(flow_outline((await node_of(request).find_flow(path["namespace"], path["flow"], revision)).flow))


async def average(request: Request) -> Response:
    """How long the last hundred executions of a flow that succeeded took."""
    node, path = node_of(request), request.path_params
    namespace, name = path["namespace"], path["flow"]
    await node.find_flow(namespace, name)
    found = await node.queries.executions(ExecutionFilter(namespace=namespace, flow=name, states=_GOOD), limit=_RECENT)
    took = [each.ended - each.created for each in found if each.ended is not None]
    return answer({"avgDurationMs": sum(took) // len(took) // 1_000 if took else None, "count": len(took)})
