"""Make a chart's rows: what the store counts or lists, in the chart's columns.

Rules
1. Columns without `agg` are what rows are counted by: time, state, namespace, flow, level; without any `agg` each row is one thing.
2. Executions are counted by one question to the store, whatever the chart; lines by one for each level and step of time.
3. What the store does not count by is refused, with what it does.
4. A KPI is one number; with a `numerator`, its share in per cent.

Called by: routes.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from onbeat.api.buckets import buckets, fitting
from onbeat.api.dashboards.document import Agg, Chart, Column, Data, TimeWindow, Where
from onbeat.api.dashboards.questions import Asked, Overrides, asked
from onbeat.api.filters import page_of
from onbeat.api.questions import execution_filter, log_filter
from onbeat.core.durations import format_duration
from onbeat.core.times import iso
from onbeat.engine.node import Node
from onbeat.engine.tasklog import LEVELS
from onbeat.errors import UserError
from onbeat.ports import ExecutionFilter, ExecutionSummary, LogFilter
from onbeat.ports.search import FoundLine, MetricFilter, MetricSum, Tally

Row = dict[str, Any]
Allowed = tuple[str, ...] | None
_MOST_STEPS = 62
"""Steps of time for which lines are counted."""
_DATES = frozenset({"START_DATE", "DATE"})


class Rows(msgspec.Struct, frozen=True):
    """A page of a chart's rows, and how many there are."""

    results: list[Row]
    total: int


async def rows_of(node: Node, chart: Chart, page: Overrides, window: TimeWindow, allowed: Allowed) -> Rows:
    """The rows of a chart, for who may see these namespaces. Raises UserError."""
    if chart.data is None:
        return Rows([{"content": chart.content or ""}], 1)
    data = chart.data
    maker = _Maker(node, data, allowed, page)
    now = node.clock.now()

    def question(more: Sequence[Where] = ()) -> Asked:
        return asked(data.kind, (*data.where, *more), page, window, now)

    if chart.type == "KPI":
        value = await maker.number(question())
        if data.numerator:
            part = await maker.number(question(data.numerator))
            value = round(100 * part / value, 2) if part is not None and value else 0
        return Rows([{"value": value}], 1)
    grouped = any(column.agg is not None for column in data.columns.values())
    return await (maker.groups(question()) if grouped else maker.things(question()))


