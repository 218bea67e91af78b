"""Make of what a chart says, and of what its page filters by, what the store is asked.

Rules
1. All that is said holds: the chart's `where`, the page's filters, the time; for the namespaces that the caller may see.
2. What the store cannot be asked of a namespace or a flow's id is asked of what it counted; anything else is refused.

Called by: charts.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from onbeat.api.dashboards.document import TimeWindow, Where
from onbeat.api.filters import Condition, Op, known_field
from onbeat.api.questions import EXECUTION_FIELDS, LOG_FIELDS, instant_of
from onbeat.core.durations import format_duration, parse_duration
from onbeat.core.event import Micros
from onbeat.core.names import did_you_mean
from onbeat.errors import UserError

_MICRO = timedelta(microseconds=1)
_TYPES = {
    "EQUAL_TO": Op.EQUALS,
    "NOT_EQUAL_TO": Op.NOT_EQUALS,
    "IN": Op.IN,
    "NOT_IN": Op.NOT_IN,
    "STARTS_WITH": Op.STARTS_WITH,
    "ENDS_WITH": Op.ENDS_WITH,
    "CONTAINS": Op.CONTAINS,
    "PREFIX": Op.PREFIX,
    "GREATER_THAN": Op.GREATER_THAN,
    "GREATER_THAN_OR_EQUAL_TO": Op.GREATER_THAN_OR_EQUAL_TO,
    "LESS_THAN": Op.LESS_THAN,
    "LESS_THAN_OR_EQUAL_TO": Op.LESS_THAN_OR_EQUAL_TO,
}
_FIELDS = {
    "NAMESPACE": "namespace", "FLOW_ID": "flowId", "STATE": "state", "LABELS": "labels", "START_DATE": "startDate", "END_DATE": "endDate",
    "ID": "id", "TRIGGER_EXECUTION_ID": "triggerExecutionId", "DATE": "startDate", "EXECUTION_ID": "executionId", "TASK_ID": "taskId",
    "TRIGGER_ID": "triggerId", "LEVEL": "level", "NAME": "name",
}  # fmt: skip
_ASKED = {"namespace": (Op.EQUALS, Op.PREFIX), "flowId": (Op.EQUALS,)}
"""What the store can be asked of these."""


class Filter(BaseModel):
    """One filter of a page, as Kestra's clients send it."""

    model_config = ConfigDict(extra="forbid")

    field: str
    operation: str = "EQUALS"
    value: Any = None


class Overrides(BaseModel):
    """What a page filters its charts by, and which page of a table it shows."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    start_date: str | None = Field(None, examples=["2026-11-21T12:00:00Z"])
    end_date: str | None = None
    time_range: str | None = Field(None, examples=["P7D"])
    page_size: int | None = Field(None, ge=1, le=1_000)
    page_number: int | None = Field(None, ge=1)
    namespace: str | None = None
    labels: dict[str, str] | None = None
    filters: list[Filter] | None = Field(None, max_length=30)


class Asked(msgspec.Struct, frozen=True):
    """What a chart is of. conditions: for the store. later: of namespaces and flows, for what it counted."""

    start: Micros
    end: Micros
    conditions: tuple[Condition, ...]
    later: tuple[Condition, ...]


def asked(kind: str, where: Sequence[Where], page: Overrides, window: TimeWindow, now: Micros) -> Asked:
    """What a chart asks. kind: Executions, Logs or Metrics. Raises UserError."""
    known = {"Executions": EXECUTION_FIELDS, "Logs": LOG_FIELDS}.get(kind, ("namespace", "flowId", "taskId", "name"))
    found = [_of_chart(each) for each in where] + _of_page(page, known)
    start, end = _span(page, found, window, now)
    conditions = [each for each in found if each.field not in ("startDate", "endDate", "timeRange")]
    later = [each for each in conditions if each.field in _ASKED and not _askable(each)]
    unknown = next((each for each in conditions if each.field not in known), None)
    if unknown is not None:
        raise UserError(f"{kind} cannot be filtered by `{unknown.field}`; use {', '.join(known)}")
    return Asked(start, end, tuple(each for each in conditions if each not in later), tuple(later))


def _askable(condition: Condition) -> bool:
    return condition.op in _ASKED[condition.field] or (condition.op is Op.IN and len(condition.values) == 1)


def _of_chart(where: Where) -> Condition:
    op = _TYPES.get(where.type.upper())
    if op is None:
        raise UserError(f"`where` cannot be of type `{where.type[:40]}`{did_you_mean(where.type, _TYPES)}; use {', '.join(_TYPES)}")
    field = _FIELDS.get(where.field.upper())
    if field is None:
        raise UserError(f"charts cannot be filtered by `{where.field[:40]}`{did_you_mean(where.field, _FIELDS)}")
    values = where.values if where.values is not None else [where.value]
    key = where.label_key
    if field == "labels" and key is None:
        key, _, value = _text(values[0]).partition(":")
        values = [value]
    return Condition(field, op, tuple(_text(value) for value in values), key)


def _of_page(page: Overrides, known: Sequence[str]) -> list[Condition]:
    found = []
    for each in page.filters or ():
        field = known_field(each.field, (*known, "startDate", "endDate", "timeRange", "labels", "state", "scope", "q"))
        if each.operation.upper() not in Op.__members__:
            raise UserError(f"unknown operation `{each.operation[:40]}`{did_you_mean(each.operation, list(Op))}")
        op = Op(each.operation.upper())
        if isinstance(each.value, dict):
            found += [Condition(field, op, (_text(value),), key) for key, value in each.value.items()]
        else:
            values = each.value if isinstance(each.value, list) else [each.value]
            found.append(Condition(field, op, tuple(_text(value) for value in values)))
    if page.namespace:
        found.append(Condition("namespace", Op.PREFIX, (page.namespace,)))
    found += [Condition("labels", Op.EQUALS, (value,), key) for key, value in (page.labels or {}).items()]
    return [each for each in found if each.field in known or each.field in ("startDate", "endDate", "timeRange")]


def _span(page: Overrides, conditions: Sequence[Condition], window: TimeWindow, now: Micros) -> tuple[Micros, Micros]:
    """From when until when. Raises UserError for more than the dashboard allows."""
    given = {each.field: each.value for each in conditions if each.field in ("startDate", "endDate", "timeRange")}
    start_text, end_text = page.start_date or given.get("startDate"), page.end_date or given.get("endDate")
    length = page.time_range or given.get("timeRange")
    end = instant_of(end_text, "endDate") if end_text else now
    if start_text:
        start = instant_of(start_text, "startDate")
    else:
        start = end - (parse_duration(length) if length else window.default) // _MICRO
    if start >= end:
        raise UserError("`endDate` must be after `startDate`")
    if end - start > window.max // _MICRO:
        raise UserError(f"that is a longer time than the dashboard allows: timeWindow.max is {format_duration(window.max)}")
    return start, end


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list):
        raise UserError("a filter has a text, a number or a list of them as its value")
    return str(value).lower() if isinstance(value, bool) else str(value)
