"""A dashboard's YAML is read, or refused with what is wrong in it."""

import re

import pytest

from onbeat.api.dashboards.document import Agg, read_chart, read_dashboard
from onbeat.errors import UserError

CHART = """
id: runs
type: io.kestra.plugin.core.dashboard.chart.TimeSeries
chartOptions: {displayName: Runs, column: date}
data:
  type: io.kestra.plugin.core.dashboard.data.Executions
  columns:
    date: {field: START_DATE}
    total: {agg: COUNT, displayName: Executions}
  where:
    - {field: NAMESPACE, type: STARTS_WITH, value: shop}
"""


def test_a_chart_is_read() -> None:
    """By Kestra's names."""
    chart = read_chart(CHART)
    assert chart.data is not None
    assert (chart.type, chart.data.kind, chart.data.columns["total"].agg) == ("TimeSeries", "Executions", Agg.COUNT)


def test_a_dashboard_is_read() -> None:
    """Charts may be none; the time window is thirty days unless told otherwise."""
    found = read_dashboard("title: Mine\ncharts: []")
    assert (found.id, found.title, found.time_window.default.days, found.chart("x")) == (None, "Mine", 30, None)


def test_a_kpi_has_one_column_without_a_name() -> None:
    """As Kestra writes it."""
    text = "{id: k, type: KPI, data: {type: ExecutionsKPI, columns: {field: ID, agg: COUNT}}}"
    data = read_chart(text).data
    assert data is not None
    assert list(data.columns) == ["value"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("TimeSeries", "TimeSerie", "did you mean `TimeSeries`?"),
        ("data.Executions", "data.Execution", "did you mean `Executions`?"),
        ("START_DATE", "STARTDATE", "did you mean `START_DATE`?"),
        ("agg: COUNT", "agg: MEDIAN", "agg"),
        ("{agg: COUNT, displayName: Executions}", "{displayName: x}", "needs a `field`"),
        ("where:", "wher:", "`where`"),
        ("columns:", "orderBy: [{column: x}]\n  columns:", "there is no column `x`"),
        ("chart.TimeSeries", "chart.KPI", "a KPI chart has data of type"),
        ("chart.TimeSeries", "chart.Markdown", "has `content`"),
        (CHART, "[1]", "a chart is a map"),
        (CHART, "id: [", "dashboard.yaml"),
        (CHART, "id: x\ntype: Pie", "needs `data`"),
        (CHART, "x" * 100_001, "the limit is"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, words: str) -> None:
    """With its place and the nearest right name."""
    with pytest.raises(UserError, match=re.escape(words)):
        read_chart(CHART.replace(old, new))


def test_ids_are_unique() -> None:
    """A chart is found by its id."""
    chart = "{id: a, type: Markdown, content: x}"
    with pytest.raises(UserError, match="`a` is used more than once"):
        read_dashboard(f"title: t\ncharts: [{chart}, {chart}]")
