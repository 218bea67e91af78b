"""A chart's rows are what the store counts or lists, in its columns."""

import re
from pathlib import Path
from typing import Any

import pytest

from onbeat.api.dashboards.charts import Allowed, Row, rows_of
from onbeat.api.dashboards.document import TimeWindow, read_chart
from onbeat.api.dashboards.questions import Overrides
from onbeat.engine.node import Node
from onbeat.errors import UserError
from onbeat.ports import LogLine, MetricRow, Work
from tests.api.client import Client, api
from tests.api.test_execution_bulk import started


async def rows(node: Node, data: str, kind: str = "Bar", allowed: Allowed = None, **page: Any) -> list[Row]:
    """The rows of a chart of this data."""
    chart = read_chart(f"{{id: c, type: {kind}, data: {data}}}")
    return (await rows_of(node, chart, Overrides.model_validate(page), TimeWindow(), allowed)).results


async def some(call: Client) -> str:
    """Two executions that succeeded, one that failed; the id of the last one, which has lines and measurements."""
    await started(call, "hello", "fails", wait=True)
    (id_,) = await started(call, "hello", wait=True)
    at = call.node.clock.now()
    lines = tuple(LogLine(execution=id_, at=at, level=level, message=level.lower(), task="say") for level in ("WARN", "ERROR", "ERROR"))
    values = tuple(MetricRow(execution=id_, at=at, type="counter", name="rows", value=value, task="say") for value in (2.0, 4.0))
    await call.node.store.write(Work(logs=lines, metrics=values))
    return id_


async def test_executions_are_counted(tmp_path: Path) -> None:
    """By state, flow and day, in any order; of those that are asked for, that the reader may see."""
    async with api(tmp_path) as call:
        await some(call)
        node = call.node
        by_state = "{type: Executions, columns: {state: {field: STATE}, n: {agg: COUNT}}%s}"
        assert await rows(node, by_state % "") == [{"state": "FAILED", "n": 1}, {"state": "SUCCESS", "n": 2}]
        assert await rows(node, by_state % ", orderBy: [{column: n, order: DESC}]") == [
            {"state": "SUCCESS", "n": 2},
            {"state": "FAILED", "n": 1},
        ]
        assert await rows(node, by_state % ", where: [{field: FLOW_ID, type: CONTAINS, value: ail}]") == [{"state": "FAILED", "n": 1}]
        assert await rows(node, by_state % "", allowed=("other",)) == []
        assert await rows(node, by_state % "", namespace="other") == []
        assert await rows(node, by_state % "", pageSize=1, pageNumber=2) == [{"state": "SUCCESS", "n": 2}]
        by_flow = "{type: Executions, columns: {n: {agg: COUNT}, flow: {field: FLOW_ID}, day: {field: START_DATE}}}"
        found = await rows(node, by_flow, "TimeSeries")
        assert [(row["flow"], row["n"], list(row)) for row in found] == [
            ("fails", 1, ["n", "flow", "day"]),
            ("hello", 2, ["n", "flow", "day"]),
        ]
        took = "{type: Executions, columns: {most: {field: DURATION, agg: MAX}, mean: {field: DURATION, agg: AVG}}}"
        ((row),) = await rows(node, took)
        assert 0 < row["mean"] <= row["most"] < 60


async def test_executions_are_listed(tmp_path: Path) -> None:
    """The newest first, a page of them; each as its columns say."""
    async with api(tmp_path) as call:
        id_ = await some(call)
        data = "{type: Executions, columns: {id: {field: ID}, flow: {field: FLOW_ID}, took: {field: DURATION}}}"
        found = await rows(call.node, data, "Table", pageSize=2)
        assert [(row["flow"], row["took"][:2]) for row in found] == [("hello", "PT"), ("fails", "PT")]
        assert found[0]["id"] == id_
        where = data[:-1] + ", where: [{field: NAMESPACE, type: ENDS_WITH, value: t}]}"
        with pytest.raises(UserError, match="a table cannot be filtered by `namespace` with `ENDS_WITH`"):
            await rows(call.node, where, "Table")