class _Maker:
    """Makes the rows of one chart."""

    def __init__(self, node: Node, data: Data, allowed: Allowed, page: Overrides) -> None:
        self._queries = node.queries
        self._now = node.clock.now()
        self._data = data
        self._allowed = allowed
        self._page = page_of(page.page_size, page.page_number)
        self._paged = page.page_size is not None

    async def number(self, question: Asked) -> float | None:
        """The one value of a KPI."""
        (column,) = self._data.columns.values()
        match self._data.kind:
            case "Executions":
                return _measured(column, await self._tallies(question, grouped=bool(question.later)))
            case "Logs":
                return await self._queries.count_lines(self._lines(question))
            case _:
                return _summed(column, await self._sums(question))

    async def groups(self, question: Asked) -> Rows:
        """Rows that put many together."""
        match self._data.kind:
            case "Executions":
                rows = await self._executions_by(question)
            case "Logs":
                rows = await self._lines_by(question)
            case _:
                rows = await self._metrics_by(question)
        for order in reversed(self._data.order_by):
            rows.sort(key=_by(order.column), reverse=order.order == "DESC")
        return Rows(list(self._page.of(rows)) if self._paged else rows, len(rows))

    async def things(self, question: Asked) -> Rows:
        """Rows that are one thing each, the newest first."""
        if question.later:
            raise UserError(
                f"a table cannot be filtered by `{question.later[0].field}` with `{question.later[0].op}`; use EQUAL_TO or PREFIX"
            )
        match self._data.kind:
            case "Executions":
                wanted = self._executions(question)
                total, found = await self._queries.count(wanted), list[ExecutionSummary]()
                if not self._page.past(total):
                    found = await self._queries.executions(wanted, offset=self._page.offset, limit=self._page.size)
                return Rows([self._row(_EXECUTION, each) for each in found], total)
            case "Logs":
                lines = self._lines(question)
                total, rows = await self._queries.count_lines(lines), list[FoundLine]()
                if not self._page.past(total):
                    rows = await self._queries.log_lines(lines, offset=self._page.offset, limit=self._page.size)
                return Rows([self._row(_LINE, each) for each in rows], total)
            case _:
                raise UserError("measurements are shown put together; give a column an `agg`")

    def _row(self, fields: dict[str, Callable[[Any, Column], Any]], of: Any) -> Row:
        row: Row = {}
        for name, column in self._data.columns.items():
            read = fields.get((column.field or "").upper())
            if read is None:
                raise UserError(f"column `{name}`: `{column.field}` is not shown in a table; use {', '.join(fields)}")
            row[name] = read(of, column)
        return row

    # ---- executions ------------------------------------------------------------------------------------------------

    def _executions(self, question: Asked) -> ExecutionFilter:
        wanted = execution_filter(question.conditions, self._now, self._allowed)
        return msgspec.structs.replace(wanted, start=question.start, end=question.end)

    async def _tallies(self, question: Asked, *, grouped: bool) -> list[Tally]:
        by = fitting(question.start, question.end)
        found = await self._queries.tally(self._executions(question), by=by, group="flow" if grouped else None)
        for condition in question.later:
            found = [each for each in found if condition.holds(each.namespace if condition.field == "namespace" else each.flow)]
        return found

    async def _executions_by(self, question: Asked) -> list[Row]:
        by = self._dimensions(("START_DATE", "STATE", "NAMESPACE", "FLOW_ID"))
        grouped = bool(question.later) or bool({"NAMESPACE", "FLOW_ID"} & {*by.values()})
        groups: dict[tuple[Any, ...], list[Tally]] = {}
        for tally in await self._tallies(question, grouped=grouped):
            facts = {"START_DATE": tally.start, "STATE": tally.state.value, "NAMESPACE": tally.namespace, "FLOW_ID": tally.flow}
            groups.setdefault(tuple(facts[field] for field in by.values()), []).append(tally)
        return [self._group(by, key, partial(_measured, tallies=of)) for key, of in sorted(groups.items())]

    # ---- lines -----------------------------------------------------------------------------------------------------

    def _lines(self, question: Asked) -> LogFilter:
        if question.later:
            raise UserError(
                f"lines cannot be filtered by `{question.later[0].field}` with `{question.later[0].op}`; use EQUAL_TO or PREFIX"
            )
        wanted = log_filter(question.conditions, self._now, self._allowed)
        return msgspec.structs.replace(wanted, start=question.start, end=question.end)

    async def _lines_by(self, question: Asked) -> list[Row]:
        by, wanted = self._dimensions(("DATE", "LEVEL")), self._lines(question)
        if any(column.agg not in (None, Agg.COUNT) for column in self._data.columns.values()):
            raise UserError("lines are counted: `agg: COUNT`")
        size = fitting(question.start, question.end)
        steps = buckets(question.start, question.end, size) if "DATE" in by.values() else [question.start]
        if len(steps) > _MOST_STEPS:
            size = "hour" if size == "minute" else "week" if size == "day" else "month"
            steps = buckets(question.start, question.end, size)
        levels = [(level,) for level in LEVELS if not wanted.levels or level in wanted.levels]
        rows = []
        for begin, end in zip(steps, [*steps[1:], question.end], strict=True):
            for of in levels if "LEVEL" in by.values() else [wanted.levels]:
                part = msgspec.structs.replace(wanted, start=max(begin, question.start), end=end, levels=of)
                count = await self._queries.count_lines(part)
                if count:
                    facts = {"DATE": begin, "LEVEL": of[0] if of else None}
                    rows.append(self._group(by, tuple(facts[field] for field in by.values()), partial(_counted, count)))
        return rows

    # ---- measurements ----------------------------------------------------------------------------------------------

    async def _sums(self, question: Asked) -> list[MetricSum]:
        said = {condition.field: condition.value for condition in question.conditions}
        missing = next((name for name in ("namespace", "flowId") if name not in said), None)
        if missing or question.later:
            raise UserError("measurements are those of one flow: say NAMESPACE and FLOW_ID in `where`, each EQUAL_TO one value")
        if not self._may(said["namespace"]):
            return []
        wanted = MetricFilter(
            namespace=said["namespace"],
            flow=said["flowId"],
            task=said.get("taskId"),
            name=said.get("name"),
            start=question.start,
            end=question.end,
        )
        return await self._queries.metric_sums(wanted, by=fitting(question.start, question.end))

    def _may(self, namespace: str) -> bool:
        return self._allowed is None or any(namespace == outer or namespace.startswith(f"{outer}.") for outer in self._allowed)

    async def _metrics_by(self, question: Asked) -> list[Row]:
        by = self._dimensions(("DATE",))
        found = await self._sums(question)
        if not by:
            return [self._group(by, (), partial(_summed, sums=found))]
        return [self._group(by, (each.start,), partial(_summed, sums=[each])) for each in found]

    # ---- columns ---------------------------------------------------------------------------------------------------

    def _dimensions(self, known: Sequence[str]) -> dict[str, str]:
        """The columns that rows are counted by, with their fields."""
        found = {name: (column.field or "").upper() for name, column in self._data.columns.items() if column.agg is None}
        for name, field in found.items():
            if field not in known:
                raise UserError(f"column `{name}`: {self._data.type} are not counted by `{field}`; use {', '.join(known)}")
        return found

    def _group(self, by: dict[str, str], key: tuple[Any, ...], measure: Callable[[Column], Any]) -> Row:
        row: Row = {name: iso(value) if field in _DATES else value for (name, field), value in zip(by.items(), key, strict=True)}
        row |= {name: measure(column) for name, column in self._data.columns.items() if column.agg is not None}
        return {name: row[name] for name in self._data.columns}


