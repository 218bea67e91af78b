"""The dashboard that is always there."""

from onbeat.api.dashboards.usual import ID, usual


def test_it_is_right() -> None:
    """It reads, and its charts are known."""
    found = usual()
    assert (found.id, [chart.type for chart in found.charts]) == (ID, ["KPI", "KPI", "TimeSeries", "Bar", "Table", "TimeSeries"])
