"""Read a dashboard's YAML: its charts, what each shows, and of what.

Rules
1. Unknown keys, types and fields are refused with their place and the nearest right name.
2. A type is known by Kestra's whole name and by its end: `TimeSeries`.

Called by: routes, charts.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from onbeat.core.durations import Duration
from onbeat.core.names import did_you_mean
from onbeat.core.parse import load, problems
from onbeat.errors import UserError

CHARTS = ("TimeSeries", "Bar", "Pie", "Table", "KPI", "Markdown")
DATA = ("Executions", "Logs", "Metrics", "ExecutionsKPI", "LogsKPI", "MetricsKPI")
FIELDS: dict[str, tuple[str, ...]] = {
    "Executions": (
        "ID", "NAMESPACE", "FLOW_ID", "FLOW_REVISION", "STATE", "DURATION", "LABELS", "START_DATE", "END_DATE", "TRIGGER_EXECUTION_ID",
    ),
    "Logs": (
        "DATE", "NAMESPACE", "FLOW_ID", "EXECUTION_ID", "TASK_ID", "TASK_RUN_ID", "ATTEMPT_NUMBER", "TRIGGER_ID", "LEVEL", "MESSAGE",
    ),
    "Metrics": ("DATE", "NAMESPACE", "FLOW_ID", "EXECUTION_ID", "TASK_ID", "TASK_RUN_ID", "TYPE", "NAME", "VALUE"),
}  # fmt: skip
_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}")
_LONGEST = 100_000
T = TypeVar("T", bound=BaseModel)
_NAME = "dashboard.yaml"


def _ending(names: Sequence[str]) -> Any:
    def ending(value: object) -> object:
        short = value.rpartition(".")[2] if isinstance(value, str) else value
        if isinstance(short, str) and short not in names:
            raise ValueError(f"`{short[:60]}` is not known{did_you_mean(short, names)}; there are {', '.join(names)}")
        return short

    return BeforeValidator(ending)


class Agg(StrEnum):
    """How the values of many are put together."""

    COUNT = "COUNT"
    SUM = "SUM"
    AVG = "AVG"
    MIN = "MIN"
    MAX = "MAX"


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class Column(_Part):
    """A column: a field as it is, or many put together."""

    field: str | None = None
    display_name: str | None = None
    agg: Agg | None = None
    label_key: str | None = None
    graph_style: str | None = None
    column_alignment: str | None = None


class Where(_Part):
    """That a field is so."""

    field: str
    type: str = "EQUAL_TO"
    value: Any = None
    values: list[Any] | None = None
    label_key: str | None = None


class Order(_Part):
    """By which column rows are sorted."""

    column: str
    order: Literal["ASC", "DESC"] = "ASC"


class Data(_Part):
    """What a chart shows."""

    type: Annotated[str, _ending(DATA)]
    columns: dict[str, Column] = Field(default_factory=dict, max_length=30)
    where: list[Where] = Field(default_factory=list, max_length=30)
    order_by: list[Order] = Field(default_factory=list, max_length=5)
    numerator: list[Where] = Field(default_factory=list, max_length=30)

    @field_validator("columns", mode="before")
    @classmethod
    def _one_column(cls, given: object) -> object:
        """A KPI has one column, which has no name."""
        is_one = isinstance(given, dict) and given and not any(isinstance(value, dict) for value in given.values())
        return {"value": given} if is_one else given

    @model_validator(mode="after")
    def _fields_are_known(self) -> "Data":
        known = FIELDS[self.kind]
        fields = [*(each.field for each in self.columns.values()), *(each.field for each in (*self.where, *self.numerator))]
        for field in fields:
            if field is not None and field.upper() not in known:
                meant = did_you_mean(field, known)
                raise ValueError(f"{self.type} have no field `{field[:60]}`{meant}; there are {', '.join(known)}")
        for name, column in self.columns.items():
            if column.field is None and column.agg is not Agg.COUNT:
                raise ValueError(f"column `{name}` needs a `field`, or `agg: COUNT`")
        for order in self.order_by:
            if order.column not in self.columns:
                raise ValueError(f"there is no column `{order.column[:60]}`{did_you_mean(order.column, self.columns)}")
        return self

    @property
    def kind(self) -> str:
        """Of what it is: Executions, Logs or Metrics."""
        return self.type.removesuffix("KPI")


class Chart(_Part):
    """One chart. chartOptions: how it is drawn, which is the page's matter."""

    id: str = Field(pattern=_ID.pattern)
    type: Annotated[str, _ending(CHARTS)]
    chart_options: dict[str, Any] = Field(default_factory=dict)
    data: Data | None = None
    content: str | None = None
    source: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _has_something(self) -> "Chart":
        if self.type == "Markdown":
            if self.data is not None:
                raise ValueError("a Markdown chart has `content`, and no `data`")
            return self
        if self.data is None or not self.data.columns:
            raise ValueError(f"a {self.type} chart needs `data` with `columns`")
        if (self.type == "KPI") is not self.data.type.endswith("KPI"):
            raise ValueError("a KPI chart has data of type ExecutionsKPI, LogsKPI or MetricsKPI, and no other chart has")
        return self


class TimeWindow(_Part):
    """Of which time charts are."""

    default: Duration = timedelta(days=30)
    max: Duration = timedelta(days=366)


class Dashboard(_Part):
    """A dashboard."""

    id: str | None = Field(None, pattern=_ID.pattern)
    title: str = Field(min_length=1, max_length=250)
    description: str | None = None
    time_window: TimeWindow = TimeWindow()
    charts: list[Chart] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _unique_ids(self) -> "Dashboard":
        ids = [chart.id for chart in self.charts]
        twice = next((id_ for id_ in ids if ids.count(id_) > 1), None)
        if twice is not None:
            raise ValueError(f"chart id `{twice}` is used more than once")
        return self

    def chart(self, id_: str) -> Chart | None:
        """One of its charts."""
        return next((chart for chart in self.charts if chart.id == id_), None)


def read_dashboard(text: str) -> Dashboard:
    """The dashboard of a text. Raises UserError that says what is wrong with it, and where."""
    return _read(text, Dashboard, "a dashboard is a map with `title` and `charts`")


def read_chart(text: str) -> Chart:
    """The chart of a text. Raises UserError that says what is wrong with it, and where."""
    return _read(text, Chart, "a chart is a map with `id`, `type` and `data`")


def _read(text: str, type_: type[T], what: str) -> T:
    if len(text) > _LONGEST:
        raise UserError(f"the text has {len(text)} characters; the limit is {_LONGEST}")
    document = load(text, _NAME)
    if not isinstance(document.data, dict):
        raise UserError(what)
    try:
        return type_.model_validate(document.data)
    except ValidationError as wrong:
        found = problems(wrong, document, _NAME, type_)
        raise UserError("\n".join(f"{each.line}:{each.column}: {each.message}" for each in found)) from None
