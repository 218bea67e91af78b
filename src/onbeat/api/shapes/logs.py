"""What answers about log lines and metrics look like: Kestra's."""

from typing import Literal

from pydantic import Field

from onbeat.api.shapes.base import Id, Instant, Shape


class Line(Shape):
    """A line that a task logged. seq: its place among all lines."""

    namespace: str
    flow_id: str
    task_id: str | None
    execution_id: Id
    task_run_id: str | None
    attempt_number: int
    timestamp: Instant
    level: Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"]
    message: str
    seq: int


class FoundLines(Shape):
    """A page of lines. next_cursor: what goes on after it, at any depth; null: that was the end."""

    results: list[Line]
    total: int
    type: Literal["OFFSET", "CURSOR"]
    next_cursor: str | None


class Measurement(Shape):
    """What a task measured; a timer's value is in milliseconds."""

    namespace: str
    flow_id: str
    execution_id: Id
    task_id: str
    task_run_id: str
    type: str = Field(examples=["counter"])
    name: str
    value: float
    timestamp: Instant
    tags: dict[str, str]


class Aggregated(Shape):
    """What was measured in one stretch of time."""

    name: str
    value: float | None
    date: Instant


class Aggregations(Shape):
    """What was measured, by time."""

    group_by: str = Field(examples=["day"])
    aggregations: list[Aggregated]
