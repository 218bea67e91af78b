"""The dashboard that is always there.

Called by: routes.
"""

from onbeat.api.dashboards.document import Dashboard, read_dashboard

ID = "default"
SOURCE = """\
id: default
title: Overview
description: What ran in the last days, and how it ended.
timeWindow:
  default: P7D
  max: P366D
charts:
  - id: success_ratio
    type: io.kestra.plugin.core.dashboard.chart.KPI
    chartOptions: {displayName: Success ratio, numberType: PERCENTAGE, width: 3}
    data:
      type: io.kestra.plugin.core.dashboard.data.ExecutionsKPI
      columns: {field: ID, agg: COUNT}
      numerator:
        - {field: STATE, type: IN, values: [SUCCESS, WARNING]}
  - id: running
    type: io.kestra.plugin.core.dashboard.chart.KPI
    chartOptions: {displayName: Running, numberType: FLAT, width: 3}
    data:
      type: io.kestra.plugin.core.dashboard.data.ExecutionsKPI
      columns: {field: ID, agg: COUNT}
      where:
        - {field: STATE, type: EQUAL_TO, value: RUNNING}
  - id: executions
    type: io.kestra.plugin.core.dashboard.chart.TimeSeries
    chartOptions: {displayName: Executions, column: date, colorByColumn: state, width: 12}
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        date: {field: START_DATE, displayName: Date}
        state: {field: STATE}
        total: {displayName: Executions, agg: COUNT, graphStyle: BARS}
        duration: {field: DURATION, displayName: Duration, agg: SUM, graphStyle: LINES}
  - id: by_namespace
    type: io.kestra.plugin.core.dashboard.chart.Bar
    chartOptions: {displayName: Executions by namespace, column: namespace, width: 6}
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        namespace: {field: NAMESPACE}
        state: {field: STATE}
        total: {displayName: Executions, agg: COUNT}
  - id: failed
    type: io.kestra.plugin.core.dashboard.chart.Table
    chartOptions: {displayName: Failed executions, width: 6}
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        id: {field: ID, displayName: Execution}
        namespace: {field: NAMESPACE, displayName: Namespace}
        flow: {field: FLOW_ID, displayName: Flow}
        start: {field: START_DATE, displayName: Start}
        duration: {field: DURATION, displayName: Duration}
      where:
        - {field: STATE, type: IN, values: [FAILED, KILLED]}
  - id: logs
    type: io.kestra.plugin.core.dashboard.chart.TimeSeries
    chartOptions: {displayName: Log lines, column: date, colorByColumn: level, width: 12}
    data:
      type: io.kestra.plugin.core.dashboard.data.Logs
      columns:
        date: {field: DATE}
        level: {field: LEVEL}
        total: {displayName: Lines, agg: COUNT, graphStyle: BARS}
"""


def usual() -> Dashboard:
    """It."""
    return read_dashboard(SOURCE)
