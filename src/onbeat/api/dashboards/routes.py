"""Dashboards: keep them, look at them, make the rows of their charts; Kestra's paths and JSON.

Rules
1. Everybody may look at every dashboard; what a chart shows is of the namespaces that its reader may see.
2. The usual one is always there, and is not changed.
3. Who changes one may write in all namespaces; the audit log has its text before and after.

Called by: app.
"""

from typing import Annotated, Any

import msgspec
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from onbeat.api.access import Permission
from onbeat.api.audit import row_of
from onbeat.api.dashboards.charts import rows_of
from onbeat.api.dashboards.document import Chart, Dashboard, TimeWindow, read_chart, read_dashboard
from onbeat.api.dashboards.questions import Overrides
from onbeat.api.dashboards.usual import ID, SOURCE
from onbeat.api.filters import page_of, read_conditions, sort_of
from onbeat.api.parameters import sort_field
from onbeat.api.routing import Unprocessable, Within, answer, body_of, callers_namespaces, node_of, route
from onbeat.api.shapes.base import Paged
from onbeat.api.shapes.dashboards import ChartRows, DashboardShape, DefaultDashboards
from onbeat.api.shapes.flows import Validity
from onbeat.api.tables import table
from onbeat.core.durations import format_duration
from onbeat.core.event import Micros
from onbeat.core.times import iso
from onbeat.engine.node import Node
from onbeat.errors import Conflict, NotFound, Refused, UserError
from onbeat.ports import Document, Work

KIND = "dashboard"
_YAML = {"application/x-yaml": {"type": "string"}}
_ANYTHING: dict[str, Any] = {"application/x-yaml": {}}
"""Any body: that it is no dashboard is the answer."""
_SORTS = {each: each for each in ("title", "id", "created", "updated")}
_MOST_ROWS = 1_000
"""Of a table that is exported."""


class Kept(msgspec.Struct, frozen=True):
    """A dashboard as it is kept."""

    source: str
    created: Micros
    updated: Micros


class SearchQuery(BaseModel):
    """Which dashboards."""

    q: str | None = Field(None, description="Part of a title, or of an id.")
    sort: list[str] = sort_field(_SORTS)
    page: int | None = None
    size: int | None = None


class Preview(BaseModel):
    """A chart that is not kept, and what it is filtered by."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    chart: str = Field(description="Its YAML.")
    global_filter: Overrides | None = None


Format = Annotated[str, Query(description="CSV.")]


def routes() -> list[BaseRoute]:
    """The routes; those of words come before those of ids."""
    read, write, seen, server = Permission.READ, Permission.WRITE, Within.LIST, Within.SERVER
    one, rows = DashboardShape, ChartRows
    found = [
        *route("/dashboards", search, read, within=seen, answers=Paged[DashboardShape]),
        *route("/dashboards", create, write, ("POST",), within=server, answers=one, takes=_YAML),
        *route("/dashboards/settings/default-dashboards", defaults, read, within=seen, answers=DefaultDashboards),
        *route("/dashboards/validate", validate, read, ("POST",), within=seen, answers=Validity, takes=_ANYTHING, bodyless=True),
        *route(
            "/dashboards/validate/chart", validate_chart, read, ("POST",), within=seen, answers=Validity, takes=_ANYTHING, bodyless=True
        ),
        *route("/dashboards/charts/preview", preview, read, ("POST",), within=seen, answers=rows),
        *route("/dashboards/{id}", show, read, within=seen, answers=one),
        *route("/dashboards/{id}", update, write, ("PUT",), within=server, answers=one, takes=_YAML),
        *route("/dashboards/{id}", delete, write, ("DELETE",), within=server, status=204),
        *route("/dashboards/{id}/charts/{chart}", chart_rows, read, ("POST",), within=seen, answers=rows),
    ]
    for end in ("export", "export/to-csv"):  # since 2.0, and before
        found += route(f"/dashboards/charts/{end}", export_preview, read, ("POST",), within=seen, media="text/csv")
        found += route(f"/dashboards/{{id}}/charts/{{chart}}/{end}", export, read, ("POST",), within=seen, media="text/csv")
    return found


async def search(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
    """The dashboards by title; the usual one is among them."""
    request.state.asked = True
    read_conditions(request.query_params, (), others=("q", "sort", "page", "size"))
    kept = {ID: Kept(SOURCE, 0, 0), **await _all(node_of(request))}
    wanted = (query.q or "").casefold()
    shown = [_json(id_, each, read_dashboard(each.source)) for id_, each in kept.items()]
    shown = [each for each in shown if wanted in each["title"].casefold() or wanted in each["id"].casefold()]
    name, descending = sort_of(query.sort, _SORTS) or ("title", False)
    shown.sort(key=lambda each: each[name] or "", reverse=descending)
    return answer({"results": page_of(query.size, query.page).of(shown), "total": len(shown)})


async def show(request: Request) -> Response:
    """One dashboard, with its text."""
    request.state.asked = True
    kept, found = await _found(request)
    return answer(_json(request.path_params["id"], kept, found))


async def create(request: Request) -> Response:
    """Keep a new dashboard. The body is its YAML; without an `id` it gets one."""
    node, text, found = node_of(request), *await _sent(request)
    now = node.clock.now()
    id_ = found.id or node.identity.new(now)
    async with request.app.state.saving:
        if id_ == ID or await node.queries.document(KIND, id_) is not None:
            raise Conflict(f"there is a dashboard `{id_}` already; change it by PUT, or take another id")
        kept = Kept(text, now, now)
        await _write(request, "dashboard.create", id_, None, kept)
    return answer(_json(id_, kept, found))


async def update(request: Request) -> Response:
    """Change a dashboard. The body is its YAML."""
    node, text, found = node_of(request), *await _sent(request)
    id_ = request.path_params["id"]
    async with request.app.state.saving:
        before, _ = await _own(request)
        if found.id not in (None, id_):
            raise Unprocessable(f"the id stays `{id_}`; the text says `{found.id}`")
        kept = Kept(text, before.created, node.clock.now())
        await _write(request, "dashboard.update", id_, before, kept)
    return answer(_json(id_, kept, found))


async def delete(request: Request) -> Response:
    """Remove a dashboard."""
    async with request.app.state.saving:
        before, _ = await _own(request)
        await _write(request, "dashboard.delete", request.path_params["id"], before, None)
    return Response(status_code=204)


async def validate(request: Request) -> Response:
    """What is wrong with a dashboard's YAML; nothing is kept."""
    request.state.asked = True
    return answer(_validity((await body_of(request)).decode("utf-8", "replace"), read_dashboard))