async def test_lines(tmp_path: Path) -> None:
    """Counted by level and day, or listed."""
    async with api(tmp_path) as call:
        await some(call)
        data = "{type: Logs, columns: {level: {field: LEVEL}, n: {agg: COUNT}}, where: [{field: LEVEL, value: WARN}]}"
        counted = {row["level"]: row["n"] for row in await rows(call.node, data)}
        assert (counted["WARN"], counted["ERROR"] >= 2) == (1, True)
        by_day = "{type: Logs, columns: {day: {field: DATE}, n: {agg: COUNT}}}"
        ((day),) = await rows(call.node, by_day, "TimeSeries")
        assert day["day"].endswith("T00:00:00.000000Z")
        listed = (
            "{type: Logs, columns: {text: {field: MESSAGE}, flow: {field: FLOW_ID}}, where: [{field: LEVEL, type: IN, values: [WARN]}]}"
        )
        assert await rows(call.node, listed, "Table") == [{"text": "warn", "flow": "hello"}]
        assert await rows(call.node, listed, "Table", allowed=()) == []


async def test_measurements(tmp_path: Path) -> None:
    """Those of one flow, put together."""
    async with api(tmp_path) as call:
        await some(call)
        where = "where: [{field: NAMESPACE, value: t}, {field: FLOW_ID, value: hello}, {field: NAME, value: rows}]"
        data = f"{{type: Metrics, columns: {{sum: {{field: VALUE, agg: SUM}}, mean: {{field: VALUE, agg: AVG}}}}, {where}}}"
        assert await rows(call.node, data) == [{"sum": 6.0, "mean": 3.0}]
        assert await rows(call.node, data, allowed=("other",)) == [{"sum": None, "mean": None}]
        by_day = f"{{type: Metrics, columns: {{day: {{field: DATE}}, n: {{agg: COUNT}}}}, {where}}}"
        assert [row["n"] for row in await rows(call.node, by_day, "TimeSeries")] == [2]
        with pytest.raises(UserError, match="those of one flow"):
            await rows(call.node, "{type: Metrics, columns: {n: {agg: COUNT}}}")


async def test_one_number(tmp_path: Path) -> None:
    """A count, or the share of some in per cent."""
    async with api(tmp_path) as call:
        await some(call)
        count = "{type: ExecutionsKPI, columns: {field: ID, agg: COUNT}}"
        assert await rows(call.node, count, "KPI") == [{"value": 3}]
        share = "{type: ExecutionsKPI, columns: {field: ID, agg: COUNT}, numerator: [{field: STATE, value: SUCCESS}]}"
        assert await rows(call.node, share, "KPI") == [{"value": 66.67}]
        assert await rows(call.node, share, "KPI", allowed=()) == [{"value": 0}]
        assert await rows(
            call.node,
            "{type: MetricsKPI, columns: {field: VALUE, agg: MAX}, where: [{field: NAMESPACE, value: t}, {field: FLOW_ID, value: hello}]}",
            "KPI",
        ) == [{"value": 4.0}]
        text = read_chart("{id: m, type: Markdown, content: '# Hi'}")
        assert (await rows_of(call.node, text, Overrides(), TimeWindow(), None)).results == [{"content": "# Hi"}]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("{type: Executions, columns: {x: {field: LABELS}, n: {agg: COUNT}}}", "are not counted by `LABELS`"),
        ("{type: Executions, columns: {n: {field: STATE, agg: SUM}}}", "is for the field DURATION"),
        ("{type: Logs, columns: {n: {field: LEVEL, agg: SUM}}}", "lines are counted"),
        ("{type: Logs, columns: {t: {field: TASK_ID}, n: {agg: COUNT}}}", "are not counted by `TASK_ID`"),
        ("{type: Logs, columns: {t: {field: TRIGGER_ID}}}", "is not shown in a table"),
        ("{type: Metrics, columns: {n: {field: VALUE}}}", "put together"),
    ],
)
async def test_what_is_not_counted_is_said(tmp_path: Path, data: str, words: str) -> None:
    """With what is."""
    async with api(tmp_path) as call:
        await some(call)
        with pytest.raises(UserError, match=re.escape(words)):
            await rows(call.node, data)
