"""What statistics look like: Kestra's."""

from pydantic import Field

from onbeat.api.shapes.base import Instant, Shape, Span
from onbeat.core.states import State


class Durations(Shape):
    """How long executions took that have ended."""

    min: Span
    avg: Span
    max: Span
    sum: Span
    count: int


class Daily(Shape):
    """The executions created in one stretch of time."""

    start_date: Instant
    duration: Durations
    execution_counts: dict[State, int]
    group_by: str = Field(examples=["day"])


class DailyLines(Shape):
    """The lines written in one stretch of time, by level; each is counted up to 10,000."""

    timestamp: Instant
    counts: dict[str, int]
    group_by: str = Field(examples=["day"])


class Summary(Shape):
    """How much there is that the caller may see."""

    flows: int
    triggers: int
    executions: int
    running: int
    failed: int