async def validate_chart(request: Request) -> Response:
    """What is wrong with a chart's YAML."""
    request.state.asked = True
    return answer(_validity((await body_of(request)).decode("utf-8", "replace"), read_chart))


async def defaults(request: Request) -> Response:
    """Which dashboards are shown where nobody chose another."""
    request.state.asked = True
    return answer(dict.fromkeys(("defaultHomeDashboard", "defaultFlowOverviewDashboard", "defaultNamespaceOverviewDashboard"), ID))


async def chart_rows(request: Request, body: Overrides) -> Response:
    """The rows of a chart, as the page filters them."""
    chart, window = await _chart(request)
    return await _rows(request, chart, window, body)


async def preview(request: Request, body: Preview) -> Response:
    """The rows of a chart that is not kept."""
    return await _rows(request, read_chart(body.chart), TimeWindow(), body.global_filter or Overrides())


async def export(request: Request, body: Overrides, format: Format = "CSV") -> Response:
    """The rows of a chart as a table, for a spreadsheet."""
    chart, window = await _chart(request)
    return await _exported(request, chart, window, body, format)


async def export_preview(request: Request, body: Preview, format: Format = "CSV") -> Response:
    """The rows of a chart that is not kept as a table, for a spreadsheet."""
    return await _exported(request, read_chart(body.chart), TimeWindow(), body.global_filter or Overrides(), format)


async def _rows(request: Request, chart: Chart, window: TimeWindow, page: Overrides) -> Response:
    found = await rows_of(node_of(request), chart, page, window, await callers_namespaces(request))
    return answer({"results": found.results, "total": found.total})


async def _exported(request: Request, chart: Chart, window: TimeWindow, page: Overrides, format: str) -> Response:
    if format.upper() != "CSV":
        raise Unprocessable("charts are exported as CSV")
    page = page if page.page_size is not None else page.model_copy(update={"page_size": _MOST_ROWS})
    found = await rows_of(node_of(request), chart, page, window, await callers_namespaces(request))
    columns = ["value"] if chart.type == "KPI" else [*chart.data.columns] if chart.data else ["content"]
    return table(columns, found.results, f"{chart.id}.csv")


async def _chart(request: Request) -> tuple[Chart, TimeWindow]:
    _, dashboard = await _found(request)
    found = dashboard.chart(request.path_params["chart"])
    if found is None:
        raise NotFound("the dashboard has no chart of that id")
    return found, dashboard.time_window


async def _found(request: Request) -> tuple[Kept, Dashboard]:
    id_ = request.path_params["id"]
    if id_ == ID:
        return Kept(SOURCE, 0, 0), read_dashboard(SOURCE)
    document = await node_of(request).queries.document(KIND, id_)
    if document is None:
        raise NotFound("there is no dashboard of that id")
    kept = msgspec.convert(document.value, Kept)
    return kept, read_dashboard(kept.source)


async def _own(request: Request) -> tuple[Kept, Dashboard]:
    """One that somebody made."""
    if request.path_params["id"] == ID:
        raise Refused(f"dashboard `{ID}` is always there as it is; make one of your own from its text")
    return await _found(request)


async def _all(node: Node) -> dict[str, Kept]:
    return {each.id: msgspec.convert(each.value, Kept) for each in await node.queries.documents(KIND)}


async def _sent(request: Request) -> tuple[str, Dashboard]:
    try:
        text = (await body_of(request)).decode()
    except UnicodeDecodeError:
        raise UserError("a dashboard is YAML in UTF-8") from None
    try:
        return text, read_dashboard(text)
    except UserError as wrong:
        raise Unprocessable(str(wrong)) from None


async def _write(request: Request, action: str, id_: str, before: Kept | None, after: Kept | None) -> None:
    row = await row_of(request, action, f"dashboard:{id_}", before and before.source, after and after.source)
    value: Any = None if after is None else msgspec.to_builtins(after)
    await node_of(request).store.write(Work(documents=(Document(KIND, id_, value),), audit=(row,)))


def _validity(text: str, read: Any) -> dict[str, Any]:
    said = None
    try:
        read(text)
    except UserError as wrong:
        said = str(wrong)
    return {"index": 0, "constraints": said, "outdated": False, "deprecationPaths": [], "warnings": [], "infos": []}


def _json(id_: str, kept: Kept, dashboard: Dashboard) -> dict[str, Any]:
    window = dashboard.time_window
    return {
        "id": id_,
        "title": dashboard.title,
        "description": dashboard.description,
        "timeWindow": {"default": format_duration(window.default), "max": format_duration(window.max)},
        "charts": [
            {"id": chart.id, "type": chart.type, "chartOptions": chart.chart_options, "content": chart.content}
            for chart in dashboard.charts
        ],
        "deleted": False,
        "created": iso(kept.created) if kept.created else None,
        "updated": iso(kept.updated) if kept.updated else None,
        "sourceCode": kept.source,
    }