def _not_asked(what: str, question: Asked) -> UserError:
    condition = question.later[0]
    return UserError(f"{what} cannot be filtered by `{condition.field}` with `{condition.op}`; use EQUAL_TO or PREFIX")


def _by(name: str) -> Callable[[Row], Any]:
    return lambda row: (row[name] is not None, row[name])


def _counted(count: int, column: Column) -> int:
    return count


def _measured(column: Column, tallies: Sequence[Tally]) -> float | None:
    """What a column says of executions: how many, or how long they took, in seconds."""
    if column.agg in (None, Agg.COUNT):
        return sum(each.count for each in tallies)
    if (column.field or "").upper() != "DURATION":
        raise UserError(f"`{column.agg}` is for the field DURATION; count others by `agg: COUNT`")
    ended = sum(each.ended for each in tallies)
    if not ended:
        return None
    took = sum(each.duration for each in tallies)
    values: dict[Agg | None, float] = {
        Agg.SUM: took,
        Agg.AVG: took / ended,
        Agg.MIN: min(each.shortest for each in tallies if each.shortest is not None),
        Agg.MAX: max(each.longest for each in tallies if each.longest is not None),
    }
    return values[column.agg] / 1_000_000


def _summed(column: Column, sums: Sequence[MetricSum]) -> float | None:
    """What a column says of measurements."""
    if column.agg in (None, Agg.COUNT):
        return sum(each.count for each in sums)
    if (column.field or "").upper() != "VALUE":
        raise UserError(f"`{column.agg}` is for the field VALUE; count others by `agg: COUNT`")
    if not sums:
        return None
    total, count = sum(each.sum for each in sums), sum(each.count for each in sums)
    values: dict[Agg | None, float] = {
        Agg.SUM: total,
        Agg.AVG: total / count,
        Agg.MIN: min(each.min for each in sums),
        Agg.MAX: max(each.max for each in sums),
    }
    return values[column.agg]


def _took(of: ExecutionSummary) -> str | None:
    return None if of.ended is None else format_duration(timedelta(microseconds=of.ended - of.created))


def _label(of: ExecutionSummary, column: Column) -> Any:
    return of.labels if column.label_key is None else of.labels.get(column.label_key)


_EXECUTION: dict[str, Callable[[Any, Column], Any]] = {
    "ID": lambda of, column: of.id,
    "NAMESPACE": lambda of, column: of.namespace,
    "FLOW_ID": lambda of, column: of.flow,
    "FLOW_REVISION": lambda of, column: of.revision,
    "STATE": lambda of, column: of.state.value,
    "DURATION": lambda of, column: _took(of),
    "LABELS": _label,
    "START_DATE": lambda of, column: iso(of.created),
    "END_DATE": lambda of, column: None if of.ended is None else iso(of.ended),
    "TRIGGER_EXECUTION_ID": lambda of, column: of.parent,
}
_LINE: dict[str, Callable[[Any, Column], Any]] = {
    "DATE": lambda of, column: iso(of.at),
    "NAMESPACE": lambda of, column: of.namespace,
    "FLOW_ID": lambda of, column: of.flow,
    "EXECUTION_ID": lambda of, column: of.execution,
    "TASK_ID": lambda of, column: of.task or None,
    "TASK_RUN_ID": lambda of, column: f"{of.execution}-{of.run}" if of.run else None,
    "ATTEMPT_NUMBER": lambda of, column: max(0, of.attempt - 1),
    "LEVEL": lambda of, column: of.level,
    "MESSAGE": lambda of, column: of.message,
}
