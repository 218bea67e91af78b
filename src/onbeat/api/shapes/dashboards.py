"""What answers about dashboards look like: Kestra's."""

from pydantic import Field

from onbeat.api.shapes.base import Free, Instant, Shape


class ChartOutline(Shape):
    """A chart: what it is, and how it is drawn."""

    id: str
    type: str = Field(examples=["TimeSeries"])
    chart_options: Free
    content: str | None = None


class DashboardShape(Shape):
    """A dashboard, with its text."""

    id: str
    title: str
    description: str | None
    time_window: dict[str, str]
    charts: list[ChartOutline]
    deleted: bool
    created: Instant | None
    updated: Instant | None
    source_code: str


class ChartRows(Shape):
    """A page of a chart's rows, by the names of its columns."""

    results: list[Free]
    total: int


class DefaultDashboards(Shape):
    """Which dashboards are shown where nobody chose another."""

    default_home_dashboard: str
    default_flow_overview_dashboard: str
    default_namespace_overview_dashboard: str
